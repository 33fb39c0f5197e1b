"""docs/broker-protocol.md lists structs, operations and refusals as they are in the code.

`python tests/house/test_protocol_page.py` writes those parts anew, with `src` in PYTHONPATH
where covey is not installed.
"""

from __future__ import annotations

import ast
import importlib
import inspect
import re
from enum import IntEnum
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING

from covey.access import signing
from covey.access.member import envelopes, sealing
from covey.access.operations import OPERATIONS
from covey.access.refusals import REFUSALS
from covey.access.structs.basics import Challenge, Fresh, GroupProof
from covey.access.structs.log import Create, Read
from covey.lab.conformance.access.writer import WRITTEN
from covey.mls.wire.struct import WireStruct
from tracked import ROOT

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from types import ModuleType

PAGE = ROOT / "docs" / "broker-protocol.md"
PART = re.compile(r"<!-- generated: (\w+(?: \w+)?) -->\n.*?<!-- end -->\n", re.DOTALL)
CHAPTERS = (
    "basics", "heads", "log", "joining", "identity", "blobs", "live", "extensions", "sealed",
)  # fmt: skip


_NAMED = re.compile(
    r"(\w+) = Annotated\[(?:bytes, Fixed\((\d+)\)|([\w| ]+), Tagged\(1\))\]"
)  # a byte string of a length, or a union


def module(chapter: str) -> ModuleType:
    """A chapter of structs."""
    return importlib.import_module(f"covey.access.structs.{chapter}")


def structs(chapter: str) -> str:
    """All structs, enums and names of a chapter, in order."""
    described = [line for name in _defined(chapter) for line in _describe(chapter, name)]
    names = [f"| `{name}` | `{kind}` | {text} |" for name, kind, text in _names(chapter)]
    table = ["| name | is | |", "|---|---|---|", *names, ""] if names else []
    return "\n".join([*table, *described])


def _defined(chapter: str) -> Iterator[type]:
    for value in vars(module(chapter)).values():
        if isinstance(value, type) and value.__module__ == f"covey.access.structs.{chapter}":
            yield value


def _describe(chapter: str, cls: type) -> list[str]:
    text = _markdown(inspect.getdoc(cls) or "")
    heading = f"#### {_heading(chapter, cls)}"
    if issubclass(cls, IntEnum):
        digits, most = ("#06x", 65_535) if max(cls) > 255 else ("d", 255)
        values = ", ".join(f"{each.name}({int(each):{digits}})" for each in cls)
        notes = _after_values(chapter, cls)
        block = f"enum {{ {values}, ({most}) }} {cls.__name__};"
        return [heading, "", text, *notes, "", "```text", block, "```", ""]
    assert issubclass(cls, WireStruct)
    first, block, rest = _parts(text)
    return [heading, "", first, "", "```text", block, "```", "", *rest]


def _heading(chapter: str, cls: type) -> str:
    """The name of a struct; with its chapter, when an earlier one uses the same word."""
    earlier = CHAPTERS[: CHAPTERS.index(chapter)]
    taken = any(cls.__name__ == each.__name__ for other in earlier for each in _defined(other))
    return f"{cls.__name__} ({chapter})" if taken else cls.__name__


def _parts(text: str) -> tuple[str, str, list[str]]:
    """What stands before a block, the block, and what stands behind it."""
    before, _, behind = text.partition("struct {")
    body, _, rest = behind.partition("\n}")
    name, _, rest = rest.partition(";")
    after = rest.strip()
    return before.strip(), f"struct {{{body}\n}}{name};", [after, ""] if after else []


def _after_values(chapter: str, cls: type[IntEnum]) -> list[str]:
    """What is said of each value of an enum, where something is."""
    tree = ast.parse(Path(str(module(chapter).__file__)).read_bytes())
    body = next(
        node.body
        for node in tree.body
        if isinstance(node, ast.ClassDef) and node.name == cls.__name__
    )
    said = [
        f"- `{ast.unparse(one.targets[0])}`: {_markdown(str(two.value.value))}"
        for one, two in pairwise(body)
        if isinstance(one, ast.Assign)
        and isinstance(two, ast.Expr)
        and isinstance(two.value, ast.Constant)
    ]
    return ["", *said] if said else []


def _names(chapter: str) -> Iterator[tuple[str, str, str]]:
    """The names that a chapter gives to byte strings, and what is said of them."""
    tree = ast.parse(Path(str(module(chapter).__file__)).read_bytes())
    for one, two in pairwise(tree.body):
        found = _NAMED.fullmatch(ast.unparse(one))
        if found is None:
            continue
        kind = f"opaque[{found[2]}]" if found[2] else " or ".join(found[3].split(" | "))
        said = isinstance(two, ast.Expr) and isinstance(two.value, ast.Constant)
        text = _markdown(str(two.value.value)) if said else ""  # type: ignore[attr-defined]
        yield found[1], kind, text


def _markdown(text: str) -> str:
    return re.sub(r"``(.+?)``", r"`\1`", text)


def operations() -> str:
    """The operations, as a table."""
    rows = [
        f"| `{name}` | {each.plane} | [{each.request.__name__}](#{each.request.__name__.lower()}) "
        f"| [{each.answer.__name__}](#{each.answer.__name__.lower()}) | {_who(name)} |"
        for name, each in OPERATIONS.items()
    ]
    return "\n".join(["| operation | plane | request | answer | |", "|---|---|---|---|---|", *rows])


