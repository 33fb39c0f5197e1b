"""Who holds which private key of a ratchet tree, as far as the tree tells (RFC 9420 §4.1, §7.1).

May import the tree. The tree's invariant: the members below a parent hold its private key,
except for its unmerged leaves. That is what a commit's sender relies on, and what is drawn; a
member that was sent garbage knows better, and cannot tell from the tree.
"""

from __future__ import annotations

from enum import Enum
from typing import TYPE_CHECKING

from covey.mls.structs.tree import ParentNode
from covey.mls.tree import nodes
from covey.mls.tree.math import node_index

if TYPE_CHECKING:
    from covey.mls.picture.layout import Shape
    from covey.mls.tree.nodes import Subtree
    from covey.mls.tree.ratchet_tree import RatchetTree


class Mark(Enum):
    """What a node is to the leaf that is highlighted."""

    own = "the highlighted leaf"
    holds = "on its direct path, and it holds the key"
    lacks = "on its direct path, unmerged: it does not hold the key"
    blank = "on its direct path, blank"
    copath = "on its copath"


def holders(subtree: Subtree, height: int, position: int) -> list[int]:
    """The leaves that hold the private key of a subtree's topmost node; none where it is blank."""
    node = None if subtree is None else subtree.node
    if node is None:
        return []
    unmerged = frozenset(node.unmerged_leaves) if isinstance(node, ParentNode) else frozenset()
    below = nodes.leaves(subtree, height, position)
    return [index for index, _ in below if index not in unmerged]


def held_by(tree: RatchetTree, leaf: int) -> list[int]:
    """The heights of the nodes whose private keys a leaf holds, its own at 0 first (§7.4).

    None at all for a leaf that is blank or outside of the tree.
    """
    if tree.leaf(leaf) is None:
        return []
    return [
        height
        for height, node in enumerate(tree.nodes_above(leaf))
        if node is not None and not (isinstance(node, ParentNode) and leaf in node.unmerged_leaves)
    ]


def nodes_held_by(tree: RatchetTree, leaf: int) -> list[int]:
    """The array indices of the nodes whose private keys a leaf holds, its own first (§7.4)."""
    return [node_index(height, leaf >> height) for height in held_by(tree, leaf)]


def encrypted_to(tree: RatchetTree, leaf: int) -> list[int]:
    """The array indices of the nodes that a leaf encrypts to when it renews its path (§7.5)."""
    steps = tree.filtered_path(leaf)
    copath = [tree.resolution(each.sibling_height, each.sibling_position) for each in steps]
    return [index for resolved in copath for index in resolved]


def mark(shape: Shape, leaf: int | None, height: int) -> Mark | None:
    """What a node is to a leaf of a tree that is ``height`` high; None when it is nothing."""
    if leaf is None:
        return None
    at, position = shape.place
    if leaf >> at != position:
        return Mark.copath if at < height and leaf >> at == position ^ 1 else None
    if at == 0:
        return Mark.own
    if not isinstance(shape.node, ParentNode):
        return Mark.blank
    return Mark.lacks if leaf in shape.node.unmerged_leaves else Mark.holds


def require_member(tree: RatchetTree, leaf: int | None) -> None:
    """Refuse to highlight a leaf at which nobody is.

    Raises:
        ValueError: The leaf is blank, or outside of the tree.
    """
    if leaf is None or tree.leaf(leaf) is not None:
        return
    if 0 <= leaf < tree.size:
        msg = f"leaf {leaf} is blank: choose one at which a member is"
    else:
        msg = f"there is no leaf {leaf}: this tree has leaves 0 to {tree.size - 1}"
    raise ValueError(msg)
