"""Several PostgreSQL databases as one store: all of a group is in one of them.

May import the store of one database, and `covey.errors`. There are 256 virtual shards: that
of a group is the first byte of the SHA-256 of its gid. A table says which database has each;
accounts and inboxes are all in the first database, the *home*.

Each database is told its place when it is used for the first time, and used in no other one
afterwards: with another order of the databases, groups would seem to be gone.
"""

from __future__ import annotations

from contextlib import AsyncExitStack
from hashlib import sha256
from typing import TYPE_CHECKING, Final, Self, TypeVar

from covey.broker.stores.postgres import CONNECTIONS, PostgresStore
from covey.errors import StorageError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from importlib.resources.abc import Traversable

    from covey.broker.script import Script
    from covey.broker.stores.port import Store
    from covey.broker.stores.wakes import Wakes

T = TypeVar("T")

VIRTUAL: Final = 256
HOME: Final = 0


def virtual_shard(gid: bytes) -> int:
    """The virtual shard of a group, from 0 to 255."""
    return sha256(gid).digest()[0]


def spread(databases: int) -> tuple[int, ...]:
    """A table that gives each of some databases its part of the virtual shards, in order.

    Returns:
        The number of a database, from 0, for each virtual shard.

    Raises:
        StorageError: There are none, or more than 256.
    """
    if not 1 <= databases <= VIRTUAL:
        msg = f"there can be 1 to {VIRTUAL} databases, not {databases}"
        raise StorageError(msg)
    return tuple(virtual * databases // VIRTUAL for virtual in range(VIRTUAL))


class ShardedStore:
    """Stores that share the groups among them.

    Attributes:
        shards: How many there are.
    """

    def __init__(self, stores: Sequence[Store]) -> None:
        self.shards: int = len(stores)
        self._stores = tuple(stores)
        self._table = spread(len(stores))

    @classmethod
    async def open(
        cls,
        dsns: Sequence[str],
        migrations: Traversable | None = None,
        *,
        migrate: bool = False,
        connections: int = CONNECTIONS,
    ) -> Self:
        """Connect to the databases, in their order.

        Args:
            dsns: ``postgresql://…`` each; the first one is the home.
            migrations: The folder of the schema; by default, that of the broker.
            migrate: Whether to bring the schemas up to date; otherwise they have to be.
            connections: How many scripts can run at once in each.

        Raises:
            StorageError: A database cannot be used, or has another place among them.
        """
        spread(len(dsns))
        async with AsyncExitStack() as undo:
            stores = []
            family = ""
            for number, dsn in enumerate(dsns):
                store = await PostgresStore.open(
                    dsn,
                    migrations,
                    migrate=migrate,
                    connections=connections,
                    listen=number == HOME,
                )
                undo.push_async_callback(store.close)
                family = await store.take_place(number, len(dsns), family)
                stores.append(store)
            undo.pop_all()
        return cls(stores)

    @property
    def wakes(self) -> Wakes:
        """Who waits in this process; the others are told by the home."""
        return self._stores[HOME].wakes

    async def read(self, key: bytes | None, script: Callable[[], Script[T]]) -> T:
        """Run a script that changes nothing where the group is (see `Store`)."""
        return await self._of(key).read(key, script)

    async def write(self, key: bytes | None, script: Callable[[], Script[T]]) -> T:
        """Run a script in a transaction where the group is (see `Store`)."""
        return await self._of(key).write(key, script)

    async def every(self, script: Callable[[], Script[T]]) -> list[T]:
        """Run a script in a transaction on each database (see `Store`)."""
        return [await store.write(None, script) for store in self._stores]

    async def turn_weeks(self, week: int, oldest: int) -> None:
        """Make and drop the parts of tables that have one for each week (see `Store`)."""
        for store in self._stores:
            await store.turn_weeks(week, oldest)

    async def forget_order(self) -> None:
        """Write the rows of accounts and inboxes anew, at home (see `Store`)."""
        await self._stores[HOME].forget_order()

    async def close(self) -> None:
        """Finish what is under way, and let the connections go."""
        for store in self._stores:
            await store.close()

    def _of(self, key: bytes | None) -> Store:
        return self._stores[HOME if key is None else self._table[virtual_shard(key)]]
