"""RFC 9420 §4.1, §7: the ratchet tree of one epoch, as an immutable value.

May import the other files of this folder, crypto and structs. Every change returns a new
tree that shares all untouched subtrees with the old one: O(log n) new objects, O(log n)
hashes. Nothing here judges; :mod:`covey.mls.rules` does.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import msgspec

from covey.mls.crypto.suite import Suite
from covey.mls.structs.tree import LeafNode, ParentNode, RatchetTreeNodes
from covey.mls.tree import edit, nodes
from covey.mls.tree.census import EMPTY as NOBODY
from covey.mls.tree.census import Census
from covey.mls.tree.keys import EMPTY as NO_KEYS
from covey.mls.tree.keys import KeyIndex
from covey.mls.tree.math import height_of, level, node_index
from covey.mls.tree.nodes import Branch, Leaf

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from covey.mls.structs.tree import Node


class PathStep(NamedTuple):
    """One node of a filtered direct path and the child on the copath below it (§4.1.2)."""

    height: int
    sibling_position: int
    sibling: Leaf | Branch

    @property
    def sibling_height(self) -> int:
        """Height of the copath child."""
        return self.height - 1


class Edited(NamedTuple):
    """A tree after proposals, and where its new members are."""

    tree: RatchetTree
    added: tuple[int, ...]


class RatchetTree(msgspec.Struct, frozen=True, gc=False):
    """The tree of one epoch.

    Attributes:
        suite: The cipher suite of the group.
        height: The tree has ``2**height`` leaves, blank ones included.
        root: The topmost subtree.
        indexed: What ``keys`` returns, or None until that is asked for.
        counted: What ``census`` returns, or None until that is asked for.
    """

    suite: Suite
    height: int
    root: Leaf | Branch | None
    indexed: KeyIndex | None
    counted: Census | None

    @classmethod
    def of_one(cls, suite: Suite, leaf: LeafNode) -> RatchetTree:
        """The tree of a new group: its creator (§11)."""
        empty = cls(suite, 0, None, NO_KEYS, NOBODY)
        return empty.edited(added=(leaf,)).tree

    @classmethod
    def from_nodes(cls, suite: Suite, array: Sequence[Node | None]) -> RatchetTree:
        """A tree from its array form; trailing blanks are filled in (§12.4.3.3).

        The caller has checked that leaves and parents stand at their places
        (:func:`covey.mls.rules.trees.array_form`).
        """
        height = height_of((len(array) + 1) // 2)
        root = _build(suite, array, height, 0)
        leaves = [(i, leaf.node) for i, leaf in nodes.leaves(root, height, 0)]
        index = NO_KEYS.changed(
            (), (), leaves, ((i, n) for i, n in enumerate(array) if type(n) is ParentNode)
        )
        counted = NOBODY.changed((), (node for _, node in leaves))
        return cls(suite, height, root, index, counted)

    # --- looking ---------------------------------------------------------------------

    @property
    def keys(self) -> KeyIndex:
        """Which public keys stand in it."""
        found = self.indexed
        if found is None:
            parents = (
                (i, node) for i, node in enumerate(self.to_nodes()) if type(node) is ParentNode
            )
            found = NO_KEYS.changed((), (), self.members(), parents)
            msgspec.structs.force_setattr(self, "indexed", found)
        return found

    @property
    def census(self) -> Census:
        """What its members support."""
        found = self.counted
        if found is None:
            found = NOBODY.changed((), (node for _, node in self.members()))
            msgspec.structs.force_setattr(self, "counted", found)
        return found

    @property
    def tree_hash(self) -> bytes:
        """The tree hash of the root (Nh bytes, §7.8)."""
        return nodes.tree_hash(self.suite, self.root, self.height, 0)

    @property
    def size(self) -> int:
        """How many leaves the tree has, blank ones included."""
        return 1 << self.height

    def leaf(self, index: int) -> LeafNode | None:
        """The leaf node at a leaf index; None when blank or outside of the tree."""
        if not 0 <= index < self.size:
            return None
        found = nodes.find(self.root, self.height, index)
        return None if found is None else found.node

    def members(self) -> Iterator[tuple[int, LeafNode]]:
        """All members, as (leaf index, leaf node), left to right."""
        return ((i, leaf.node) for i, leaf in nodes.leaves(self.root, self.height, 0))

    def members_between(self, first: int, beyond: int) -> Iterator[tuple[int, LeafNode]]:
        """The members at leaf indices from one on and before another; the others cost nothing."""
        found = nodes.leaves_between(self.root, self.height, first, beyond)
        return ((i, leaf.node) for i, leaf in found)

    def subtree(self, height: int, position: int) -> Leaf | Branch | None:
        """The subtree at a place; None when nothing stands in it."""
        subtree, at = self.root, self.height
        while at > height:
            if type(subtree) is not Branch:
                return None
            at -= 1
            subtree = subtree.right if position >> (at - height) & 1 else subtree.left
        return subtree

    def nodes_above(self, leaf: int) -> list[Node | None]:
        """The nodes from a leaf up to the root, by height; None where blank."""
        above: list[Node | None] = []
        subtree = self.root
        for at in range(self.height, -1, -1):
            above.append(None if subtree is None else subtree.node)
            if type(subtree) is Branch:
                subtree = subtree.right if leaf >> (at - 1) & 1 else subtree.left
        above.reverse()
        return above

    def node_at(self, index: int) -> Node | None:
        """The node at an array index; None when blank or outside of the tree."""
        height = level(index)
        if index >= 2 * self.size - 1:
            return None
        subtree = self.subtree(height, index >> (height + 1))
        return None if subtree is None else subtree.node

    def resolution(self, height: int, position: int) -> list[int]:
        """The resolution of a place, as array indices (§4.1.1)."""
        subtree = self.subtree(height, position)
        return [node_index(h, p) for h, p, _ in nodes.resolution(subtree, height, position)]

    def filtered_path(self, leaf: int) -> tuple[PathStep, ...]:
        """The filtered direct path of a leaf, from the leaf up (§4.1.2).

        A node whose child on the copath has an empty resolution is left out.
        """
        steps = []
        subtree = self.root
        for at in range(self.height, 0, -1):
            if type(subtree) is not Branch:
                break
            right = leaf >> (at - 1) & 1
            sibling = subtree.left if right else subtree.right
            if sibling is not None and nodes.resolution_size(sibling):
                steps.append(PathStep(at, leaf >> (at - 1) ^ 1, sibling))
            subtree = subtree.right if right else subtree.left
        return tuple(reversed(steps))

    def to_nodes(self) -> tuple[Node | None, ...]:
        """The array form, without the blanks after the last node (§12.4.3.3)."""
        array: list[Node | None] = [None] * (2 * self.size - 1)
        _flatten(self.root, self.height, 0, array)
        while array and array[-1] is None:
            array.pop()
        return tuple(array)

    def encode(self) -> bytes:
        """The data of a ``ratchet_tree`` extension (§12.4.3.3)."""
        return RatchetTreeNodes(self.to_nodes()).encode()

    # --- showing ---------------------------------------------------------------------

    def _repr_html_(self) -> str:
        """The tree, drawn for a notebook; there is nothing secret in it."""
        from covey.mls.picture import page  # noqa: PLC0415 - only notebooks need it

        return page.of_tree(self)

    def _repr_svg_(self) -> str:
        """The same, where HTML is not wanted."""
        from covey.mls.picture import drawing  # noqa: PLC0415

        return drawing.svg(self)

    # --- changing --------------------------------------------------------------------

    def edited(
        self,
        updated: Mapping[int, LeafNode] | None = None,
        removed: Sequence[int] = (),
        added: Sequence[LeafNode] = (),
    ) -> Edited:
        """Apply Updates, then Removes, then Adds (§12.3).

        Args:
            updated: New leaf nodes by leaf index.
            removed: Leaf indices to blank.
            added: Leaf nodes for the leftmost blank leaves, in this order.
        """
        if not updated and not removed and not added:
            return Edited(self, ())
        changes: dict[int, LeafNode | None] = dict(updated or {})
        changes |= dict.fromkeys(removed)
        gone = [node for index in changes if (node := self.leaf(index)) is not None]
        come = [(index, node) for index, node in changes.items() if node is not None]
        blanked: list[ParentNode] = []
        root, height = self.root, self.height
        if changes:
            ordered = sorted(changes.items(), key=lambda change: change[0])
            root = edit.replace_leaves(self.suite, root, height, 0, ordered, blanked)
            root, height = edit.truncate(root, height)
        places = edit.blank_leaves(root, height, 0, len(added))
        places += range(1 << height, (1 << height) + len(added) - len(places))
        if added:
            root, height = edit.extend(self.suite, root, height, places[-1] + 1)
            joined = list(zip(places, added, strict=True))
            root = edit.insert_leaves(self.suite, root, height, 0, joined)
            come += joined
        index = self.keys.changed(gone, blanked, come)
        counted = self.census.changed(gone, (node for _, node in come))
        return Edited(RatchetTree(self.suite, height, root, index, counted), tuple(places))

    def leftmost_blank(self) -> int:
        """Where an external joiner goes; may be the first index beyond the tree (§12.4.2)."""
        return next(iter(edit.blank_leaves(self.root, self.height, 0, 1)), self.size)

    def extended_for(self, leaf: int) -> RatchetTree:
        """The tree, doubled until it has a leaf with this index (§7.7)."""
        if leaf < self.size:
            return self
        root, height = edit.extend(self.suite, self.root, self.height, leaf + 1)
        return RatchetTree(self.suite, height, root, self.indexed, self.counted)

    def with_path(
        self, leaf: int, node: LeafNode, parents: Mapping[int, ParentNode]
    ) -> RatchetTree:
        """Merge an UpdatePath: a new leaf and new nodes above it, by height (§7.5)."""
        old = self.leaf(leaf)
        root, replaced = edit.set_path(
            self.suite, self.root, self.height, leaf, node, dict(parents)
        )
        index = self.keys.changed(
            () if old is None else (old,),
            replaced,
            ((leaf, node),),
            ((node_index(at, leaf >> at), parent) for at, parent in parents.items()),
        )
        counted = self.census.replaced(old, node)
        return RatchetTree(self.suite, self.height, root, index, counted)


def _build(
    suite: Suite, array: Sequence[Node | None], height: int, position: int
) -> Leaf | Branch | None:
    index = node_index(height, position)
    if index - (1 << height) + 1 >= len(array):
        return None
    node = array[index] if index < len(array) else None
    if height == 0:
        return nodes.make_leaf(suite, position, node) if isinstance(node, LeafNode) else None
    return nodes.make_branch(
        suite,
        height,
        position,
        node if isinstance(node, ParentNode) else None,
        _build(suite, array, height - 1, 2 * position),
        _build(suite, array, height - 1, 2 * position + 1),
    )


def _flatten(
    subtree: Leaf | Branch | None, height: int, position: int, array: list[Node | None]
) -> None:
    if subtree is None:
        return
    array[node_index(height, position)] = subtree.node
    if type(subtree) is Branch:
        _flatten(subtree.left, height - 1, 2 * position, array)
        _flatten(subtree.right, height - 1, 2 * position + 1, array)
