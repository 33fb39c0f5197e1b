"""Edits of the persistent tree: what is shared, where new leaves go (RFC 9420 §7.7)."""

from __future__ import annotations

from covey.mls.tree import edit
from covey.mls.tree.nodes import Branch
from tree_samples import SUITE, leaf, tree_of


def test_what_does_not_change_is_the_same_object() -> None:
    tree = tree_of(8)
    assert isinstance(tree.root, Branch)
    changed = tree.edited(updated={1: leaf("new")}).tree
    assert isinstance(changed.root, Branch)
    assert changed.root.right is tree.root.right
    assert isinstance(changed.root.left, Branch)
    assert isinstance(tree.root.left, Branch)
    assert changed.root.left.right is tree.root.left.right
    added = tree.edited(added=(leaf("a"), leaf("b"))).tree
    assert isinstance(added.root, Branch)
    assert added.root.left is tree.root


def test_nothing_to_do_gives_the_same_objects() -> None:
    tree = tree_of(5)
    assert tree.edited().tree == tree
    assert tree.edited().tree.root is tree.root
    assert edit.replace_leaves(SUITE, tree.root, tree.height, 0, (), []) is tree.root
    assert edit.insert_leaves(SUITE, tree.root, tree.height, 0, ()) is tree.root


def test_the_leftmost_blank_leaves_come_first() -> None:
    tree = tree_of(8).edited(removed=(1, 4, 6)).tree
    assert edit.blank_leaves(tree.root, tree.height, 0, 5) == [1, 4, 6]
    assert edit.blank_leaves(tree.root, tree.height, 0, 2) == [1, 4]
    assert edit.blank_leaves(tree.root, tree.height, 0, 0) == []
    assert edit.blank_leaves(None, 2, 1, 3) == [4, 5, 6]


def test_a_tree_grows_by_doubling() -> None:
    tree = tree_of(1)
    root, height = edit.extend(SUITE, tree.root, tree.height, 5)
    assert height == 3
    assert edit.extend(SUITE, root, height, 8) == (root, height)


def test_a_tree_is_cut_while_its_right_half_is_empty() -> None:
    tree = tree_of(2)
    root, height = edit.extend(SUITE, tree.root, tree.height, 16)
    assert height == 4
    cut, height = edit.truncate(root, height)
    assert cut is tree.root
    assert height == 1
    assert edit.truncate(None, 3) == (None, 0)


def test_a_path_replaces_what_stood_there() -> None:
    tree = tree_of(4)
    root, replaced = edit.set_path(SUITE, tree.root, tree.height, 2, leaf("new"), {})
    assert replaced == []
    assert isinstance(root, Branch)
    assert root.node is None
    assert isinstance(tree.root, Branch)
    assert root.left is tree.root.left
