"""What bytes may be: the structs of the RFC by name, and a guess among them.

May import structs and the reader of outlines. A guess never raises; that it is one is told,
with its reasons, and ``kind`` forces another.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

from covey.errors import DecodeError
from covey.mls.structs import (
    commit,
    components,
    credentials,
    extensions,
    framing,
    key_package,
    message,
    proposals,
    schedule,
    tree,
    welcome,
)
from covey.mls.wire.code_points import ProtocolVersion
from covey.mls.wire.hints import fields, mark_of, split
from covey.mls.wire.reading import read
from covey.mls.wire.struct import WireStruct
from covey.mls.wire.types import Case, Given

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from covey.lab.inspect.encodings import Candidate
    from covey.mls.wire.outline import Outline, Reading

_MODULES: Final = (
    message,
    key_package,
    welcome,
    tree,
    framing,
    commit,
    proposals,
    schedule,
    extensions,
    components,
    credentials,
)


def _stands_alone(cls: type[WireStruct]) -> bool:
    """Whether a struct can be read without a value from outside of it."""
    for _, hint in fields(cls):
        marks = split(hint)[1]
        case, given = mark_of(marks, Case), mark_of(marks, Given)
        if "given" in {case and case.on, given and given.path}:
            return False
    return True


def _structs() -> Iterable[type[WireStruct]]:
    for module in _MODULES:
        for value in vars(module).values():
            if (
                isinstance(value, type)
                and issubclass(value, WireStruct)
                and value is not WireStruct
            ):
                yield value


KINDS: Final[dict[str, type[WireStruct]]] = {
    "RatchetTree": tree.RatchetTreeNodes,
    "Proposal": proposals.ProposalFrame,
    **{cls.__name__: cls for cls in _structs() if _stands_alone(cls)},
}
"""Every struct that can be inspected, by name; two of them by the name that people use."""

_GUESSES: Final = (
    "MLSMessage",
    "KeyPackage",
    "GroupInfo",
    "Welcome",
    "RatchetTree",
    "PublicMessage",
    "PrivateMessage",
    "AuthenticatedContent",
    "LeafNode",
    "Commit",
    "Proposal",
    "UpdatePath",
    "GroupContext",
    "GroupSecrets",
)
"""What is guessed among, the likeliest first."""


_VERSION: Final = ProtocolVersion.mls10.to_bytes(2)
_AFTER_A_VERSION: Final = range(1, 8)  # wire formats and suites
_LAST_EPOCH: Final = 1 << 48
_FRAME: Final = 4  # bytes of a version and a wire format
_WITH_VERSION: Final = ("MLSMessage", "KeyPackage", "GroupInfo", "GroupContext")
_LIKE_IT: Final = ("Welcome", "AuthenticatedContent")


class Guess(NamedTuple):
    """What an input is taken for.

    Attributes:
        kind: A key of ``KINDS``.
        candidate: The way to take the input.
        reason: Why, as a sentence.
        fits: Whether it decodes as that.
    """

    kind: str
    candidate: Candidate
    reason: str
    fits: bool = True


def guess(ways: Sequence[Candidate], kind: str | None = None) -> Guess:
    """What an input is: the first that decodes, else what can be read furthest.

    Args:
        ways: How the input can be taken, the likeliest first.
        kind: What it has to be, or what an MLSMessage has to hold; then the way is guessed.
    """
    names: tuple[str, ...] = _GUESSES if kind is None else (kind,)
    total = len(names)
    for way in ways:
        fitting = [name for name in names if _decodes(KINDS[name], way.data)]
        if fitting:
            return Guess(fitting[0], way, _why(fitting, kind))
    for way in ways:
        if kind is not None and _decodes(message.MLSMessage, way.data):
            held = type(message.MLSMessage.decode(way.data).message).__name__
            if held == kind:
                said = f"it was said to be {a(kind)}, and is an MLSMessage that holds one"
                return Guess("MLSMessage", way, said)
    way = ways[0]
    if kind is None:
        names = _plausible(way.data)
    readings = {name: read(KINDS[name], way.data, fold=0) for name in names}
    scores = {name: _score(name, each, len(way.data)) for name, each in readings.items()}
    name = max(scores, key=scores.__getitem__)
    stop = readings[name].stop
    reached = len(way.data) if stop is None else stop.reached
    if kind is not None:
        said = f"it was said to be {a(name)}; it does not decode as one"
        others = [each for each in _GUESSES if _decodes(KINDS[each], way.data)]
        hint = f", but as {' and as '.join(map(a, others))}" if others else ""
        return Guess(name, way, said + hint, fits=False)
    plural = "byte" if reached == 1 else "bytes"
    furthest = f"it can be read furthest as {a(name)}, {reached:,} {plural}"
    return Guess(name, way, f"it decodes as none of {total} kinds; {furthest}", fits=False)


def _plausible(data: bytes) -> tuple[str, ...]:
    """What bytes may have been meant for that decode as nothing: by their first four."""
    if len(data) < len(_VERSION):
        return _GUESSES[:1]
    if data[:2] != _VERSION:
        return tuple(name for name in _GUESSES if name not in _WITH_VERSION)
    known = int.from_bytes(data[2:4]) in _AFTER_A_VERSION
    return (*_WITH_VERSION, *_LIKE_IT) if known else _WITH_VERSION[:1]


def a(kind: str) -> str:
    """A kind with its article."""
    return f"{'an' if kind[0] in 'AEIOU' or kind.startswith('MLS') else 'a'} {kind}"


def _why(fitting: list[str], kind: str | None) -> str:
    if kind is not None:
        return f"it was said to be {a(kind)}, and decodes as one"
    others = f"; it also decodes as {', '.join(map(a, fitting[1:]))}" if len(fitting) > 1 else ""
    return f"it decodes as {a(fitting[0])}, to the last byte{others}"


def _decodes(cls: type[WireStruct], data: bytes) -> bool:
    try:
        cls.decode(data)
    except DecodeError:
        return False
    return True


def _score(name: str, reading: Reading, length: int) -> int:
    """How much speaks for a kind that bytes do not decode as: how far they can be read.

    A wire format speaks for an MLSMessage. Against a kind speaks that most bytes are left over,
    or an epoch that no group reaches.
    """
    stop = reading.stop
    reached = length if stop is None else stop.reached
    left_over = stop is not None and stop.rule == "VAL-006" and reached < length // 2
    if _is_late(reading.outline) or (left_over and name != "MLSMessage"):
        return 0
    return 2 * reached if name == "MLSMessage" and reached >= _FRAME else reached


def _is_late(outline: Outline) -> bool:
    """Whether some epoch in an outline is one that no group reaches."""
    if outline.name == "epoch" and outline.value:
        return int(outline.value) > _LAST_EPOCH
    return any(_is_late(part) for part in outline.parts)
