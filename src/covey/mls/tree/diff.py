"""What differs between two trees of one group, found by object identity (docs/adr/0002).

May import the nodes of this folder. Two epochs share every subtree that no commit touched,
so walking both and stopping where the nodes are the same object costs O(changes · log n).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from covey.mls.tree.math import node_index
from covey.mls.tree.nodes import Branch

if TYPE_CHECKING:
    from covey.mls.structs.tree import Node
    from covey.mls.tree.nodes import Subtree
    from covey.mls.tree.ratchet_tree import RatchetTree

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
