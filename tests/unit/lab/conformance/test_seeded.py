"""Bytes from a seed, and clients made of them."""

from __future__ import annotations

from covey.lab.conformance.generate.seeded import Seeded, new_identity
from covey.mls.crypto.dialects import get_suite
from covey.mls.group.verify import key_package_job, leaf_job


def test_a_seed_and_a_purpose_give_the_same_bytes() -> None:
    one, same = Seeded(b"seed", "purpose"), Seeded(b"seed", "purpose")
    assert [one(5), one(5)] == [same(5), same(5)]
    assert one(32) != one(32)
    assert Seeded(b"seed", "purpose")(32) != Seeded(b"seed", "other")(32)
    assert Seeded(b"seed", "purpose")(32) != Seeded(b"see", "dpurpose")(32)


def test_numbers_and_lengths_are_within_bounds() -> None:
    seeded = Seeded(b"", "")
    assert {seeded.below(3) for _ in range(50)} == {0, 1, 2}
    assert {len(seeded.some(2)) for _ in range(50)} == {0, 1, 2}
    assert len(seeded(100)) == 100


def test_a_client_signs_its_leaf_and_its_package() -> None:
    suite = get_suite(1)
    client = new_identity(suite, Seeded(b"", ""), b"name")
    leaf = client.package.leaf_node
    assert suite.verify_with_label(*leaf_job(leaf, b"", 0))
    assert suite.verify_with_label(*key_package_job(client.package))
    assert suite.public_key(client.init_key) == client.package.init_key
    assert suite.public_key(client.encryption_key) == leaf.encryption_key
    assert suite.signature_public(client.signature_key) == leaf.signature_key
