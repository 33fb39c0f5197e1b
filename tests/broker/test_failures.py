"""What a broker says, and does not say, when something in it is broken."""

from __future__ import annotations

import asyncio
import logging
import sys
from typing import TYPE_CHECKING, cast

import httpx
import pytest

from covey.broker.app import build
from covey.broker.database import Database
from covey.broker.messages import Claim
from covey.broker.operations import Operations
from covey.broker.server import _Formatter
from covey.errors import StorageError

if TYPE_CHECKING:
    import sqlite3
    from pathlib import Path

    from covey.broker.store import Store


class _Broken:
    """A store with a bug, which shows what it was asked."""

    async def claim(self, request: Claim, now: int) -> bytes:
        message = f"{request.inbox!r} at {now}"
        raise RuntimeError(message)


def test_a_bug_is_an_error_of_the_list() -> None:
    app = build(Operations(cast("Store", _Broken())))
    transport = httpx.ASGITransport(app, raise_app_exceptions=False)

    async def ask() -> httpx.Response:
        async with httpx.AsyncClient(transport=transport, base_url="http://broker") as client:
            return await client.post("/v1/claim", content=Claim(b"x" * 32, 1).encode())

    answer = asyncio.run(ask())
    assert answer.status_code == 500
    assert answer.json()["code"] == "broken"
    assert "xxx" not in answer.text


def test_the_log_says_where_a_bug_is_and_not_what_it_was_about() -> None:
    try:
        asyncio.run(_Broken().claim(Claim(b"x" * 32, 1), 0))
    except RuntimeError:
        record = logging.LogRecord("uvicorn", 40, "", 0, "Exception", None, sys.exc_info())
    line = _Formatter("%(levelname)s %(message)s").format(record)
    assert line.startswith("ERROR Exception\n")
    assert line.endswith("RuntimeError")
    assert "in claim" in line
    assert "xxx" not in line


def test_a_commit_that_fails_leaves_the_connection_usable(tmp_path: Path) -> None:
    """A deferred constraint fails in COMMIT, which leaves the transaction open."""

    def fail(db: sqlite3.Connection) -> None:
        db.execute("PRAGMA defer_foreign_keys = ON")
        db.execute("INSERT INTO child VALUES (1)")

    def prepare(db: sqlite3.Connection) -> None:
        db.execute("CREATE TABLE parent (id INTEGER PRIMARY KEY)")
        db.execute("CREATE TABLE child (id REFERENCES parent DEFERRABLE INITIALLY DEFERRED)")

    async def work() -> list[object]:
        database = Database.open(tmp_path / "db")
        try:
            await database.write(prepare)
            database._writer._connection.execute("PRAGMA foreign_keys = ON")  # noqa: SLF001
            with pytest.raises(StorageError, match="FOREIGN KEY"):
                await database.write(fail)
            return await database.write(lambda db: db.execute("SELECT * FROM child").fetchall())
        finally:
            await database.close()

    assert asyncio.run(work()) == []
