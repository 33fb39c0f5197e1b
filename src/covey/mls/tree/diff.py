"""What differs between two trees of one group, found by object identity (docs/adr/0002).

May import the nodes of this folder. Two epochs share every subtree that no commit touched,
so walking both and stopping where the nodes are the same object costs O(changes · log n).
"""

from __future__ import annotations

from bisect import bisect_left
from typing import TYPE_CHECKING

from covey.mls.structs.tree import LeafNode, ParentNode
from covey.mls.tree import nodes
from covey.mls.tree.math import node_index
from covey.mls.tree.nodes import Branch
from covey.mls.tree.ratchet_tree import RatchetTree

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from covey.mls.structs.tree import Node
    from covey.mls.tree.nodes import Subtree

Changes = dict[int, "Node | None"]
"""New nodes by array index; None where one became blank."""


def changed_nodes(old: RatchetTree | None, new: RatchetTree) -> Changes:
    """The nodes that differ, by array index; all that are not blank when ``old`` is None."""
    found: Changes = {}
    height = new.height if old is None else max(old.height, new.height)
    before = None if old is None else _lifted(old.root, old.height, height)
    _collect(before, _lifted(new.root, new.height, height), height, 0, found)
    return found


def _lifted(root: Subtree, height: int, target: int) -> Subtree:
    """A root as the leftmost subtree below a taller one, whose hashes nobody looks at."""
    while height < target and root is not None:
        root = Branch(root, None, None, b"", 0, 0)
        height += 1
    return root


def _collect(old: Subtree, new: Subtree, height: int, position: int, found: Changes) -> None:
    if old is new:
        return
    before = None if old is None else old.node
    after = None if new is None else new.node
    if before is not after and not _same(before, after):
        found[node_index(height, position)] = after
    if height:
        for side in (0, 1):
            _collect(_child(old, side), _child(new, side), height - 1, 2 * position + side, found)


def _same(one: Node | None, other: Node | None) -> bool:
    return type(one) is type(other) and one == other


def _child(subtree: Subtree, side: int) -> Subtree:
    if type(subtree) is not Branch:
        return None
    return subtree.right if side else subtree.left


def patched(tree: RatchetTree, changes: Mapping[int, Node | None], height: int) -> RatchetTree:
    """The tree with some nodes replaced, by array index, and another height.

    Subtrees without a change are the same objects.
    """
    target = max(height, tree.height)
    root = tree.root
    for level in range(tree.height + 1, target + 1):
        root = nodes.make_branch(tree.suite, level, 0, None, root, None)
    ordered = sorted(changes.items())
    root = _patch(tree, root, target, 0, ordered)
    for _ in range(target - height):
        root = _child(root, 0)
    gone = [tree.node_at(index) for index, _ in ordered]
    index = tree.keys.changed(
        [node for node in gone if isinstance(node, LeafNode)],
        [node for node in gone if isinstance(node, ParentNode)],
        [(i // 2, node) for i, node in ordered if isinstance(node, LeafNode)],
        [(i, node) for i, node in ordered if isinstance(node, ParentNode)],
    )
    counted = tree.census.changed(
        [node for node in gone if isinstance(node, LeafNode)],
        [node for _, node in ordered if isinstance(node, LeafNode)],
    )
    return RatchetTree(tree.suite, height, root, index, counted)


def _patch(
    tree: RatchetTree,
    subtree: Subtree,
    height: int,
    position: int,
    changes: Sequence[tuple[int, Node | None]],
) -> Subtree:
    if not changes:
        return subtree
    if height == 0:
        node = changes[0][1]
        return nodes.make_leaf(tree.suite, position, node) if isinstance(node, LeafNode) else None
    here = node_index(height, position)
    own = None if type(subtree) is not Branch else subtree.node
    split = bisect_left(changes, here, key=lambda change: change[0])
    rest = changes[split:]
    if rest and rest[0][0] == here:
        replaced = rest[0][1]
        own = replaced if isinstance(replaced, ParentNode) else None
        rest = rest[1:]
    left = _patch(tree, _child(subtree, 0), height - 1, 2 * position, changes[:split])
    right = _patch(tree, _child(subtree, 1), height - 1, 2 * position + 1, rest)
    return nodes.make_branch(tree.suite, height, position, own, left, right)
