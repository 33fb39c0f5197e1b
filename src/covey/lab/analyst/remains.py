"""All that is at rest at a broker: files, rows, the order of both, its log and its counters.

May import the places, and the readers of both databases' files. It is taken while the broker
runs, as by a thief who copies disks: a database that was closed in good order says less.
"""

from __future__ import annotations

import asyncio
import sqlite3
import tempfile
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Final, NamedTuple, TypeAlias

import asyncpg
import httpx

from covey.lab.analyst import postgres_pages, sqlite_pages
from covey.lab.analyst.searching import changed_pages, pages

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from covey.lab.analyst.places import Place

Value: TypeAlias = bytes | int | str | None
Row: TypeAlias = "dict[str, Value]"

_SCHEMA: Final = """
SELECT c.relname AS name, pg_relation_filepath(c.oid) AS path, a.attname AS field,
       format_type(a.atttypid, NULL) AS type
FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
WHERE c.relnamespace = current_schema()::regnamespace AND c.relkind = 'r'
ORDER BY c.relname, a.attnum
"""


class Mark(NamedTuple):
    """That something was written into a table at a place in some order.

    Attributes:
        rank: The place: a number that only compares with those of the same order.
        table: The table; a part of ``entry`` counts as ``entry``.
        row: What of the row can be read there: its key at least.
        is_new: Whether the row began there; else it was changed, or that cannot be told.
    """

    rank: float
    table: str
    row: Row
    is_new: bool


class Remains(NamedTuple):
    """What is at rest.

    Attributes:
        files: The content of files, by name; of PostgreSQL only the pages that changed.
        tables: All rows, by table.
        orders: What tells what came before what, by what tells it.
    """

    files: dict[str, bytes]
    tables: dict[str, list[Row]]
    orders: dict[str, list[Mark]]


def before(place: Place) -> frozenset[bytes]:
    """The pages that a PostgreSQL had before anything happened; they need no search."""
    if place.server is None:
        return frozenset()
    return pages(_files(place.server.data).values())


def of(place: Place, known: frozenset[bytes] = frozenset(), *, checkpoint: bool = False) -> Remains:
    """All that is at rest at a place where a broker runs.

    Args:
        place: Where.
        known: What :func:`before` said.
        checkpoint: Whether to let PostgreSQL write everything to its tables first.
    """
    files = {"log": place.log.read_bytes()} if place.log.exists() else {}
    files |= {f"blobs/{name}": data for name, data in _files(place.blobs).items()}
    files["names"] = "\n".join(files).encode()  # those can say something too
    if place.metrics:
        files["metrics"] = httpx.get(place.metrics, trust_env=False).content
    if place.server is None:
        return _of_sqlite(place.database, files)
    return asyncio.run(_of_postgres(place, files, known, checkpoint=checkpoint))


def _files(folder: Path) -> dict[str, bytes]:
    """Every file below a folder; those that vanish meanwhile are left out."""
    found = {}
    for path in sorted(folder.rglob("*")):
        try:
            if path.is_file():
                found[path.relative_to(folder).as_posix()] = path.read_bytes()
        except FileNotFoundError:
            continue
    return found


# --- SQLite ---------------------------------------------------------------------------------


def _of_sqlite(file: Path, files: dict[str, bytes]) -> Remains:
    copies = {each.name: each.read_bytes() for each in sorted(file.parent.glob(f"{file.name}*"))
              if each.is_file() and each.suffix != ".key"}  # fmt: skip
    with tempfile.TemporaryDirectory() as folder:
        for name, data in copies.items():
            (Path(folder) / name).write_bytes(data)
        with closing(sqlite3.connect(Path(folder) / file.name)) as database:
            tables = {
                name: _rows(database, name)
                for (name,) in database.execute(
                    "SELECT name FROM sqlite_schema WHERE type = 'table'"
                ).fetchall()
            }
            layouts = sqlite_pages.layouts(database)
            database.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        whole = (Path(folder) / file.name).read_bytes()
    names = {each.name: each.columns[: each.key] for each in layouts.values()}
    grown = sqlite_pages.Pages(whole, layouts).overflows()
    orders = {
        "pages": [
            Mark(each.overflow, each.table, _named(names[each.table], each.key), is_new=True)
            for each in grown
        ]
    }
    wal = copies.get(f"{file.name}-wal", b"")
    if wal and copies[file.name]:
        first = sqlite_pages.Pages(copies[file.name], layouts)
        orders["wal"] = [
            Mark(each.transaction, each.table, _named(names[each.table], each.key), each.is_new)
            for each in sqlite_pages.written(first, wal)
        ]
    return Remains(files | copies, tables, orders)


def _named(names: tuple[str, ...], key: tuple[sqlite_pages.Value, ...]) -> Row:
    return {
        name: value for name, value in zip(names, key, strict=True) if not isinstance(value, float)
    }


def _rows(database: sqlite3.Connection, table: str) -> list[Row]:
    cursor = database.execute(f'SELECT * FROM "{table}"')  # noqa: S608 - a name of the schema
    names = [each[0] for each in cursor.description]
    return [dict(zip(names, row, strict=True)) for row in cursor]


# --- PostgreSQL -----------------------------------------------------------------------------


async def _of_postgres(
    place: Place, files: dict[str, bytes], known: frozenset[bytes], *, checkpoint: bool
) -> Remains:
    assert place.server is not None
    connection = await asyncpg.connect(place.server.dsn)
    try:
        if checkpoint:
            await connection.execute("CHECKPOINT")
        columns: dict[tuple[str, str], list[postgres_pages.Column]] = {}
        for row in await connection.fetch(_SCHEMA):
            column = postgres_pages.Column(row["field"], row["type"])
            columns.setdefault((row["name"], row["path"]), []).append(column)
        tables: dict[str, list[Row]] = {}
        for name, _ in columns:
            found = await connection.fetch(f'SELECT * FROM "{name}"')  # noqa: S608 - likewise
            tables.setdefault(_whole(name), []).extend(dict(row) for row in found)
        data = _files(place.server.data)
        # What the tables' files hold is only up to date after a checkpoint.
        await connection.execute("CHECKPOINT")
        marks = list(_versions(place.server.data, columns))
    finally:
        await connection.close()
    changed = {
        f"postgres/{name}": kept
        for name, content in data.items()
        if (kept := changed_pages(content, known))
    }
    for name, content in data.items():
        if name.startswith("pg_wal/") and f"postgres/{name}" in changed:
            changed[f"postgres/{name}, its records"] = postgres_pages.wal_records(content)
    changed["postgres.log"] = place.server.log.read_bytes()
    return Remains(files | changed, tables, {"xid": marks})


def _versions(
    data: Path, columns: Mapping[tuple[str, str], list[postgres_pages.Column]]
) -> Iterator[Mark]:
    """Every version of a row, by the transaction that wrote it."""
    for (name, path), fields in columns.items():
        for version in postgres_pages.versions((data / path).read_bytes(), fields):
            yield Mark(version.xmin, _whole(name), dict(version.values), is_new=False)


def _whole(table: str) -> str:
    """The table that a table is a part of."""
    return table.partition("_w2")[0] if table.startswith("entry") else table
