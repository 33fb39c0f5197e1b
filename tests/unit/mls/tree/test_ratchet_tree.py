"""The tree as a value: places, edits, array form (RFC 9420 §4.1, §7.7, §12.4.3.3)."""

from __future__ import annotations

import pytest

from covey.mls.crypto.dialects import get_suite
from covey.mls.structs.tree import ParentNode, RatchetTreeNodes
from covey.mls.tree.ratchet_tree import RatchetTree
from tree_samples import leaf, special_trees, tree_from, tree_of

A, B, C, D = (leaf(name) for name in "ABCD")
P, Q = ParentNode(b"P", b"", (1,)), ParentNode(b"Q", b"above")


def test_a_group_begins_with_one_leaf() -> None:
    tree = tree_of(1)
    assert (tree.size, tree.height) == (1, 0)
    assert list(tree.members()) == [(0, leaf("0"))]
    assert tree.to_nodes() == (leaf("0"),)
    assert tree.filtered_path(0) == ()
    assert tree.resolution(0, 0) == [0]


def test_the_array_form_leaves_out_the_blanks_at_the_end() -> None:
    tree = tree_from(A, P, B, None, C)
    assert tree.size == 4
    assert tree.to_nodes() == (A, P, B, None, C)
    assert tree.encode() == RatchetTreeNodes((A, P, B, None, C)).encode()
    assert [tree.node_at(index) for index in range(8)] == [A, P, B, None, C, None, None, None]


