"""Reads one value of a vector by compiled codecs, where it is not to be explained (RFC 9420 §2.1).

May import the wire layer and :mod:`covey.errors`. The reader of outlines folds long vectors so.
"""

from __future__ import annotations

import typing
from typing import Any

from covey.mls.wire import compiler
from covey.mls.wire.hints import mark_of, split, without_none
from covey.mls.wire.types import Tagged


def skim(hint: Any, data: bytes, pos: int) -> tuple[Any, int]:  # noqa: ANN401
    """Read a value at a position; returns it and the position after it.

    Raises:
        DecodeError: It is not one.
        IndexError: The bytes end before it does.
    """
    base, marks = split(hint)
    if (tagged := mark_of(marks, Tagged)) is not None:
        tag = int.from_bytes(data[pos : pos + tagged.size])
        arms = {cls.tag: cls for cls in typing.get_args(base) if cls is not tagged.other}
        arm = arms.get(tag)
        if arm is None:
            if tagged.other is None:
                raise IndexError
            return compiler.codec(tagged.other).decode_at(data, pos)
        return compiler.codec(arm).decode_at(data, pos + tagged.size)
    inner = without_none(base)
    if inner is not None:
        if data[pos] > 1:
            raise IndexError
        return skim(inner, data, pos + 1) if data[pos] else (None, pos + 1)
    return compiler.codec(base).decode_at(data, pos)
