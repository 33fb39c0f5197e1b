"""RFC 9420 §7.9: parent hashes, along a new path and in a whole tree that one joins.

May import the nodes of this folder, crypto and structs. A committer computes the chain from
the root down to its leaf; a joiner checks that every parent node is the top of exactly one
such chain. ``original_sibling_tree_hash`` is computed anew only where unmerged leaves stand
in the sibling, and remembered by what was left out.
"""

from __future__ import annotations

from bisect import bisect_left
from typing import TYPE_CHECKING

from covey.mls.structs.tree import ParentNode
from covey.mls.tree import nodes
from covey.mls.tree.nodes import Branch, Leaf

if TYPE_CHECKING:
    from collections.abc import Sequence

    from covey.mls.crypto.suite import Suite
    from covey.mls.tree.nodes import Subtree
    from covey.mls.tree.ratchet_tree import PathStep, RatchetTree


def path_parents(
    suite: Suite, steps: Sequence[PathStep], public_keys: Sequence[bytes]
) -> tuple[dict[int, ParentNode], bytes]:
    """The parent nodes of a new path with their parent hashes (§7.9).

    Args:
        suite: The suite of the group.
        steps: The filtered direct path, from the leaf up.
        public_keys: The new HPKE public keys, in the same order.

    Returns:
        The parent nodes by height, and the ``parent_hash`` that the leaf has to carry.
    """
    parents: dict[int, ParentNode] = {}
    above = b""
    for step, public_key in zip(reversed(steps), reversed(public_keys), strict=True):
        parent = ParentNode(public_key, above, ())
        parents[step.height] = parent
        above = nodes.parent_hash(suite, parent, step.sibling.hash)
    return parents, above


def first_invalid_parent(tree: RatchetTree) -> int | None:
    """The array index of a parent node that no chain of parent hashes covers (§7.9.2).

    Returns:
        None when every non-blank parent node is parent-hash valid.
    """
    originals = _Originals(tree.suite)
    pending: list[tuple[Subtree, int, int]] = [(tree.root, tree.height, 0)]
    while pending:
        subtree, height, position = pending.pop()
        if type(subtree) is not Branch:
            continue
        if subtree.node is not None and not _is_valid(
            tree.suite, originals, subtree, height, position
        ):
            return nodes_index(height, position)
        pending.append((subtree.left, height - 1, 2 * position))
        pending.append((subtree.right, height - 1, 2 * position + 1))
    return None


def nodes_index(height: int, position: int) -> int:
    """Array index of a place, for messages."""
    return (position << (height + 1)) | ((1 << height) - 1)


def _is_valid(
    suite: Suite, originals: _Originals, parent: Branch, height: int, position: int
) -> bool:
    """Whether some node below has this parent's hash, as its first non-blank ancestor."""
    assert parent.node is not None
    unmerged = parent.node.unmerged_leaves
    split = bisect_left(unmerged, (2 * position + 1) << (height - 1))
    low, high = unmerged[:split], unmerged[split:]
    for child, child_position, inside, sibling, sibling_position, outside in (
        (parent.left, 2 * position, low, parent.right, 2 * position + 1, high),
        (parent.right, 2 * position + 1, high, parent.left, 2 * position, low),
    ):
        link = _link(child, height - 1, child_position, inside)
        if link is None:
            continue
        original = originals.hash(sibling, height - 1, sibling_position, outside)
        if link == nodes.parent_hash(suite, parent.node, original):
            return True
    return False


def _link(child: Subtree, height: int, position: int, unmerged: tuple[int, ...]) -> bytes | None:
    """The ``parent_hash`` field of the one node D in the resolution of the child.

    D is what is left of the resolution without the parent's unmerged leaves; it must be
    one node, and all those leaves must be there (§7.9.2, third criterion).
    """
    if nodes.resolution_size(child) != len(unmerged) + 1:
        return None
    if child is not None and child.node is not None:
        # A node's unmerged leaves are leaves: if as many are excluded, it must be those.
        listed = child.node.unmerged_leaves if isinstance(child.node, ParentNode) else ()
        return child.node.parent_hash if listed == unmerged else None
    excluded = set(unmerged)
    rest = [
        node
        for at, place, node in nodes.resolution(child, height, position)
        if at or place not in excluded
    ]
    if len(rest) != 1 or rest[0].node is None:
        return None
    return rest[0].node.parent_hash


class _Originals:
    """Tree hashes of subtrees as they were before some leaves were added (§7.9)."""

    def __init__(self, suite: Suite) -> None:
        self._suite = suite
        self._known: dict[tuple[int, int, tuple[int, ...]], bytes] = {}

    def hash(
        self, subtree: Subtree, height: int, position: int, excluded: tuple[int, ...]
    ) -> bytes:
        """``original_sibling_tree_hash``: the tree hash without the excluded leaves."""
        if not excluded or subtree is None:
            return nodes.tree_hash(self._suite, subtree, height, position)
        if type(subtree) is Leaf:
            return nodes.blank_hash(self._suite.code, 0, position)
        key = (height, position, excluded)
        known = self._known.get(key)
        if known is None:
            known = self._known[key] = self._without(subtree, height, position, excluded)
        return known

    def _without(
        self, subtree: Subtree, height: int, position: int, excluded: tuple[int, ...]
    ) -> bytes:
        assert type(subtree) is Branch
        split = bisect_left(excluded, (2 * position + 1) << (height - 1))
        node = subtree.node
        if node is not None and node.unmerged_leaves:
            gone = set(excluded)
            kept = tuple(index for index in node.unmerged_leaves if index not in gone)
            node = node.replace(unmerged_leaves=kept)
        return nodes.parent_tree_hash(
            self._suite,
            node,
            self.hash(subtree.left, height - 1, 2 * position, excluded[:split]),
            self.hash(subtree.right, height - 1, 2 * position + 1, excluded[split:]),
        )


def first_wrong_unmerged_leaf(tree: RatchetTree) -> tuple[int, int] | None:
    """An entry of some ``unmerged_leaves`` that must not be there (§12.4.3.1).

    Each entry is a non-blank leaf below the node, and every non-blank node between the two
    has the entry too.

    Returns:
        (array index of the node, leaf index), or None when all are right.
    """
    pending: list[tuple[Subtree, int, int, dict[int, int]]] = [(tree.root, tree.height, 0, {})]
    while pending:
        subtree, height, position, required = pending.pop()
        if isinstance(subtree, Leaf):
            continue
        if subtree is None:
            for leaf, node in required.items():
                return node, leaf
            continue
        here = nodes_index(height, position)
        if isinstance(subtree.node, ParentNode):
            listed = subtree.node.unmerged_leaves
            known = frozenset(listed)
            for leaf, node in required.items():
                if leaf not in known:
                    return node, leaf
            for leaf in listed:
                if leaf >> height != position:
                    return here, leaf
            required = dict.fromkeys(listed, here)
        split = (2 * position + 1) << (height - 1)
        low = {leaf: node for leaf, node in required.items() if leaf < split}
        high = {leaf: node for leaf, node in required.items() if leaf >= split}
        pending.append((subtree.left, height - 1, 2 * position, low))
        pending.append((subtree.right, height - 1, 2 * position + 1, high))
    return None
