"""The secret tree: bounds, erasure, cost, and the ways in which others got it wrong."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from covey.errors import MissingKeyError, StateError
from covey.mls.crypto import kdf
from covey.mls.crypto import suite as suites
from covey.mls.crypto.dialects import get_suite
from covey.mls.crypto.mac import hmac_digest
from covey.mls.crypto.suites import SUITES
from covey.mls.schedule.secret_tree import (
    APPLICATION,
    HANDSHAKE,
    SecretTree,
    Step,
    sender_data,
)

if TYPE_CHECKING:
    from covey.mls.crypto.suite import Suite

SUITE = get_suite(1)
ROOT = bytes(range(32))
ALL = pytest.mark.parametrize("suite", SUITES.values(), ids=lambda suite: f"{suite.code}")


def stored(tree: SecretTree) -> dict[bytes, bytes]:
    """Everything that a fresh tree keeps, as rows."""
    puts, deletes = tree.drain_changes()
    assert not deletes
    return puts


def use(tree: SecretTree, leaf: int, generation: int) -> tuple[bytes, bytes]:
    """Receive an application message."""
    step = tree.peek(leaf, APPLICATION, generation)
    tree.apply(step)
    return step.key, step.nonce


@pytest.fixture
def hmacs(monkeypatch: pytest.MonkeyPatch) -> list[bytes]:
    """Every HMAC that is computed, by its key."""
    keys: list[bytes] = []
    digest = hmac_digest

    def counting(key: bytes, content: bytes, name: str) -> bytes:
        keys.append(key)
        return digest(key, content, name)

    for module in (kdf, suites):
        monkeypatch.setattr(module, "hmac_digest", counting)
    return keys


@pytest.mark.parametrize(("leaf_count", "depth"), [(1, 0), (2, 1), (8, 3), (1024, 10), (1000, 10)])
def test_cost_of_a_senders_messages(hmacs: list[bytes], leaf_count: int, depth: int) -> None:
    tree = SecretTree(SUITE, leaf_count, ROOT)
    tree.apply(tree.peek_next(0, APPLICATION))
    assert len(hmacs) == 2 * depth + 2 + 3
    for _ in range(3):
        hmacs.clear()
        tree.apply(tree.peek_next(0, APPLICATION))
        assert len(hmacs) == 3
    hmacs.clear()
    tree.apply(tree.peek(0, HANDSHAKE, 0))
    assert len(hmacs) == 3


def test_a_message_that_fails_costs_less_than_one_that_is_real(hmacs: list[bytes]) -> None:
    tree = SecretTree(SUITE, 8, ROOT)
    use(tree, 0, 0)
    hmacs.clear()
    step = tree.peek(0, APPLICATION, 11)
    assert len(hmacs) == 10 + 2
    tree.apply(step)
    assert len(hmacs) == (10 + 2) + (2 * 10 + 1)


def test_only_as_many_skipped_keys_are_derived_as_are_kept(hmacs: list[bytes]) -> None:
    tree = SecretTree(SUITE, 1, ROOT, max_skipped=5)
    tree.apply(tree.peek(0, APPLICATION, 1000))
    assert len(hmacs) == 2 + 1000 + 2 + 1 + 2 * 5


def test_val_212_nothing_is_derived_beyond_the_bound(hmacs: list[bytes]) -> None:
    tree = SecretTree(SUITE, 8, ROOT, max_forward=10)
    for generation in (11, 12, 2**31, 2**32 - 1):
        with pytest.raises(MissingKeyError) as refused:
            tree.peek(3, APPLICATION, generation)
        assert refused.value.generation == generation
    assert not hmacs
    use(tree, 3, 10)
    use(tree, 3, 21)
    hmacs.clear()
    with pytest.raises(MissingKeyError):
        tree.peek(3, APPLICATION, 33)
    assert not hmacs
    use(tree, 3, 32)


def test_bc_2026_06_14_the_forward_gap_is_bounded_for_each_sender(hmacs: list[bytes]) -> None:
    tree = SecretTree(SUITE, 2, ROOT)
    use(tree, 0, 1000)
    hmacs.clear()
    with pytest.raises(MissingKeyError, match=r"VAL-212, RFC 9420 §15\.3"):
        tree.peek(1, APPLICATION, 1001)
    assert not hmacs


def test_val_213_a_generation_is_used_once() -> None:
    tree = SecretTree(SUITE, 8, ROOT)
    use(tree, 0, 2)
    use(tree, 0, 0)
    for generation in (2, 0):
        with pytest.raises(MissingKeyError, match=r"VAL-213, RFC 9420 §15\.3"):
            tree.peek(0, APPLICATION, generation)
    use(tree, 0, 1)
    with pytest.raises(MissingKeyError):
        tree.peek(0, APPLICATION, 1)


def test_val_214_a_peek_changes_nothing() -> None:
    tree, untouched = (SecretTree(SUITE, 8, ROOT) for _ in range(2))
    for generation in (0, 5, 3, 900):
        tree.peek(2, APPLICATION, generation)
        tree.peek(2, HANDSHAKE, generation)
    tree.peek_next(7, HANDSHAKE)
    assert stored(tree) == stored(untouched)


def test_mls_rs_228_a_replay_does_not_delete_the_ratchet() -> None:
    tree = SecretTree(SUITE, 8, ROOT)
    keys = [use(tree, 0, generation) for generation in range(3)]
    for _ in range(3):
        with pytest.raises(MissingKeyError):
            tree.peek(0, APPLICATION, 1)
    keys += [use(tree, 0, generation) for generation in (3, 4)]
    assert len(set(keys)) == 5


def test_openmls_453_two_generations_ahead_leave_the_ratchet_intact() -> None:
    ordered, skipping = (SecretTree(SUITE, 8, ROOT) for _ in range(2))
    expected = [use(ordered, 1, generation) for generation in range(7)]
    found = {generation: use(skipping, 1, generation) for generation in (2, 4, 6, 1, 0, 3, 5)}
    assert [found[generation] for generation in range(7)] == expected


def test_mlspp_341_decrypting_twice_is_refused_and_harmless() -> None:
    tree = SecretTree(SUITE, 2, ROOT)
    step = tree.peek(1, APPLICATION, 0)
    tree.apply(step)
    with pytest.raises(StateError):
        tree.apply(step)
    with pytest.raises(MissingKeyError):
        tree.peek(1, APPLICATION, 0)
    assert use(tree, 1, 1)


def test_ghsa_qr9h_x63w_vqfm_every_use_is_a_change_to_store() -> None:
    tree = SecretTree(SUITE, 8, ROOT)
    rows = stored(tree)
    assert rows == {b"n\x00\x00\x00\x07" + bytes(5): ROOT}
    for leaf, generation in ((0, 0), (0, 3), (0, 1), (5, 0)):
        use(tree, leaf, generation)
        puts, deletes = tree.drain_changes()
        assert puts or deletes
        assert not puts.keys() & deletes
        assert deletes <= rows.keys()
        rows = {key: value for key, value in rows.items() if key not in deletes} | puts
        again = SecretTree.from_rows(SUITE, 8, rows)
        with pytest.raises(MissingKeyError):
            again.peek(leaf, APPLICATION, generation)
        assert again.drain_changes() == ({}, set())
        assert again.peek(0, APPLICATION, 4).key == tree.peek(0, APPLICATION, 4).key


def test_a_stale_step_is_refused() -> None:
    tree = SecretTree(SUITE, 8, ROOT)
    first, second = tree.peek(0, APPLICATION, 0), tree.peek(1, APPLICATION, 0)
    tree.apply(first)
    with pytest.raises(StateError):
        tree.apply(second)
    assert tree.peek(1, APPLICATION, 0).key == second.key
    with pytest.raises(StateError):
        tree.apply(SecretTree(SUITE, 8, ROOT).peek(1, APPLICATION, 0))


def test_val_211_the_example_of_section_9_2() -> None:
    """Four members; D sends generation 1 first. G, F, D, AR0, AR1 go; E, C, HR0, K0, AR2 stay."""
    suite = SUITE
    expand, step_of = suite.expand_with_label, suite.derive_tree_secret
    left, right = ((b"left", b"right")[side] for side in (0, 1))
    e, f = (expand(ROOT, "tree", side, 32) for side in (left, right))
    c, d = (expand(f, "tree", side, 32) for side in (left, right))
    hr0, ar0 = (suite.derive_secret(d, label) for label in ("handshake", "application"))
    ar1 = step_of(ar0, "secret", 0, 32)
    ar2 = step_of(ar1, "secret", 1, 32)
    k0 = step_of(ar0, "key", 0, 16) + step_of(ar0, "nonce", 0, 12)
    tree = SecretTree(suite, 4, ROOT)
    key, nonce = use(tree, 3, 1)
    assert key == step_of(ar1, "key", 1, 16)
    assert nonce == step_of(ar1, "nonce", 1, 12)
    kept = stored(tree)
    assert kept == {
        b"n" + (1).to_bytes(4) + bytes(5): e,
        b"n" + (4).to_bytes(4) + bytes(5): c,
        b"h" + (3).to_bytes(4) + b"\x00" + bytes(4): bytes(8) + hr0,
        b"h" + (3).to_bytes(4) + b"\x01" + bytes(4): (2).to_bytes(8) + ar2,
        b"s" + (3).to_bytes(4) + b"\x01" + bytes(4): k0,
    }


def test_the_oldest_of_too_many_skipped_keys_are_erased() -> None:
    tree = SecretTree(SUITE, 8, ROOT, max_skipped=3)
    use(tree, 0, 2)
    use(tree, 0, 5)
    for generation in (0, 2):
        with pytest.raises(MissingKeyError):
            tree.peek(0, APPLICATION, generation)
    for generation in (1, 3, 4):
        use(tree, 0, generation)
    use(tree, 0, 100)
    for generation in (6, 96):
        with pytest.raises(MissingKeyError):
            tree.peek(0, APPLICATION, generation)
    for generation in (97, 98, 99):
        use(tree, 0, generation)


def test_no_skipped_keys_at_all() -> None:
    tree = SecretTree(SUITE, 8, ROOT, max_skipped=0)
    use(tree, 0, 5)
    with pytest.raises(MissingKeyError):
        tree.peek(0, APPLICATION, 4)
    use(tree, 0, 6)


@pytest.mark.parametrize("leaf", [8, 9, 2**30, 2**31, 2**32 - 1])
def test_bc_2026_06_a_leaf_outside_of_the_tree(hmacs: list[bytes], leaf: int) -> None:
    tree = SecretTree(SUITE, 8, ROOT)
    with pytest.raises(MissingKeyError):
        tree.peek(leaf, APPLICATION, 0)
    with pytest.raises(MissingKeyError):
        tree.peek_next(leaf, APPLICATION)
    assert not hmacs


def test_the_last_generation_is_the_last() -> None:
    last = 2**32 - 1
    head = b"h" + bytes(4) + b"\x01" + bytes(4)
    tree = SecretTree.from_rows(SUITE, 1, {head: last.to_bytes(8) + ROOT})
    step = tree.peek_next(0, APPLICATION)
    assert step.generation == last
    tree.apply(step)
    with pytest.raises(StateError, match=r"generation.*VAL-218, RFC 9420 §15\.2"):
        tree.peek_next(0, APPLICATION)
    with pytest.raises(MissingKeyError):
        tree.peek(0, APPLICATION, last)
    puts, _ = tree.drain_changes()
    again = SecretTree.from_rows(SUITE, 1, puts)
    with pytest.raises(StateError):
        again.peek_next(0, APPLICATION)


def test_reserved_generations_are_not_stored() -> None:
    tree = SecretTree(SUITE, 8, ROOT)
    batch = []
    for _ in range(4):
        batch.append(tree.peek_next(0, APPLICATION))
        tree.apply(batch[-1])
    rows = stored(tree)
    secrets = b"".join(rows.values())
    assert all(step.key not in secrets and step.nonce not in secrets for step in batch)
    after_a_crash = SecretTree.from_rows(SUITE, 8, rows)
    assert after_a_crash.peek_next(0, APPLICATION).generation == 4


@ALL
def test_sizes_in_every_suite(suite: Suite) -> None:
    tree = SecretTree(suite, 4, bytes(suite.Nh))
    steps = [tree.peek(leaf, kind, 0) for leaf in range(4) for kind in (HANDSHAKE, APPLICATION)]
    assert {(len(step.key), len(step.nonce)) for step in steps} == {(suite.Nk, suite.Nn)}
    assert len({step.key for step in steps}) == 8


@ALL
def test_the_sample_of_sender_data(suite: Suite) -> None:
    ciphertext = bytes(range(100))
    secret = bytes(suite.Nh)
    sample = ciphertext[: suite.Nh]
    expected = tuple(
        suite.expand_with_label(secret, label, sample, length)
        for label, length in (("key", suite.Nk), ("nonce", suite.Nn))
    )
    assert sender_data(suite, secret, ciphertext) == expected
    assert sender_data(suite, secret, sample + b"more") == expected
    assert sender_data(suite, secret, sample[:-1]) != expected


def test_nothing_shows_a_secret() -> None:
    tree = SecretTree(SUITE, 8, ROOT)
    step = tree.peek(2, APPLICATION, 7)
    assert repr(step) == str(step) == "<Step: leaf 2, application generation 7>"
    assert repr(step.descent) == "<Descent of node 7>"
    assert repr(tree).startswith("<covey.mls.schedule.secret_tree.SecretTree object at")


def test_a_step_cannot_be_changed() -> None:
    step: Step = SecretTree(SUITE, 8, ROOT).peek(2, APPLICATION, 7)
    with pytest.raises(AttributeError):
        step.generation = 8


def test_the_next_generation_is_known_before_it_is_used() -> None:
    tree = SecretTree(SUITE, 4, ROOT)
    for used in range(3):
        assert tree.next_generation(2, APPLICATION) == used
        tree.apply(tree.peek_next(2, APPLICATION))
    tree.apply(tree.peek_next(2, HANDSHAKE))
    assert (tree.next_generation(2, APPLICATION), tree.next_generation(2, HANDSHAKE)) == (3, 1)
    assert tree.next_generation(3, APPLICATION) == 0
