"""Vector headers (RFC 9420 §2.1.2)."""

from __future__ import annotations

import pytest

from covey.errors import DecodeError
from covey.mls.wire.varint import MAX_LENGTH, header, opaque, read_header

# Both sides of every change of size, and the examples of RFC 9000 §16, which RFC 9420 takes over.
HEADERS = {
    0: "00",
    37: "25",
    63: "3f",
    64: "4040",
    15293: "7bbd",
    16383: "7fff",
    16384: "80004000",
    494878333: "9d7f3e7d",
    MAX_LENGTH: "bfffffff",
}


@pytest.mark.parametrize(("length", "encoded"), HEADERS.items())
def test_a_header_is_the_shortest(length: int, encoded: str) -> None:
    assert header(length).hex() == encoded


@pytest.mark.parametrize(("length", "encoded"), HEADERS.items())
def test_a_header_decodes_and_says_where_it_ends(length: int, encoded: str) -> None:
    data = b"before" + bytes.fromhex(encoded) + b"after"
    assert read_header(data, 6) == (length, 6 + len(encoded) // 2)


@pytest.mark.parametrize("length", [-1, MAX_LENGTH + 1, 1 << 62])
def test_a_length_without_a_header_is_refused(length: int) -> None:
    with pytest.raises(ValueError, match="no header"):
        header(length)


@pytest.mark.parametrize(
    "encoded", ["4000", "4001", "403f", "80000000", "80000001", "80000040", "80003fff"]
)
def test_trap_varint_non_minimal(encoded: str) -> None:
    with pytest.raises(DecodeError, match="shortest form"):
        read_header(bytes.fromhex(encoded), 0)


@pytest.mark.parametrize("first", [0xC0, 0xC1, 0xFF])
@pytest.mark.parametrize("rest", ["", "00", "00000000000000"])
def test_trap_varint_prefix_0b11(first: int, rest: str) -> None:
    with pytest.raises(DecodeError, match="0b11"):
        read_header(bytes((first,)) + bytes.fromhex(rest), 0)


@pytest.mark.parametrize("encoded", ["", "40", "7f", "80", "8000", "800040", "bfffff"])
def test_a_header_that_is_cut_off_is_refused(encoded: str) -> None:
    with pytest.raises(DecodeError, match="cut off"):
        read_header(bytes.fromhex(encoded), 0)


@pytest.mark.parametrize("length", [0x3FFE, 0x3FFF, 0x4000, 0x4001])
def test_trap_length_boundary_0x3fff(length: int) -> None:
    """OpenMLS 2147: off by one where the header grows from two bytes to four."""
    encoded = opaque(bytes(length))
    assert len(encoded) == length + (2 if length <= 0x3FFF else 4)
    assert read_header(encoded, 0) == (length, len(encoded) - length)


def test_opaque_is_header_then_bytes() -> None:
    assert opaque(b"") == b"\x00"
    assert opaque(b"abc") == b"\x03abc"
    assert opaque(bytes(64)) == b"\x40\x40" + bytes(64)
