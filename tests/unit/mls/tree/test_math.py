"""Places in the array form (RFC 9420 §4.1, Appendix C)."""

from __future__ import annotations

import pytest

from covey.mls.tree import math


def test_the_example_of_the_rfc() -> None:
    """The tree of eight leaves in Appendix C."""
    assert math.node_width(8) == 15
    assert math.root(8) == 7
    assert [math.level(node) for node in range(15)] == [0, 1, 0, 2, 0, 1, 0, 3, 0, 1, 0, 2, 0, 1, 0]
    assert [math.left(node) for node in (1, 3, 7, 11)] == [0, 1, 3, 9]
    assert [math.right(node) for node in (1, 3, 7, 11)] == [2, 5, 11, 13]
    assert [math.parent(node, 8) for node in (0, 2, 1, 5, 3, 11)] == [1, 1, 3, 3, 7, 7]
    assert [math.sibling(node, 8) for node in (0, 2, 3, 11)] == [2, 0, 11, 3]


def test_leaves_have_no_children_and_the_root_no_parent() -> None:
    assert math.left(4) is None
    assert math.right(4) is None
    assert math.parent(7, 8) is None
    assert math.sibling(7, 8) is None
    assert math.parent(0, 1) is None


@pytest.mark.parametrize(
    ("leaves", "height"), [(0, 0), (1, 0), (2, 1), (3, 2), (4, 2), (5, 3), (1 << 20, 20)]
)
def test_the_height_is_that_of_the_smallest_full_tree(leaves: int, height: int) -> None:
    assert math.height_of(leaves) == height


def test_widths() -> None:
    assert [math.node_width(leaves) for leaves in (0, 1, 2, 4)] == [0, 1, 3, 7]


def test_places_by_height_and_position() -> None:
    assert [math.node_index(0, position) for position in range(4)] == [0, 2, 4, 6]
    assert [math.node_index(1, position) for position in range(4)] == [1, 5, 9, 13]
    assert math.node_index(3, 0) == 7


def test_the_lowest_common_subtree() -> None:
    assert [math.common_height(0, leaf) for leaf in range(8)] == [0, 1, 2, 2, 3, 3, 3, 3]
    assert math.common_height(5, 5) == 0
