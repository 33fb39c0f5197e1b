"""Trees that come out of a store: nothing is decoded before somebody looks at it.

May import the nodes of this folder. Leaves stay the bytes that they were stored as, and what a
tree can be asked about its members is found when it is asked: to send and to receive, a member
needs one leaf of ten thousand. Whoever reads a tree compares its tree hash with the one of its
epoch; so its leaves are those that were valid when the tree was made.
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

    from covey.mls.crypto.suite import Suite
    from covey.mls.tree.nodes import Subtree

Stored = LeafNode | ParentNode | bytes | None
"""A node as it comes out of a store; bytes are a leaf's."""


def stored(suite: Suite, found: Mapping[int, Stored], height: int) -> RatchetTree:
    """A tree from its nodes by array index; leaves are decoded when they are looked at.

    The caller compares its tree hash.
    """
    level = [_leaf(suite, index, found.get(2 * index)) for index in range(1 << height)]
    for above in range(1, height + 1):
        first, step = node_index(above, 0), 2 << above
        level = [
            nodes.make_branch(
                suite,
                above,
                position,
                _parent(found.get(first + step * position)),
                level[2 * position],
                level[2 * position + 1],
            )
            for position in range(len(level) >> 1)
        ]
    return RatchetTree(suite, height, level[0], None, None)


def _leaf(suite: Suite, index: int, node: Stored) -> Subtree:
    if isinstance(node, bytes):
        return nodes.stored_leaf(suite, index, node)
    return nodes.make_leaf(suite, index, node) if isinstance(node, LeafNode) else None


def _parent(node: Stored) -> ParentNode | None:
    return node if isinstance(node, ParentNode) else None


def patched(tree: RatchetTree, changes: Mapping[int, Stored], height: int) -> RatchetTree:
    """The tree with some nodes replaced, by array index, and another height.

    Subtrees without a change are the same objects; what was found out of keys and census is
    followed. The caller compares its tree hash.
    """
    target = max(height, tree.height)
    root = tree.root
    for level in range(tree.height + 1, target + 1):
        root = nodes.make_branch(tree.suite, level, 0, None, root, None)
    ordered = sorted(changes.items())
    root = _patch(tree, root, target, 0, ordered)
    for _ in range(target - height):
        root = _child(root, right=False)
    found = RatchetTree(tree.suite, height, root, None, None)
    if tree.indexed is None or tree.counted is None:
        return found
    gone = [tree.node_at(index) for index, _ in ordered]
    come = [(index, found.node_at(index)) for index, _ in ordered]
    left = [node for node in gone if isinstance(node, LeafNode)]
    joined = [(index // 2, node) for index, node in come if isinstance(node, LeafNode)]
    indexed = tree.indexed.changed(
        left,
        [node for node in gone if isinstance(node, ParentNode)],
        joined,
        [(index, node) for index, node in come if isinstance(node, ParentNode)],
    )
    counted = tree.counted.changed(left, [node for _, node in joined])
    return RatchetTree(tree.suite, height, root, indexed, counted)


def _patch(
    tree: RatchetTree,
    subtree: Subtree,
    height: int,
    position: int,
    changes: Sequence[tuple[int, Stored]],
) -> Subtree:
    if not changes:
        return subtree
    if height == 0:
        return _leaf(tree.suite, position, changes[0][1])
    here = node_index(height, position)
    own = None if type(subtree) is not Branch else subtree.node
    split = bisect_left(changes, here, key=lambda change: change[0])
    rest = changes[split:]
    if rest and rest[0][0] == here:
        own = _parent(rest[0][1])
        rest = rest[1:]
    left = _patch(tree, _child(subtree, right=False), height - 1, 2 * position, changes[:split])
    right = _patch(tree, _child(subtree, right=True), height - 1, 2 * position + 1, rest)
    return nodes.make_branch(tree.suite, height, position, own, left, right)


def _child(subtree: Subtree, *, right: bool) -> Subtree:
    if type(subtree) is not Branch:
        return None
    return subtree.right if right else subtree.left
