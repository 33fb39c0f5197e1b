"""What a database holds, and what it must not: a search in every form it could take.

May import nothing of covey. A secret that was cut in two by a page of the database would be
missed; all secrets here are far smaller than a page.
"""

from __future__ import annotations

import base64
import sys
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from covey.lab.demo.stolen import Tables

SHORTEST: Final = 5
"""Bytes of the shortest thing to search for; less would be found by chance."""

_WORD: Final = 8
_PART: Final = 48  # bytes of a piece that are found by chance nowhere
_LINK: Final = 16  # bytes of the shortest value that can join two rows


def forms(secret: bytes) -> Iterator[tuple[str, bytes]]:
    """The forms in which bytes could stand in a file, each with its name.

    Base64 has three, since it depends on what stands before; what that touches is cut off.
    """
    yield "as it is", secret
    yield "in hex", secret.hex().encode()
    yield "in hex", secret.hex().upper().encode()
    for before in range(3):
        padded = bytes(before) + secret
        first, last = -(-before * 8 // 6), len(padded) * 8 // 6
        yield "in base64", base64.b64encode(padded)[first:last]
        yield "in base64", base64.urlsafe_b64encode(padded)[first:last]


class Haystack:
    """Bytes in which many things are searched for.

    Args:
        data: The bytes.
    """

    def __init__(self, data: bytes) -> None:
        self._data = data
        whole = len(data) // _WORD * _WORD
        self._words = set(memoryview(data)[:whole].cast("Q"))

    def __contains__(self, piece: bytes) -> bool:
        """Whether a piece stands anywhere in the data.

        Wherever it stands, it covers a whole word of the data, so long as it is long enough for
        that; and whether a word is there is quickly known.
        """
        if len(piece) < 2 * _WORD - 1:
            return piece in self._data
        starts = range(_WORD)
        words = (int.from_bytes(piece[at : at + _WORD], sys.byteorder) for at in starts)
        return any(word in self._words for word in words) and piece in self._data


def sightings(data: bytes, secrets: Mapping[str, bytes]) -> list[str]:
    """Which secrets stand in some bytes, and how.

    Args:
        data: Where to search.
        secrets: What must not be there, by what it is.
    """
    found = []
    haystack = Haystack(data)
    named = {secret: what for what, secret in secrets.items()}  # members share most of them
    for secret, what in named.items():
        if len(secret) < SHORTEST:
            msg = f"{what} is too short to be searched for"
            raise ValueError(msg)
        found += sorted({f"{what}, {how}" for how, form in forms(secret) if form in haystack})
    return found


def blanked(data: bytes, pieces: Sequence[bytes], marks: Iterable[bytes]) -> tuple[bytes, int]:
    """The bytes without some pieces, and how often these stood there.

    What a database has moved within a page leaves remains: so much of a piece around a mark as
    stands there is taken out, if that is long enough to be of it.

    Args:
        data: The bytes.
        pieces: What is taken out.
        marks: By which they are found: each piece has one of them in it.
    """
    rest, count = bytearray(data), 0
    for mark in marks:
        marked = [(piece, piece.index(mark)) for piece in pieces if mark in piece]
        if not marked:
            continue
        at = data.find(mark)
        while at >= 0:
            start, end = max((_shared(data, at, *each) for each in marked), key=_length)
            if end - start >= min(_PART, *(len(piece) for piece, _ in marked)):
                rest[start:end] = bytes(end - start)
                count += 1
            at = data.find(mark, at + 1)
    return bytes(rest), count


def _length(place: tuple[int, int]) -> int:
    return place[1] - place[0]


def _shared(data: bytes, at: int, piece: bytes, mark: int) -> tuple[int, int]:
    """How far a piece stands in the data, if what is at ``mark`` in it is there at ``at``."""
    before = min(at, mark)
    ours, theirs = data[at - before : at][::-1], piece[mark - before : mark][::-1]
    start = at - _common(ours, theirs)
    end = at + _common(data[at : at + len(piece) - mark], piece[mark:])
    return start, end


def _common(one: bytes, other: bytes) -> int:
    """How many bytes two pieces of data have in common where they begin."""
    pairs = enumerate(zip(one, other, strict=False))
    return next((at for at, (a, b) in pairs if a != b), min(len(one), len(other)))


def reached(tables: Tables, start: bytes) -> set[bytes]:
    """Every value that can be reached from one by going from row to row.

    Two values are joined when they stand in one row, of whatever table; what is shorter than 16
    bytes joins nothing, since too many rows share it.

    Args:
        tables: All rows.
        start: Where to begin.
    """
    rows = [
        frozenset(each for each in row.values() if isinstance(each, bytes) and len(each) >= _LINK)
        for table in tables.values()
        for row in table
    ]
    found, before = {start}, 0
    while len(found) != before:
        before = len(found)
        for row in rows:
            if not row.isdisjoint(found):
                found |= row
    return found


def largest_number(tables: Tables) -> int:
    """The largest number in any row; an hour since the epoch is below a million."""
    return max(
        each
        for table in tables.values()
        for row in table
        for each in row.values()
        if isinstance(each, int)
    )
