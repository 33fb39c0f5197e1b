"""Reading the annotations of a struct, apart from any codec (RFC 9420 §2.1).

May import :mod:`covey.mls.wire.types`. The compiler of codecs reads them so, and so does the
reader that explains.
"""

from __future__ import annotations

import types
import typing
from typing import Any, TypeVar

from covey.mls.wire.types import Fixed, Opaque, UInt

M = TypeVar("M")


_fields: dict[type[Any], tuple[tuple[str, Any], ...]] = {}


def fields(cls: type[Any]) -> tuple[tuple[str, Any], ...]:
    """The fields of a struct that are on the wire, with their annotations; read once."""
    found = _fields.get(cls)
    if found is None:
        hints = typing.get_type_hints(cls, include_extras=True)
        names = [name for name in cls.__struct_fields__ if name != "raw"]
        found = _fields[cls] = tuple((name, hints[name]) for name in names)
    return found


def split(hint: Any) -> tuple[Any, tuple[Any, ...]]:  # noqa: ANN401
    """A hint without its marks, and its marks."""
    if typing.get_origin(hint) is typing.Annotated:
        base, *marks = typing.get_args(hint)
        return base, tuple(marks)
    return hint, ()


def mark_of(marks: tuple[Any, ...], kind: type[M]) -> M | None:
    """The mark of a kind, or None."""
    return next((mark for mark in marks if isinstance(mark, kind)), None)


def without_none(hint: Any) -> Any:  # noqa: ANN401
    """``T`` of ``T | None``, or None when the hint is no such union."""
    if typing.get_origin(hint) not in (typing.Union, types.UnionType):
        return None
    args = typing.get_args(hint)
    rest = [arg for arg in args if arg is not type(None)]
    if len(rest) == len(args):
        return None
    return rest[0] if len(rest) == 1 else typing.Union[tuple(rest)]  # noqa: UP007 - made from a list


def type_name(hint: Any) -> str:  # noqa: ANN401
    """A type in the RFC's presentation language, as far as an annotation tells."""
    base, marks = split(hint)
    for mark in marks:
        match mark:
            case UInt(size):
                return f"uint{8 * size}"
            case Opaque():
                return "opaque<V>"
            case Fixed(length):
                return f"opaque[{length}]"
            case _:
                continue
    if typing.get_origin(base) is tuple:
        return f"{type_name(typing.get_args(base)[0])}<V>"
    inner = without_none(base)
    if inner is not None:
        return f"optional<{type_name(inner)}>"
    return getattr(base, "__name__", "")
