"""Changing a struct by its structure: what comes out encodes, and says something else.

The bytes of an input are a list of edits. Each one picks a place in the tree of values, and
what to do there; so a small change of an input is a small change of what it does.
"""

from __future__ import annotations

from enum import IntEnum
from typing import TYPE_CHECKING, Any, Final

from covey.mls.wire.struct import WireStruct

if TYPE_CHECKING:
    from collections.abc import Callable

EDIT: Final = 4
"""Bytes of one edit: the place, what to do, and two bytes that it is done with."""

_INTERESTING: Final = (0, 1, 2, 3, 7, 0x0A0A, 0xFFFF, 0xFFFFFFFF, (1 << 64) - 1)


def mutated(value: WireStruct, edits: bytes) -> WireStruct:
    """A struct with all edits done to it, one after the other."""
    for start in range(0, len(edits) - EDIT + 1, EDIT):
        where, what, *by = edits[start : start + EDIT]
        value = _edited(value, where, what, by[0] << 8 | by[1])
    return value


def _edited(value: WireStruct, where: int, what: int, by: int) -> WireStruct:
    places = list(_places(value, ()))
    if not places:
        return value
    path = places[(where * 257 + by) % len(places)]
    changed: WireStruct = _at(value, path, lambda old: _changed(old, what, by))
    return changed


def _places(value: object, path: tuple[str | int, ...]) -> list[tuple[str | int, ...]]:
    """The ways to all values inside of a struct, vectors included."""
    found: list[tuple[str | int, ...]] = []
    if isinstance(value, WireStruct):
        for name in value.__struct_fields__:
            if name != "raw":
                found += _places(getattr(value, name), (*path, name))
    elif isinstance(value, tuple):
        found.append(path)
        for index, item in enumerate(value):
            found += _places(item, (*path, index))
    elif value is not None:
        found.append(path)
    return found


def _at(
    value: Any,  # noqa: ANN401 - a struct, a vector or what is in one
    path: tuple[str | int, ...],
    change: Callable[[Any], Any],
) -> Any:  # noqa: ANN401
    if not path:
        return change(value)
    head, rest = path[0], path[1:]
    if isinstance(head, int):
        return (*value[:head], _at(value[head], rest, change), *value[head + 1 :])
    return value.replace(**{head: _at(getattr(value, head), rest, change)})


def _changed(old: object, what: int, by: int) -> object:
    if isinstance(old, IntEnum):
        members = list(type(old))
        return members[by % len(members)]
    if isinstance(old, int):
        return _number(old, what, by)
    if isinstance(old, bytes):
        return _octets(old, what, by)
    assert isinstance(old, tuple)
    return _vector(old, what, by)


def _number(old: int, what: int, by: int) -> int:
    match what % 4:
        case 0:
            return _INTERESTING[by % len(_INTERESTING)]
        case 1:
            return max(old - 1, 0)
        case 2:
            return old + 1
        case _:
            return by


def _octets(old: bytes, what: int, by: int) -> bytes:
    match what % 6:
        case 0:
            return b""
        case 1:
            return old[:-1]
        case 2:
            return old + by.to_bytes(2)
        case 3:
            return bytes(len(old))
        case _:
            if not old:
                return by.to_bytes(2)
            at = (by >> 8) % len(old)
            return old[:at] + bytes((old[at] ^ (by & 0xFF),)) + old[at + 1 :]


def _vector(old: tuple[Any, ...], what: int, by: int) -> tuple[Any, ...]:
    if not old:
        return old
    at = by % len(old)
    match what % 4:
        case 0:
            return old[:at] + old[at + 1 :]
        case 1:
            return (*old, old[at])
        case 2:
            return old[::-1]
        case _:
            return (old[at], *old[:at], *old[at + 1 :])
