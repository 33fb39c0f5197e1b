"""A stolen database says all that it holds: its rows, and every byte on its disk."""

from __future__ import annotations

import asyncio
import os
import sqlite3
from contextlib import closing
from typing import TYPE_CHECKING

import asyncpg
import pytest

from covey.lab.demo import stolen
from covey.lab.postgres import running_postgres

if TYPE_CHECKING:
    from pathlib import Path

GID = bytes(range(32))
ENTRY = (1, 0, 1, bytes(16), b"body" * 300)
CREATE = "CREATE TABLE entry (gid {0}, seq {1}, epoch {1}, kind {1}, idem {0}, body {0})"


def test_a_sqlite_file_is_read_and_its_write_ahead_log_too(tmp_path: Path) -> None:
    file = tmp_path / "db"
    (tmp_path / "db.blobs").mkdir()
    (tmp_path / "db.blobs" / "ab").write_bytes(b"a blob")
    (tmp_path / "other").write_bytes(b"of somebody else")
    secret = os.urandom(32)
    with closing(sqlite3.connect(file, isolation_level=None)) as database:
        database.execute("PRAGMA journal_mode = WAL")
        database.execute(CREATE.format("BLOB", "INTEGER"))
        database.execute("INSERT INTO entry VALUES (?, ?, ?, ?, ?, ?)", (GID, *ENTRY))
        database.execute("INSERT INTO entry VALUES (?, 2, 0, 2, ?, ?)", (GID, bytes(16), secret))
        assert secret not in file.read_bytes()
        stolen.settle(str(file))
        data = stolen.bytes_of([file])
        held = stolen.log_of(str(file), GID)
        tables = stolen.tables_of(str(file))
    assert secret in data
    assert b"a blob" in data
    assert b"somebody else" not in data
    assert held[1] == stolen.Held(1, 0, True, bytes(16), ENTRY[-1])  # noqa: FBT003 - a row
    assert not held[2].is_commit
    assert [row["seq"] for row in tables["entry"]] == [1, 2]


def test_a_postgres_is_read_but_for_what_was_there_before() -> None:
    with running_postgres(durable=False) as server:
        known = stolen.pages_of([server.data])
        asyncio.run(_fill(server.dsn))
        stolen.settle(server.dsn)
        whole = stolen.bytes_of([server.data, server.log])
        data = stolen.bytes_of([server.data, server.log], known)
        held = stolen.log_of(server.dsn, GID)
        tables = stolen.tables_of(server.dsn)
    assert held[1].body == ENTRY[-1]
    assert tables["entry"][0]["gid"] == GID
    assert ENTRY[-1] in data  # in its table, or in one piece in the write-ahead log
    assert len(data) < len(whole) / 10


async def _fill(dsn: str) -> None:
    connection = await asyncpg.connect(dsn)
    try:
        await connection.execute(CREATE.format("BYTEA", "BIGINT"))
        insert = "INSERT INTO entry VALUES ($1, $2, $3, $4, $5, $6)"
        await connection.execute(insert, GID, *ENTRY)
    finally:
        await connection.close()


def test_a_record_that_a_page_interrupts_is_whole_again(tmp_path: Path) -> None:
    """In PostgreSQL's write-ahead log a header stands at the beginning of each page."""
    folder = tmp_path / "pg_wal"
    folder.mkdir()
    first = b"H" * 40 + bytes(8_192 - 43) + b"sec"
    (folder / "segment").write_bytes(first + b"h" * 24 + b"ret" + bytes(8_192 - 27))
    assert b"secret" in stolen.bytes_of([tmp_path])


@pytest.mark.parametrize("known", [frozenset(), frozenset([b"x" * 8_192])])
def test_only_pages_that_are_known_are_left_out(tmp_path: Path, known: frozenset[bytes]) -> None:
    (tmp_path / "file").write_bytes(b"x" * 8_192 + b"y" * 100)
    assert stolen.bytes_of([tmp_path], known).count(b"x") == (0 if known else 8_192)
