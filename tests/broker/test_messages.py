"""The structs that clients and the broker exchange."""

from __future__ import annotations

import inspect
import typing
from enum import IntEnum

import pytest
from hypothesis import given
from hypothesis import strategies as st

from covey.broker import messages
from covey.broker.app import OPERATIONS
from covey.broker.messages import Append, Entries, Entry, EpochClosed, Kind
from covey.errors import DecodeError
from covey.mls.wire.struct import WireStruct
from covey.mls.wire.types import Fixed, Opaque, UInt
from presentation import read

STRUCTS = [
    value
    for value in vars(messages).values()
    if isinstance(value, type) and issubclass(value, WireStruct) and value is not WireStruct
]
SECONDARY = {messages.KeyPackageMessage, messages.InboxEntry, messages.Entry}

entries = st.builds(
    Entry,
    st.integers(0, 2**64 - 1),
    st.integers(0, 2**64 - 1),
    st.sampled_from(Kind),
    st.binary(min_size=16, max_size=16),
    st.binary(max_size=300),
)


def type_of(hint: typing.Any) -> tuple[str, str]:  # noqa: ANN401 - an annotation
    """An annotation in the presentation language, as (type, mark after the name)."""
    base, *marks = typing.get_args(hint) if hasattr(hint, "__metadata__") else (hint,)
    match marks:
        case [UInt(2)] if base is int:
            return "uint16", ""
        case [UInt(size)]:
            return f"uint{8 * size}", ""
        case [Opaque()]:
            return "opaque", "<V>"
        case [Fixed(length)]:
            return "opaque", f"[{length}]"
    if typing.get_origin(base) is tuple:
        return typing.get_args(base)[0].__name__, "<V>"
    assert issubclass(base, WireStruct | IntEnum)
    return base.__name__, ""


@pytest.mark.parametrize("cls", STRUCTS, ids=lambda cls: cls.__name__)
def test_annotations_are_the_block(cls: type[WireStruct]) -> None:
    declaration = read(inspect.getdoc(cls) or "")
    assert declaration is not None
    assert declaration.name == cls.__name__
    written = [
        (field.type.replace("CipherSuite", "uint16"), field.name) for field in declaration.fields
    ]
    hints = typing.get_type_hints(cls, include_extras=True)
    declared = [("".join(type_of(hints[name])), name) for name in cls.__struct_fields__]
    assert declared == written


def test_every_struct_is_of_use() -> None:
    requests = {operation.request for operation in OPERATIONS.values()}
    answers = {cls for cls in STRUCTS if cls not in requests | SECONDARY}
    assert len(answers) == len(requests) + 1  # an append has two


@given(st.lists(entries, max_size=4))
def test_what_was_encoded_decodes(some: list[Entry]) -> None:
    page = Entries(tuple(some))
    assert Entries.decode(page.encode()) == page
    for entry in some:
        assert EpochClosed.decode(EpochClosed(entry).encode()) == EpochClosed(entry)


def test_there_are_no_more_kinds() -> None:
    encoded = bytearray(Append(bytes(32), 0, Kind.other, bytes(16), b"").encode())
    encoded[40] = 3
    with pytest.raises(DecodeError):
        Append.decode(bytes(encoded))


def test_an_inbox_has_its_length() -> None:
    with pytest.raises(ValueError, match="32 bytes"):
        messages.Claim(b"short", 1).encode()
