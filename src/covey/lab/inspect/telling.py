"""An inspection as lines of text and as JSON, for people and for machines.

May import the other files of this folder. What an input holds may be hostile to a terminal:
every character that does not print is escaped.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Final, Literal, NamedTuple

import msgspec

from covey.errors import DecodeError
from covey.lab.inspect.kinds import a
from covey.lab.inspect.tree_facts import tree_facts
from covey.mls.structs.message import MLSMessage

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from covey.lab.inspect.inspected import Finding, Inspected
    from covey.lab.inspect.opening import Unopened
    from covey.lab.inspect.vector_file import VectorFile
    from covey.mls.wire.outline import Outline

Tone = Literal["plain", "head", "good", "bad", "faint"]


_PLAIN: Final = {
    **dict(zip("■□●◐○▒▶✓✗·┌└│─–", "#.@%o=>*x:,`|--", strict=True)),
    "…": "...",
    "→": "->",
    "§": "sec. ",
}
_LEFT_OVER: Final = "VAL-006"


def _no(_: Inspected) -> str:
    return ""


class Line(NamedTuple):
    """One line, without its end; ``tone`` is for its colour."""

    text: str
    tone: Tone = "plain"


Draw = Callable[["Inspected"], str]
"""Draws the ratchet tree of an object; empty where it has none."""


def lines(found: Inspected, *, everything: bool = False, draw: Draw = _no) -> Iterator[Line]:
    """An inspection, with a drawing if it has a tree; with ``everything``, also what holds."""
    title = found.kind if found.stop is None else f"No {found.kind}"
    yield Line(f"{title}, {_bytes(len(found.raw))}", "head" if found.stop is None else "bad")
    yield Line(_safe(f"  {found.form.encoding}: {'; '.join(found.form.reasons)}"), "faint")
    for name, value in found.facts:
        yield Line(_safe(f"  {name}: {value}"))
    yield Line("")
    yield Line("offset    bytes", "faint")
    yield from outline_lines(found.outline)
    drawing = draw(found)
    if drawing:
        yield Line("")
        yield from (Line(_safe(row)) for row in drawing.splitlines())
    yield Line("")
    yield from _ending(found, everything=everything)


def outline_lines(outline: Outline, depth: int = 0) -> Iterator[Line]:
    """An outline: offset and length in bytes, then what stands there."""
    section = f"  §{outline.section}" if outline.section[:1].isdigit() else ""
    if outline.section and not section:
        section = f"  {outline.section}"
    kind = "" if outline.type in {outline.name, ""} else f": {outline.type}"
    value = f"  {outline.value}" if outline.value else ""
    place = f"{outline.offset:6} {outline.length:8}"
    text = f"{place}  {'  ' * depth}{outline.name}{kind}{value}{section}"
    yield Line(_safe(text), "head" if section and outline.parts else "plain")
    for part in outline.parts:
        yield from outline_lines(part, depth + 1)


def _ending(found: Inspected, *, everything: bool) -> Iterator[Line]:
    """Where decoding stopped, or which rules are broken."""
    stop = found.stop
    if stop is not None:
        read = f"Read {stop.reached:,} of {_bytes(len(found.raw))} as {a(found.kind)}."
        yield Line(read, "bad")
        rule = f" ({stop.rule}, §{stop.section})" if stop.rule else ""
        where = f"At offset {stop.offset}, in {stop.path}"
        yield Line(_safe(f"{where}: expected {stop.expected}, found {stop.found}{rule}"), "bad")
        if stop.rule == _LEFT_OVER and _begins_with_a_message(found.raw[stop.reached :]):
            rest = _bytes(len(found.raw) - stop.reached)
            yield Line(f"The other {rest} begin with another MLSMessage: inspect one at a time.")
        return
    yield from finding_lines(found.findings, everything=everything)


def finding_lines(findings: Sequence[Finding], *, everything: bool = False) -> Iterator[Line]:
    """How many rules hold, and those that are broken or could not be judged."""
    if not findings:
        yield Line("Rules: none were looked at.", "faint")
        return
    counted = {
        verdict: [each for each in findings if each.verdict == verdict]
        for verdict in ("holds", "broken", "not judged")
    }
    broken = counted["broken"]
    told = f"{len(counted['holds'])} hold, {len(broken)} broken"
    text = f"Rules: {told}, {len(counted['not judged'])} not judged"
    yield Line(text, "bad" if broken else "good")
    for each in broken:
        yield Line(_safe(f"  BROKEN      {_finding(each)}"), "bad")
    for each in counted["not judged"]:
        yield Line(_safe(f"  not judged  {_finding(each)}"), "faint")
    for each in counted["holds"] if everything else ():
        yield Line(_safe(f"  holds       {_finding(each)}"), "good")


def _finding(each: Finding) -> str:
    section = f"§{each.section}" if each.section[:1].isdigit() else each.section
    name = f"{each.rule} {section}".strip()
    where = f" [{each.where}]" if each.where else ""
    detail = f": {each.detail}" if each.detail else ""
    return f"{name}  {each.statement}{detail}{where}"


def vector_lines(
    found: VectorFile, *, everything: bool = False, draw: Draw = _no
) -> Iterator[Line]:
    """A case of a file of vectors, and every object in it."""
    if found.problem:
        yield Line(_safe(f"JSON: {found.problem}"), "bad")
        return
    title = f"Test vectors, {found.family}" if found.family else "JSON, of no family of vectors"
    yield Line(f"{title}: case {found.case} of {found.cases}", "head")
    if found.tests:
        yield Line(f"  {found.tests}")
    if found.cases > 1:
        yield Line(f"  --case N opens another, up to {found.cases - 1}", "faint")
    yield Line("")
    for entry in found.entries:
        yield Line(_safe(f"{entry.place}: {entry.text}"))
    for place, opened in found.opened:
        yield Line("")
        yield Line(_safe(place), "head")
        yield from lines(opened, everything=everything, draw=draw)


def unopened_lines(found: Unopened) -> Iterator[Line]:
    """Why an input holds no bytes of MLS."""
    yield Line(_safe(f"Nothing to inspect: {found.problem}."), "bad")


def unopened_as_json(found: Unopened) -> dict[str, Any]:
    """An input without bytes of MLS as values that JSON has."""
    return {"kind": None, "good": False, "problem": found.problem}


def as_json(found: Inspected, leaf: int | None = None) -> dict[str, Any]:
    """An inspection as values that JSON has; the bytes themselves are not in it.

    Args:
        found: The inspection. Fields of structs that are secret say only that they are.
        leaf: The member of whom to say which keys of the tree it holds, where there is one.
    """
    tree = found.tree
    shown = leaf if leaf is not None and tree is not None and tree.leaf(leaf) else None
    stop = found.stop
    return {
        "kind": found.kind,
        "bytes": len(found.raw),
        "good": found.good,
        "form": msgspec.to_builtins(found.form),
        "stop": None if stop is None else msgspec.to_builtins(stop),
        "facts": dict(found.facts),
        "findings": msgspec.to_builtins(found.findings),
        "tree": None if tree is None else tree_facts(tree, shown),
        "outline": msgspec.to_builtins(found.outline),
    }


def vectors_as_json(found: VectorFile, leaf: int | None = None) -> dict[str, Any]:
    """A case of a file of vectors as values that JSON has; what is secret in it as well."""
    return {
        "kind": "vectors",
        "good": found.good,
        "family": found.family,
        "tests": found.tests,
        "cases": found.cases,
        "case": found.case,
        "problem": found.problem,
        "entries": [
            {
                "place": each.place,
                "text": each.text,
                "opened": None if each.opened is None else as_json(each.opened, leaf),
            }
            for each in found.entries
        ],
    }


def plain(text: str, encoding: str) -> str:
    """Text for an output that has not all characters: signs of our own by others, the rest escaped.

    Args:
        text: The text.
        encoding: What the output is encoded in, a name that Python knows.
    """
    try:
        text.encode(encoding)
    except UnicodeEncodeError:
        said = "".join(_or_plain(each, encoding) for each in text)
        return said.encode(encoding, "backslashreplace").decode(encoding)
    return text


def _or_plain(character: str, encoding: str) -> str:
    try:
        character.encode(encoding)
    except UnicodeEncodeError:
        return _PLAIN.get(character, character)
    return character


def _bytes(number: int) -> str:
    return f"{number:,} byte{'' if number == 1 else 's'}"


def _begins_with_a_message(data: bytes) -> bool:
    try:
        MLSMessage.decode_prefix(data)
    except DecodeError:
        return False
    return True


def _safe(text: str) -> str:
    """Text that does nothing to a terminal."""
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() else f"\\u{{{ord(c):x}}}" for c in text)
