"""Every struct, every byte string: decoding refuses, or encoding gives the same bytes back."""

from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from covey.errors import DecodeError
from covey.mls.structs.message import MLSMessage
from covey.mls.structs.tree import RatchetTreeNodes
from covey.mls.wire.struct import WireStruct, decode_vector, encode_vector
from covey.mls.wire.varint import MAX_LENGTH, header, read_header
from wire_strategies import GIVEN, STRUCTS, anew, damaged, structs

ALL = st.sampled_from(STRUCTS)


def check_bytes(cls: type[WireStruct], data: bytes) -> None:
    """Refused, or one encoding of one struct."""
    try:
        decoded = cls.decode(data)
    except DecodeError:
        return
    assert decoded.encode() == data
    assert anew(decoded).encode() == data


@pytest.mark.parametrize("cls", STRUCTS, ids=lambda cls: cls.__name__)
@given(data=st.data())
def test_a_struct_survives_a_round_trip_and_damage_is_seen(
    cls: type[WireStruct], data: st.DataObject
) -> None:
    value = data.draw(structs(cls))
    encoded = value.encode()
    decoded = cls.decode(encoded)
    assert decoded.encode() == encoded
    assert anew(decoded) == value
    check_bytes(cls, data.draw(damaged(encoded)))


@pytest.mark.parametrize("cls", GIVEN, ids=lambda cls: cls.__name__)
@given(data=st.data())
def test_a_struct_with_an_outer_select_survives(cls: type[WireStruct], data: st.DataObject) -> None:
    given_value = data.draw(st.sampled_from(GIVEN[cls]))
    value = data.draw(structs(cls, given_value))
    rest = data.draw(st.binary(max_size=4))
    encoded = value.encode(given_value)
    decoded, end = cls.decode_prefix(encoded + rest, given_value)
    assert end == len(encoded)
    assert anew(decoded) == value


@pytest.mark.parametrize("cls", STRUCTS, ids=lambda cls: cls.__name__)
@given(data=st.binary(max_size=200))
def test_any_bytes_are_refused_or_encode_again(cls: type[WireStruct], data: bytes) -> None:
    check_bytes(cls, data)


@pytest.mark.parametrize("cls", [*GIVEN, MLSMessage], ids=lambda cls: cls.__name__)
@given(data=st.binary(max_size=200), select=st.integers(1, 3))
def test_any_prefix_is_refused_or_encodes_again(
    cls: type[WireStruct], data: bytes, select: int
) -> None:
    outside = (select,) if cls in GIVEN else ()
    try:
        decoded, end = cls.decode_prefix(data, *outside)
    except DecodeError:
        return
    assert end <= len(data)
    assert decoded.encode(*outside) == data[:end]


@given(cls=ALL, data=st.data())
def test_structs_in_a_vector_survive(cls: type[WireStruct], data: st.DataObject) -> None:
    items = tuple(data.draw(st.lists(structs(cls), max_size=3)))
    if any(not item.encode() for item in items):
        return  # elements without bytes cannot be told apart
    decoded = decode_vector(cls, encode_vector(items))
    assert tuple(anew(item) for item in decoded) == items


@given(cls=ALL, data=st.binary(max_size=100))
def test_any_bytes_as_a_vector_are_refused_or_encode_again(
    cls: type[WireStruct], data: bytes
) -> None:
    try:
        items = decode_vector(cls, data)
    except DecodeError:
        return
    assert encode_vector(items) == data


@given(length=st.integers(0, MAX_LENGTH), before=st.binary(max_size=3))
@example(length=0x3F, before=b"")
@example(length=0x40, before=b"")
@example(length=0x3FFF, before=b"")
@example(length=0x4000, before=b"")
def test_a_header_survives_a_round_trip(length: int, before: bytes) -> None:
    encoded = header(length)
    at = len(before)
    assert read_header(before + encoded, at) == (length, at + len(encoded))


@given(data=st.binary(max_size=5))
def test_any_header_is_refused_or_the_shortest(data: bytes) -> None:
    try:
        length, end = read_header(data, 0)
    except DecodeError:
        return
    assert header(length) == data[:end]


@given(length=st.integers(1, MAX_LENGTH), tail=st.binary(max_size=16))
def test_an_announced_length_costs_nothing(length: int, tail: bytes) -> None:
    data = header(length) + tail
    if len(tail) < length:
        with pytest.raises(DecodeError):
            RatchetTreeNodes.decode(data)
