"""What the client asks of a store: rows, in transactions.

May import nothing of covey. One statement is one step; a transaction is all of its steps or none.
Whoever wraps a :class:`Store` sees every write, and can refuse one: so faults are played.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from contextlib import AbstractContextManager

Value = bytes | int | float | str | None
"""What stands in a column."""


class Rows(Protocol):
    """The inside of one transaction. SQL is SQLite's, with ``?`` for each value."""

    def all(self, sql: str, *values: Value) -> list[tuple[Value, ...]]:
        """The rows that a query finds, in its order."""

    def one(self, sql: str, *values: Value) -> tuple[Value, ...] | None:
        """The first row that a query finds."""

    def do(self, sql: str, *values: Value) -> int:
        """Change rows; how many were changed."""

    def many(self, sql: str, rows: Iterable[Sequence[Value]]) -> None:
        """Change rows with one statement for each sequence of values."""

    def insert(self, sql: str, *values: Value) -> int:
        """Insert a row; its number."""


class Store(Protocol):
    """One identity's store. Used from one thread at a time, whichever it is.

    Every method raises ``StorageError`` when the store cannot be used.
    """

    def transaction(self) -> AbstractContextManager[Rows]:
        """Read and write; durable when it is left, undone when it is left by an error.

        No other process writes in between. They do not nest.
        """

    def reading(self) -> AbstractContextManager[Rows]:
        """Read one consistent state."""

    def close(self) -> None:
        """Let go of the store."""