def _who(name: str) -> str:
    operation = OPERATIONS[name]
    if operation.label:
        return f'signed, `"covey access 1 {operation.label}"`'
    return "with a token" if operation.token else ""


def refusals() -> str:
    """The codes, as a table."""
    rows = [f"| `{code}` | {each.status} | {each.sentence} |" for code, each in REFUSALS.items()]
    return "\n".join(["| code | status | |", "|---|---|---|", *rows])


def sizes() -> str:
    """What is padded how, as a table."""
    steps = ", ".join(f"{size:,}" for size in envelopes.SIZES)
    rows = [
        f"| an Envelope, encoded | {steps} bytes; above that, Padmé | {_limits()} |",
        "| the body of a parcel | Padmé | 16 MiB, all of a commit together |",
    ]
    rows += [
        f"| the plaintext of a {each.name} | multiples of {each.step} bytes "
        f"| {each.most:,} bytes, sealed and encoded |"
        for each in (sealing.POINTER, sealing.KNOCK, sealing.NOTE)
    ]
    return "\n".join(["| what | has a size of | at most |", "|---|---|---|", *rows])


def _limits() -> str:
    return "; ".join(f"{name.name} {size:,}" for name, size in envelopes.LIMITS.items()) + " bytes"


def vectors() -> str:
    """The files of vectors and the fields of their cases, as a table."""
    rows = [f"| `{name}.json` | {_fields_of(name)} |" for name in WRITTEN.names]
    return "\n".join(["| file | fields of a case |", "|---|---|", *rows])


def _fields_of(name: str) -> str:
    """Every field that a case can have; of a list of objects, the fields of these."""
    fields: dict[str, None] = {}
    for case in WRITTEN.cases(name, (1,), b"fields"):
        for field, value in case.items():
            fields.setdefault(field)
            inner = value[0] if isinstance(value, list) and value else None
            fields.update({f"{field}[].{each}": None for each in inner or ()} if _is(inner) else {})
    return ", ".join(f"`{field}`" for field in fields)


def _is(value: object) -> bool:
    return isinstance(value, dict)


def example() -> str:
    """A challenge, a group that begins, and its first read: all bytes of them."""
    seed, broker, gid, nonce = bytes(range(32)), b"\xb1" * 32, b"\x61" * 32, b"\x0c" * 8
    create = Create(broker, gid, 0, signing.public_key(seed), b"")
    proof = GroupProof(broker, gid, 0, nonce)
    read = Read(gid, 0, 0, 25_000, Fresh(nonce, signing.sign(seed, "prove", proof)))
    shown = {
        "POST /v1/challenge: the body is empty, and so may the answer be (a Challenge)": (
            Challenge(nonce, 600).encode()
        ),
        "Create: an epoch 0, its avk, no invite": create.encode(),
        'what is signed: LabelledContent { "covey access 1 create", Create }': (
            signing.signed_bytes("create", create.encode())
        ),
        "POST /v1/create: the body (a Signed)": signing.signed(seed, "create", create).encode(),
        'what is signed: LabelledContent { "covey access 1 prove", GroupProof }': (
            signing.signed_bytes("prove", proof.encode())
        ),
        "POST /v1/read: the body (a Read of epoch 0 after 0, with a Fresh proof)": read.encode(),
    }
    parts = [f"{what}\n{_lines(data.hex())}" for what, data in shown.items()]
    return "```text\n" + "\n\n".join(parts) + "\n```"


def _lines(digits: str, width: int = 96) -> str:
    starts = range(0, len(digits), width)
    return "\n".join(f"  {digits[start : start + width]}" for start in starts)


PARTS: dict[str, Callable[[], str]] = {
    "operations": operations,
    "refusals": refusals,
    "sizes": sizes,
    "vectors": vectors,
    "example": example,
    **{f"structs {chapter}": (lambda chapter=chapter: structs(chapter)) for chapter in CHAPTERS},
}


def written(text: str) -> str:
    """The page, with its generated parts as they should be."""
    return PART.sub(
        lambda part: (
            f"<!-- generated: {part[1]} -->\n\n{PARTS[part[1]]().strip()}\n\n<!-- end -->\n"
        ),
        text,
    )


def test_the_page_is_that_of_the_code() -> None:
    text = PAGE.read_text(encoding="utf-8")
    assert sorted(PART.findall(text)) == sorted(PARTS)
    assert text == written(text), "python tests/house/test_protocol_page.py writes it anew"


def test_every_label_of_the_protocol_is_on_the_page() -> None:
    text = PAGE.read_text(encoding="utf-8")
    labels = {f"covey access 1 {each.label}" for each in OPERATIONS.values() if each.label}
    labels |= {each.label for each in (sealing.POINTER, sealing.KNOCK, sealing.NOTE)}
    found = re.compile(r"""["'](covey (?:access|pointer|knock|note) 1[ \w]*)["']""")
    access = ROOT / "src" / "covey" / "access"
    for path in access.rglob("*.py"):
        labels |= set(found.findall(path.read_text(encoding="utf-8")))
    labels |= {
        f"covey access 1 {word}"
        for word in (
            "sign",
            "envelope",
            "idem",
            "capability",
            "door",
            "prove",
            "prove inbox",
            "add device",
            "head",
            "head key",
        )
    }
    missing = [label for label in labels if f'"{label.strip()}"' not in text]
    assert not missing


if __name__ == "__main__":
    PAGE.write_text(written(PAGE.read_text(encoding="utf-8")), encoding="utf-8")
