"""The variable-size length header of RFC 9420 §2.1.2 (as in QUIC, without the 8-byte form).

May import only :mod:`covey.errors`. A header takes 1, 2 or 4 bytes; the shortest that
fits is the only valid one (VAL-002), and the prefix ``0b11`` is not valid (VAL-003).
"""

from __future__ import annotations

from typing import Final

from covey.errors import DecodeError

MAX_LENGTH: Final = (1 << 30) - 1
"""The longest vector that a header can announce, in bytes."""

_ONE_BYTE: Final = 1 << 6
_TWO_BYTES: Final = 1 << 14
_SHORT: Final = tuple(bytes((n,)) for n in range(_ONE_BYTE))


def header(length: int) -> bytes:
    """Encode a vector length in bytes (RFC 9420 §2.1.2).

    Raises:
        ValueError: The length is negative or above 2^30 - 1.
    """
    if 0 <= length < _ONE_BYTE:
        return _SHORT[length]
    if 0 <= length < _TWO_BYTES:
        return (length | 0x4000).to_bytes(2)
    if 0 <= length <= MAX_LENGTH:
        return (length | 0x8000_0000).to_bytes(4)
    msg = f"a vector of {length} bytes has no header (at most {MAX_LENGTH})"
    raise ValueError(msg)


def opaque(data: bytes) -> bytes:
    """Encode ``opaque data<V>``: its header, then its bytes."""
    length = len(data)
    return (_SHORT[length] if length < _ONE_BYTE else header(length)) + data


def read_header(buf: bytes, pos: int) -> tuple[int, int]:
    """Decode the header at ``pos``.

    Returns:
        The announced length in bytes and the position after the header. That the vector
        itself fits is for the caller to check.

    Raises:
        DecodeError: Truncated, not minimal, or with the prefix ``0b11``.
    """
    try:
        first = buf[pos]
        if first < _ONE_BYTE:
            return first, pos + 1
        if first < 0x80:
            length = (first & 0x3F) << 8 | buf[pos + 1]
            if length >= _ONE_BYTE:
                return length, pos + 2
        elif first < 0xC0:
            length = (first & 0x3F) << 24 | buf[pos + 1] << 16 | buf[pos + 2] << 8 | buf[pos + 3]
            if length >= _TWO_BYTES:
                return length, pos + 4
    except IndexError:
        msg = "vector header is cut off"
        raise DecodeError(msg).of(rule="VAL-004", section="2.1.2") from None
    if first >= 0xC0:
        msg = "vector header has the invalid prefix 0b11"
        raise DecodeError(msg).of(rule="VAL-003", section="2.1.2")
    msg = "vector header is not in its shortest form"
    raise DecodeError(msg).of(rule="VAL-002", section="2.1.2")
