"""Defects of other implementations in what they accept as a tree."""

from __future__ import annotations

import pytest

from covey.errors import RemoteProtocolError
from covey.mls.rules.registry import Remote, enforce
from covey.mls.rules.trees import ARRAY, ArraySubject
from covey.mls.structs.tree import Node, ParentNode
from tree_samples import SUITE, leaf, special_trees

A, B = leaf("A"), leaf("B")
KEY = bytes([9]) + bytes(31)


def check(*nodes: Node | None) -> None:
    enforce(ARRAY, ArraySubject(nodes, SUITE), Remote)


@pytest.mark.parametrize("unmerged", [(1, 0), (0, 0), (0, 1, 1), (1, 2, 0)])
def test_trap_unmerged_leaves_sorted_and_once(unmerged: tuple[int, ...]) -> None:
    """mls-rs 321: the order feeds the tree hash."""
    with pytest.raises(RemoteProtocolError, match="VAL-013"):
        check(A, ParentNode(KEY, b"", unmerged), B)


def test_sorted_unmerged_leaves_are_accepted() -> None:
    check(A, ParentNode(KEY, b"", (0, 1)), B)


@pytest.mark.parametrize("name", special_trees())
def test_what_the_protocol_makes_is_accepted(name: str) -> None:
    check(*special_trees()[name].tree.to_nodes())


@pytest.mark.parametrize(
    ("nodes", "rule"),
    [
        ((), "VAL-063"),
        ((None,), "VAL-063"),
        ((A, None, None), "VAL-063"),
        ((A, None, B, None), "VAL-063"),
        ((ParentNode(KEY, b""),), "VAL-065"),
        ((A, B, A), "VAL-065"),
        ((A, ParentNode(KEY, b"")), "VAL-065"),
        ((A, None, ParentNode(KEY, b"")), "VAL-065"),
    ],
)
def test_an_array_that_is_no_tree_is_refused(nodes: tuple[Node | None, ...], rule: str) -> None:
    with pytest.raises(RemoteProtocolError, match=rule):
        check(*nodes)


@pytest.mark.parametrize("key", [b"", b"short", bytes(32), bytes(33)])
def test_a_parent_with_a_bad_key_is_refused(key: bytes) -> None:
    with pytest.raises(RemoteProtocolError, match="VAL-010"):
        check(A, ParentNode(key, b""), B)
