"""A store as the client holds it: it counts what is written, and can be opened anew underneath.

May import the store.
"""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from covey.store import SqlStore
from covey.store.errors import StoreLocked

if TYPE_CHECKING:
    from collections.abc import Iterator
    from contextlib import AbstractContextManager

    from covey.store.port import Rows, Store


class Watched:
    """A store whose writes are counted (see :class:`~covey.store.port.Store`).

    Args:
        inner: The store.

    Attributes:
        inner: The store; it can be replaced between two transactions.
        writes: How many transactions of ours have written.
    """

    def __init__(self, inner: Store) -> None:
        self.inner: Store = inner
        self.writes: int = 0

    def __repr__(self) -> str:
        return f"Watched({self.inner!r})"

    @contextmanager
    def transaction(self) -> Iterator[Rows]:
        """Read and write."""
        with self.inner.transaction() as rows:
            yield rows
        self.writes += 1

    def reading(self) -> AbstractContextManager[Rows]:
        """Read one consistent state."""
        return self.inner.reading()

    def others(self) -> int:
        """A number that is another one when somebody else has written since."""
        with self.inner.reading() as rows:
            found = rows.one("PRAGMA data_version")
        assert found is not None
        [version] = found
        assert isinstance(version, int)
        return version

    def cut(self) -> bool:
        """Move the log beside the file into it, and cut it to nothing, unless others are at it.

        Returns:
            Whether nothing stands in it; else it is to be cut later.

        Raises:
            StorageError: It cannot be written.
        """
        if isinstance(self.inner, SqlStore):
            try:
                self.inner.cut()
            except StoreLocked:
                return False
        return True

    def close(self) -> None:
        """Let go of the store."""
        self.inner.close()
