"""A SQLite file as who stole it sees it: which page, and which frame of the log, holds which row.

May import nothing of covey. Tables ``WITHOUT ROWID`` keep no order of insertion, but the file
does: what is too long for its page goes on in pages that were free, mostly at the end of the file;
and the write-ahead log holds the pages that each transaction changed, one transaction after the
other, also those of the round before for as long as they are not overwritten. The format is that of
https://www.sqlite.org/fileformat2.html, of which only what is needed here is read.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterator, Mapping

_INTERIOR: Final = 0x02
_LEAF: Final = 0x0A  # both of an index, which is what a table WITHOUT ROWID is
_FRAME: Final = 24  # bytes in front of each page in the log
_WAL_HEADER: Final = 32

Value = bytes | int | str | float | None


_Contents = dict[tuple[str, tuple[Value, ...]], bytes]


class Layout(NamedTuple):
    """A table: its root page, the names of its columns in their stored order, and its key."""

    name: str
    root: int
    columns: tuple[str, ...]
    key: int


class Cell(NamedTuple):
    """A row on a page.

    Attributes:
        table: Of the row; known when the page is found from the table's root.
        key: The values of the primary key.
        content: The bytes of the row that lie on the page.
        overflow: The first page on which the row goes on; 0 when it does not.
    """

    table: str
    key: tuple[Value, ...]
    content: bytes
    overflow: int


class Written(NamedTuple):
    """A row that a transaction in the log wrote, or wrote anew.

    Attributes:
        transaction: Its number in the order of the log, from 0.
        table: Of the row.
        key: The values of the primary key.
        is_new: Whether the row was seen for the first time.
    """

    transaction: int
    table: str
    key: tuple[Value, ...]
    is_new: bool


def layouts(database: sqlite3.Connection) -> dict[int, Layout]:
    """Every table WITHOUT ROWID, by its root page."""
    found = {}
    query = "SELECT name, rootpage FROM sqlite_schema WHERE type = 'table' AND sql LIKE '%WITHOUT ROWID%'"  # noqa: E501
    for name, root in database.execute(query).fetchall():
        columns = database.execute("SELECT name, pk FROM pragma_table_info(?)", (name,)).fetchall()
        key = [column for column, place in sorted(columns, key=lambda each: each[1]) if place]
        rest = [column for column, place in columns if not place]
        found[root] = Layout(name, root, (*key, *rest), len(key))
    return found


class Pages:
    """The pages of a file.

    Args:
        data: The file.
        tables: Its tables, by root page.
    """

    def __init__(self, data: bytes, tables: Mapping[int, Layout]) -> None:
        self._tables = tables
        self.size: int = page_size(data)
        self._page: dict[int, bytes] = {
            number + 1: data[start : start + self.size]
            for number, start in enumerate(range(0, len(data), self.size))
        }

    def put(self, number: int, page: bytes) -> None:
        """A page has another content from now on."""
        self._page[number] = page

    def owners(self) -> dict[int, Layout]:
        """The table of every page that holds rows."""
        found: dict[int, Layout] = {}
        for root, table in self._tables.items():
            waiting = [root]
            while waiting:
                number = waiting.pop()
                page = self._page.get(number, b"")
                if number in found or not page or page[0] not in {_INTERIOR, _LEAF}:
                    continue
                found[number] = table
                waiting += children(page)
        return found

    def rows(self, number: int, table: Layout) -> Iterator[Cell]:
        """The rows on a page."""
        return cells(self._page[number], table)

    def overflows(self) -> Iterator[Cell]:
        """Every row that goes on elsewhere."""
        for number, table in self.owners().items():
            for cell in self.rows(number, table):
                if cell.overflow:
                    yield cell


def page_size(data: bytes) -> int:
    """The size of a file's pages, in bytes."""
    size = int.from_bytes(data[16:18], "big")
    return 65_536 if size == 1 else size


def children(page: bytes) -> list[int]:
    """The pages below an interior one."""
    if page[0] != _INTERIOR:
        return []
    below = [int.from_bytes(page[start : start + 4], "big") for start in _starts(page)]
    return [*below, int.from_bytes(page[8:12], "big")]


