"""The RFC's names for the parts of a struct, read from its docstring (RFC 9420 §2.1, §17).

May import the registries of the wire layer. An annotation says how a field is encoded; that a
``uint16`` is a CipherSuite, and which section of the RFC declares the struct, stands only in the
``struct { … }`` block of its docstring. Without docstrings (``python -OO``) the names are those
of the annotations.
"""

from __future__ import annotations

import inspect
import re
from enum import IntEnum
from typing import Any, Final, NamedTuple

from covey.mls.wire import code_points
from covey.mls.wire.code_points import GREASE

REGISTRIES: Final[dict[str, type[IntEnum]]] = {
    name: value
    for name, value in vars(code_points).items()
    if isinstance(value, type) and issubclass(value, IntEnum) and value is not IntEnum
}
"""The registries and closed enums of the RFC, by name."""

_SECTION: Final = re.compile(r"\((?:RFC 9420 )?§([\d.]*\d)\)|\((draft-[\w-]+)\)")
_FIELD: Final = re.compile(r"(optional<\w+>|\w+)\s+(\w+)(<V>|\[\w+\])?(?:\s*=\s*\w+)?;")
_COMMENT: Final = re.compile(r"/\*.*?\*/", re.DOTALL)
_PRIVATE_USE: Final = range(0xF000, 0x10000)


class Declared(NamedTuple):
    """What a docstring says about a struct.

    Attributes:
        section: Of RFC 9420, such as ``"7.2"``, or the name of a draft; empty when unknown.
        types: The type of each field, as the RFC writes it: ``"CipherSuite"``,
            ``"Extension<V>"``.
        is_struct: Whether the RFC has a struct of this name.
    """

    section: str
    types: dict[str, str]
    is_struct: bool


_declared: dict[type[Any], Declared] = {}


def declared(cls: type[Any]) -> Declared:
    """What the docstring of a struct says; read once."""
    found = _declared.get(cls)
    if found is None:
        found = _declared[cls] = _read(cls)
    return found


def _read(cls: type[Any]) -> Declared:
    text = inspect.cleandoc(cls.__doc__ or "")
    found = _SECTION.search(text)
    section = "" if found is None else found[1] or found[2]
    block = _COMMENT.sub("", text.partition("\n")[2])
    types = {name: kind + mark for kind, name, mark in _FIELD.findall(block)}
    is_struct = re.search(rf"^(struct \{{.*)?\}} {cls.__name__};$", block, re.MULTILINE) is not None
    return Declared(section, types, is_struct)


def registry(type_name: str, field: str = "") -> type[IntEnum] | None:
    """The registry of a type of the RFC, or else of a field that is called like one."""
    found = REGISTRIES.get(type_name.removesuffix("<V>"))
    return found or REGISTRIES.get("".join(word.capitalize() for word in field.split("_")))


def code_point_name(names: type[IntEnum], code: int) -> str:
    """A code point for people: ``"add (1)"``, ``"GREASE (0x0a0a)"``, ``"unknown (0x1234)"``."""
    shown = str(code) if code < 0x10 and names is not code_points.CipherSuite else f"0x{code:04x}"
    known = {member.value: member.name for member in names}
    if code in known:
        return f"{known[code]} ({shown})"
    if code in GREASE:
        return f"GREASE ({shown})"
    return f"{'private use' if code in _PRIVATE_USE else 'unknown'} ({shown})"
