"""Subtrees with their hashes and counts (RFC 9420 §4.1.1, §7.8, §7.9)."""

from __future__ import annotations

import pytest

from covey.mls.crypto.dialects import get_suite
from covey.mls.crypto.suites import SUITES
from covey.mls.structs.tree import ParentNode
from covey.mls.tree import nodes
from covey.mls.wire.varint import opaque
from tree_samples import SUITE, leaf

ONE, OTHER = leaf("one"), leaf("other")


def test_a_leaf_is_hashed_with_its_index() -> None:
    made = nodes.make_leaf(SUITE, 3, ONE)
    assert made.hash == SUITE.hash(b"\x01" + b"\x00\x00\x00\x03" + b"\x01" + ONE.encode())


def test_a_parent_is_hashed_with_the_hashes_below() -> None:
    left, right = nodes.make_leaf(SUITE, 0, ONE), nodes.make_leaf(SUITE, 1, OTHER)
    parent = ParentNode(b"key", b"above", (1,))
    branch = nodes.make_branch(SUITE, 1, 0, parent, left, right)
    assert branch is not None
    below = opaque(left.hash) + opaque(right.hash)
    assert branch.hash == SUITE.hash(b"\x02\x01" + parent.encode() + below)
    blank = nodes.make_branch(SUITE, 1, 0, None, left, right)
    assert blank is not None
    assert blank.hash == SUITE.hash(b"\x02\x00" + below)


def test_a_subtree_in_which_nothing_stands_is_none() -> None:
    assert nodes.make_branch(SUITE, 1, 0, None, None, None) is None
    assert nodes.make_branch(SUITE, 1, 0, ParentNode(b"k", b""), None, None) is not None


@pytest.mark.parametrize("code", SUITES)
def test_blank_subtrees_are_hashed_by_place(code: int) -> None:
    suite = get_suite(code)

    def plain(height: int, position: int) -> bytes:
        if height == 0:
            return suite.hash(b"\x01" + position.to_bytes(4) + b"\x00")
        left, right = plain(height - 1, 2 * position), plain(height - 1, 2 * position + 1)
        return suite.hash(b"\x02\x00" + opaque(left) + opaque(right))

    for height in (0, 1, 4, 6):
        for position in (0, 1, 5):
            assert nodes.blank_hash(code, height, position) == plain(height, position)
            assert nodes.tree_hash(suite, None, height, position) == plain(height, position)


def test_a_resolution_is_the_node_and_its_unmerged_leaves() -> None:
    """The cases of §4.1.1, on the left half of a tree of four leaves."""
    a, b = nodes.make_leaf(SUITE, 2, ONE), nodes.make_leaf(SUITE, 3, OTHER)
    merged = nodes.make_branch(SUITE, 1, 1, ParentNode(b"k", b""), a, b)
    unmerged = nodes.make_branch(SUITE, 1, 1, ParentNode(b"k", b"", (3,)), a, b)
    blank = nodes.make_branch(SUITE, 1, 1, None, a, b)
    one = nodes.make_branch(SUITE, 1, 1, None, None, b)
    for subtree, expected in (
        (merged, [(1, 1)]),
        (unmerged, [(1, 1), (0, 3)]),
        (blank, [(0, 2), (0, 3)]),
        (one, [(0, 3)]),
        (None, []),
    ):
        found = [(height, place) for height, place, _ in nodes.resolution(subtree, 1, 1)]
        assert found == expected
        assert nodes.resolution_size(subtree) == len(expected)
    assert [place for _, place, _ in nodes.resolution(a, 0, 2)] == [2]
    assert nodes.resolution_size(a) == nodes.leaf_count(a) == 1


def test_leaves_are_found_and_listed_with_their_index() -> None:
    a, b = nodes.make_leaf(SUITE, 4, ONE), nodes.make_leaf(SUITE, 7, OTHER)
    left = nodes.make_branch(SUITE, 1, 2, None, a, None)
    right = nodes.make_branch(SUITE, 1, 3, None, None, b)
    branch = nodes.make_branch(SUITE, 2, 1, None, left, right)
    assert list(nodes.leaves(branch, 2, 1)) == [(4, a), (7, b)]
    assert [nodes.find(branch, 2, index) for index in (4, 5, 6, 7)] == [a, None, None, b]
    assert nodes.leaf_count(branch) == 2
    assert list(nodes.leaves(None, 2, 1)) == []


def test_a_parent_hash_covers_key_parent_and_sibling() -> None:
    node = ParentNode(b"key", b"above", (1, 2))
    expected = SUITE.hash(opaque(b"key") + opaque(b"above") + opaque(b"sibling"))
    assert nodes.parent_hash(SUITE, node, b"sibling") == expected


def test_the_key_of_a_node() -> None:
    assert nodes.encryption_key(nodes.make_leaf(SUITE, 0, ONE)) == ONE.encryption_key