@pytest.mark.parametrize("length", range(1, 18, 2))
def test_blanks_at_the_end_of_the_array_are_filled_in(length: int) -> None:
    nodes = [None] * (length - 1) + [A]
    tree = tree_from(*nodes)
    assert tree.size == 1 << max((length - 1) // 2, 0).bit_length()
    assert tree.to_nodes() == tuple(nodes)


def test_members_are_found_by_index() -> None:
    tree = tree_from(A, P, B, None, None, None, C)
    assert [index for index, _ in tree.members()] == [0, 1, 3]
    assert tree.leaf(2) is None
    assert tree.leaf(3) == C


def test_subtrees_are_found_by_place() -> None:
    tree = tree_from(A, P, B, None, C)
    assert tree.subtree(tree.height, 0) is tree.root
    assert tree.subtree(0, 3) is None
    right = tree.subtree(1, 1)
    assert right is not None
    assert right.node is None
    assert tree.resolution(1, 0) == [1, 2]
    assert tree.resolution(1, 1) == [4]
    assert tree.resolution(2, 0) == [1, 2, 4]


def test_the_filtered_path_leaves_out_nodes_above_nobody_else() -> None:
    """§4.1.2: a node whose child on the copath has an empty resolution is not in it."""
    tree = tree_from(A, None, None, None, B, None, C)
    assert [(step.height, step.sibling_position) for step in tree.filtered_path(0)] == [(2, 1)]
    path = tree.filtered_path(2)
    assert [(step.height, step.sibling_position) for step in path] == [(1, 3), (2, 0)]
    assert [step.sibling_height for step in path] == [0, 1]


def test_an_update_blanks_the_path() -> None:
    tree = tree_from(A, P, B, Q, C, P, D).edited(updated={1: leaf("new")}).tree
    assert tree.to_nodes() == (A, None, leaf("new"), None, C, P, D)


def test_a_remove_blanks_leaf_and_path() -> None:
    tree = tree_from(A, P, B, Q, C, P, D).edited(removed=(1,)).tree
    assert tree.to_nodes() == (A, None, None, None, C, P, D)


def test_an_add_is_unmerged_above() -> None:
    edited = tree_from(A, P, B, Q, None, ParentNode(b"R", b""), D).edited(added=(C,))
    assert edited.added == (2,)
    assert edited.tree.to_nodes() == (
        A, P, B, Q.replace(unmerged_leaves=(2,)), C, ParentNode(b"R", b"", (2,)), D,
    )  # fmt: skip


def test_a_path_sets_the_filtered_nodes_and_blanks_the_others() -> None:
    tree = tree_from(A, P, B, Q, None, P, D)
    new = ParentNode(b"new", b"")
    after = tree.with_path(3, leaf("d2"), {2: new})
    assert after.to_nodes() == (A, P, B, new, None, None, leaf("d2"))
    assert tree.to_nodes() == (A, P, B, Q, None, P, D)


def test_updates_come_before_removes_and_adds_last() -> None:
    edited = tree_of(4).edited({0: leaf("new")}, (1, 3), (C, D, A))
    assert edited.added == (1, 3, 4)
    assert edited.tree.leaf(0) == leaf("new")
    assert edited.tree.size == 8


def test_many_adds_double_the_tree_until_they_fit() -> None:
    edited = tree_of(1).edited(added=[leaf(str(number)) for number in range(1, 100)])
    assert edited.added == tuple(range(1, 100))
    assert edited.tree.size == 128
    assert edited.tree == tree_of(100)


def test_the_place_of_an_external_joiner() -> None:
    assert tree_of(4).leftmost_blank() == 4
    assert tree_of(5).leftmost_blank() == 5
    assert tree_of(5).edited(removed=(2,)).tree.leftmost_blank() == 2
    grown = tree_of(4).extended_for(4)
    assert grown.size == 8
    assert grown.extended_for(7) is grown


@pytest.mark.parametrize("size", [1, 2, 3, 4, 5, 8, 9])
def test_trap_external_joiner_place_after_removal_and_cut(size: int) -> None:
    """ERR-13: first Remove and cut, then the leftmost blank leaf."""
    tree = tree_of(size + 1).edited(removed=(size,)).tree
    assert tree.size == 1 << (size - 1).bit_length()
    assert tree.leftmost_blank() == size


def test_trap_trim_timing() -> None:
    """OpenMLS 1797: the tree is cut after the Removes of a commit, before its Adds."""
    one = tree_of(5).edited(removed=(4,), added=(A,))
    assert one.added == (4,)
    assert one.tree.size == 8
    other = tree_of(5).edited(removed=(1, 4), added=(A,))
    assert other.added == (1,)
    assert other.tree.size == 4
    assert tree_of(9).edited(removed=range(1, 9)).tree == tree_of(1)
    assert tree_of(9).edited(removed=(8, 7, 6, 5, 4)).tree.size == 4


def test_trap_single_member_not_at_leaf_0() -> None:
    """Mlspp 365: whoever is left alone need not be at leaf 0."""
    tree = tree_of(2).edited(removed=(0,)).tree
    assert tree.size == 2
    assert tree.to_nodes() == (None, None, leaf("1"))
    assert tree.filtered_path(1) == ()
    alone = tree.with_path(1, leaf("renewed"), {})
    assert alone.to_nodes() == (None, None, leaf("renewed"))
    joined = alone.edited(added=(A,))
    assert joined.added == (0,)
    assert joined.tree.to_nodes() == (A, None, leaf("renewed"))
    assert [step.height for step in joined.tree.filtered_path(1)] == [1]


@pytest.mark.parametrize(
    "index", [4, 5, 1 << 29, (1 << 30) - 1, 1 << 30, 1 << 31, (1 << 32) - 1, 1 << 40, -1]
)
def test_trap_leaf_index_beyond_2_to_the_30(index: int) -> None:
    """Bouncy Castle: a large leaf index wrapped around and never ended."""
    tree = tree_of(4)
    assert tree.leaf(index) is None


@pytest.mark.parametrize("index", [7, 8, (1 << 31) - 1, (1 << 32) - 2, (1 << 64) - 1])
def test_trap_node_index_beyond_the_tree(index: int) -> None:
    assert tree_of(4).node_at(index) is None


@pytest.mark.parametrize("name", special_trees())
def test_a_tree_equals_the_one_made_of_its_array(name: str) -> None:
    tree = special_trees()[name].tree
    array = RatchetTreeNodes.decode(tree.encode()).ratchet_tree
    again = RatchetTree.from_nodes(tree.suite, array)
    assert again.tree_hash == tree.tree_hash
    assert again.keys == tree.keys
    assert again.census == tree.census


def test_the_tree_hash_depends_on_the_suite() -> None:
    tree = tree_of(3)
    other = RatchetTree.from_nodes(get_suite(5), tree.to_nodes())
    assert len(tree.tree_hash) == 32
    assert len(other.tree_hash) == 64