def cells(page: bytes, table: Layout) -> Iterator[Cell]:
    """The rows on a page of a table."""
    interior = page[0] == _INTERIOR
    for start in _starts(page):
        at = start + 4 if interior else start
        length, at = varint(page, at)
        local = _local(length, len(page))
        content = page[at : at + local]
        behind = page[at + local : at + local + 4] if local < length else b""
        key = tuple(record(content, table.key))
        yield Cell(table.name, key, content, int.from_bytes(behind, "big"))


def _starts(page: bytes) -> list[int]:
    count = int.from_bytes(page[3:5], "big")
    first = 12 if page[0] == _INTERIOR else 8
    return [
        int.from_bytes(page[first + 2 * each : first + 2 * each + 2], "big")
        for each in range(count)
    ]


def _local(length: int, size: int) -> int:
    """How many bytes of a row lie on its own page."""
    most = (size - 12) * 64 // 255 - 23
    if length <= most:
        return length
    least = (size - 12) * 32 // 255 - 23
    fitting = least + (length - least) % (size - 4)
    return fitting if fitting <= most else least


def varint(data: bytes, at: int) -> tuple[int, int]:
    """A variable-length integer, and the place behind it."""
    value = 0
    for place in range(at, at + 8):
        value = value << 7 | data[place] & 0x7F
        if data[place] < 0x80:
            return value, place + 1
    return value << 8 | data[at + 8], at + 9


def record(content: bytes, wanted: int) -> Iterator[Value]:
    """The first values of a row."""
    header, at = varint(content, 0)
    types: list[int] = []
    while at < header and len(types) < wanted:
        kind, at = varint(content, at)
        types.append(kind)
    place = header
    for kind in types:
        length = _length(kind)
        yield _value(kind, content[place : place + length])
        place += length


def _length(kind: int) -> int:
    if kind >= 12:
        return (kind - 12) // 2
    return (0, 1, 2, 3, 4, 6, 8, 8, 0, 0)[kind]


def _value(kind: int, data: bytes) -> Value:
    if kind in {8, 9}:
        return kind - 8
    if kind >= 12:
        return data if kind % 2 == 0 else data.decode()
    return int.from_bytes(data, "big", signed=True) if data else None


# --- the write-ahead log --------------------------------------------------------------------


def transactions(wal: bytes) -> list[dict[int, bytes]]:
    """The pages that each transaction in the log wrote, the oldest transaction first.

    Frames of the round before, which the current one has not overwritten yet, come first.
    """
    size = int.from_bytes(wal[8:12], "big")
    rounds: dict[bytes, list[dict[int, bytes]]] = {}
    current: dict[int, bytes] = {}
    for start in range(_WAL_HEADER, len(wal) - size - _FRAME + 1, size + _FRAME):
        header = wal[start : start + _FRAME]
        number, committed = (int.from_bytes(header[at : at + 4], "big") for at in (0, 4))
        current[number] = wal[start + _FRAME : start + _FRAME + size]
        if committed:
            rounds.setdefault(header[8:16], []).append(current)
            current = {}
    # The salt in front counts the rounds up.
    ordered = sorted(rounds, key=lambda salt: int.from_bytes(salt[:4], "big"))
    return [each for salt in ordered for each in rounds[salt]]


def written(pages: Pages, wal: bytes) -> list[Written]:
    """Which rows each transaction in the log wrote, as far as that can be told.

    Args:
        pages: The file itself, without its log; it is brought up to date on the way.
        wal: Its log.
    """
    main: _Contents = {
        (cell.table, cell.key): cell.content
        for number, table in pages.owners().items()
        for cell in pages.rows(number, table)
    }
    history = transactions(wal)
    for frames in history:
        for number, page in frames.items():
            pages.put(number, page)
    owners = pages.owners()  # as they are at the end
    seen: _Contents = {}
    imaged: set[int] = set()
    found = []
    for index, frames in enumerate(history):
        for number, page in frames.items():
            table = owners.get(number)
            if table is None or page[0] not in {_INTERIOR, _LEAF}:
                continue
            # Of the first image of a page, only what the file does not have can be dated.
            before = seen if number in imaged else main | seen
            imaged.add(number)
            now = {(table.name, cell.key): cell.content for cell in cells(page, table)}
            found += [
                Written(index, *name, is_new=name not in before)
                for name, content in now.items()
                if before.get(name) != content
            ]
            seen |= now
    return found
