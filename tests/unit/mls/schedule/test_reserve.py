"""Keys taken ahead: in order, once each, and in no row."""

from __future__ import annotations

import pytest

from covey.errors import MissingKeyError, StateError
from covey.mls.crypto.dialects import get_suite
from covey.mls.schedule import rows
from covey.mls.schedule.reserve import MOST, Reserve
from covey.mls.schedule.secret_tree import APPLICATION, HANDSHAKE, RatchetKind, SecretTree

SUITE = get_suite(1)
ROOT = bytes(range(32))


def tree_of(leaf_count: int = 4) -> SecretTree:
    """A fresh tree."""
    return SecretTree(SUITE, leaf_count, ROOT)


def filled(tree: SecretTree, count: int, kind: RatchetKind = APPLICATION) -> Reserve:
    """Its reserve, after some keys of leaf 1 were taken."""
    tree.take_ahead(1, kind, count)
    return tree.reserve


def test_they_are_the_keys_that_the_receiver_finds() -> None:
    ours, theirs = tree_of(), tree_of()
    reserve = filled(ours, 5)
    for generation in range(5):
        assert ours.next_generation(1, APPLICATION) == generation
        step = reserve.take(1, APPLICATION)
        assert step is not None
        found = theirs.peek(1, APPLICATION, generation)
        theirs.apply(found)
        assert (step.key, step.nonce, step.generation) == (found.key, found.nonce, generation)
    assert reserve.take(1, APPLICATION) is None
    assert ours.next_generation(1, APPLICATION) == 5


def test_a_key_is_kept_without_what_it_was_derived_from() -> None:
    tree = tree_of()
    reserve = filled(tree, 2)
    for _ in range(2):
        step = reserve.take(1, APPLICATION)
        assert step is not None
        assert (step.ratchet_secret, step.passed, step.descent) == (None, (), None)
        with pytest.raises(StateError):
            tree.apply(step)


def test_more_can_be_taken_before_all_are_used() -> None:
    tree = tree_of()
    reserve = filled(tree, 2)
    filled(tree, 3)
    assert reserve.left(1, APPLICATION) == 5
    taken = [reserve.take(1, APPLICATION) for _ in range(5)]
    assert [step.generation for step in taken if step is not None] == [0, 1, 2, 3, 4]


def test_ratchets_and_leaves_are_apart() -> None:
    tree = tree_of()
    reserve = filled(tree, 2)
    filled(tree, 1, HANDSHAKE)
    assert (reserve.left(1, APPLICATION), reserve.left(1, HANDSHAKE)) == (2, 1)
    assert reserve.left(0, APPLICATION) == 0
    assert reserve.first(0, APPLICATION) is None
    assert reserve.take(0, APPLICATION) is None


def test_no_row_holds_a_key_or_what_one_is_derived_from() -> None:
    tree = tree_of()
    tree.drain_changes()
    reserve = filled(tree, 3)
    puts, deletes = tree.drain_changes()
    everything = b"".join(tree.all_rows().values())
    assert puts == {key: value for key, value in tree.all_rows().items() if key in puts}
    assert rows.encode_key((rows.NODE, 3, 0, 0)) in deletes
    assert rows.decode_head(puts[rows.encode_key((rows.HEAD, 1, APPLICATION, 0))])[0] == 3
    for _ in range(3):
        step = reserve.take(1, APPLICATION)
        assert step is not None
        assert step.key not in everything
        assert step.nonce not in everything
    assert tree.drain_changes() == ({}, set())


def test_what_is_read_back_stands_beyond_them() -> None:
    tree = tree_of()
    filled(tree, 3)
    again = SecretTree.from_rows(SUITE, 4, tree.all_rows())
    assert again.next_generation(1, APPLICATION) == 3
    for generation in range(3):
        with pytest.raises(MissingKeyError):
            again.peek(1, APPLICATION, generation)


@pytest.mark.parametrize("count", [0, -1, MOST + 1])
def test_there_are_limits(count: int) -> None:
    with pytest.raises(ValueError, match="1 to 1000 can"):
        filled(tree_of(), count)


def test_what_is_left_counts_towards_the_limit() -> None:
    tree = tree_of()
    filled(tree, MOST - 1)
    with pytest.raises(ValueError, match="1 to 1 can"):
        filled(tree, 2)
    filled(tree, 1)


def test_val_218_all_or_none_at_the_end_of_a_ratchet() -> None:
    stored = {rows.encode_key((rows.HEAD, 1, APPLICATION, 0)): rows.encode_head(2**32 - 2, ROOT)}
    tree = SecretTree.from_rows(SUITE, 4, stored)
    with pytest.raises(StateError, match="no such generations"):
        filled(tree, 3)
    reserve = filled(tree, 2)
    assert (reserve.first(1, APPLICATION), reserve.left(1, APPLICATION)) == (2**32 - 2, 2)
    with pytest.raises(StateError, match="no such generations"):
        filled(tree, 1)


def test_a_leaf_that_is_not_there_has_none() -> None:
    tree = tree_of()
    with pytest.raises(MissingKeyError):
        tree.take_ahead(4, APPLICATION, 1)


def test_keys_are_settled_once_rows_were_handed_out_that_stand_beyond_them() -> None:
    tree = tree_of()
    reserve = filled(tree, 1)
    assert not reserve.is_settled(1, APPLICATION)
    tree.drain_changes()
    assert reserve.is_settled(1, APPLICATION)
    assert not reserve.is_settled(1, HANDSHAKE)
    filled(tree, 1)
    assert reserve.is_settled(1, APPLICATION)
    reserve.take(1, APPLICATION)
    assert not reserve.is_settled(1, APPLICATION)
    tree.drain_changes()
    assert reserve.is_settled(1, APPLICATION)
    reserve.take(1, APPLICATION)
    assert not reserve.is_settled(1, APPLICATION)


def test_it_is_erased_and_shows_nothing() -> None:
    reserve = filled(tree_of(), 2)
    assert repr(reserve) == "<Reserve of 2 keys>"
    reserve.clear()
    assert reserve.take(1, APPLICATION) is None
