"""The ratchet tree in the slowest way: an array, and the RFC's words (RFC 9420 §4, §7, App. C).

Nothing is cached, shared or counted; every question walks the array. The engine's tree has
to agree with it in everything.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from covey.mls.structs.tree import LeafNode, Node, ParentNode
from covey.mls.wire.varint import opaque

if TYPE_CHECKING:
    from collections.abc import Sequence

    from covey.mls.crypto.suite import Suite


def level(x: int) -> int:
    if x & 0x01 == 0:
        return 0
    k = 0
    while ((x >> k) & 0x01) == 1:
        k += 1
    return k


def left(x: int) -> int:
    return x ^ (0x01 << (level(x) - 1))


def right(x: int) -> int:
    return x ^ (0x03 << (level(x) - 1))


class ArrayTree:
    """A full tree as an array of nodes; None is a blank one."""

    def __init__(self, suite: Suite, nodes: Sequence[Node | None]) -> None:
        self.suite = suite
        self.nodes: list[Node | None] = list(nodes)

    # --- places (Appendix C) ---------------------------------------------------------

    @property
    def root(self) -> int:
        return len(self.nodes) // 2

    def parent(self, x: int) -> int:
        k = level(x)
        b = (x >> (k + 1)) & 0x01
        return (x | (1 << k)) ^ (b << (k + 1))

    def sibling(self, x: int) -> int:
        p = self.parent(x)
        return right(p) if x < p else left(p)

    def direct_path(self, leaf: int) -> list[int]:
        x, path = 2 * leaf, []
        while x != self.root:
            x = self.parent(x)
            path.append(x)
        return path

    def leaves_below(self, x: int) -> list[int]:
        """Leaf indices, left to right."""
        if level(x) == 0:
            return [x // 2]
        return self.leaves_below(left(x)) + self.leaves_below(right(x))

    def leaf(self, index: int) -> LeafNode | None:
        node = self.nodes[2 * index]
        assert not isinstance(node, ParentNode)
        return node

    @property
    def members(self) -> list[int]:
        return [i for i in range(len(self.nodes) // 2 + 1) if self.nodes[2 * i] is not None]

    # --- §4.1 ------------------------------------------------------------------------

    def resolution(self, x: int) -> list[int]:
        node = self.nodes[x]
        if node is not None:
            unmerged = node.unmerged_leaves if isinstance(node, ParentNode) else ()
            return [x, *(2 * leaf for leaf in unmerged)]
        if level(x) == 0:
            return []
        return self.resolution(left(x)) + self.resolution(right(x))

    def filtered_path(self, leaf: int) -> list[tuple[int, int]]:
        """(node, its child on the copath) from the leaf up."""
        path, below = [], 2 * leaf
        for x in self.direct_path(leaf):
            copath = self.sibling(below)
            if self.resolution(copath):
                path.append((x, copath))
            below = x
        return path

    # --- §7.7, §12.1 -----------------------------------------------------------------

    def add(self, node: LeafNode) -> int:
        count = len(self.nodes) // 2 + 1
        index = next((i for i in range(count) if self.nodes[2 * i] is None), count)
        if index == count:
            self.nodes += [None] * (len(self.nodes) + 1)
        self.nodes[2 * index] = node
        for x in self.direct_path(index):
            parent = self.nodes[x]
            if isinstance(parent, ParentNode):
                unmerged = tuple(sorted({*parent.unmerged_leaves, index}))
                self.nodes[x] = ParentNode(parent.encryption_key, parent.parent_hash, unmerged)
        return index

    def update(self, index: int, node: LeafNode) -> None:
        self.nodes[2 * index] = node
        self._blank_path(index)

    def remove(self, index: int) -> None:
        self.nodes[2 * index] = None
        self._blank_path(index)

    def truncate(self) -> None:
        while len(self.nodes) > 1 and not any(self.nodes[self.root + 1 :: 2]):
            del self.nodes[self.root :]

    def _blank_path(self, index: int) -> None:
        for x in self.direct_path(index):
            self.nodes[x] = None

    # --- §7.5, §7.9 ------------------------------------------------------------------

    def merge(self, index: int, node: LeafNode, keys: Sequence[bytes]) -> bytes:
        """Set new keys on the filtered path; returns the ``parent_hash`` for the leaf."""
        path = self.filtered_path(index)
        self._blank_path(index)
        above = b""
        for (x, copath), key in reversed(list(zip(path, keys, strict=True))):
            self.nodes[x] = ParentNode(key, above, ())
            above = self.parent_hash(x, copath)
        self.nodes[2 * index] = node.replace(parent_hash=above)
        return above

    def parent_hash(self, x: int, copath: int) -> bytes:
        node = self.nodes[x]
        assert isinstance(node, ParentNode)
        original = self.original(copath, set(node.unmerged_leaves)).tree_hash(copath)
        parts = (node.encryption_key, node.parent_hash, original)
        return self.suite.hash(b"".join(opaque(part) for part in parts))

    def original(self, x: int, gone: set[int]) -> ArrayTree:
        """The tree as it was below ``x`` before some leaves came."""
        made = ArrayTree(self.suite, self.nodes)
        for leaf in gone & set(self.leaves_below(x)):
            made.nodes[2 * leaf] = None
        for i, node in enumerate(made.nodes):
            if isinstance(node, ParentNode):
                kept = tuple(leaf for leaf in node.unmerged_leaves if leaf not in gone)
                made.nodes[i] = ParentNode(node.encryption_key, node.parent_hash, kept)
        return made

    def is_valid(self, x: int) -> bool:
        """Whether a parent is parent-hash valid with respect to some node below it (§7.9.2)."""
        node = self.nodes[x]
        assert isinstance(node, ParentNode)
        for child, copath in ((left(x), right(x)), (right(x), left(x))):
            resolution = self.resolution(child)
            unmerged = {2 * leaf for leaf in node.unmerged_leaves}
            below = unmerged & {2 * leaf for leaf in self.leaves_below(child)}
            for d in resolution:
                linked = self.nodes[d]
                assert linked is not None
                if (
                    linked.parent_hash == self.parent_hash(x, copath)
                    and set(resolution) - {d} == below
                ):
                    return True
        return False

    # --- §7.8 ------------------------------------------------------------------------

    def tree_hash(self, x: int) -> bytes:
        node = self.nodes[x]
        content = b"\x00" if node is None else b"\x01" + node.encode()
        if level(x) == 0:
            return self.suite.hash(b"\x01" + (x // 2).to_bytes(4) + content)
        below = opaque(self.tree_hash(left(x))) + opaque(self.tree_hash(right(x)))
        return self.suite.hash(b"\x02" + content + below)

    def trimmed(self) -> tuple[Node | None, ...]:
        """The array as it is sent: without the blanks at its end (§12.4.3.3)."""
        nodes = list(self.nodes)
        while nodes and nodes[-1] is None:
            nodes.pop()
        return tuple(nodes)
