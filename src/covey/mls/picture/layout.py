"""Which nodes of a ratchet tree are drawn, and in what order (RFC 9420 §4.1, Appendix C).

May import the tree. Nodes are drawn in the order of the array form, a row each: a leaf at
every even array index, and between two leaves the lowest parent above both. A tree that would
take more rows than there is room for is *folded*: whole levels of it, from the leaves up, are
drawn as one row per subtree. So is a subtree of blanks, but for small trees. A leaf that is
highlighted is never folded away.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import msgspec

from covey.mls.tree import nodes
from covey.mls.tree.math import node_index
from covey.mls.tree.nodes import Branch, Leaf

if TYPE_CHECKING:
    from collections.abc import Iterator

    from covey.mls.structs.tree import Node
    from covey.mls.tree.nodes import Subtree
    from covey.mls.tree.ratchet_tree import RatchetTree

ROWS: Final = 63
"""Rows that a drawing has at most, without a highlighted leaf: a tree of 32 leaves fits."""

WHOLE: Final = 8
"""Leaves up to which every blank node of a tree has a row of its own."""

Place = tuple[int, int]
"""A height above the leaves, and a position among the subtrees of that height."""


class Shape(msgspec.Struct, frozen=True):
    """A node that is drawn, and what is drawn below it.

    Attributes:
        height: Its height above the leaves.
        position: Its position among the subtrees of its height.
        subtree: What stands there; None when nothing does, at any depth.
        left: What is drawn on its left, where anything below it is drawn.
        right: What is drawn on its right.
    """

    height: int
    position: int
    subtree: Leaf | Branch | None
    left: Shape | None = None
    right: Shape | None = None

    @property
    def index(self) -> int:
        """Its array index."""
        return node_index(self.height, self.position)

    @property
    def place(self) -> Place:
        """Its height and its position."""
        return self.height, self.position

    @property
    def node(self) -> Node | None:
        """What stands at the place itself; None when it is blank."""
        return None if self.subtree is None else self.subtree.node

    @property
    def is_leaf(self) -> bool:
        """Whether it is the place of a leaf."""
        return self.height == 0

    @property
    def is_folded(self) -> bool:
        """Whether it stands for a whole subtree."""
        return self.height > 0 and self.left is None

    @property
    def leaves(self) -> range:
        """The leaf indices below it, blank ones included."""
        return range(self.position << self.height, (self.position + 1) << self.height)

    def rows(self) -> Iterator[Shape]:
        """All that is drawn, in the order of the array form."""
        if self.left is not None:
            yield from self.left.rows()
        yield self
        if self.right is not None:
            yield from self.right.rows()


def layout(tree: RatchetTree, highlight: int | None = None, rows: int | None = ROWS) -> Shape:
    """What is drawn of a tree.

    Args:
        tree: The tree.
        highlight: A leaf index that must be seen.
        rows: How many rows there may be; a highlighted leaf may take two more per level. None
            folds nothing.
    """
    opened = None if rows is None or tree.size <= WHOLE else _opened(tree, highlight, rows)
    return _shape(tree.root, tree.height, 0, opened)


def _opened(tree: RatchetTree, highlight: int | None, rows: int) -> set[Place]:
    """The places below which something is drawn; each of them takes two more rows."""
    heights = range(tree.height, 0, -1)
    opened = set() if highlight is None else {(height, highlight >> height) for height in heights}
    level: list[tuple[int, Leaf | Branch]] = [] if tree.root is None else [(0, tree.root)]
    for height in heights:
        branches = [(position, each) for position, each in level if type(each) is Branch]
        more = {(height, position) for position, _ in branches} - opened
        if 2 * (len(opened) + len(more)) + 1 > rows:
            break
        opened |= more
        level = [
            (2 * position + side, child)
            for position, branch in branches
            for side, child in enumerate((branch.left, branch.right))
            if child is not None
        ]
    return opened


def _shape(subtree: Subtree, height: int, position: int, opened: set[Place] | None) -> Shape:
    if height == 0 or not (opened is None or (height, position) in opened):
        return Shape(height, position, subtree)
    left, right = (subtree.left, subtree.right) if type(subtree) is Branch else (None, None)
    return Shape(
        height,
        position,
        subtree,
        _shape(left, height - 1, 2 * position, opened),
        _shape(right, height - 1, 2 * position + 1, opened),
    )


class Summary(msgspec.Struct, frozen=True):
    """What there is in a subtree.

    Attributes:
        leaves: Its leaves, blank ones included.
        members: Those that are not blank.
        parents: Its parents, blank ones included.
        keyed: Those that are not blank.
        unmerged: Those that list unmerged leaves.
    """

    leaves: int
    members: int
    parents: int
    keyed: int
    unmerged: int


def summary(subtree: Subtree, height: int) -> Summary:
    """Count what there is in a subtree."""
    keyed = unmerged = 0
    pending: list[Subtree] = [subtree]
    while pending:
        each = pending.pop()
        if type(each) is Branch:
            if each.node is not None:
                keyed += 1
                unmerged += bool(each.node.unmerged_leaves)
            pending += (each.left, each.right)
    size = 1 << height
    return Summary(size, nodes.leaf_count(subtree), size - 1, keyed, unmerged)
