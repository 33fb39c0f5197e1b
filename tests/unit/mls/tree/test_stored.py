"""Trees out of a store: the same trees, and nothing decoded before it is looked at."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from covey.errors import DecodeError
from covey.mls.crypto.dialects import get_suite
from covey.mls.structs.tree import LeafNode, ParentNode
from covey.mls.tree.stored import Stored, patched, stored
from tree_samples import leaf, special_trees, tree_from, tree_of

if TYPE_CHECKING:
    from covey.mls.tree.ratchet_tree import RatchetTree

SUITE = get_suite(1)
A, B, C, D = (leaf(name) for name in "ABCD")
P, Q = ParentNode(b"P", b"", (1,)), ParentNode(b"Q", b"above")


def rows_of(tree: RatchetTree) -> dict[int, Stored]:
    """Its nodes as a store has them."""
    return {
        index: node.encode() if isinstance(node, LeafNode) else node
        for index, node in enumerate(tree.to_nodes())
        if node is not None
    }


def same(one: RatchetTree, other: RatchetTree) -> None:
    """They say the same, whatever one asks."""
    assert (one.height, one.tree_hash) == (other.height, other.tree_hash)
    assert one.encode() == other.encode()
    assert one.keys == other.keys
    assert one.census == other.census


SPECIAL = [group.tree for group in special_trees().values()]


@pytest.mark.parametrize("tree", [*SPECIAL, *map(tree_of, (1, 2, 3, 8, 33))])
def test_a_tree_is_what_was_stored(tree: RatchetTree) -> None:
    again = stored(tree.suite, rows_of(tree), tree.height)
    assert again.tree_hash == tree.tree_hash
    same(again, tree)


def test_keys_and_census_are_found_once() -> None:
    tree = stored(SUITE, rows_of(tree_from(A, P, B, Q, C)), 2)
    assert (tree.indexed, tree.counted) == (None, None)
    assert tree.keys is tree.keys
    assert tree.census is tree.census
    assert tree.keys.encryption[b"P"] == 1
    assert tree.census.members == 3


def test_a_leaf_is_decoded_when_it_is_looked_at_and_once() -> None:
    tree = stored(SUITE, rows_of(tree_from(A, P, B)), 1)
    place = tree.subtree(0, 1)
    assert place is not None
    assert isinstance(place.held, bytes)  # type: ignore[union-attr]
    assert place.node == LeafNode.decode(B.encode())
    assert place.node is place.node


def test_what_is_no_leaf_changes_the_hash_and_is_refused_when_it_is_looked_at() -> None:
    tree = stored(SUITE, {0: b"no leaf"}, 0)
    assert tree.tree_hash != tree_from(A).tree_hash
    with pytest.raises(DecodeError):
        tree.leaf(0)


def test_bytes_in_the_place_of_a_parent_are_none() -> None:
    same(stored(SUITE, {**rows_of(tree_from(A, None, B)), 1: A.encode()}, 1), tree_from(A, None, B))


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ((A, P, B), (A, Q, C)),
        ((A, P, B), (A, None, B, None, C)),
        ((A, P, B, Q, C, None, D), (A, P, B)),
        ((A, P, B, Q, C), (D, None, None, None, C)),
        ((A,), (A, P, B, None, C, Q, D)),
    ],
)
def test_a_patched_tree_is_the_later_one(
    before: tuple[LeafNode | ParentNode | None, ...],
    after: tuple[LeafNode | ParentNode | None, ...],
) -> None:
    old, new = tree_from(*before), tree_from(*after)
    changes: dict[int, Stored] = {
        index: rows_of(new).get(index)
        for index in rows_of(old).keys() | rows_of(new).keys()
        if old.node_at(index) != new.node_at(index)
    }
    for base in (old, stored(SUITE, rows_of(old), old.height)):
        same(patched(base, changes, new.height), new)


def test_what_is_not_patched_is_shared() -> None:
    old = tree_of(8)
    new = patched(old, {0: A.encode()}, old.height)
    assert new.subtree(2, 1) is old.subtree(2, 1)
    assert new.subtree(2, 0) is not old.subtree(2, 0)
