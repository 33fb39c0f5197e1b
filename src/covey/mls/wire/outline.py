"""What stands where in the encoding of a struct: a second decoder, for people (RFC 9420 §2.1).

May import the wire layer and :mod:`covey.errors`. It reads the same annotations as
:mod:`covey.mls.wire.compiler`, step by step, and keeps the place of everything. It accepts and
refuses the same bytes and yields equal values (a test proves it of every struct), at a hundred
times the cost. Bytes that are no encoding get an outline as well, up to where they stop being
one. Promises: any bytes yield a :class:`Reading`; nothing is raised; time is linear.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import msgspec

_SHOWN = 16  # bytes of an opaque that are shown
_SHOWN_TEXT = 64  # bytes of text


class Outline(msgspec.Struct, frozen=True):
    """A part of an encoding.

    Attributes:
        name: Its field, or ``"[3]"`` in a vector; at the top the name of the struct.
        type: The RFC's name of its type, such as ``"Extension<V>"``.
        offset: Where it begins, in bytes from the start of the input. A length header belongs to
            it, and so does the octet of an optional; the tag of a select does where its type
            begins with one (Proposal, Node, Credential), so that the bytes are of that type.
        length: How many bytes it takes.
        value: What it holds, for people; empty where the parts say it.
        section: Of RFC 9420, where the struct is declared; empty for what is no struct.
        parts: What it consists of, in order.
    """

    name: str
    type: str
    offset: int
    length: int
    value: str = ""
    section: str = ""
    parts: tuple[Outline, ...] = ()


class Stop(msgspec.Struct, frozen=True):
    """Where bytes stop being an encoding.

    Attributes:
        reached: Where reading was when it stopped: everything before could be read.
        offset: The first byte that is wrong, or missing.
        path: The part that was being read, such as ``"KeyPackage.leaf_node.lifetime"``.
        expected: What should stand there.
        found: What stands there.
        rule: The id of the check, such as ``"VAL-004"``.
        section: Of RFC 9420.
    """

    reached: int
    offset: int
    path: str
    expected: str
    found: str
    rule: str
    section: str

    def __str__(self) -> str:
        where = f"at offset {self.offset}, in {self.path}"
        return f"{where}: expected {self.expected}, found {self.found}"


class Reading(NamedTuple):
    """What was read.

    Attributes:
        value: The struct; None when the bytes are not an encoding of it.
        outline: What stands where, up to where reading stopped.
        stop: Where and why it stopped; None when it did not.
    """

    value: Any
    outline: Outline
    stop: Stop | None


class Place(NamedTuple):
    """A field that holds a number or bytes, as it is handed to who can say more about it.

    Attributes:
        owner: The struct that the field belongs to.
        name: The field.
        value: What it holds: ``int`` or ``bytes``.
        before: The fields of the struct before it, by name.
        offset: Where the value begins, its length header left out.
    """

    owner: type[Any]
    name: str
    value: int | bytes
    before: Mapping[str, Any]
    offset: int


class Explained(NamedTuple):
    """What somebody says about a field: a text in place of its value, and what is inside."""

    text: str = ""
    parts: tuple[Outline, ...] = ()


Explain = Callable[[Place], Explained | None]
"""Says more about a field than the wire layer knows, or nothing."""


class Halt(Exception):  # noqa: N818 - it ends a reading, and never leaves this package
    """Reading cannot go on."""

    def __init__(self, stop: Stop) -> None:
        self.stop: Stop = stop
        super().__init__(stop)


class Draft:
    """An outline that is being written."""

    __slots__ = ("length", "name", "offset", "parts", "secret", "section", "type", "value")

    def __init__(self, name: str, kind: str, offset: int, section: str = "") -> None:
        self.name: str = name
        self.type: str = kind
        self.offset: int = offset
        self.section: str = section
        self.length: int = 0
        self.value: str = ""
        self.secret: bool = False
        self.parts: list[Draft | Outline] = []

    def done(self) -> Outline:
        """The outline."""
        parts = tuple([each if isinstance(each, Outline) else each.done() for each in self.parts])
        return Outline(
            self.name, self.type, self.offset, self.length, self.value, self.section, parts
        )


def shown(data: bytes, *, as_text: bool = False) -> str:
    """Bytes for people: printable text in quotes where that is wanted, else hex, shortened."""
    if not data:
        return "empty"
    if as_text and len(data) <= _SHOWN_TEXT:
        text = printable(data)
        if text is not None:
            return f'"{text}"'
    return data.hex() if len(data) <= _SHOWN else f"{data[:_SHOWN].hex()}…"


def printable(data: bytes) -> str | None:
    """Bytes as text, or None when they are not UTF-8 or hold something that does not print."""
    try:
        text = data.decode()
    except UnicodeDecodeError:
        return None
    return text if text.isprintable() else None
