"""The keys of an epoch: fixed by the specification, and known to nobody else."""

from __future__ import annotations

import hmac

import pytest
from rich.pretty import pretty_repr

from access_samples import ALL_SUITES, BROKER, GID, access_of, any_access, begun, joined, person
from covey import mls
from covey.access import signing
from covey.access.member.epochs import EpochAccess
from covey.access.structs.basics import GroupProof
from covey.access.structs.blobs import BeginBlob
from covey.access.structs.log import Append, Create, NextEpoch
from covey.access.structs.sealed import EpochContext
from covey.errors import StateError


def hkdf(secret: bytes, info: bytes) -> bytes:
    """One block of HKDF-Expand with SHA-256, by hand."""
    return hmac.digest(secret, info + b"\x01", "sha256")


def test_the_derivations_are_those_of_the_specification() -> None:
    asked = []

    def export(label: str, context: bytes, length: int) -> bytes:
        asked.append((label, context, length))
        return bytes(range(32))

    access = EpochAccess.derive(export, BROKER, GID, 258)
    assert asked == [("covey access 1", BROKER + GID + (258).to_bytes(8), 32)]
    assert access.signing_key == hkdf(bytes(range(32)), b"covey access 1 sign")
    assert access.envelope_key == hkdf(bytes(range(32)), b"covey access 1 envelope")
    assert access.idem_key == hkdf(bytes(range(32)), b"covey access 1 idem")
    assert access.access_key == signing.public_key(access.signing_key)
    named = bytes((1,)) + (5).to_bytes(4) + (6).to_bytes(4)
    assert access.idem(1, 5, 6) == hmac.digest(access.idem_key, named, "sha256")[:16]


@pytest.mark.parametrize("suite", ALL_SUITES, ids=lambda suite: f"suite{suite.value}")
def test_all_members_of_an_epoch_derive_the_same(suite: int) -> None:
    alice, bob = begun(suite), person("bob", suite)
    pending = alice.commit(add=[bob.package])
    ahead = access_of(pending)
    before = access_of(alice)
    alice.accept(pending)
    other = joined(bob, pending.welcome, pending.ratchet_tree)
    assert access_of(alice) == access_of(other) == ahead != before
    context = EpochContext(BROKER, GID, 1).encode()
    secret = other.export("covey access 1", context, 32)
    assert ahead.signing_key == hkdf(secret, b"covey access 1 sign")


def test_each_broker_log_and_epoch_has_its_own_keys() -> None:
    group = begun()
    places = [(BROKER, GID, 0), (BROKER, GID, 1), (BROKER, bytes(32), 0), (bytes(32), GID, 0)]
    made = [EpochAccess.derive(group.export, *place) for place in places]
    for field in ("access_key", "signing_key", "envelope_key", "idem_key"):
        assert len({getattr(each, field) for each in made}) == len(made)


def test_who_was_removed_derives_nothing() -> None:
    alice, bob = begun(), person("bob")
    pending = alice.commit(add=[bob.package])
    alice.accept(pending)
    other = joined(bob, pending.welcome, pending.ratchet_tree)
    removal = alice.commit(remove=[other.own_index])
    other.receive(removal.message)
    with pytest.raises(StateError):
        access_of(other)


def test_an_idem_names_one_message() -> None:
    access = any_access()
    named = [(1, 0, 0), (2, 0, 0), (3, 0, 0), (1, 1, 0), (1, 0, 1), (1, 0, 256), (1, 256, 0)]
    assert len({access.idem(*each) for each in named}) == len(named)
    assert len(access.idem(1, 2, 3)) == 16
    with pytest.raises(ValueError, match="does not fit"):
        access.idem(256, 0, 0)


def test_a_copy_of_a_client_writes_under_the_same_idem() -> None:
    group = begun()
    copy = mls.Group.restore(group.snapshot(), group.ports)
    kind = mls.ContentType.application
    idems = []
    for each in (group, copy):
        generation = each.next_generation(kind)
        idems.append(access_of(each).idem(kind, each.own_index, generation))
    assert idems[0] == idems[1]
    assert group.protect(b"one thing") != copy.protect(b"something else")


def test_requests_are_signed_with_the_key_of_the_epoch() -> None:
    access = any_access()
    brings = NextEpoch(bytes(32), (), b"", (), (), ())
    made = {
        "create": (access.create(b"code"), Create(BROKER, GID, 7, access.access_key, b"code")),
        "append": (
            access.append(bytes(16), b"body", brings),
            Append(BROKER, GID, 7, bytes(16), b"body", brings),
        ),
        "begin blob": (access.begin_blob(bytes(32), 9), BeginBlob(BROKER, GID, 7, bytes(32), 9)),
    }
    for label, (signed, request) in made.items():
        assert signed.request == request.encode()
        assert signing.verify(access.access_key, label, signed.request, signed.signature)


def test_a_proof_is_for_one_epoch_and_one_nonce() -> None:
    access = any_access()
    fresh = access.prove(b"nonce")
    assert fresh.nonce == b"nonce"
    for content, fits in (
        (GroupProof(BROKER, GID, 7, b"nonce"), True),
        (GroupProof(BROKER, GID, 8, b"nonce"), False),
        (GroupProof(BROKER, GID, 7, b"other"), False),
        (GroupProof(BROKER, bytes(32), 7, b"nonce"), False),
    ):
        encoded = content.encode()
        assert signing.verify(access.access_key, "prove", encoded, fresh.signature) is fits


def test_the_keys_do_not_show() -> None:
    access = any_access()
    for shown in (repr(access), str(access), f"{[access]}"):
        assert shown.strip("[]") == "EpochAccess(…)"
    assert pretty_repr(access) == "EpochAccess()"
