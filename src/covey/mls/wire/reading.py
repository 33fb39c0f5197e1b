"""The reader that makes outlines: annotations, interpreted field by field (RFC 9420 §2.1).

May import the wire layer and :mod:`covey.errors`. See :mod:`covey.mls.wire.outline`.
"""

from __future__ import annotations

import typing
from contextlib import contextmanager
from enum import IntEnum
from functools import partial
from operator import attrgetter
from types import SimpleNamespace
from typing import Any, Final, NoReturn

from covey.errors import DecodeError
from covey.mls.wire.code_points import CipherSuite, ProposalType
from covey.mls.wire.declared import code_point_name, declared, registry
from covey.mls.wire.hints import fields, mark_of, split, type_name, without_none
from covey.mls.wire.outline import Draft, Explain, Halt, Place, Reading, Stop, shown
from covey.mls.wire.skimming import skim
from covey.mls.wire.types import Case, Fixed, Given, Opaque, Tagged, UInt
from covey.mls.wire.varint import read_header

if typing.TYPE_CHECKING:
    from collections.abc import Iterator

_HEADERS: Final = {
    "VAL-002": "a length header in its shortest form",
    "VAL-003": "a length header that does not begin with 0b11",
    "VAL-004": "the rest of a length header",
}
_UNNAMED: Final = frozenset({"", "Union"})  # types that the RFC has no name for
_NUMBERS: Final = 8  # of a vector that are shown


def read(
    cls: type[Any],
    data: bytes,
    *,
    given: int | None = None,
    explain: Explain | None = None,
    fold: int | None = None,
    base: int = 0,
) -> Reading:
    """Read one struct that should take up all of ``data``, and say what stands where.

    Args:
        cls: The struct.
        data: The bytes.
        given: The outside value that its selects depend on, where they do.
        explain: Says more about fields.
        fold: How many elements of a vector of structs are told one by one; all by default.
        base: Added to every offset: where ``data`` begins in something larger.
    """
    reader = _Reader(data, explain, fold, base)
    root = Draft(cls.__name__, cls.__name__, base, declared(cls).section)
    try:
        value = reader.top(root, cls, given)
    except Halt as halt:
        return Reading(None, root.done(), halt.stop)
    return Reading(value, root.done(), None)


