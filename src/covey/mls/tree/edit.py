"""Recursive edits of the persistent tree: O(log n) new objects per changed leaf.

May import :mod:`covey.mls.tree.nodes`. All changes of a commit go into one recursion per
phase: applied one by one, a thousand adds into a full tree of 10,000 take ten times as long,
for the lists of unmerged leaves grow quadratically (docs/adr/0002).
"""

from __future__ import annotations

from bisect import bisect_left
from typing import TYPE_CHECKING

from covey.mls.tree.nodes import Branch, Leaf, leaf_count, make_branch, make_leaf

if TYPE_CHECKING:
    from collections.abc import Sequence

    from covey.mls.crypto.suite import Suite
    from covey.mls.structs.tree import LeafNode, ParentNode
    from covey.mls.tree.nodes import Subtree

Change = tuple[int, "LeafNode | None"]


def replace_leaves(
    suite: Suite,
    subtree: Subtree,
    height: int,
    position: int,
    changes: Sequence[Change],
    blanked: list[ParentNode],
) -> Subtree:
    """Set leaves to new nodes or to blank, and blank every node above them (§12.1.2, §12.1.3).

    Args:
        suite: The suite of the group.
        subtree: Where to work.
        height: Its height.
        position: Its position among the subtrees of its height.
        changes: (leaf index, new node or None), sorted by index.
        blanked: Receives the parent nodes that were blanked.

    Returns:
        The new subtree; parts without a change are the same objects.
    """
    if not changes:
        return subtree
    if height == 0:
        node = changes[0][1]
        return None if node is None else make_leaf(suite, position, node)
    left = right = None
    if type(subtree) is Branch:
        left, right = subtree.left, subtree.right
        if subtree.node is not None:
            blanked.append(subtree.node)
    split = bisect_left(changes, (2 * position + 1) << (height - 1), key=_index)
    return make_branch(
        suite,
        height,
        position,
        None,
        replace_leaves(suite, left, height - 1, 2 * position, changes[:split], blanked),
        replace_leaves(suite, right, height - 1, 2 * position + 1, changes[split:], blanked),
    )


def insert_leaves(
    suite: Suite,
    subtree: Subtree,
    height: int,
    position: int,
    added: Sequence[tuple[int, LeafNode]],
) -> Subtree:
    """Put new leaves into blank places, unmerged at every node above them (§12.1.1)."""
    if not added:
        return subtree
    if height == 0:
        return make_leaf(suite, position, added[0][1])
    left = right = node = None
    if type(subtree) is Branch:
        left, right, node = subtree.left, subtree.right, subtree.node
    if node is not None:
        node = _with_unmerged(node, [index for index, _ in added])
    split = bisect_left(added, (2 * position + 1) << (height - 1), key=_index)
    return make_branch(
        suite,
        height,
        position,
        node,
        insert_leaves(suite, left, height - 1, 2 * position, added[:split]),
        insert_leaves(suite, right, height - 1, 2 * position + 1, added[split:]),
    )


def _with_unmerged(node: ParentNode, leaves: Sequence[int]) -> ParentNode:
    """A parent node with further unmerged leaves, all in order."""
    unmerged = sorted((*node.unmerged_leaves, *leaves))
    return node.replace(unmerged_leaves=tuple(unmerged))


def _index(change: tuple[int, object]) -> int:
    return change[0]


def blank_leaves(subtree: Subtree, height: int, position: int, wanted: int) -> list[int]:
    """The indices of the leftmost blank leaves, at most ``wanted`` of them."""
    if wanted == 0 or leaf_count(subtree) == 1 << height:
        return []
    if subtree is None:
        first = position << height
        return list(range(first, first + min(wanted, 1 << height)))
    assert type(subtree) is Branch
    found = blank_leaves(subtree.left, height - 1, 2 * position, wanted)
    rest = wanted - len(found)
    return found + blank_leaves(subtree.right, height - 1, 2 * position + 1, rest)


def extend(suite: Suite, root: Subtree, height: int, leaves: int) -> tuple[Subtree, int]:
    """Double the tree until it has room for ``leaves`` leaves (§7.7)."""
    while 1 << height < leaves:
        height += 1
        root = make_branch(suite, height, 0, None, root, None)
    return root, height


def truncate(root: Subtree, height: int) -> tuple[Subtree, int]:
    """Drop the right half while no leaf stands in it (§7.7)."""
    while type(root) is Branch and leaf_count(root.right) == 0:
        root = root.left
        height -= 1
    return root, height if root is not None else 0


def set_path(
    suite: Suite,
    root: Subtree,
    height: int,
    leaf: int,
    node: LeafNode,
    parents: dict[int, ParentNode],
) -> tuple[Leaf | Branch, list[ParentNode]]:
    """Replace a leaf and every node above it (§7.5).

    Args:
        suite: The suite of the group.
        root: The root of the tree.
        height: Its height.
        leaf: The leaf index of the committer.
        node: Its new leaf node.
        parents: New parent nodes by height; heights that are missing become blank.

    Returns:
        The new root, and the parent nodes that were replaced.
    """
    siblings: list[Subtree] = []
    replaced: list[ParentNode] = []
    subtree = root
    for level in range(height - 1, -1, -1):
        if type(subtree) is Branch:
            if subtree.node is not None:
                replaced.append(subtree.node)
            if leaf >> level & 1:
                siblings.append(subtree.left)
                subtree = subtree.right
            else:
                siblings.append(subtree.right)
                subtree = subtree.left
        else:
            siblings.append(None)
    new: Leaf | Branch = make_leaf(suite, leaf, node)
    for level in range(1, height + 1):
        sibling = siblings[height - level]
        left, right = (sibling, new) if leaf >> (level - 1) & 1 else (new, sibling)
        branch = make_branch(suite, level, leaf >> level, parents.get(level), left, right)
        assert branch is not None
        new = branch
    return new, replaced
