"""The persistent tree's two objects, and the tree hashes that they carry (RFC 9420 §7.8).

May import crypto, structs and :mod:`covey.mls.tree.math`. A subtree is a Leaf, a Branch, or
None when nothing stands in it at any depth. Each carries its tree hash and the *counts* of
its resolution and its leaves; a resolution itself is walked on demand, since keeping it
would cost O(n) at the root of a sparse tree. Positions come from where a node is reached,
so an untouched subtree is the same object in every epoch (docs/adr/0002).
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

import msgspec

from covey.mls.crypto.dialects import get_suite
from covey.mls.structs.tree import LeafNode, ParentNode
from covey.mls.wire.varint import header, opaque

if TYPE_CHECKING:
    from collections.abc import Iterator

    from covey.mls.crypto.suite import Suite

_LEAF = b"\x01"
_PARENT = b"\x02"
_ABSENT = b"\x00"
_PRESENT = b"\x01"
_NOTHING = b"\x00"  # an empty vector
_SHORT = tuple(header(length) for length in range(256))  # of all keys and hashes but large ones
_REMEMBERED_HEIGHT = 2  # blank hashes below are cheaper to compute than to keep


class Leaf(msgspec.Struct, frozen=True, gc=False):
    """A member's place in the tree.

    Attributes:
        held: The leaf node; of a tree that comes out of a store, its encoding until it is used.
        hash: The tree hash of this leaf (Nh bytes).
    """

    held: LeafNode | bytes
    hash: bytes

    @property
    def node(self) -> LeafNode:
        """The leaf node."""
        held = self.held
        if isinstance(held, bytes):
            held = LeafNode.decode(held)
            msgspec.structs.force_setattr(self, "held", held)
        return held


class Branch(msgspec.Struct, frozen=True, gc=False):
    """An inner place of the tree; ``node`` is None when it is blank.

    Attributes:
        left: The subtree on the left.
        right: The subtree on the right.
        node: The parent node, or None.
        hash: The tree hash of this subtree (Nh bytes).
        resolution: How many nodes the resolution of this subtree has.
        leaves: How many of its leaves are not blank.
    """

    left: Leaf | Branch | None
    right: Leaf | Branch | None
    node: ParentNode | None
    hash: bytes
    resolution: int
    leaves: int


Subtree = Leaf | Branch | None


def make_leaf(suite: Suite, index: int, node: LeafNode) -> Leaf:
    """A leaf with its tree hash: Hash(TreeHashInput{leaf, LeafNodeHashInput}) (§7.8)."""
    encoded = node.raw or node.encode()
    return Leaf(node, suite.hash(b"".join((_LEAF, index.to_bytes(4), _PRESENT, encoded))))


def stored_leaf(suite: Suite, index: int, encoded: bytes) -> Leaf:
    """A leaf from an encoding that we wrote ourselves; it is decoded when it is looked at.

    The caller compares the hash of the whole tree: with that, they are the bytes that were valid.
    """
    return Leaf(encoded, suite.hash(b"".join((_LEAF, index.to_bytes(4), _PRESENT, encoded))))


def make_branch(
    suite: Suite,
    height: int,
    position: int,
    node: ParentNode | None,
    left: Subtree,
    right: Subtree,
) -> Branch | None:
    """A branch with its tree hash and counts; None when all of it is blank (§7.8).

    Every change of a tree ends here once per level, so the counts of the children are read
    in line: calls for them cost as much as the hash.
    """
    if left is None:
        if right is None and node is None:
            return None
        left_hash, resolved, leaves = blank_hash(suite.code, height - 1, 2 * position), 0, 0
    elif type(left) is Branch:
        left_hash, resolved, leaves = left.hash, left.resolution, left.leaves
    else:
        left_hash, resolved, leaves = left.hash, 1, 1
    if right is None:
        right_hash = blank_hash(suite.code, height - 1, 2 * position + 1)
    else:
        right_hash = right.hash
        resolved += right.resolution if type(right) is Branch else 1
        leaves += right.leaves if type(right) is Branch else 1
    if node is not None:
        resolved = 1 + len(node.unmerged_leaves)
    hashed = parent_tree_hash(suite, node, left_hash, right_hash)
    return Branch(left, right, node, hashed, resolved, leaves)


def parent_tree_hash(
    suite: Suite, node: ParentNode | None, left_hash: bytes, right_hash: bytes
) -> bytes:
    """Hash(TreeHashInput{parent, ParentNodeHashInput}) (§7.8)."""
    prefix = header(suite.Nh)
    content = _ABSENT if node is None else _PRESENT + _encode_parent(node)
    return suite.hash(b"".join((_PARENT, content, prefix, left_hash, prefix, right_hash)))


def _encode_parent(node: ParentNode) -> bytes:
    """``node.encode()``; written out, since a commit does it for every node of its path."""
    key, above = node.encryption_key, node.parent_hash
    if node.unmerged_leaves or len(key) >= len(_SHORT) or len(above) >= len(_SHORT):
        return node.encode()
    return b"".join((_SHORT[len(key)], key, _SHORT[len(above)], above, _NOTHING))


def blank_hash(code: int, height: int, position: int) -> bytes:
    """The tree hash of a subtree in which nothing stands; lazy, the larger ones remembered."""
    if height >= _REMEMBERED_HEIGHT:
        return _remembered_blank_hash(code, height, position)
    suite = get_suite(code)
    if height == 0:
        return suite.hash(_LEAF + position.to_bytes(4) + _ABSENT)
    return parent_tree_hash(
        suite,
        None,
        blank_hash(code, height - 1, 2 * position),
        blank_hash(code, height - 1, 2 * position + 1),
    )


@lru_cache(maxsize=1 << 15)
def _remembered_blank_hash(code: int, height: int, position: int) -> bytes:
    return parent_tree_hash(
        get_suite(code),
        None,
        blank_hash(code, height - 1, 2 * position),
        blank_hash(code, height - 1, 2 * position + 1),
    )


def tree_hash(suite: Suite, subtree: Subtree, height: int, position: int) -> bytes:
    """The tree hash of any subtree (Nh bytes, §7.8)."""
    return subtree.hash if subtree is not None else blank_hash(suite.code, height, position)


def resolution_size(subtree: Subtree) -> int:
    """How many nodes the resolution of a subtree has (§4.1.1)."""
    if subtree is None:
        return 0
    return subtree.resolution if type(subtree) is Branch else 1


def leaf_count(subtree: Subtree) -> int:
    """How many leaves of a subtree are not blank."""
    if subtree is None:
        return 0
    return subtree.leaves if type(subtree) is Branch else 1


def encryption_key(subtree: Leaf | Branch) -> bytes:
    """The HPKE public key that stands at a node of a resolution."""
    assert subtree.node is not None
    return subtree.node.encryption_key


def find(subtree: Subtree, height: int, leaf: int) -> Leaf | None:
    """The leaf with absolute index ``leaf`` inside a subtree that reaches up to ``height``."""
    while type(subtree) is Branch:
        height -= 1
        subtree = subtree.right if leaf >> height & 1 else subtree.left
    return subtree if type(subtree) is Leaf else None


def resolution(
    subtree: Subtree, height: int, position: int
) -> Iterator[tuple[int, int, Leaf | Branch]]:
    """The resolution of a subtree, left to right, as (height, position, node) (§4.1.1)."""
    if subtree is None:
        return
    if type(subtree) is Leaf:
        yield 0, position, subtree
    elif type(subtree) is Branch:
        if subtree.node is None:
            yield from resolution(subtree.left, height - 1, 2 * position)
            yield from resolution(subtree.right, height - 1, 2 * position + 1)
            return
        yield height, position, subtree
        for index in subtree.node.unmerged_leaves:
            leaf = find(subtree, height, index)
            if leaf is not None:
                yield 0, index, leaf


def leaves(subtree: Subtree, height: int, position: int) -> list[tuple[int, Leaf]]:
    """All leaves of a subtree that are not blank, with their index, left to right."""
    found: list[tuple[int, Leaf]] = []
    pending: list[tuple[Subtree, int, int]] = [(subtree, position << height, 1 << height)]
    while pending:
        node, first, width = pending.pop()
        if type(node) is Leaf:
            found.append((first, node))
        elif type(node) is Branch:
            half = width >> 1
            pending.append((node.right, first + half, half))
            pending.append((node.left, first, half))
    return found


def leaves_between(
    root: Subtree, height: int, first: int, beyond: int
) -> Iterator[tuple[int, Leaf]]:
    """The leaves of a tree that are not blank, from an index on and before another.

    They are looked up one by one: no subtree beside them is gone into, and none behind the last
    one that is asked for.
    """
    pending: list[tuple[Subtree, int, int]] = [(root, 0, 1 << height)]
    while pending:
        node, begins, width = pending.pop()
        if begins >= beyond or begins + width <= first:
            continue
        if type(node) is Leaf:
            yield begins, node
        elif type(node) is Branch:
            half = width >> 1
            pending.append((node.right, begins + half, half))
            pending.append((node.left, begins, half))


def parent_hash(suite: Suite, node: ParentNode, sibling_hash: bytes) -> bytes:
    """Hash(ParentHashInput): the parent hash of ``node`` with that copath child (§7.9)."""
    key, above = opaque(node.encryption_key), opaque(node.parent_hash)
    return suite.hash(b"".join((key, above, opaque(sibling_hash))))
