"""What a drawing says about each node of a ratchet tree, in words (RFC 9420 §4.1, §7.1, §7.2).

May import the tree. The drawing for a terminal and the SVG say the same, in these words.
"""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING, Final, NamedTuple

from covey.mls.picture import layout
from covey.mls.picture.holding import Mark, encrypted_to, holders, nodes_held_by
from covey.mls.picture.names import name_of, ranges, short
from covey.mls.structs.tree import LeafNode
from covey.mls.tree import nodes

if TYPE_CHECKING:
    from collections.abc import Sequence

    from covey.mls.picture.layout import Shape
    from covey.mls.structs.tree import ParentNode
    from covey.mls.tree.ratchet_tree import RatchetTree

_DESCRIBED: Final = 32  # members that are named to those who cannot see the picture
_SHOWN: Final = 8  # nodes of a resolution that are named


class Facts(NamedTuple):
    """What is said beside a node.

    Attributes:
        what: The leaf, or the leaves of a folded subtree; that a parent is blank.
        name: Who is at the leaf; that it is blank.
        key: Its public key, shortened; empty where there is none.
        more: Who holds the key, or to which nodes one encrypts instead; all of them.
    """

    what: str
    name: str
    key: str
    more: str


def facts(tree: RatchetTree, shape: Shape) -> Facts:
    """What is said beside a node."""
    if shape.is_folded:
        return _of_folded(shape)
    node = shape.node
    if isinstance(node, LeafNode):
        key = f"key {short(node.encryption_key)}"
        return Facts(_leaf(tree, shape), name_of(node.credential), key, "")
    if shape.is_leaf:
        return Facts(_leaf(tree, shape), "blank", "", "")
    if node is None:
        return Facts("blank", "", "", _resolution(tree, shape))
    return Facts("", "", f"key {short(node.encryption_key)}", _holding(shape, node))


def _leaf(tree: RatchetTree, shape: Shape) -> str:
    """Which leaf it is; all leaves of a tree take the same room."""
    return f"leaf {shape.position:>{len(str(tree.size - 1))}}"


def _nodes(indices: Sequence[int], *, whole: bool = True) -> str:
    if not indices:
        return "empty"
    shown = ", ".join(map(str, indices if whole else indices[:_SHOWN]))
    if len(indices) > _SHOWN:
        return f"{len(indices):,} nodes ({shown}{'' if whole else ', …'})"
    return f"{'node' if len(indices) == 1 else 'nodes'} {shown}"


def _resolution(tree: RatchetTree, shape: Shape) -> str:
    return f"resolution: {_nodes(tree.resolution(*shape.place))}"


def _holding(shape: Shape, node: ParentNode) -> str:
    held = holders(shape.subtree, *shape.place)
    unmerged = node.unmerged_leaves
    said = f"held by {_leaves(held)}"
    return f"{said}; unmerged {ranges(unmerged, whole=True)}" if unmerged else said


def _leaves(indices: Sequence[int]) -> str:
    if not indices:
        return "nobody"
    return f"{'leaf' if len(indices) == 1 else 'leaves'} {ranges(indices, whole=True)}"


def _of_folded(shape: Shape) -> Facts:
    span = f"leaves {shape.leaves.start}–{shape.leaves.stop - 1}"
    counted = layout.summary(shape.subtree, shape.height)
    if not counted.members and not counted.keyed:
        return Facts(span, "", "", "all blank")
    more = _counted(counted.members, "member")
    if counted.members < counted.leaves:
        more += f", {counted.leaves - counted.members:,} blank"
    more += f"; {counted.keyed:,} of {_counted(counted.parents, 'parent')} with keys"
    if counted.unmerged:
        more += f", {counted.unmerged:,} with unmerged leaves"
    return Facts(span, "", "", f"{more}  ({_examples(shape)})")


def _examples(shape: Shape) -> str:
    """The first and the last member of a subtree."""
    below = nodes.leaves(shape.subtree, *shape.place)
    ends = [name_of(leaf.node.credential) for _, leaf in (below[:1] + below[1:][-1:])]
    return (" … " if len(below) > 2 else ", ").join(ends)


def heading(tree: RatchetTree) -> str:
    """What a tree is, in one line."""
    counted = layout.summary(tree.root, tree.height)
    members = _counted(counted.members, "member")
    leaves = _counted(counted.leaves, "leaf", "leaves")
    said = f"Ratchet tree: {members}, {leaves}"
    if counted.parents:
        said += f"; {counted.keyed:,} of {_counted(counted.parents, 'parent')} with keys"
    if counted.unmerged:
        said += f", {counted.unmerged:,} with unmerged leaves"
    return said


def first_members(tree: RatchetTree) -> list[tuple[int, str]]:
    """The first members of a tree, with their leaf indices."""
    return [(index, name_of(leaf.credential)) for index, leaf in islice(tree.members(), _DESCRIBED)]


def folding(shape: Shape, tree: RatchetTree) -> str:
    """That something is not drawn, in one line; empty when all is."""
    drawn = sum(1 for _ in shape.rows())
    every = 2 * tree.size - 1
    if drawn == every:
        return ""
    return f"Folded: {drawn} rows stand for {every:,} nodes."


def _counted(number: int, one: str, many: str = "") -> str:
    return f"{number:,} {one if number == 1 else many or one + 's'}"


def highlighted(tree: RatchetTree, leaf: int, *, whole: bool = True) -> str:
    """Which private keys a leaf holds, and to which it encrypts, in two sentences (§7.4, §7.5)."""
    held, keys = nodes_held_by(tree, leaf), encrypted_to(tree, leaf)
    said = f"Leaf {leaf} holds the private keys of {_nodes(held)}."
    more = f" To renew its path, it encrypts to {_nodes(keys, whole=whole)}."
    return said + more if keys else said


def tooltip(tree: RatchetTree, shape: Shape, mark: Mark | None) -> str:
    """All that the tree says about a node, a line each."""
    said = facts(tree, shape)
    lines = [f"node {shape.index}" + (" (root)" if shape.height == tree.height else "")]
    if mark is not None:
        lines.append(mark.value)
    if said.what:
        lines.append(f"{said.what}  {said.name}".rstrip())
    node = None if shape.is_folded else shape.node
    if isinstance(node, LeafNode):
        lines += [
            f"encryption_key {short(node.encryption_key)}",
            f"signature_key {short(node.signature_key)}",
            f"leaf_node_source {node.leaf_node_source.name}",
        ]
        if node.parent_hash is not None:
            lines.append(f"parent_hash {short(node.parent_hash) or 'empty'}")
    elif node is not None:
        lines += [
            f"encryption_key {short(node.encryption_key)}",
            f"parent_hash {short(node.parent_hash) or 'empty'}",
            f"unmerged_leaves {ranges(node.unmerged_leaves, whole=True)}",
            f"held by {_leaves(holders(shape.subtree, *shape.place))}",
        ]
    elif said.more:
        lines.append(said.more)
    if node is not None and not shape.is_leaf:
        lines.append(_resolution(tree, shape))
    return "\n".join(lines)
