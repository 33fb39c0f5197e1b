"""Draws structs from their annotations, without the compiler that makes their codecs."""

from __future__ import annotations

import typing
from enum import IntEnum
from functools import cache
from operator import attrgetter
from types import SimpleNamespace, UnionType
from typing import Any, TypeVar

from hypothesis import strategies as st

from covey.mls.structs.framing import FramedContentAuthData, PrivateMessageContent
from covey.mls.wire.code_points import ContentType
from covey.mls.wire.struct import WireStruct
from covey.mls.wire.types import Case, Fixed, Given, Opaque, Tagged, UInt
from wire_samples import SAMPLES

T = TypeVar("T")
Marks = tuple[object, ...]

STRUCTS = sorted({type(value) for value, _ in SAMPLES}, key=lambda cls: cls.__name__)
"""Every struct that stands alone."""

GIVEN: dict[type[WireStruct], type[IntEnum]] = {
    FramedContentAuthData: ContentType,
    PrivateMessageContent: ContentType,
}
"""Every struct with a select on a field outside, and the type of that field."""


def structs(cls: type[WireStruct], given: int | None = None) -> st.SearchStrategy[Any]:
    """Structs of a class, all of whose fields fit together."""
    return _structs(cls, given)


@cache
def _structs(cls: type[WireStruct], given: int | None) -> st.SearchStrategy[Any]:
    hints = typing.get_type_hints(cls, include_extras=True)
    fields = [(name, hints[name]) for name in cls.__struct_fields__ if name != "raw"]

    @st.composite
    def drawn(draw: st.DrawFn) -> WireStruct:
        made = SimpleNamespace(given=given)
        for name, hint in fields:
            setattr(made, name, draw(_field(hint, made)))
        del made.given
        return cls(**vars(made))

    return drawn()


def _field(hint: Any, made: SimpleNamespace) -> st.SearchStrategy[Any]:  # noqa: ANN401
    """Values of a field, when those before it are known."""
    base, marks = _split(hint)
    case, given = _mark(marks, Case), _mark(marks, Given)
    if case is not None:
        present = attrgetter(case.on)(made) in case.values
        return _values(_without_none(base)) if present else st.none()
    if given is not None:
        assert isinstance(base, type)
        return structs(base, attrgetter(given.path)(made))
    return _values(hint)


def _values(hint: Any) -> st.SearchStrategy[Any]:  # noqa: ANN401, PLR0911 - one return a kind
    base, marks = _split(hint)
    if (tagged := _mark(marks, Tagged)) is not None:
        return _tagged(base, tagged)
    if (integer := _mark(marks, UInt)) is not None:
        return st.integers(0, 256**integer.size - 1)
    if _mark(marks, Opaque) is not None:
        return st.binary(max_size=80)
    if (fixed := _mark(marks, Fixed)) is not None:
        return st.binary(min_size=fixed.length, max_size=fixed.length)
    if typing.get_origin(base) is tuple:
        element = _values(typing.get_args(base)[0])
        return st.lists(element, max_size=3).map(tuple)
    if typing.get_origin(base) in (typing.Union, UnionType):
        return st.none() | _values(_without_none(base))
    if issubclass(base, IntEnum):
        return st.sampled_from(base)
    return structs(base)


def _tagged(base: Any, tagged: Tagged) -> st.SearchStrategy[Any]:  # noqa: ANN401
    arms = [cls for cls in typing.get_args(base) if cls is not tagged.other]
    known = st.one_of([structs(cls) for cls in arms])
    if tagged.other is None:
        return known
    taken = {cls.tag for cls in arms}
    name = tagged.other.__struct_fields__[0]
    unknown = structs(tagged.other).filter(lambda value: getattr(value, name) not in taken)
    return known | unknown


def _split(hint: Any) -> tuple[Any, Marks]:  # noqa: ANN401
    if typing.get_origin(hint) is typing.Annotated:
        base, *marks = typing.get_args(hint)
        return base, tuple(marks)
    return hint, ()


def _mark(marks: Marks, kind: type[T]) -> T | None:
    return next((mark for mark in marks if isinstance(mark, kind)), None)


def _without_none(hint: Any) -> Any:  # noqa: ANN401
    rest = [arm for arm in typing.get_args(hint) if arm is not type(None)]
    return rest[0] if len(rest) == 1 else typing.Union[tuple(rest)]  # noqa: UP007


def anew(value: T) -> T:
    """A struct without the bytes that it, and the structs inside, were decoded from."""
    if isinstance(value, WireStruct):
        fields = {name: anew(getattr(value, name)) for name in value.__struct_fields__}
        return type(value)(**{name: each for name, each in fields.items() if name != "raw"})
    if isinstance(value, tuple):
        return tuple(anew(each) for each in value)  # type: ignore[return-value]
    return value


@st.composite
def damaged(draw: st.DrawFn, data: bytes) -> bytes:
    """Bytes that were an encoding, with a few of them changed, cut, put in or moved."""
    for _ in range(draw(st.integers(1, 3))):
        at = draw(st.integers(0, len(data)))
        end = draw(st.integers(at, min(len(data), at + 8)))
        data = data[:at] + draw(st.binary(max_size=6)) + data[end:]
    return data
