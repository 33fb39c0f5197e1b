"""Parent hashes: true ones are accepted, and nothing else (RFC 9420 §7.9, §12.4.3.1)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from array_tree import ArrayTree
from covey.mls.structs.tree import LeafNode, Lifetime, Node, ParentNode
from covey.mls.tree import nodes, parent_hashes
from covey.mls.tree.ratchet_tree import RatchetTree
from covey.mls.wire.code_points import LeafNodeSource
from tree_samples import SUITE, special_trees, tree_from, tree_of

if TYPE_CHECKING:
    from collections.abc import Callable

TREES = special_trees()
PARENTS = [
    (name, index)
    for name, group in TREES.items()
    for index, node in enumerate(group.tree.to_nodes())
    if isinstance(node, ParentNode)
]


def with_node(tree: RatchetTree, index: int, change: Callable[[Node], Node | None]) -> RatchetTree:
    """The tree, made anew from its array with one node changed."""
    array = list(tree.to_nodes())
    node = array[index]
    assert node is not None
    array[index] = change(node)
    return RatchetTree.from_nodes(tree.suite, array)


def is_valid(tree: RatchetTree) -> bool:
    return (
        parent_hashes.first_wrong_unmerged_leaf(tree) is None
        and parent_hashes.first_invalid_parent(tree) is None
    )


@pytest.mark.parametrize("name", TREES)
def test_what_the_protocol_makes_is_valid(name: str) -> None:
    assert is_valid(TREES[name].tree)


@pytest.mark.parametrize(("name", "index"), PARENTS)
def test_any_change_of_a_parent_is_noticed(name: str, index: int) -> None:
    """mls-rs 315: the check of all nodes ended with the first valid one."""
    tree = TREES[name].tree
    node = tree.node_at(index)
    assert isinstance(node, ParentNode)
    changes = [
        node.replace(encryption_key=b"another key"),
        node.replace(parent_hash=b""),
        node.replace(parent_hash=bytes(SUITE.Nh)),
        node.replace(parent_hash=node.parent_hash + b"\x00"),
    ]
    for changed in changes:
        if changed != node:
            assert not is_valid(with_node(tree, index, lambda _, new=changed: new))


@pytest.mark.parametrize(("name", "index"), PARENTS)
def test_any_change_of_unmerged_leaves_is_noticed(name: str, index: int) -> None:
    tree = TREES[name].tree
    node = tree.node_at(index)
    assert isinstance(node, ParentNode)
    listed = set(node.unmerged_leaves)
    for other in range(2 * tree.size):
        entries = tuple(sorted(listed ^ {other}))
        changed = node.replace(unmerged_leaves=entries)
        assert not is_valid(with_node(tree, index, lambda _, new=changed: new)), entries


COMMIT, UPDATE = LeafNodeSource.commit, LeafNodeSource.update
LINKS: list[dict[str, Any]] = [
    {"leaf_node_source": COMMIT, "lifetime": None, "parent_hash": bytes(SUITE.Nh)},
    {"leaf_node_source": COMMIT, "lifetime": None, "parent_hash": b""},
    {"leaf_node_source": UPDATE, "lifetime": None, "parent_hash": None},
    {
        "leaf_node_source": LeafNodeSource.key_package,
        "lifetime": Lifetime(0, 1),
        "parent_hash": None,
    },
]
MEMBERS = [(name, index) for name, group in TREES.items() for index in group.clients]


@pytest.mark.parametrize(("name", "index"), MEMBERS)
def test_a_leaf_with_another_parent_hash_is_judged_as_by_the_letter(name: str, index: int) -> None:
    """Its parent is not valid any more, unless another leaf's chain covers it or it is blank."""
    tree = TREES[name].tree
    for link in LINKS:
        changed = with_node(tree, 2 * index, lambda leaf, new=link: leaf.replace(**new))
        padded = [changed.node_at(x) for x in range(2 * tree.size - 1)]
        array = ArrayTree(SUITE, padded)
        wrong = {x for x in range(1, len(padded), 2) if padded[x] and not array.is_valid(x)}
        found = parent_hashes.first_invalid_parent(changed)
        assert found in wrong if wrong else found is None


def test_trap_null_parent_hash() -> None:
    """mls-rs 360: a leaf or node without a parent hash was taken for a valid link."""
    for link in LINKS[1:]:
        array = [
            node.replace(**link) if isinstance(node, LeafNode) else node
            for node in TREES["full"].tree.to_nodes()
        ]
        assert parent_hashes.first_invalid_parent(tree_from(*array)) is not None
    alone = tree_from(*tree_of(2).to_nodes()[:1], ParentNode(b"P", b""), *tree_of(2).to_nodes()[2:])
    assert parent_hashes.first_invalid_parent(alone) == 1


