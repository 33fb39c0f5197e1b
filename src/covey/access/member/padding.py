"""How what is sealed gets a size that says little: ``opaque content<V>``, then zero bytes.

May import the wire layer. Who opens checks that the rest is zero, so that there is one way only
to write a content of a size, and nothing can be carried beside it.
"""

from __future__ import annotations

from covey.errors import DecodeError
from covey.mls.wire.varint import opaque, read_header


def needed(content: bytes) -> int:
    """How many bytes a content takes without any padding."""
    return len(opaque(content))


def pad(content: bytes, size: int) -> bytes:
    """A content as ``size`` bytes.

    Raises:
        ValueError: It needs more.
    """
    written = opaque(content)
    if len(written) > size:
        msg = f"{len(written)} bytes do not fit into {size}"
        raise ValueError(msg)
    return written.ljust(size, b"\0")


def pad_to_step(content: bytes, step: int) -> bytes:
    """A content as the next multiple of ``step`` bytes."""
    written = opaque(content)
    return pad(content, -(-len(written) // step) * step)


def unpad(padded: bytes) -> bytes:
    """The content.

    Raises:
        DecodeError: It is cut off, or something stands behind it.
    """
    length, start = read_header(padded, 0)
    end = start + length
    if end > len(padded):
        msg = f"a content of {length} bytes is cut off after {len(padded) - start}"
        raise DecodeError(msg)
    if padded.count(0, end) != len(padded) - end:
        msg = "the padding is not zero"
        raise DecodeError(msg)
    return padded[start:end]
