"""What the broker asks of a store: scripts run in transactions, and wake-ups.

May import `covey.broker.script` and the wake-ups. `SqliteStore`, `PostgresStore` and
`ShardedStore` are stores; nothing above knows which one it has.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable

    from covey.broker.script import Script
    from covey.broker.stores.wakes import Wakes

T = TypeVar("T")


class Store(Protocol):
    """A database, or several that share the groups among them.

    Every method raises `StorageError` when the database cannot be used. A script's own error,
    such as a `BrokerError`, comes through as it is, and then nothing of it was done.
    """

    @property
    def wakes(self) -> Wakes:
        """Who waits for something new, in this process, and how others are told."""

    @property
    def shards(self) -> int:
        """The number of databases."""

    async def read(self, key: bytes | None, script: Callable[[], Script[T]]) -> T:
        """Run a script that changes nothing on one consistent state.

        Args:
            key: The gid of the group; None for accounts and inboxes.
            script: Makes the script; called again when it has to begin anew.

        Raises:
            StorageError: The database cannot be read, or the script writes.
        """

    async def write(self, key: bytes | None, script: Callable[[], Script[T]]) -> T:
        """Run a script in one transaction; it is durable when this returns.

        Args:
            key: As for `read`.
            script: As for `read`.

        Raises:
            StorageError: It did not happen, or the connection was lost while it was being
                committed, so that nobody knows: the same request, asked again, gets the answer.
        """

    async def every(self, script: Callable[[], Script[T]]) -> list[T]:
        """Run a script in one transaction on each database, one after the other."""

    async def turn_weeks(self, week: int, oldest: int) -> None:
        """Make room for what is written in a week and the two after it; drop what is too old.

        To be called when a store is opened, and each hour. Does nothing where a week is no more
        than a column, in SQLite: there a script deletes.

        Args:
            week: This week, in weeks since the epoch.
            oldest: The first week that is kept.
        """

    async def forget_order(self) -> None:
        """Make rows of accounts and inboxes tell nothing of the order in which they were written.

        To be called each hour. It may take a while, and writes to these tables then wait.
        """

    async def close(self) -> None:
        """Finish what is under way, and let go of the database."""