def test_trap_null_parent_hash_of_inner_nodes() -> None:
    tree = TREES["full"].tree
    for index, node in enumerate(tree.to_nodes()):
        if isinstance(node, ParentNode) and node.parent_hash:
            emptied = with_node(tree, index, lambda each: each.replace(parent_hash=b""))
            assert parent_hashes.first_invalid_parent(emptied) is not None


def test_trap_parent_hash_with_an_empty_left_subtree_of_the_root() -> None:
    """Mlspp 430: nobody is left in the left half."""
    group = special_trees()["left half empty"]
    tree = group.tree
    assert [index for index, _ in tree.members()] == [4, 5, 6, 7]
    assert tree.node_at(7) is None
    assert is_valid(tree)
    assert not is_valid(with_node(tree, 11, lambda node: node.replace(encryption_key=b"x")))
    group.edit(added=1)
    assert group.tree.leaf(0) is not None
    assert is_valid(group.tree)
    group.commit(6)
    assert isinstance(group.tree.node_at(7), ParentNode)
    assert is_valid(group.tree)


def test_a_parent_that_no_chain_covers_is_not_valid() -> None:
    tree = tree_of(4)
    array = list(tree.to_nodes())
    array[3] = ParentNode(b"nobody's", b"")
    assert parent_hashes.first_invalid_parent(tree_from(*array)) == 3


def test_unmerged_leaves_that_are_not_in_the_resolution_do_not_count() -> None:
    """§7.9.2, third criterion: without D, the resolution is exactly the unmerged leaves."""
    a, b, c = (leaf for _, leaf in tree_of(3).members())
    right = nodes.make_leaf(SUITE, 4, c)
    sibling = nodes.make_branch(
        SUITE, 2, 1, None, nodes.make_branch(SUITE, 1, 2, None, right, None), None
    )
    assert sibling is not None
    for unmerged, valid in (((1,), False), ((2,), True)):
        top = ParentNode(b"top", b"", unmerged)
        link = nodes.parent_hash(SUITE, top, sibling.hash)
        d = a.replace(leaf_node_source=LeafNodeSource.commit, lifetime=None, parent_hash=link)
        tree = tree_from(d, None, None, None, b, None, None, top, c)
        assert (parent_hashes.first_invalid_parent(tree) is None) is valid


def test_the_chain_goes_from_the_root_down_to_the_leaf() -> None:
    """§7.9, by hand, on four leaves."""
    tree = tree_of(4)
    steps = tree.filtered_path(1)
    parents, for_leaf = parent_hashes.path_parents(SUITE, steps, (b"low", b"top"))
    right = tree.subtree(1, 1)
    left = tree.subtree(0, 0)
    assert right is not None
    assert left is not None
    top = ParentNode(b"top", b"")
    low = ParentNode(b"low", nodes.parent_hash(SUITE, top, right.hash))
    assert parents == {2: top, 1: low}
    assert for_leaf == nodes.parent_hash(SUITE, low, left.hash)


def test_a_path_without_nodes_has_an_empty_parent_hash() -> None:
    assert parent_hashes.path_parents(SUITE, (), ()) == ({}, b"")


def test_unmerged_leaves_are_members_below_and_listed_in_between() -> None:
    """§12.4.3.1, the three ways to break it."""
    a, b, c, d = (leaf for _, leaf in tree_of(4).members())
    wrong = parent_hashes.first_wrong_unmerged_leaf
    low, high = ParentNode(b"L", b"", (1,)), ParentNode(b"H", b"", (1,))
    good = tree_from(a, low, b, high, c, None, d)
    assert wrong(good) is None
    assert wrong(tree_from(a, low.replace(unmerged_leaves=(2,)), b, None, c)) == (1, 2)
    assert wrong(tree_from(a, low, None, None, c)) == (1, 1)
    not_between = low.replace(unmerged_leaves=())
    assert wrong(tree_from(a, not_between, b, high, c, None, d)) == (3, 1)
    assert wrong(tree_from(a, None, b, high, c, None, d)) is None


@pytest.mark.parametrize("index", [4, 1 << 29, 1 << 30, (1 << 31) - 1, 1 << 31, (1 << 32) - 1])
def test_trap_unmerged_leaf_beyond_2_to_the_30(index: int) -> None:
    a, b, c, d = (leaf for _, leaf in tree_of(4).members())
    tree = tree_from(a, None, b, ParentNode(b"H", b"", (index,)), c, None, d)
    assert parent_hashes.first_wrong_unmerged_leaf(tree) == (3, index)
