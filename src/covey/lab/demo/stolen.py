"""A broker's database in the hands of who stole it: its rows, and the bytes on its disk.

May import asyncpg, for a PostgreSQL only. It is read past the broker, which does not know.
"""

from __future__ import annotations

import asyncio
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Final, NamedTuple

from covey.broker import extras

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from asyncpg import Record

Value = bytes | int | str | None
Row = dict[str, Value]
"""A row: its columns by name."""

Tables = dict[str, list[Row]]
"""All rows, by table."""

_POSTGRES: Final = "postgresql://"
_COMMIT: Final = 1
_PAGE: Final = 8192  # bytes of a page of PostgreSQL
_HEADER: Final = 24  # of a page of its write-ahead log,
_LONG_HEADER: Final = 40  # and of the first one in a file
_ENTRIES: Final = "SELECT seq, epoch, kind, idem, body FROM entry WHERE gid = {} ORDER BY seq"


class Held(NamedTuple):
    """One entry of a log, as the database holds it."""

    seq: int
    epoch: int
    is_commit: bool
    idem: bytes
    body: bytes


def log_of(database: str, gid: bytes) -> dict[int, Held]:
    """The entries of a group's log, by number.

    Args:
        database: A SQLite file, or the address of a PostgreSQL.
        gid: The log.
    """
    if database.startswith(_POSTGRES):
        found = asyncio.run(_queried(database, _ENTRIES.format("$1"), gid))
    else:
        with closing(_opened(database)) as file:
            found = file.execute(_ENTRIES.format("?"), (gid,)).fetchall()
    return {row[0]: Held(row[0], row[1], row[2] == _COMMIT, row[3], row[4]) for row in found}


def tables_of(database: str) -> Tables:
    """Every row of every table."""
    if database.startswith(_POSTGRES):
        return asyncio.run(_postgres_tables(database))
    with closing(_opened(database)) as file:
        file.row_factory = sqlite3.Row
        listed = file.execute("SELECT name FROM sqlite_schema WHERE type = 'table'").fetchall()
        return {
            name: [dict(row) for row in file.execute(f'SELECT * FROM "{name}"')]  # noqa: S608 - of the schema
            for (name,) in listed
        }


def _opened(database: str) -> sqlite3.Connection:
    return sqlite3.connect(f"{Path(database).as_uri()}?mode=ro", uri=True)


async def _postgres_tables(database: str) -> Tables:
    listed = await _queried(
        database,
        "SELECT relname FROM pg_class WHERE relkind IN ('r', 'p') AND NOT relispartition"
        " AND relnamespace = 'public'::regnamespace",
    )
    return {
        name: [dict(row) for row in await _queried(database, f'SELECT * FROM "{name}"')]  # noqa: S608 - likewise
        for (name,) in listed
    }


async def _queried(database: str, query: str, *values: bytes) -> Sequence[Record]:
    with extras.told():
        import asyncpg  # noqa: PLC0415 - a SQLite file does not need it
    connection = await asyncpg.connect(database)
    try:
        return await connection.fetch(query, *values)
    finally:
        await connection.close()


def settle(database: str) -> None:
    """Have a PostgreSQL write to its files what it still holds in memory; SQLite holds nothing."""
    if database.startswith(_POSTGRES):
        asyncio.run(_queried(database, "CHECKPOINT"))


# --- bytes -----------------------------------------------------------------------------------


def bytes_of(places: Iterable[Path], known: frozenset[bytes] = frozenset()) -> bytes:
    """All that lies in some files, and in the files of some folders.

    Args:
        places: A SQLite file stands for its write-ahead log, its blobs and its key, too.
        known: Pages that were there before anything happened, to be left out.
    """
    return b"".join(_without(data, known) for data in _files(places).values())


def pages_of(places: Iterable[Path]) -> frozenset[bytes]:
    """All pages that are there, so that they need not be searched later."""
    found = _files(places).values()
    pages = (data[start : start + _PAGE] for data in found for start in range(0, len(data), _PAGE))
    return frozenset((bytes(_PAGE), *pages))


def _files(places: Iterable[Path]) -> Mapping[Path, bytes]:
    files: dict[Path, bytes] = {}
    for place in places:
        beside = place.rglob("*") if place.is_dir() else place.parent.glob(f"{place.name}*")
        for each in sorted(beside):
            inner = each.rglob("*") if each.is_dir() and not place.is_dir() else [each]
            files |= {path: _read(path) for path in inner if path.is_file()}
    return files


def _read(path: Path) -> bytes:
    """The bytes of a file; of PostgreSQL's write-ahead log without what interrupts its records."""
    data = path.read_bytes()
    if path.parent.name != "pg_wal":
        return data
    starts = range(0, len(data), _PAGE)
    return b"".join(
        data[start + (_HEADER if start else _LONG_HEADER) : start + _PAGE] for start in starts
    )


def _without(data: bytes, known: frozenset[bytes]) -> bytes:
    """The bytes without the pages that are known."""
    if not known:
        return data
    pages = (data[start : start + _PAGE] for start in range(0, len(data), _PAGE))
    return b"".join(page for page in pages if page not in known)
