"""Transactions on a PostgreSQL database: a pool of connections, and what to do when one fails.

May import scripts, outcomes and `covey.errors`. PostgreSQL's errors become `StorageError`
here; they are told by their kind only, since their words may hold the values of a request.

What the database asks to be done again (a deadlock, two who insert the same) is done again,
and so is what lost its connection before it was committed: nothing of it was done. Whoever
loses it *while* committing cannot know what became of it, and is told so.

A process may be stopped while it holds a lock. The database therefore throws out whoever does
nothing in the middle of a transaction for `IDLE` seconds: its work is undone, the others go on,
and when it wakes up it finds its connection closed and begins anew. Who was stopped between two
messages of one statement (asyncpg prepares with one, and executes with the next), or does not take
a large answer, is active to PostgreSQL, and only ``transaction_timeout`` would end that, which
PostgreSQL 16 and older do not know. So a script that waited in vain for a lock throws out who
stands still there, and begins anew.
"""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager, suppress
from typing import TYPE_CHECKING, Final, Self, TypeVar
from urllib.parse import urlsplit

import asyncpg

from covey.broker.script import Query
from covey.broker.stores.outcome import Outcome
from covey.errors import StorageError

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

    from asyncpg import Record
    from asyncpg.pool import PoolConnectionProxy

    from covey.broker.script import Row, Script, Step

T = TypeVar("T")

READING: Final = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY"
WRITING: Final = "BEGIN ISOLATION LEVEL READ COMMITTED"  # scripts lock the row of their group

_NAME: Final = "covey"

SESSION: Final = {
    "application_name": _NAME,
    "synchronous_commit": "on",
    "statement_timeout": "10s",  # waiting for a lock counts too
    "tcp_keepalives_idle": "10",
    "tcp_keepalives_interval": "5",
    "tcp_keepalives_count": "3",
}

IDLE_SETTING: Final = "idle_in_transaction_session_timeout"
IDLE: Final = 5.0  # seconds that somebody may do nothing in the middle of a transaction
_THROW_OUT: Final = """
SELECT pg_terminate_backend(pid) FROM pg_stat_activity
WHERE datname = current_database() AND usename = current_user AND application_name = $1
AND state = 'active' AND wait_event IN ('ClientRead', 'ClientWrite')
AND clock_timestamp() - state_change > make_interval(secs => $2)
"""
PATIENCE: Final = 15.0  # seconds for a connection, or for one statement
ATTEMPTS: Final = 5
PAUSE: Final = 0.005  # seconds before the second attempt; twice as many before each further one

DRIVER: Final = (
    asyncpg.PostgresError,
    asyncpg.InterfaceError,
    asyncpg.InternalClientError,
    OSError,
)
"""What asyncpg raises; a timeout is an OSError."""

_AGAIN: Final = (
    asyncpg.SerializationError,
    asyncpg.DeadlockDetectedError,
    asyncpg.UniqueViolationError,
    asyncpg.InvalidCachedStatementError,
    asyncpg.OutdatedSchemaCacheError,
)
_THROWN_OUT: Final = (
    asyncpg.IdleInTransactionSessionTimeoutError,
    asyncpg.AdminShutdownError,
    asyncpg.CrashShutdownError,
    asyncpg.PostgresConnectionError,
    ConnectionError,
)
_NOT_COMMITTED: Final = (
    *_AGAIN,
    asyncpg.IntegrityConstraintViolationError,
    asyncpg.IdleInTransactionSessionTimeoutError,
)


class _LostError(Exception):
    """The connection is gone, and nothing of the transaction was done."""


class PlainConnection(asyncpg.Connection):
    """A connection that needs no cleaning between two users: ours leave nothing in it."""

    def get_reset_query(self) -> str:
        """Nothing."""
        return ""


def shown(dsn: str) -> str:
    """A database as it may be told: without a name of a user, and without a password."""
    parts = urlsplit(dsn)
    host = parts.hostname or "the local socket"
    return f"PostgreSQL database {parts.path.lstrip('/') or '(default)'} at {host}"


def kind_of(error: BaseException) -> str:
    """What an error may tell of itself: its kind, its code, and the rule that was broken."""
    code = getattr(error, "sqlstate", None)
    rule = getattr(error, "constraint_name", None)
    told = ", ".join(each for each in (code, rule) if each)
    return type(error).__name__ + (f" ({told})" if told else "")


