"""Every struct of the access protocol survives a round trip, and takes nothing but itself."""

from __future__ import annotations

import importlib
import pkgutil

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import covey.access.structs
from covey.access.structs import basics, extensions, live, log, sealed
from covey.errors import DecodeError
from covey.mls.wire.struct import WireStruct
from wire_strategies import anew, damaged, structs

STRUCTS = sorted(
    {
        value
        for module in pkgutil.iter_modules(covey.access.structs.__path__)
        for value in vars(
            importlib.import_module(f"{covey.access.structs.__name__}.{module.name}")
        ).values()
        if isinstance(value, type) and issubclass(value, WireStruct) and value is not WireStruct
    },
    key=lambda cls: (cls.__module__, cls.__name__),
)

A_FEW = settings(max_examples=settings().max_examples // 4)

EACH = pytest.mark.parametrize(
    "cls", STRUCTS, ids=lambda cls: f"{cls.__module__.rpartition('.')[2]}.{cls.__name__}"
)


def check_bytes(cls: type[WireStruct], data: bytes) -> None:
    """Refused, or one encoding of one struct."""
    try:
        decoded = cls.decode(data)
    except DecodeError:
        return
    assert decoded.encode() == data
    assert anew(decoded).encode() == data


@EACH
@A_FEW
@given(data=st.data())
def test_a_struct_survives_a_round_trip_and_damage_is_seen(
    cls: type[WireStruct], data: st.DataObject
) -> None:
    value = data.draw(structs(cls))
    encoded = value.encode()
    assert anew(cls.decode(encoded)) == value
    check_bytes(cls, data.draw(damaged(encoded)))
    with pytest.raises(DecodeError):
        cls.decode(encoded + b"\0")
    if encoded:
        with pytest.raises(DecodeError):
            cls.decode(encoded[: data.draw(st.integers(0, len(encoded) - 1))])


@given(cls=st.sampled_from(STRUCTS), data=st.binary(max_size=200))
def test_any_bytes_are_refused_or_encode_again(cls: type[WireStruct], data: bytes) -> None:
    check_bytes(cls, data)


def test_a_length_in_more_bytes_than_it_needs_is_refused() -> None:
    short = basics.ByTicket(b"ticket").encode()
    with pytest.raises(DecodeError, match="VAL-002"):
        basics.ByTicket.decode(b"\x40" + short)


@pytest.mark.parametrize("kind", [0, 3, 255])
def test_a_kind_that_there_is_not_is_refused(kind: int) -> None:
    entry = log.Entry(1, 2, basics.Kind.commit, bytes(16), b"body").encode()
    with pytest.raises(DecodeError):
        log.Entry.decode(entry[:16] + bytes((kind,)) + entry[17:])


@pytest.mark.parametrize("present", [2, 255])
def test_something_is_there_or_not(present: int) -> None:
    append = log.Append(bytes(32), bytes(32), 1, bytes(16), b"", None).encode()
    assert append[-1] == 0
    with pytest.raises(DecodeError):
        log.Append.decode(append[:-1] + bytes((present,)))


@pytest.mark.parametrize("tag", [0, 3, 255])
def test_a_proof_of_an_unknown_kind_is_refused(tag: int) -> None:
    read = log.Read(bytes(32), 1, 2, 3, basics.ByTicket(b"t")).encode()
    at = 32 + 8 + 8 + 2
    assert read[at] == 2
    with pytest.raises(DecodeError):
        log.Read.decode(read[:at] + bytes((tag,)) + read[at + 1 :])


@pytest.mark.parametrize(("cls", "last"), [(live.ClientFrame, 3), (live.ServerFrame, 6)])
def test_a_frame_of_an_unknown_type_is_refused(cls: type[WireStruct], last: int) -> None:
    for tag in (0, last + 1, 255):
        with pytest.raises(DecodeError):
            cls.decode(bytes((tag,)) + bytes(200))


def test_a_request_says_its_kind_by_what_it_brings() -> None:
    other = log.Append(bytes(32), bytes(32), 1, bytes(16), b"", None)
    commit = other.replace(next=log.NextEpoch(bytes(32), (), b"", (), (), ()))
    assert other.kind is basics.Kind.other
    assert commit.kind is basics.Kind.commit


def test_what_stands_in_mls_structs_holds_no_secret() -> None:
    shown = [extensions.InboxAddress, extensions.NoteSlot, extensions.GroupCapability]
    assert not any(cls.secret for cls in (*shown, extensions.GroupCapabilities))


def test_secrets_do_not_show() -> None:
    mark = b"\xab" * 32
    door = sealed.Door(mark, 1, mark)
    key = sealed.ParcelKey(mark, mark)
    way = sealed.WayBack(mark)
    pointer = sealed.Pointer(mark, mark, 1, 1, key, key, mark, (door,), (way,))
    link = sealed.Link(1, mark, mark, 1, mark)
    for secret in (door, way, key, pointer, link):
        assert "abab" not in repr(secret)
        assert type(secret).__name__ in repr(secret)
