"""The store on one connection: transactions, and the rows in them.

May import the driver and the errors. Statements stay prepared, and a commit is on the disk when
it has returned, so what a transaction costs is what its rows cost.
"""

from __future__ import annotations

from contextlib import AbstractContextManager
from typing import TYPE_CHECKING, Final

from covey.errors import StateError, StorageError
from covey.store import driver

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from types import TracebackType

    from covey.store.driver import Connection
    from covey.store.port import Rows, Value

_CLOSING: Final = 200  # milliseconds to wait for others when the log is cut
_NESTED: Final = "transactions do not nest: one of this store is open already"


class SqlStore:
    """A store (see the port, ``Store``) on a connection that is set up.

    Args:
        connection: The connection.
        place: What it is called in errors.
        alone: Whether nobody else can write what it reads.

    Attributes:
        place: What it is called in errors: the path as it was given, or "the store in memory".
    """

    def __init__(self, connection: Connection, place: str, *, alone: bool = False) -> None:
        self.place: str = place
        self._connection = connection
        self._failures = driver.failures()
        self._closed = False
        self._alone = alone
        self._looking = _Looking(connection, place)

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.place!r})"

    def transaction(self) -> AbstractContextManager[Rows]:
        """Read and write (see the port)."""
        self._looking.require_over()
        return _Transaction(self._open(), self.place, _Writing, "BEGIN IMMEDIATE")

    def reading(self) -> AbstractContextManager[Rows]:
        """Read one consistent state (see the port)."""
        connection = self._open()
        if self._alone:
            return self._looking
        return _Transaction(connection, self.place, _Reading, "BEGIN")

    def close(self) -> None:
        """Cut the log beside the file, if nobody else uses it, and let go of it."""
        if self._closed:
            return
        self._closed = True
        try:
            self._connection.execute(f"PRAGMA busy_timeout = {_CLOSING}")
            self._connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        except self._failures:  # the log stays, and whoever opens the file next reads it
            pass
        finally:
            self._connection.close()

    def cut(self) -> None:
        """Move the log beside the file into it, and cut it to nothing.

        Raises:
            StoreLocked: Somebody else is reading or writing.
            StorageError: It cannot be written.
        """
        connection = self._open()
        try:
            row = connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
        except self._failures as error:
            raise driver.told(error, self.place) from error
        if row is not None and row[0]:
            raise driver.locked(self.place)

    def _open(self) -> Connection:
        if self._closed:
            then = ", and what was in it is gone" if self._alone else ": open it again"
            msg = f"{self.place} is closed{then}"
            raise StorageError(msg)
        return self._connection


class _Transaction(AbstractContextManager["_Reading"]):
    """A transaction while it lasts."""

    __slots__ = ("_begin", "_connection", "_kind", "_place", "_rows")

    def __init__(
        self, connection: Connection, place: str, kind: type[_Reading], begin: str
    ) -> None:
        self._connection = connection
        self._place = place
        self._kind = kind
        self._begin = begin

    def __enter__(self) -> _Reading:
        if self._connection.in_transaction:
            raise StateError(_NESTED)
        try:
            self._connection.execute(self._begin)
        except driver.failures() as error:
            raise driver.told(error, self._place) from error
        self._rows = self._kind(self._connection, self._place)
        return self._rows

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._rows.end()
        if kind is None:
            try:
                self._connection.execute("COMMIT")
            except driver.failures() as failure:
                self._undo()
                raise driver.told(failure, self._place) from failure
            except BaseException:
                self._undo()
                raise
        else:
            self._undo()

    def _undo(self) -> None:
        """Undo what was done; some failures have done so by themselves."""
        try:
            if self._connection.in_transaction:
                self._connection.execute("ROLLBACK")
        except driver.failures() as failure:
            raise driver.told(failure, self._place) from failure


class _Looking(AbstractContextManager["_Reading"]):
    """Reading where nobody else writes: what is read is consistent without a transaction."""

    __slots__ = ("_connection", "_place", "_rows")

    def __init__(self, connection: Connection, place: str) -> None:
        self._connection = connection
        self._place = place
        self._rows: _Reading | None = None

    def require_over(self) -> None:
        """Refuse to begin something while it is read.

        Raises:
            StateError: It is read.
        """
        if self._rows is not None:
            raise StateError(_NESTED)

    def __enter__(self) -> _Reading:
        self.require_over()
        if self._connection.in_transaction:
            raise StateError(_NESTED)
        self._rows = _Reading(self._connection, self._place)
        return self._rows

    def __exit__(self, *_: object) -> None:
        if self._rows is not None:
            self._rows.end()
            self._rows = None


class _Reading:
    """The inside of a transaction that only reads."""

    __slots__ = ("_connection", "_failures", "_place")

    def __init__(self, connection: Connection, place: str) -> None:
        self._connection: Connection | None = connection
        self._place = place
        self._failures = driver.failures()

    def end(self) -> None:
        """The transaction is over."""
        self._connection = None

    def all(self, sql: str, *values: Value) -> list[tuple[Value, ...]]:
        """The rows that a query finds, in its order."""
        connection = self._connection or _over()
        try:
            return connection.execute(sql, values).fetchall()
        except self._failures as error:
            raise driver.told(error, self._place) from _cause(error)

    def one(self, sql: str, *values: Value) -> tuple[Value, ...] | None:
        """The first row that a query finds."""
        connection = self._connection or _over()
        try:
            cursor = connection.execute(sql, values)
            row = cursor.fetchone()
            cursor.close()
        except self._failures as error:
            raise driver.told(error, self._place) from _cause(error)
        return row

    def do(self, sql: str, *values: Value) -> int:
        """Refuse to change rows."""
        return _only_read(sql, values)

    def many(self, sql: str, rows: Iterable[Sequence[Value]]) -> None:
        """Refuse to change rows."""
        _only_read(sql, rows)

    def insert(self, sql: str, *values: Value) -> int:
        """Refuse to insert a row."""
        return _only_read(sql, values)


class _Writing(_Reading):
    """The inside of a transaction that writes."""

    __slots__ = ()

    def do(self, sql: str, *values: Value) -> int:
        """Change rows; how many were changed."""
        connection = self._connection or _over()
        try:
            return connection.execute(sql, values).rowcount
        except self._failures as error:
            raise driver.told(error, self._place) from _cause(error)

    def many(self, sql: str, rows: Iterable[Sequence[Value]]) -> None:
        """Change rows with one statement for each sequence of values."""
        connection = self._connection or _over()
        try:
            connection.executemany(sql, rows)
        except self._failures as error:
            raise driver.told(error, self._place) from _cause(error)

    def insert(self, sql: str, *values: Value) -> int:
        """Insert a row; its number."""
        connection = self._connection or _over()
        try:
            number = connection.execute(sql, values).lastrowid
        except self._failures as error:
            raise driver.told(error, self._place) from _cause(error)
        assert number is not None
        return number


def _cause(error: Exception) -> Exception | None:
    """What an error may name as its cause: not one that holds the value that it is about."""
    return None if isinstance(error, UnicodeEncodeError) else error


def _over() -> Connection:
    msg = "the transaction of these rows is over: begin another"
    raise StateError(msg)


def _only_read(*_: object) -> int:
    msg = "this transaction only reads: use `transaction()` to write"
    raise StateError(msg)
