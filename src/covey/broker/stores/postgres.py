"""The store in one PostgreSQL database. May import what lies beside it, and `covey.errors`.

A script that writes locks the row of its group first, so READ COMMITTED is enough for it; one
that reads has one snapshot. Several processes on one database work as one.

The schema is brought up to date by a command, not by every process that starts: see
`migrate_postgres`.
"""

from __future__ import annotations

import secrets
from contextlib import asynccontextmanager, contextmanager
from typing import TYPE_CHECKING, Final, Self, TypeVar

import asyncpg

from covey.broker.stores import blurring, partitions, postgres_schema
from covey.broker.stores.migrating import packaged, require_current
from covey.broker.stores.notices import PostgresWakes
from covey.broker.stores.postgres_pool import (
    DRIVER,
    IDLE,
    PATIENCE,
    READING,
    SESSION,
    WRITING,
    PostgresPool,
    shown,
)
from covey.broker.stores.wakes import Wakes
from covey.errors import StorageError
from covey.migrating import migrations_in

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Iterator
    from importlib.resources.abc import Traversable

    from asyncpg import Connection, Record

    from covey.broker.script import Script
    from covey.migrating import Migration

T = TypeVar("T")

CONNECTIONS: Final = 10


class PostgresStore:
    """A store in a PostgreSQL database.

    Attributes:
        wakes: Who waits in this process; the others are told by the database.
        shards: 1.
    """

    def __init__(self, pool: PostgresPool, wakes: Wakes) -> None:
        self.wakes: Wakes = wakes
        self.shards: int = 1
        self._pool = pool
        self._closed = False

    @classmethod
    async def open(
        cls,
        dsn: str,
        migrations: Traversable | None = None,
        *,
        migrate: bool = False,
        connections: int = CONNECTIONS,
        listen: bool = True,
        idle: float = IDLE,
    ) -> Self:
        """Connect to a database.

        Args:
            dsn: ``postgresql://…``.
            migrations: The folder of the schema; by default, that of the broker.
            migrate: Whether to bring the schema up to date; otherwise it has to be.
            connections: How many scripts can run at once.
            listen: Whether to hear of what other processes wrote.
            idle: Seconds after which a process that stopped in the middle of a script is thrown
                out of its transaction.

        Raises:
            StorageError: The database cannot be reached, is of something else, is of a newer
                version, or needs to be migrated.
        """
        if migrate:
            await migrate_postgres(dsn, migrations)
        else:
            require_current(shown(dsn), await pending_postgres(dsn, migrations))
        pool = await PostgresPool.open(dsn, connections, idle)
        try:
            wakes = await PostgresWakes.open(dsn) if listen else Wakes()
        except BaseException:
            await pool.close()
            raise
        return cls(pool, wakes)

    async def read(self, key: bytes | None, script: Callable[[], Script[T]]) -> T:
        """Run a script that changes nothing on one snapshot (see `Store`)."""
        del key  # all is in this database
        self._require_open()
        return await self._pool.run(READING, script)

    async def write(self, key: bytes | None, script: Callable[[], Script[T]]) -> T:
        """Run a script in a transaction; it is durable when this returns (see `Store`)."""
        del key
        self._require_open()
        return await self._pool.run(WRITING, script)

    async def every(self, script: Callable[[], Script[T]]) -> list[T]:
        """Run a script in a transaction on the one database (see `Store`)."""
        return [await self.write(None, script)]

    async def turn_weeks(self, week: int, oldest: int) -> None:
        """Make and drop the parts of tables that have one for each week (see `Store`)."""
        self._require_open()
        with _translated(f"cannot turn the weeks of {self._pool.where}"):
            async with self._pool.connection() as connection:
                await partitions.turn(connection, week, oldest)

    async def forget_order(self) -> None:
        """Write the rows of accounts and inboxes anew, all at once (see `Store`)."""
        self._require_open()
        with _translated(f"cannot blur {self._pool.where}"):
            async with self._pool.connection() as connection:
                await blurring.blur(connection)

    async def take_place(self, number: int, databases: int, family: str = "") -> str:
        """Have this place among several databases, now and from now on.

        Args:
            number: Of this database among them, from 0.
            databases: How many there are.
            family: The name that they share; empty for the first one, which has it, or is given
                a new one.

        Returns:
            The name that they share.

        Raises:
            StorageError: The database has another place.
        """
        place = f"shard {number} of {databases} of "
        with _translated(f"cannot give {self._pool.where} its place"):
            async with self._pool.connection() as connection:
                wanted = place + (family or secrets.token_hex(8))
                taken = await postgres_schema.place(connection, wanted)
        if taken != wanted and (family or not taken.startswith(place)):
            msg = (
                f"{self._pool.where} is {taken}, and was now named as {place}{family or 'any'}: "
                "name the databases in the order in which they have always been"
            )
            raise StorageError(msg)
        return taken.removeprefix(place)

    async def close(self) -> None:
        """Finish what is under way, and let the connections go."""
        self._closed = True
        await self.wakes.close()
        await self._pool.close()

    def _require_open(self) -> None:
        if self._closed:
            msg = "the store is closed"
            raise StorageError(msg)


async def pending_postgres(dsn: str, migrations: Traversable | None = None) -> list[Migration]:
    """The migrations that a database still needs.

    Raises:
        StorageError: It cannot be reached, is of something else than a covey broker, or is of a
            newer version.
    """
    known = migrations_in(migrations or packaged("postgres"))
    async with _alone(dsn) as connection:
        return await postgres_schema.left_to_do(connection, shown(dsn), known)


async def migrate_postgres(dsn: str, migrations: Traversable | None = None) -> list[Migration]:
    """Bring a database up to date, in one transaction.

    Returns:
        What was done.

    Raises:
        StorageError: As `pending_postgres`, or a statement failed; then nothing was done.
    """
    known = migrations_in(migrations or packaged("postgres"))
    async with _alone(dsn) as connection:
        return await postgres_schema.migrate(connection, shown(dsn), known)


@asynccontextmanager
async def _alone(dsn: str) -> AsyncIterator[Connection[Record]]:
    """A connection for one task."""
    with _translated(f"cannot reach {shown(dsn)}"):
        connection: Connection[Record] = await asyncpg.connect(
            dsn, timeout=PATIENCE, server_settings=SESSION
        )
    try:
        with _translated(f"cannot migrate {shown(dsn)}"):
            yield connection
    finally:
        await connection.close()


@contextmanager
def _translated(what: str) -> Iterator[None]:
    """Turn the errors of PostgreSQL into StorageError, where no request is in their words.

    Args:
        what: What did not work, as the beginning of a sentence.
    """
    try:
        yield
    except (*DRIVER, ValueError) as error:
        msg = f"{what}: {error}"
        raise StorageError(msg) from error
