"""Which nodes of a tree are drawn, and in what order."""

from __future__ import annotations

import pytest

from covey.mls.picture.layout import ROWS, layout, summary
from covey.mls.tree.math import node_width
from tree_samples import grown_tree, leaf, special_trees, tree_of


@pytest.mark.parametrize("size", [1, 2, 3, 7, 8, 16, 32])
def test_a_small_tree_is_drawn_in_the_order_of_its_array(size: int) -> None:
    tree = grown_tree(size).tree
    rows = list(layout(tree).rows())
    assert [each.index for each in rows] == sorted(each.index for each in rows)
    for each in rows:
        if not each.is_folded:
            assert each.node == tree.node_at(each.index)


@pytest.mark.parametrize("name", special_trees())
def test_every_node_of_eight_leaves_has_a_row_blank_ones_too(name: str) -> None:
    tree = special_trees()[name].tree
    rows = list(layout(tree).rows())
    assert [each.index for each in rows] == list(range(node_width(tree.size)))


def test_a_larger_tree_folds_its_blank_subtrees() -> None:
    rows = list(layout(tree_of(17)).rows())
    folded = [each for each in rows if each.is_folded]
    assert [(each.leaves.start, each.leaves.stop) for each in folded] == [
        (18, 20),
        (20, 24),
        (24, 32),
    ]
    assert all(each.subtree is None for each in folded)


@pytest.mark.parametrize("size", [33, 64, 100, 1000, 10_000])
def test_a_big_tree_takes_no_more_rows_than_there_are(size: int) -> None:
    tree = tree_of(size)
    rows = list(layout(tree).rows())
    assert len(rows) <= ROWS
    below = [each.leaves for each in rows if each.is_folded or each.is_leaf]
    assert [index for leaves in below for index in leaves] == list(range(tree.size))


@pytest.mark.parametrize("highlight", [0, 500, 9_999])
def test_a_highlighted_leaf_is_never_folded_away(highlight: int) -> None:
    tree = tree_of(10_000)
    rows = list(layout(tree, highlight).rows())
    assert 2 * highlight in {each.index for each in rows if not each.is_folded}
    assert len(rows) <= ROWS + 2 * tree.height


def test_even_a_hundred_rows_are_not_needed_by_a_tree_that_is_nearly_empty() -> None:
    tree = tree_of(1000).edited(removed=range(1, 999)).tree
    rows = list(layout(tree).rows())
    assert len(rows) < 50
    assert {each.index for each in rows if each.is_leaf} >= {0, 2 * 999}


def test_a_subtree_is_counted() -> None:
    tree = special_trees()["much unmerged"].tree
    counted = summary(tree.root, tree.height)
    assert (counted.leaves, counted.members, counted.parents) == (8, 8, 7)
    assert (counted.keyed, counted.unmerged) == (2, 2)
    assert summary(None, 3).members == 0
    assert summary(tree_of(5).edited(added=(leaf("x"),)).tree.root, 3).members == 6
