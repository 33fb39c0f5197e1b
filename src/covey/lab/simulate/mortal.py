"""A store whose process can die: at a write, after a commit, or from outside.

May import the store's port, and the time. What was committed stays in the store below; who holds
this one can do nothing more, as a process that is gone.
"""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

from covey.lab.simulate.virtual import EndlessError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from contextlib import AbstractContextManager

    from covey.store.port import Rows, Store, Value


MOST: Final = 400
"""Transactions between two effects of a flow: more of them never end."""


class Died(BaseException):
    """The process has ended at this instruction."""


class Mortal:
    """A store of one life of a client.

    Args:
        store: What outlives it.

    Attributes:
        writes: How many statements have written, and commits were made.
        commits: How many commits were made.
        is_dead: Whether this life is over.
    """

    def __init__(self, store: Store) -> None:
        self.writes: int = 0
        self.commits: int = 0
        self.is_dead: bool = False
        self._store = store
        self._last: int | None = None
        self._last_commit: int | None = None
        self._uses = 0

    def doom(self, writes: int) -> None:
        """Die before the write that comes after so many; each commit counts as one too."""
        self._last = self.writes + writes

    def doom_commit(self, commits: int) -> None:
        """Die after so many more commits."""
        self._last_commit = self.commits + commits

    def rest(self) -> None:
        """A flow has asked for something: it does not go round in circles."""
        self._uses = 0

    def die(self) -> None:
        """Be over."""
        self.is_dead = True

    @contextmanager
    def transaction(self) -> Iterator[Rows]:
        """Read and write, as long as it lives."""
        self._use()
        with self._store.transaction() as rows:
            yield _Rows(self, rows)
            self.write()
        self.commits += 1
        if self._last_commit is not None and self.commits >= self._last_commit:
            self.is_dead = True
        self._live()

    def reading(self) -> AbstractContextManager[Rows]:
        """Read, as long as it lives."""
        self._use()
        return self._store.reading()

    def close(self) -> None:
        """Leave the store below as it is: another life may use it."""

    def write(self) -> None:
        """Count a write, or die before it.

        Raises:
            Died: This was one too many.
        """
        self._live()
        if self._last is not None and self.writes >= self._last:
            self.is_dead = True
        self.writes += 1
        self._live()

    def _use(self) -> None:
        self._live()
        self._uses += 1
        if self._uses > MOST:
            msg = f"{MOST} transactions, and no effect in between"
            raise EndlessError(msg)

    def _live(self) -> None:
        if self.is_dead:
            raise Died


class _Rows:
    """The inside of a transaction, counted."""

    def __init__(self, mortal: Mortal, rows: Rows) -> None:
        self._write = mortal.write
        self._rows = rows
        self.all = rows.all
        self.one = rows.one

    def do(self, sql: str, *values: Value) -> int:
        """Change rows."""
        self._write()
        return self._rows.do(sql, *values)

    def many(self, sql: str, rows: Iterable[Sequence[Value]]) -> None:
        """Change rows with one statement."""
        self._write()
        self._rows.many(sql, rows)

    def insert(self, sql: str, *values: Value) -> int:
        """Insert a row."""
        self._write()
        return self._rows.insert(sql, *values)
