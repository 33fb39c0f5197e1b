"""Annotations, read apart from any codec."""

from __future__ import annotations

from typing import Annotated, Any

import pytest

from covey.mls.structs.tree import LeafNode, Node
from covey.mls.wire.code_points import NodeType
from covey.mls.wire.hints import fields, mark_of, split, type_name, without_none
from covey.mls.wire.types import Fixed, Tagged, UInt, opaque, uint16


def test_fields_are_those_on_the_wire() -> None:
    names = [name for name, _ in fields(LeafNode)]
    assert names[0] == "encryption_key"
    assert names[-1] == "signature"
    assert fields(LeafNode) is fields(LeafNode)


def test_marks_are_found() -> None:
    base, marks = split(uint16)
    assert (base, mark_of(marks, UInt), mark_of(marks, Tagged)) == (int, UInt(2), None)
    assert split(NodeType) == (NodeType, ())


def test_an_optional_is_told_from_a_union() -> None:
    assert without_none(int | None) is int
    assert without_none(int | str | None) == int | str
    assert without_none(int | str) is None
    assert without_none(int) is None


@pytest.mark.parametrize(
    ("hint", "name"),
    [
        (opaque, "opaque<V>"),
        (uint16, "uint16"),
        (Annotated[bytes, Fixed(4)], "opaque[4]"),
        (tuple[uint16, ...], "uint16<V>"),
        (LeafNode | None, "optional<LeafNode>"),
        (NodeType, "NodeType"),
        (Node, ""),
    ],
)
def test_types_have_names(hint: Any, name: str) -> None:  # noqa: ANN401
    assert type_name(hint) == name
