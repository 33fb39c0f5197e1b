"""RFC 9420 Appendix C: where nodes stand in the array form of a tree.

May import nothing. A tree of 2^d leaves is an array of 2^(d+1) - 1 nodes: leaves at even
indices, the parent at level k of the leaves around it at an index whose k low bits are set.
The engine itself works with (height, position) pairs: ``position`` counts the subtrees of
that height from the left.
"""

from __future__ import annotations


def node_width(leaves: int) -> int:
    """Nodes in the array of a tree with ``leaves`` leaves."""
    return 0 if leaves == 0 else 2 * leaves - 1


def level(node: int) -> int:
    """Height of a node above the leaves: the number of its trailing one bits."""
    return (~node & (node + 1)).bit_length() - 1


def node_index(height: int, position: int) -> int:
    """Array index of the ``position``-th subtree root of ``height``."""
    return (position << (height + 1)) | ((1 << height) - 1)


def height_of(leaves: int) -> int:
    """Height of the smallest tree that has at least ``leaves`` leaves."""
    return max(leaves - 1, 0).bit_length()


def root(leaves: int) -> int:
    """Array index of the root."""
    return (1 << height_of(leaves)) - 1


def left(node: int) -> int | None:
    """Array index of the left child; None for a leaf."""
    k = level(node)
    return None if k == 0 else node ^ (1 << (k - 1))


def right(node: int) -> int | None:
    """Array index of the right child; None for a leaf."""
    k = level(node)
    return None if k == 0 else node ^ (3 << (k - 1))


def parent(node: int, leaves: int) -> int | None:
    """Array index of the parent; None for the root."""
    if node == root(leaves):
        return None
    k = level(node)
    return (node | (1 << k)) & ~(1 << (k + 1))


def sibling(node: int, leaves: int) -> int | None:
    """Array index of the other child of the node's parent; None for the root."""
    above = parent(node, leaves)
    if above is None:
        return None
    return right(above) if node < above else left(above)


def common_height(one: int, other: int) -> int:
    """Height of the lowest subtree that holds both leaves (0 when they are the same)."""
    return (one ^ other).bit_length()
