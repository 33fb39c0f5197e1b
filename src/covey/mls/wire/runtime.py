"""What generated codecs call: the parts of decoding that are not written out in line.

May import :mod:`covey.mls.wire.varint` and :mod:`covey.errors`.
"""

from __future__ import annotations

import struct
from typing import Any, Final, NoReturn

from covey.errors import DecodeError
from covey.mls.wire.varint import header, read_header

_KEPT_VECTORS: Final = 4096
_KEPT_VECTOR_BYTES: Final = 256

_code_points: dict[bytes, tuple[int, ...]] = {}


def _read_code_points(data: bytes) -> tuple[int, ...]:
    """``uint16 values<V>`` without its header; remembered, since members repeat them."""
    if len(data) % 2:
        msg = "vector of uint16 has an odd length"
        raise DecodeError(msg).of(rule="VAL-005", section="2.1.2")
    values = tuple([data[i] << 8 | data[i + 1] for i in range(0, len(data), 2)])
    if len(data) <= _KEPT_VECTOR_BYTES and len(_code_points) < _KEPT_VECTORS:
        _code_points[data] = values
    return values


def _read_uint32s(data: bytes, length: int) -> tuple[int, ...]:
    """``uint32 values<V>`` without its header, which announced ``length`` bytes."""
    if len(data) != length:
        raise IndexError
    if length % 4:
        msg = "vector of uint32 has a length that is no multiple of 4"
        raise DecodeError(msg).of(rule="VAL-005", section="2.1.2")
    return struct.unpack(f">{length // 4}I", data)


def _refuse_enum(name: str, value: int, rule: str = "VAL-007") -> NoReturn:
    msg = f"{value} is not a {name}"
    raise DecodeError(msg).of(rule=rule, section="6")


def _refuse_presence(value: int) -> NoReturn:
    msg = f"the presence octet of an optional is {value}, neither 0 nor 1"
    raise DecodeError(msg).of(rule="VAL-001", section="2.1.1")


def _refuse_overrun(name: str) -> NoReturn:
    msg = f"a vector of {name} overruns its length"
    raise DecodeError(msg).of(rule="VAL-005", section="2.1.2")


def _exactly(data: bytes, length: int) -> bytes:
    if len(data) != length:
        msg = f"a field of {length} bytes has {len(data)}"
        raise ValueError(msg)
    return data


def _not_chosen() -> NoReturn:
    msg = "a field is set whose arm of a select is not chosen"
    raise ValueError(msg)


RUNTIME: Final[dict[str, Any]] = {
    "IndexError": IndexError,
    "_code_points": _code_points,
    "_exactly": _exactly,
    "_header": header,
    "_not_chosen": _not_chosen,
    "_pack": struct.pack,
    "_read_code_points": _read_code_points,
    "_read_header": read_header,
    "_read_uint32s": _read_uint32s,
    "_refuse_overrun": _refuse_overrun,
    "_refuse_presence": _refuse_presence,
    "_short": tuple(header(length) for length in range(64)),
    "_refuse_enum": _refuse_enum,
}
"""The names that generated code refers to."""
