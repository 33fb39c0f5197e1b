"""One SQLite file: opened, migrated, and used by one writing and one reading thread.

May import nothing of the broker. SQLite's errors become StorageError here.

Durability is SQLite's own: a write-ahead log, ``synchronous=FULL``, so that a transaction
is on the disk when it has returned. ``secure_delete`` overwrites what is dropped, so that a
claimed KeyPackage does not live on in a free page.
"""

from __future__ import annotations

import asyncio
import os
import sqlite3
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from importlib import resources
from typing import TYPE_CHECKING, Final, Self, TypeVar

from covey.errors import StorageError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

T = TypeVar("T")

_BUSY: Final = 10.0  # seconds to wait for another process that writes


def migrations() -> list[str]:
    """The migrations of the schema, in order; each leads from its index to the next version."""
    folder = resources.files("covey.broker") / "migrations"
    files = sorted((each for each in folder.iterdir()), key=lambda each: each.name)
    return [each.read_text(encoding="utf-8") for each in files if each.name.endswith(".sql")]


class Database:
    """A SQLite file, and the two threads that may use it."""

    def __init__(self, writer: _Side, reader: _Side) -> None:
        self._writer = writer
        self._reader = reader

    @classmethod
    def open(cls, path: Path) -> Self:
        """Open a database, or begin one that only its owner can read.

        Raises:
            StorageError: The file is no database of ours, is of a newer version, or cannot be
                written.
        """
        with translated(f"cannot open {path}"):
            os.close(os.open(path, os.O_CREAT | os.O_RDWR, 0o600))
            writer = _connect(path)
            try:
                _migrate(writer)
                reader = _connect(path)
            except BaseException:
                writer.close()
                raise
        return cls(_Side(writer, "covey-writer"), _Side(reader, "covey-reader"))

    async def write(self, work: Callable[[sqlite3.Connection], T]) -> T:
        """Do a transaction that writes; it is durable when this returns, or did not happen."""
        return await self._writer.run(work, "BEGIN IMMEDIATE")

    async def read(self, work: Callable[[sqlite3.Connection], T]) -> T:
        """Do a transaction that reads one state of the database."""
        return await self._reader.run(work, "BEGIN")

    async def close(self) -> None:
        """Finish what is under way, then close the file."""
        await self._reader.close()
        await self._writer.close()


class _Side:
    """A connection, and the one thread that uses it."""

    def __init__(self, connection: sqlite3.Connection, name: str) -> None:
        self._connection = connection
        self._thread = ThreadPoolExecutor(1, thread_name_prefix=name)

    async def run(self, work: Callable[[sqlite3.Connection], T], begin: str) -> T:
        def transaction() -> T:
            with translated("the database failed"), _transaction(self._connection, begin):
                return work(self._connection)

        return await asyncio.get_running_loop().run_in_executor(self._thread, transaction)

    async def close(self) -> None:
        loop = asyncio.get_running_loop()
        await loop.run_in_executor(self._thread, self._connection.close)
        self._thread.shutdown()


@contextmanager
def translated(what: str) -> Iterator[None]:
    """Turn the errors of SQLite and of the file system into StorageError.

    Args:
        what: What did not work, as the beginning of a sentence.
    """
    try:
        yield
    except (sqlite3.Error, OSError) as error:
        msg = f"{what}: {error}"
        raise StorageError(msg) from error


@contextmanager
def _transaction(connection: sqlite3.Connection, begin: str) -> Iterator[None]:
    connection.execute(begin)
    try:
        yield
        connection.execute("COMMIT")
    except BaseException:
        if connection.in_transaction:  # some failures end it by themselves
            connection.execute("ROLLBACK")
        raise


def _connect(path: Path) -> sqlite3.Connection:
    connection = sqlite3.connect(path, timeout=_BUSY, isolation_level=None, check_same_thread=False)
    try:
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = FULL")
        connection.execute("PRAGMA secure_delete = ON")
    except BaseException:
        connection.close()
        raise
    return connection


def _migrate(connection: sqlite3.Connection) -> None:
    steps = migrations()
    with _transaction(connection, "BEGIN IMMEDIATE"):
        [(version,)] = connection.execute("PRAGMA user_version")
        if version > len(steps):
            msg = f"the database has version {version}; this program knows up to {len(steps)}"
            raise StorageError(msg)
        for step in steps[version:]:
            for statement in _statements(step):
                connection.execute(statement)
        connection.execute(f"PRAGMA user_version = {len(steps)}")


def _statements(script: str) -> Iterator[str]:
    """The statements of a script; ``executescript`` would commit the transaction."""
    statement = ""
    for line in script.splitlines(keepends=True):
        statement += line
        if sqlite3.complete_statement(statement):
            yield statement
            statement = ""
    assert not statement.strip()
