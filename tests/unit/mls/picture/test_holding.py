"""Who holds which private key of a tree: the picture says what members really hold."""

from __future__ import annotations

import pytest

from covey.mls.picture.holding import (
    Mark,
    encrypted_to,
    held_by,
    holders,
    mark,
    nodes_held_by,
    require_member,
)
from covey.mls.picture.layout import layout
from covey.mls.structs.tree import ParentNode
from covey.mls.tree.math import level, node_index
from group_samples import epoch, everyone, found, member
from tree_samples import grown_tree, special_trees


@pytest.mark.parametrize("name", special_trees())
def test_a_member_holds_the_keys_that_it_was_sent(name: str) -> None:
    grown = special_trees()[name]
    for index, _ in grown.tree.members():
        known = [level(node) for node, _ in grown.known_to(index)]
        assert held_by(grown.tree, index) == [0, *known]


@pytest.mark.parametrize("name", special_trees())
def test_a_key_is_held_by_those_who_hold_it(name: str) -> None:
    tree = special_trees()[name].tree
    for shape in layout(tree).rows():
        expected = [
            index
            for index, _ in tree.members()
            if shape.index in {node_index(at, index >> at) for at in held_by(tree, index)}
        ]
        assert holders(shape.subtree, *shape.place) == expected


def test_real_groups_hold_what_the_picture_says() -> None:
    groups = found("abcde")
    newcomers = [member(name) for name in "fgh"]
    packages = [each.key_package() for each in newcomers]
    for committer, options in (
        (2, {}),
        (1, {"remove": [3]}),
        (4, {"add": [each.message for each in packages], "path": False}),
        (0, {}),
    ):
        pending = groups[committer].commit(**options)
        everyone([each for each in groups if each.is_active], pending.message)
        for group in groups:
            if group.is_active:
                private = epoch(group).private
                heights = sorted([0, *private.path])
                assert held_by(group.tree, group.own_index) == heights


def test_nobody_holds_a_key_at_a_blank_leaf() -> None:
    tree = special_trees()["odd"].tree
    assert held_by(tree, 6) == []
    assert held_by(tree, 99) == []
    assert holders(None, 0, 6) == []


def test_a_leaf_encrypts_to_what_is_beside_its_path() -> None:
    tree = grown_tree(4).tree
    assert nodes_held_by(tree, 0)[0] == 0
    assert encrypted_to(tree, 0)[0] == 2


def test_marks_tell_the_path_from_the_copath() -> None:
    tree = special_trees()["much unmerged"].tree
    marks = {shape.index: mark(shape, 5, tree.height) for shape in layout(tree).rows()}
    assert {index: each for index, each in marks.items() if each} == {
        10: Mark.own,
        9: Mark.blank,
        11: Mark.lacks,
        7: Mark.lacks,
        8: Mark.copath,
        13: Mark.copath,
        3: Mark.copath,
    }
    assert mark(next(layout(tree).rows()), None, tree.height) is None


def test_marks_agree_with_what_is_held() -> None:
    tree = grown_tree(12).tree
    for index, _ in tree.members():
        marks = [mark(shape, index, tree.height) for shape in layout(tree, index).rows()]
        assert marks.count(Mark.own) == 1
        assert marks.count(Mark.holds) == len(held_by(tree, index)) - 1
        assert marks.count(Mark.copath) == tree.height


def test_only_a_member_can_be_highlighted() -> None:
    tree = special_trees()["odd"].tree
    require_member(tree, None)
    require_member(tree, 4)
    with pytest.raises(ValueError, match="leaf 6 is blank"):
        require_member(tree, 6)
    for outside in (8, -1):
        with pytest.raises(ValueError, match="leaves 0 to 7"):
            require_member(tree, outside)


def test_the_samples_have_parents_with_unmerged_leaves() -> None:
    tree = special_trees()["unmerged"].tree
    nodes = [each for each in tree.to_nodes() if isinstance(each, ParentNode)]
    assert any(each.unmerged_leaves for each in nodes)
