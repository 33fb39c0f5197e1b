"""One SQLite file: is it ours, how it is opened, and how its schema is brought up to date.

May import the migrations and `covey.errors`. SQLite's errors become `StorageError` here.

Durability is SQLite's own: a write-ahead log and ``synchronous=FULL``, so that a transaction
is on the disk when it has returned. ``secure_delete`` overwrites what is dropped, and what
SQLite would put into temporary files stays in memory, so that nothing lives on in a corner of
the disk.
"""

from __future__ import annotations

import os
import sqlite3
import time
from contextlib import contextmanager, nullcontext
from typing import TYPE_CHECKING, Final

from covey.broker.script import Statement
from covey.broker.stores.migrating import NOTE, pending
from covey.errors import StorageError
from covey.migrating import LIST, Applied

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from covey.migrating import Migration

APPLICATION: Final = 0x63_6F_76_79
"""What SQLite keeps in the head of the file: "covy"."""

BUSY: Final = 10.0  # seconds to wait for another process that writes

_NOTES: Final = """
CREATE TABLE migration (
    number   INTEGER NOT NULL PRIMARY KEY,
    name     TEXT    NOT NULL,
    checksum BLOB    NOT NULL
) STRICT
"""

_PRAGMAS: Final = (
    # Only a new file heeds the size. Rows lie in the order of their keys, which tells nothing of
    # when they came; SQLite then keeps a quarter of a page of each, and the rest elsewhere.
    "page_size = 8192",
    "journal_mode = WAL",
    "synchronous = FULL",
    "secure_delete = ON",
    "temp_store = MEMORY",
    "foreign_keys = ON",
    "trusted_schema = OFF",
)


@contextmanager
def translated(what: str) -> Iterator[None]:
    """Turn the errors of SQLite and of the file system into StorageError.

    Args:
        what: What did not work, as the beginning of a sentence.
    """
    try:
        yield
    except (sqlite3.Error, OverflowError, OSError) as error:
        msg = f"{what}: {error}"
        raise StorageError(msg) from error


@contextmanager
def transaction(connection: sqlite3.Connection, begin: str) -> Iterator[None]:
    """What is done in the block is committed at its end, or undone when it fails."""
    connection.execute(begin)
    try:
        yield
        connection.execute("COMMIT")
    except BaseException:
        if connection.in_transaction:  # some failures end it by themselves
            connection.execute("ROLLBACK")
        raise


def check_kind(path: Path) -> None:
    """Refuse what is there and no file, such as a folder or a device, and a folder not there.

    Raises:
        StorageError: It can be no database.
        OSError: It cannot be looked at.
    """
    if not path.parent.is_dir():
        msg = f"cannot open {path}: there is no folder {path.parent}, make it first"
        raise StorageError(msg)
    if path.exists() and not path.is_file():
        msg = f"cannot open {path}: it is not a file"
        raise StorageError(msg)


def opened(path: Path) -> sqlite3.Connection:
    """Open a file of ours, or begin one that only its owner can read; migrates nothing.

    Raises:
        StorageError: The file is no database of a covey broker, and was left as it is, or it
            cannot be written.
    """
    with translated(f"cannot open {path}"):
        check_kind(path)
        _begin(path)
        end = time.monotonic() + BUSY
        while True:
            try:
                return _connected(path)
            except sqlite3.OperationalError as error:
                if error.sqlite_errorcode & 0xFF != sqlite3.SQLITE_BUSY or time.monotonic() > end:
                    raise
            time.sleep(0.01)


def _connected(path: Path) -> sqlite3.Connection:
    """A connection that is set as all are.

    To change the journal, SQLite needs the file for itself, and does not wait for it.
    """
    connection = sqlite3.connect(path, timeout=BUSY, isolation_level=None, check_same_thread=False)
    try:
        _is_new(connection, path)
        for pragma in _PRAGMAS:
            connection.execute(f"PRAGMA {pragma}")
    except BaseException:
        connection.close()
        raise
    return connection


def _begin(path: Path) -> None:
    """Begin a file that is not there; one that is there is not even opened.

    To close a file drops all locks that this process has on it (POSIX), also those of SQLite's
    connections: then another process that comes and goes would take itself for the last one,
    and delete the log that these are writing to.
    """
    try:
        os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o600))
    except FileExistsError:
        return


def left_to_do(
    connection: sqlite3.Connection, path: Path, known: Sequence[Migration]
) -> list[Migration]:
    """The migrations that a file still needs.

    Raises:
        StorageError: It is newer than this program, or was migrated by another text.
    """
    with translated(f"cannot read {path}"):
        if _is_new(connection, path):
            return list(known)
        applied = [Applied(*row) for row in connection.execute(LIST)]
    return pending(known, applied)


def migrate(
    connection: sqlite3.Connection, path: Path, known: Sequence[Migration]
) -> list[Migration]:
    """Do what is left to do, in one transaction; other processes wait.

    Returns:
        What was done.

    Raises:
        StorageError: As `left_to_do`, or a statement failed; then nothing was done.
    """
    with translated(f"cannot migrate {path}"), transaction(connection, "BEGIN IMMEDIATE"):
        left = left_to_do(connection, path, known)
        if _is_new(connection, path):
            connection.execute(_NOTES)
            connection.execute(f"PRAGMA application_id = {APPLICATION}")
        for migration in left:
            for statement in _statements(migration.text):
                connection.execute(statement)
            connection.execute(*Statement(NOTE).sqlite(migration.applied))
    return left


def _is_new(connection: sqlite3.Connection, path: Path) -> bool:
    """Whether nothing is in the file yet.

    Raises:
        StorageError: Something is in it, and not ours.
    """
    with nullcontext() if connection.in_transaction else transaction(connection, "BEGIN"):
        [(application,)] = connection.execute("PRAGMA application_id")
        [(version,)] = connection.execute("PRAGMA user_version")
        names = connection.execute("SELECT name FROM sqlite_schema WHERE type = 'table'")
        tables = {name for (name,) in names}
    if application == APPLICATION and "migration" in tables:
        return False
    if version == 1 and {"log", "entry"} <= tables:
        msg = (
            f"{path} is of a version of covey that was never released, and cannot be carried "
            "over: move it away, and begin with a new file"
        )
        raise StorageError(msg)
    if application or version or tables:
        msg = f"cannot open {path}: it is a database of something else than a covey broker"
        raise StorageError(msg)
    return True


def _statements(script: str) -> Iterator[str]:
    """The statements of a script; ``executescript`` would commit the transaction."""
    statement = ""
    for line in script.splitlines(keepends=True):
        statement += line
        if sqlite3.complete_statement(statement):
            yield statement
            statement = ""
    assert not statement.strip(), "the last statement of a migration ends with a semicolon"
