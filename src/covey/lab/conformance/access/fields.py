"""A struct as fields with paths, for who has another codec; and structs with anything in them.

May import the wire layer. A path leads through structs with dots and into vectors with brackets;
the path of a vector itself says how many elements it has, ``.type`` which struct of a union
follows.
"""

from __future__ import annotations

import typing
from enum import IntEnum
from types import NoneType
from typing import TYPE_CHECKING, Any, Final, TypeVar

from covey.mls.wire.struct import WireStruct
from covey.mls.wire.types import Fixed, Opaque, Tagged, UInt

if TYPE_CHECKING:
    from collections.abc import Iterator

    from covey.lab.conformance.generate.seeded import Seeded

    Leaf = bytes | int | None

T = TypeVar("T", bound=WireStruct)

_EXACT: Final = 1 << 53
"""Whoever reads JSON into floats has exact integers up to here."""


def fields(value: WireStruct) -> dict[str, Leaf]:
    """The fields of a struct, and of all inside of it, by their paths."""
    return dict(_inside(value, ""))


def _inside(value: WireStruct, before: str) -> Iterator[tuple[str, Leaf]]:
    for name in value.__struct_fields__:
        yield from _at(getattr(value, name), before + name)


def _at(value: object, path: str) -> Iterator[tuple[str, Leaf]]:
    if isinstance(value, tuple):
        yield path, len(value)
        for index, each in enumerate(value):
            yield from _at(each, f"{path}[{index}]")
    elif isinstance(value, WireStruct):
        if hasattr(type(value), "tag"):
            yield f"{path}.type", type(value).tag
        yield from _inside(value, f"{path}.")
    else:
        assert value is None or isinstance(value, bytes | int)
        yield path, value


def sample(cls: type[T], entropy: Seeded, turn: int) -> T:
    """A struct of a class with anything in it, as its annotations allow.

    Args:
        cls: The class.
        entropy: Where bytes and numbers come from.
        turn: Every other one has what is optional; vectors have none, one and two elements by
            turns; unions and enums go through all they have.
    """
    hints = typing.get_type_hints(cls, include_extras=True)
    return cls(*(_value(hints[name], entropy, turn) for name in cls.__struct_fields__))


def _value(hint: Any, entropy: Seeded, turn: int) -> object:  # noqa: ANN401 - an annotation
    base: Any = hint
    marks: tuple[object, ...] = ()
    if typing.get_origin(hint) is typing.Annotated:
        base, *rest = typing.get_args(hint)
        marks = tuple(rest)
    for mark in marks:
        if isinstance(mark, UInt):
            return entropy.below(min(256**mark.size, _EXACT))
        if isinstance(mark, Opaque):
            return entropy.some(80)
        if isinstance(mark, Fixed):
            return entropy(mark.length)
        if isinstance(mark, Tagged):
            arms = typing.get_args(base)
            return sample(arms[turn % len(arms)], entropy, turn)
    return _unmarked(base, entropy, turn)


def _unmarked(base: Any, entropy: Seeded, turn: int) -> object:  # noqa: ANN401 - an annotation
    arms = typing.get_args(base)
    if typing.get_origin(base) is tuple:
        return tuple(_value(arms[0], entropy, turn + index) for index in range(turn % 3))
    if NoneType in arms:
        present = next(arm for arm in arms if arm is not NoneType)
        return _value(present, entropy, turn) if turn % 2 else None
    if issubclass(base, IntEnum):
        return list(base)[turn % len(base)]
    return sample(base, entropy, turn)
