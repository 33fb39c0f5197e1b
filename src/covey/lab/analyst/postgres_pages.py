"""A PostgreSQL's files as who stole them sees them: which transaction wrote which row.

May import nothing of covey. Every version of a row carries the number of the transaction that wrote
it (xmin), and these count up over all databases of a server: put into their order, they tell
what happened after what. Versions that are dead stay until a VACUUM, and are read too. The layout
is that of `storage-page-layout` in PostgreSQL's manual, of which only what is needed is read.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

PAGE: Final = 8192
_HEADER: Final = 24
_LONG_HEADER: Final = 40  # of the first page of a segment of the log
_NORMAL: Final = 1  # of the states of a line pointer
_HAS_NULLS: Final = 0x0001

Value = bytes | int | str | None


class Column(NamedTuple):
    """A column: its name, and its type as PostgreSQL calls it."""

    name: str
    type: str


class Version(NamedTuple):
    """One version of a row.

    Attributes:
        xmin: The transaction that wrote it.
        values: Those of the first columns, up to the first that lies elsewhere.
    """

    xmin: int
    values: dict[str, Value]


def versions(data: bytes, columns: Sequence[Column]) -> Iterator[Version]:
    """All versions of rows in the file of a table."""
    for start in range(0, len(data) - PAGE + 1, PAGE):
        yield from _of_page(data[start : start + PAGE], columns)


def wal_records(segment: bytes) -> bytes:
    """The records of a segment of the write-ahead log, without the headers of its pages.

    A record goes on behind the header of the next page, so that what is in it could be cut in two.
    """
    bodies = []
    for start in range(0, len(segment), PAGE):
        page = segment[start : start + PAGE]
        if page.strip(b"\0"):
            bodies.append(page[_LONG_HEADER if start == 0 else _HEADER :])
    return b"".join(bodies)


def _of_page(page: bytes, columns: Sequence[Column]) -> Iterator[Version]:
    lower = int.from_bytes(page[12:14], "little")
    for at in range(_HEADER, min(lower, PAGE), 4):
        pointer = int.from_bytes(page[at : at + 4], "little")
        offset, state, length = pointer & 0x7FFF, pointer >> 15 & 3, pointer >> 17
        if state == _NORMAL and length:
            yield _version(page[offset : offset + length], columns)


def _version(row: bytes, columns: Sequence[Column]) -> Version:
    xmin = int.from_bytes(row[:4], "little")
    present = int.from_bytes(row[18:20], "little") & 0x07FF
    nulls = int.from_bytes(row[20:22], "little") & _HAS_NULLS
    bitmap = int.from_bytes(row[23 : 23 + (present + 7) // 8], "little") if nulls else -1
    values: dict[str, Value] = {}
    place = row[22]
    for number, column in enumerate(columns[:present]):
        if not bitmap >> number & 1:
            values[column.name] = None
            continue
        if column.type == "bigint":
            place = -(-place // 8) * 8
            values[column.name] = int.from_bytes(row[place : place + 8], "little", signed=True)
            place += 8
            continue
        found = _varlena(row, place)
        if found is None:
            break
        content, place = found
        values[column.name] = content if column.type == "bytea" else content.decode()
    return Version(xmin, values)


def _varlena(row: bytes, place: int) -> tuple[bytes, int] | None:
    """A value of variable length, and the place behind it; None if it lies elsewhere."""
    if row[place : place + 1] == b"\0":  # padding, so that a long header is aligned
        place = -(-place // 4) * 4
    first = row[place]
    if first == 1:  # in the table for long values
        return None
    if first & 1:
        length = first >> 1
        return row[place + 1 : place + length], place + length
    header = int.from_bytes(row[place : place + 4], "little")
    if header & 3:  # compressed
        return None
    length = header >> 2
    return row[place + 4 : place + length], place + length