class _Reader:
    """Reads forward through bytes, and drafts an outline of them."""

    def __init__(self, data: bytes, explain: Explain | None, fold: int | None, base: int) -> None:
        self._data = data
        self._explain = explain
        self._fold = fold
        self._base = base
        self._pos = 0
        self._end = len(data)
        self._drafts: list[Draft] = []

    def top(self, root: Draft, cls: type[Any], given: int | None) -> Any:  # noqa: ANN401
        with self._within(root):
            value = self._struct(cls, root, given)
            if self._pos != len(self._data):
                left = len(self._data) - self._pos
                more = f"{left} byte{'s' * (left > 1)} more"
                self._halt("the end of the input", more, "VAL-006", "6")
            return value

    # --- drafting ---------------------------------------------------------------------

    @contextmanager
    def _within(self, draft: Draft) -> Iterator[Draft]:
        """Draft a part; its length is what has been read when it ends, in whatever way."""
        self._drafts.append(draft)
        try:
            yield draft
        finally:
            draft.length = self._base + self._pos - draft.offset
            self._drafts.pop()

    @contextmanager
    def _part(self, name: str, kind: str) -> Iterator[Draft]:
        draft = Draft(name, kind, self._base + self._pos)
        self._drafts[-1].parts.append(draft)
        with self._within(draft):
            yield draft

    @contextmanager
    def _part_before(self, draft: Draft, name: str, kind: str) -> Iterator[Draft]:
        """Draft a part that stands before the one being drafted, which begins after it."""
        around = self._drafts[-2]
        around.parts.pop()
        self._drafts.pop()
        try:
            with self._part(name, kind) as part:
                yield part
        except Halt:
            self._drafts.append(draft)  # for who drafts it to take away
            raise
        self._drafts.append(draft)
        around.parts.append(draft)
        draft.offset = self._base + self._pos

    def _halt(
        self, expected: str, found: str, rule: str, section: str, at: int | None = None
    ) -> NoReturn:
        path = ".".join(draft.name for draft in self._drafts).replace(".[", "[")
        reached = self._base + self._pos
        offset = reached if at is None else self._base + at
        raise Halt(Stop(reached, offset, path, expected, found, rule, section))

    def _need(self, count: int, what: str) -> None:
        """Stop unless so many bytes are left."""
        left = self._end - self._pos
        if left >= count:
            return
        wanted = f"{count} bytes of {what}" if count != 1 else what
        at_end = self._end == len(self._data)
        ended = "the end of the input" if at_end else "the end of the vector around it"
        found = f"{ended} after {left} of them" if left else ended
        self._halt(wanted, found, "VAL-004" if at_end else "VAL-005", "2.1.2", at=self._end)

    # --- structs ----------------------------------------------------------------------

    def _struct(self, cls: type[Any], draft: Draft, given: int | None) -> Any:  # noqa: ANN401
        """Read the fields of a struct into the parts of a draft."""
        start = self._pos
        said = declared(cls)
        draft.section = said.section
        values: dict[str, Any] = {}
        known = SimpleNamespace(given=given)
        for name, hint in fields(cls):
            kind = said.types.get(name) or type_name(hint)
            values[name] = self._field(cls, name, hint, kind, known, values)
            setattr(known, name, values[name])
        if "raw" in cls.__struct_fields__:
            values["raw"] = self._data[start : self._pos]
        return cls(**values)

    def _field(
        self,
        owner: type[Any],
        name: str,
        hint: Any,  # noqa: ANN401 - what an annotation may be has no static type
        kind: str,
        known: SimpleNamespace,
        before: dict[str, Any],
    ) -> Any:  # noqa: ANN401
        base, marks = split(hint)
        case, given = mark_of(marks, Case), mark_of(marks, Given)
        if case is not None:
            if attrgetter(case.on)(known) not in case.values:
                return None
            hint = without_none(base)
            kind = kind if kind != type_name(base) else type_name(hint)
        handed = None if given is None else attrgetter(given.path)(known)
        with self._part(name, kind) as draft:
            draft.secret = owner.secret
            value = self._value(hint, draft, handed)
            if isinstance(value, int | bytes):
                self._describe(draft, owner, name, value, before)
            return value

    def _describe(
        self, draft: Draft, owner: type[Any], name: str, value: int | bytes, before: dict[str, Any]
    ) -> None:
        """Say what a number or bytes mean."""
        if self._explain is None or draft.secret:
            return
        at = self._base + self._pos - (len(value) if isinstance(value, bytes) else 0)
        said = self._explain(Place(owner, name, value, before, at))
        if said is not None:
            draft.value = said.text or draft.value
            draft.parts.extend(said.parts)

    # --- values -----------------------------------------------------------------------

    def _value(  # noqa: PLR0911 - one return for each kind of annotation
        self,
        hint: Any,  # noqa: ANN401 - what an annotation may be has no static type
        draft: Draft,
        given: int | None = None,
    ) -> Any:  # noqa: ANN401
        """Read one value into a draft."""
        base, marks = split(hint)
        if (tagged := mark_of(marks, Tagged)) is not None:
            return self._tagged(base, tagged, draft)
        if (integer := mark_of(marks, UInt)) is not None:
            return self._uint(integer.size, draft)
        if mark_of(marks, Opaque) is not None:
            return self._opaque(draft)
        if (fixed := mark_of(marks, Fixed)) is not None:
            return self._bytes(fixed.length, draft)
        inner = without_none(base)
        if inner is not None:
            return self._optional(inner, draft)
        if typing.get_origin(base) is tuple:
            return self._vector(typing.get_args(base)[0], draft)
        if issubclass(base, IntEnum):
            return self._enum(base, draft)
        return self._struct(base, draft, given)

    def _uint(self, size: int, draft: Draft) -> int:
        self._need(size, draft.type)
        value = int.from_bytes(self._data[self._pos : self._pos + size])
        self._pos += size
        names = registry(draft.type, draft.name)
        draft.value = str(value) if names is None else code_point_name(names, value)
        return value

    def _enum(self, enum: type[IntEnum], draft: Draft) -> IntEnum:
        self._need(1, enum.__name__)
        value = self._data[self._pos]
        members = {member.value: member for member in enum}
        if value not in members:
            known = ", ".join(f"{member.name} ({member.value})" for member in enum)
            self._halt(f"a {enum.__name__}: {known}", str(value), "VAL-007", "6")
        self._pos += 1
        draft.value = f"{members[value].name} ({value})"
        return members[value]

    def _bytes(self, length: int, draft: Draft) -> bytes:
        value = self._data[self._pos : min(self._pos + length, self._end)]
        text = shown(value, as_text=draft.type == "opaque<V>")
        draft.value = "secret, not shown" if draft.secret else text
        try:
            self._need(length, draft.type)
        finally:
            self._pos += len(value)
        return value

    def _opaque(self, draft: Draft) -> bytes:
        return self._bytes(self._header(), draft)

    def _header(self) -> int:
        """The length that a vector announces."""
        self._need(1, "a length header")
        try:
            length, after = read_header(self._data, self._pos)
        except DecodeError as error:
            found = self._data[self._pos : self._pos + 4].hex()
            self._halt(_HEADERS[error.rule], found, error.rule, error.section)
        self._need(after - self._pos, "a length header")
        self._pos = after
        return length

    def _optional(self, inner: Any, draft: Draft) -> Any:  # noqa: ANN401
        self._need(1, "the octet that says whether an optional is there")
        present = self._data[self._pos]
        if present > 1:
            self._halt("the octet of an optional: 0 or 1", str(present), "VAL-001", "2.1.1")
        if not present:
            self._pos += 1
            draft.value = "absent"
            return None
        with self._part("present", "uint8") as part:
            part.value = "1"
            self._pos += 1
        return self._value(inner, draft)

    def _tagged(self, base: Any, tagged: Tagged, draft: Draft) -> Any:  # noqa: ANN401
        """Read a tag, and the struct that it stands for.

        The RFC gives most of these a name (Proposal, Node, Credential); then both are parts of
        it. Where it does not, the tag is a field beside the struct (MLSMessage, §6).
        """
        arms = {cls.tag: cls for cls in typing.get_args(base) if cls is not tagged.other}
        names = type(next(iter(arms)))
        start, is_named = self._pos, draft.type not in _UNNAMED
        drafting = self._part if is_named else partial(self._part_before, draft)
        with drafting(_snake(names.__name__), names.__name__) as part:
            tag = self._uint(tagged.size, part)
            arm = arms.get(tag, tagged.other)
            if arm is None:
                known = ", ".join(f"{code.name} ({code.value})" for code in arms)
                found = part.value
                self._pos = start
                self._halt(f"a {names.__name__}: {known}", found, tagged.check, "6")
        if tag not in arms:
            return self._unknown(arm, draft, part, start)
        draft.value = names(tag).name
        if not is_named:
            draft.type = arm.__name__
        elif declared(arm).is_struct:
            name = names(tag).name if names is ProposalType else _snake(arm.__name__)
            with self._part(name, arm.__name__) as body:
                return self._struct(arm, body, None)
        return self._struct(arm, draft, None)

    def _unknown(self, arm: Any, draft: Draft, tag: Draft, start: int) -> Any:  # noqa: ANN401
        """Read the struct for all code points that are not known; it holds its tag itself."""
        self._drafts[-1 if tag in draft.parts else -2].parts.remove(tag)
        self._pos, draft.offset = start, min(draft.offset, tag.offset)
        draft.value = tag.value
        return self._struct(arm, draft, None)

    # --- vectors ----------------------------------------------------------------------

    def _vector(self, element: Any, draft: Draft) -> tuple[Any, ...]:  # noqa: ANN401
        length = self._header()
        outer, start = self._end, self._pos
        self._end = min(start + length, outer)
        integer = mark_of(split(element)[1], UInt)
        if integer is None:
            items = self._elements(element, draft)
        else:
            items = self._numbers(integer.size, draft)
        self._end = outer
        if self._pos < start + length:
            self._need(start + length - self._pos, f"elements of {draft.type}")
        return tuple(items)

    def _numbers(self, size: int, draft: Draft) -> list[int]:
        start, left = self._pos, (self._end - self._pos) % size
        self._pos = self._end - left
        values = [
            int.from_bytes(self._data[at : at + size]) for at in range(start, self._pos, size)
        ]
        names = registry(draft.type)
        told = values[:_NUMBERS]
        texts = [_listed(names, each) for each in told]
        more = f" and {len(values) - _NUMBERS} more" if len(values) > _NUMBERS else ""
        draft.value = (", ".join(texts) or "empty") + more
        if left:
            self._need(size, draft.type.removesuffix("<V>"))
        return values

    def _elements(self, element: Any, draft: Draft) -> list[Any]:  # noqa: ANN401
        kind = draft.type.removesuffix("<V>")
        items: list[Any] = []
        while self._pos < self._end:
            if self._fold is not None and len(items) >= self._fold:
                self._skim(element, kind, items)
                if self._pos >= self._end:
                    break
            with self._part(f"[{len(items)}]", kind) as part:
                items.append(self._value(element, part))
        plural = "element" if len(items) == 1 else "elements"
        draft.value = draft.value or (f"{len(items)} {plural}" if items else "empty")
        return items

    def _skim(self, element: Any, kind: str, items: list[Any]) -> None:  # noqa: ANN401
        """Read elements by the compiled codec into one part, up to one that it refuses."""
        first = len(items)
        with self._part("", kind) as part:
            while self._pos < self._end:
                try:
                    item, after = skim(element, self._data, self._pos)
                except (DecodeError, IndexError):
                    break
                if after > self._end:
                    break
                items.append(item)
                self._pos = after
            more = len(items) - first
            part.name = f"[{first}…{len(items) - 1}]"
            part.value = f"{more:,} more, folded"
        if not more:
            self._drafts[-1].parts.pop()


def _listed(names: type[IntEnum] | None, value: int) -> str:
    """A number of a vector; the long names of cipher suites are left out there."""
    if names is CipherSuite:
        return f"0x{value:04x}"
    return str(value) if names is None else code_point_name(names, value)


def _snake(name: str) -> str:
    return "".join(f"_{c.lower()}" if c.isupper() else c for c in name).lstrip("_")