class PostgresPool:
    """Connections to one database.

    Attributes:
        where: The database, as it may be shown.
    """

    def __init__(self, pool: asyncpg.Pool[Record], where: str, idle: float) -> None:
        self.where: str = where
        self._pool = pool
        self._longest_idle = idle
        self._running = 0
        self._idle = asyncio.Event()
        self._idle.set()

    @classmethod
    async def open(cls, dsn: str, connections: int, idle: float = IDLE) -> Self:
        """Connect to a database.

        Args:
            dsn: ``postgresql://…``.
            connections: How many there may be at once.
            idle: Seconds that one may do nothing in the middle of a transaction.

        Raises:
            StorageError: It cannot be reached.
        """
        where = shown(dsn)
        try:
            pool = await asyncpg.create_pool(
                dsn,
                min_size=0,
                max_size=connections,
                timeout=PATIENCE,
                command_timeout=PATIENCE,
                server_settings=SESSION | {IDLE_SETTING: f"{idle * 1000:.0f}"},
                connection_class=PlainConnection,
            )
        except (*DRIVER, ValueError) as error:
            msg = f"cannot reach {where}: {kind_of(error)}"
            raise StorageError(msg) from error
        return cls(pool, where, idle)

    @asynccontextmanager
    async def connection(self) -> AsyncIterator[PoolConnectionProxy[Record]]:
        """A connection until the end of the block.

        Raises:
            StorageError: The database cannot be reached, or all connections are busy.
        """
        try:
            connection = await self._pool.acquire(timeout=PATIENCE)
        except DRIVER as error:
            msg = f"cannot get a connection to {self.where}: {kind_of(error)}"
            raise StorageError(msg) from None
        try:
            yield connection
        finally:
            with suppress(*DRIVER):
                await self._pool.release(connection, timeout=PATIENCE)

    async def run(self, begin: str, script: Callable[[], Script[T]]) -> T:
        """Run a script in a transaction.

        Args:
            begin: `READING` or `WRITING`.
            script: Makes the script; called again when the transaction begins anew.

        Raises:
            StorageError: Nothing was done, or, when it says so, nobody knows.
        """
        self._running += 1
        self._idle.clear()
        try:
            return await self._insist(begin, script)
        finally:
            self._running -= 1
            if not self._running:
                self._idle.set()

    async def _insist(self, begin: str, script: Callable[[], Script[T]]) -> T:
        pause = PAUSE
        last = ""
        waited = False
        for _ in range(ATTEMPTS):
            try:
                async with self.connection() as connection:
                    return await _transaction(connection, begin, script())
            except (*_AGAIN, _LostError) as error:
                last = kind_of(error.__cause__ or error)
            except DRIVER as error:
                last = kind_of(error)
                in_vain = isinstance(error, asyncpg.QueryCanceledError)
                if not (in_vain and (await self._threw_out() or not waited)):
                    msg = f"{self.where} failed: {last}"
                    raise StorageError(msg) from None
                waited = True  # others may have thrown out who stood still, or will have to
            await asyncio.sleep(pause)
            pause *= 2
        msg = f"{self.where} failed {ATTEMPTS} times: {last}"
        raise StorageError(msg)

    async def _threw_out(self) -> bool:
        """End the sessions of brokers that stand still inside a statement; whether there were any.

        Raises:
            StorageError: There is no connection to ask by.
        """
        async with self.connection() as connection:
            with suppress(*DRIVER):
                return bool(await connection.fetch(_THROW_OUT, _NAME, self._longest_idle))
        return False

    async def close(self) -> None:
        """Finish what runs, and let the connections go."""
        with suppress(TimeoutError):
            await asyncio.wait_for(self._idle.wait(), PATIENCE)
        with suppress(*DRIVER):
            await asyncio.wait_for(self._pool.close(), PATIENCE)


async def _transaction(connection: PoolConnectionProxy[Record], begin: str, script: Script[T]) -> T:
    """Run a script in a transaction; afterwards there is none, or no connection."""
    clean = False
    try:
        await connection.execute(begin)
        outcome: Outcome[T] = Outcome()
        with outcome:
            outcome.keep(await _play(connection, script))
        if isinstance(outcome.error, DRIVER):
            raise outcome.error
        if outcome.error is None:
            await _commit(connection)
        else:
            await connection.execute("ROLLBACK")
        clean = True
    except _AGAIN:
        with suppress(*DRIVER):
            await connection.execute("ROLLBACK")
            clean = True
        raise
    except DRIVER as error:
        if isinstance(error, _THROWN_OUT) or _is_closed(connection):
            raise _LostError from error
        raise
    finally:
        if not clean:
            with suppress(asyncpg.InterfaceError):
                connection.terminate()
    return outcome.answer()


async def _play(connection: PoolConnectionProxy[Record], script: Script[T]) -> T:
    """Run a script, step by step."""
    try:
        step = next(script)
        while True:
            step = script.send(await _run(connection, step))
    except StopIteration as end:
        answer: T = end.value
        return answer
    finally:
        script.close()


async def _run(connection: PoolConnectionProxy[Record], step: Step) -> list[Row]:
    if isinstance(step, Query):
        rows = await connection.fetch(step.statement.postgres, *step.args)
        return [tuple(row) for row in rows]
    if step.rows:
        await connection.executemany(step.statement.postgres, step.rows)
    return []


async def _commit(connection: PoolConnectionProxy[Record]) -> None:
    try:
        await connection.execute("COMMIT")
    except _NOT_COMMITTED:
        raise
    except DRIVER as error:
        msg = (
            f"the connection was lost while committing ({kind_of(error)}), and nobody knows "
            "whether it was done: ask again with the same request"
        )
        raise StorageError(msg) from None


def _is_closed(connection: PoolConnectionProxy[Record]) -> bool:
    try:
        return connection.is_closed()
    except asyncpg.InterfaceError:  # the pool has taken it back already
        return True
