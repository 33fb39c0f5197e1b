"""SQLCipher as the store uses it: how it is loaded, what of it is used, what its errors mean.

May import the store's errors. Nothing else in covey knows sqlcipher3.
"""

from __future__ import annotations

import importlib
import sqlite3
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Protocol, cast

from covey.errors import StorageError, UnstorableError
from covey.store.errors import StoreCorrupt, StoreLocked
from covey.store.placing import full, has_room

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from covey.store.port import Value

BUSY: Final = 10.0
"""Seconds to wait for another process that writes."""

_STATEMENTS: Final = 256  # that stay prepared


class Cursor(Protocol):
    """What a statement gives."""

    @property
    def rowcount(self) -> int:
        """How many rows it has changed."""

    @property
    def lastrowid(self) -> int | None:
        """The number of the row that it has inserted."""

    def fetchall(self) -> list[tuple[Value, ...]]:
        """All rows that it finds."""

    def fetchone(self) -> tuple[Value, ...] | None:
        """The next row that it finds."""

    def close(self) -> None:
        """Let go of the statement."""


class Connection(Protocol):
    """A connection of sqlcipher3; as Python's sqlite3 has it."""

    @property
    def in_transaction(self) -> bool:
        """Whether a transaction is open."""

    def execute(self, sql: str, values: Sequence[Value] = (), /) -> Cursor:
        """Do one statement."""

    def executemany(self, sql: str, rows: Iterable[Sequence[Value]], /) -> Cursor:
        """Do one statement for each sequence of values."""

    def backup(self, target: Connection) -> None:
        """Copy all pages to another connection."""

    def set_key(self, key: str) -> None:
        """Tell SQLCipher the key; unlike a PRAGMA, it stays in no cache of statements."""

    def close(self) -> None:
        """Let go of the file."""


@cache
def _library() -> Any:  # noqa: ANN401 - sqlcipher3 has no types
    try:
        return importlib.import_module("sqlcipher3.dbapi2")
    except ModuleNotFoundError as missing:
        msg = "a store needs sqlcipher3, which is not installed: pip install 'covey[client]'"
        raise StorageError(msg) from missing


@cache
def failures() -> tuple[type[Exception], ...]:
    """What sqlcipher3 raises: its errors, and what Python says of values that do not fit."""
    return (_library().Error, OverflowError, UnicodeEncodeError)


def connected(name: str, *, busy: float = BUSY) -> Connection:
    """A connection, on which nothing has been said yet.

    Args:
        name: ``:memory:``, or a ``file:`` URI.
        busy: Seconds to wait for others.

    Raises:
        StorageError: sqlcipher3 is not installed.
        Exception: One of :func:`failures`.
    """
    connection = _library().connect(
        name,
        timeout=busy,
        isolation_level=None,
        check_same_thread=False,
        cached_statements=_STATEMENTS,
        uri=True,
    )
    return cast("Connection", connection)


def statements(script: str) -> Iterator[str]:
    """The statements of a script, each of which ends with a line.

    To hand all of them over at once would commit the transaction that is open.
    """
    statement = ""
    for line in script.splitlines(keepends=True):
        statement += line
        if sqlite3.complete_statement(statement):
            yield statement
            statement = ""
    assert not statement.strip(), "the last statement of a script ends with a semicolon"


def told(error: Exception, place: str) -> StorageError:
    """What one of :func:`failures` means.

    Args:
        error: What was raised.
        place: The store, as it may be shown.
    """
    code = getattr(error, "sqlite_errorcode", None)
    if code is None or str(error).startswith("fts5:"):  # these may quote what somebody has said
        is_value = isinstance(error, OverflowError | UnicodeEncodeError)
        kind = UnstorableError if is_value else StorageError
        return kind(f"{place} cannot hold or find such a value: {type(error).__name__}")
    meaning = _MEANINGS.get(code & 0xFF)
    return StorageError(f"{place} failed: {error}") if meaning is None else meaning(place)


def locked(place: str) -> StoreLocked:
    """That others hold a file."""
    return StoreLocked(
        f"{place} is in use by another process that has not let go of it: try again, or end "
        "that process"
    )


def _corrupt(place: str) -> StoreCorrupt:
    return StoreCorrupt(
        f"{place} is damaged: the key is right, but a page of it is not what was written; copy it "
        "aside, and restore a backup"
    )


def _refused(place: str) -> StorageError:
    return StorageError(
        f"{place} cannot be written: see that you own it and its folder, and that neither is "
        "read-only"
    )


def _input_output(place: str) -> StorageError:
    if not has_room(Path(place)):
        return full(place)
    return StorageError(
        f"the disk refused to read or write {place}: nothing of this change was kept; see whether "
        "the disk is there and in order, and do it again"
    )


_MEANINGS: Final[dict[int, Callable[[str], StorageError]]] = {
    sqlite3.SQLITE_BUSY: locked,
    sqlite3.SQLITE_LOCKED: locked,
    sqlite3.SQLITE_FULL: full,
    sqlite3.SQLITE_IOERR: _input_output,  # a quota too, and sqlcipher3 says no more
    sqlite3.SQLITE_CORRUPT: _corrupt,
    sqlite3.SQLITE_NOTADB: _corrupt,
    sqlite3.SQLITE_READONLY: _refused,
    sqlite3.SQLITE_CANTOPEN: _refused,
    sqlite3.SQLITE_PERM: _refused,
}
