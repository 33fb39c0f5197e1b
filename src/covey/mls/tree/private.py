"""The private keys that one member holds in the tree (RFC 9420 §7.5).

May import crypto and the files of this folder. A member holds the key of its own leaf and
those of the nodes above it that were ever sent to it: one per height at most.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from covey.mls.wire.struct import Unshown

if TYPE_CHECKING:
    from collections.abc import Mapping

    from covey.mls.structs.tree import Node
    from covey.mls.tree.ratchet_tree import RatchetTree


class PrivateTree(Unshown, frozen=True, gc=False):
    """A member's private keys; never shown.

    Attributes:
        index: The member's leaf index.
        leaf: The HPKE private key of its leaf.
        path: Private keys of nodes above it, by height.
    """

    index: int
    leaf: bytes
    path: dict[int, bytes]

    def __repr__(self) -> str:
        return f"PrivateTree(index={self.index}, …)"

    def key(self, height: int) -> bytes | None:
        """The private key at a height; the leaf's own at height 0."""
        return self.leaf if height == 0 else self.path.get(height)

    def following(self, before: RatchetTree, after: RatchetTree) -> PrivateTree:
        """The keys that still fit after a change; those of blanked nodes are dropped."""
        if before is after or not self.path:
            return self
        old, new = before.nodes_above(self.index), after.nodes_above(self.index)
        kept = {
            height: key
            for height, key in self.path.items()
            if height < len(new) and _same_key(old[height], new[height])
        }
        return PrivateTree(self.index, self.leaf, kept)

    def with_keys(self, keys: Mapping[int, bytes], leaf: bytes | None = None) -> PrivateTree:
        """The keys with some replaced, by height."""
        return PrivateTree(self.index, self.leaf if leaf is None else leaf, {**self.path, **keys})

    def mismatch(self, tree: RatchetTree) -> int | None:
        """A height whose private key does not belong to the tree's public key, or None."""
        suite = tree.suite
        for height, key in ((0, self.leaf), *self.path.items()):
            subtree = tree.subtree(height, self.index >> height)
            node = None if subtree is None else subtree.node
            if node is None or node.encryption_key != suite.public_key(key):
                return height
        return None


def _same_key(old: Node | None, new: Node | None) -> bool:
    if old is None or new is None:
        return False
    return old is new or old.encryption_key == new.encryption_key
