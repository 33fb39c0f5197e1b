"""A store that dies at a given write, as a process that is killed there. For tests and simulations.

May import the port. Writes are counted: each statement that changes rows, and each commit of a
transaction that writes. To run every death of a scenario, play it once and look how far
``FaultyStore.writes`` has come; then play it with every number up to that.
"""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence
    from contextlib import AbstractContextManager

    from covey.store.port import Rows, Store, Value


class Died(BaseException):
    """The process was killed here. No ``except Exception`` survives it."""


class FaultyStore:
    """A store that dies. What was committed before is in the store below, and nothing else.

    Args:
        store: The store below. It lives on: open the next ``FaultyStore`` over it.
        die_at: At which write to die, from 1, before it is carried out; 0 is never.
        die_after_commit: After which commit to die, from 1, when it is durable; 0 is never.

    Attributes:
        writes: How many writes there were, the one included that it died at.
        commits: How many transactions that write were committed.
        dead: Whether it has died. Everything but ``close`` raises :class:`Died` from then on.
    """

    def __init__(self, store: Store, die_at: int = 0, *, die_after_commit: int = 0) -> None:
        self.writes: int = 0
        self.commits: int = 0
        self.dead: bool = False
        self._store = store
        self._die_at = die_at
        self._die_after_commit = die_after_commit

    @contextmanager
    def transaction(self) -> Iterator[Rows]:
        """Read and write (see the port)."""
        self._live()
        with self._store.transaction() as rows:
            yield _Counting(rows, self._write)
            self._write()  # the commit
        self.commits += 1
        if self.commits == self._die_after_commit:
            self._die()

    def reading(self) -> AbstractContextManager[Rows]:
        """Read one consistent state (see the port)."""
        self._live()
        return self._store.reading()

    def close(self) -> None:
        """Let go of the store below, unless this has died: who is killed closes nothing."""
        if not self.dead:
            self._store.close()

    def _write(self) -> None:
        self._live()
        self.writes += 1
        if self.writes == self._die_at:
            self._die()

    def _live(self) -> None:
        if self.dead:
            raise Died

    def _die(self) -> None:
        self.dead = True
        raise Died


class _Counting:
    """The inside of a transaction whose writes are counted."""

    def __init__(self, rows: Rows, write: Callable[[], None]) -> None:
        self._rows = rows
        self._write = write

    def all(self, sql: str, *values: Value) -> list[tuple[Value, ...]]:
        return self._rows.all(sql, *values)

    def one(self, sql: str, *values: Value) -> tuple[Value, ...] | None:
        return self._rows.one(sql, *values)

    def do(self, sql: str, *values: Value) -> int:
        self._write()
        return self._rows.do(sql, *values)

    def many(self, sql: str, rows: Iterable[Sequence[Value]]) -> None:
        self._write()
        self._rows.many(sql, rows)

    def insert(self, sql: str, *values: Value) -> int:
        self._write()
        return self._rows.insert(sql, *values)
