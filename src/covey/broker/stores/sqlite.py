"""The store in one SQLite file: one thread writes, a few read, many scripts share a commit.

May import scripts, the file, outcomes, the wake-ups and `covey.errors`.

To be durable, a commit waits for the disk; what comes in meanwhile is done in the next one,
together. Each script runs in a savepoint of its own, so that one which fails takes nothing
with it. When the commit itself fails, all of them failed.

A few seconds after a write the write-ahead log is moved into the database and cut to nothing:
otherwise it would keep the order in which things were written.
"""

from __future__ import annotations

import asyncio
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from queue import Empty, SimpleQueue
from threading import Thread
from typing import TYPE_CHECKING, Any, Final, Generic, Self, TypeVar

from covey.broker.script import Query, play
from covey.broker.stores import sqlite_file
from covey.broker.stores.migrating import packaged, require_current
from covey.broker.stores.outcome import Outcome
from covey.broker.stores.sqlite_file import transaction, translated
from covey.broker.stores.wakes import Wakes
from covey.errors import StorageError
from covey.migrating import migrations_in

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Callable, Iterator
    from importlib.resources.abc import Traversable
    from pathlib import Path

    from covey.broker.script import Row, Script, Step
    from covey.migrating import Migration

T = TypeVar("T")

BATCH: Final = 128  # scripts in one commit, at most
READERS: Final = 4
CHECKPOINT: Final = 5.0  # seconds from a write until the log beside the file is cut
_FAILED: Final = "the database failed"


class SqliteStore:
    """A store in a SQLite file; other processes may use the file too.

    Attributes:
        wakes: Who waits in this process; those in others look again now and then.
        shards: 1.
    """

    def __init__(
        self, writer: sqlite3.Connection, readers: list[sqlite3.Connection], checkpoint: float
    ) -> None:
        self.wakes: Wakes = Wakes()
        self.shards: int = 1
        self._writer = _Writer(writer, checkpoint)
        self._readers: SimpleQueue[sqlite3.Connection] = SimpleQueue()
        for reader in readers:
            self._readers.put(reader)
        self._reading = ThreadPoolExecutor(len(readers), thread_name_prefix="covey-reader")
        self._closed = False

    @classmethod
    def open(
        cls,
        path: Path,
        migrations: Traversable | None = None,
        *,
        migrate: bool = True,
        checkpoint: float = CHECKPOINT,
    ) -> Self:
        """Open a database, or begin one that only its owner can read.

        Args:
            path: The file; its folder is there.
            migrations: The folder of the schema; by default, that of the broker.
            migrate: Whether to bring the schema up to date; otherwise it has to be.
            checkpoint: Seconds from a write until the log beside the file is cut.

        Raises:
            StorageError: The file is no database of ours, is of a newer version, needs to be
                migrated, or cannot be written.
        """
        known = migrations_in(migrations or packaged("sqlite"))
        connections: list[sqlite3.Connection] = []
        try:
            connections.append(sqlite_file.opened(path))
            if migrate:
                sqlite_file.migrate(connections[0], path, known)
            else:
                left = sqlite_file.left_to_do(connections[0], path, known)
                require_current(str(path), left)
            for _ in range(READERS):
                connections.append(sqlite_file.opened(path))
                connections[-1].execute("PRAGMA query_only = ON")
        except BaseException:
            for connection in connections:
                connection.close()
            raise
        return cls(connections[0], connections[1:], checkpoint)

    async def read(self, key: bytes | None, script: Callable[[], Script[T]]) -> T:
        """Run a script that changes nothing on one consistent state (see `Store`)."""
        del key  # there is one file for all
        self._require_open()
        run = asyncio.get_running_loop().run_in_executor
        return await run(self._reading, self._read, script)

    async def write(self, key: bytes | None, script: Callable[[], Script[T]]) -> T:
        """Run a script in a transaction; it is durable when this returns (see `Store`)."""
        del key
        self._require_open()
        answer: asyncio.Future[T] = asyncio.get_running_loop().create_future()
        self._writer.jobs.put(_Job(script, answer))
        return await answer

    async def every(self, script: Callable[[], Script[T]]) -> list[T]:
        """Run a script in a transaction on the one database (see `Store`)."""
        return [await self.write(None, script)]

    async def turn_weeks(self, week: int, oldest: int) -> None:
        """Do nothing: a week is a column here, and a script deletes by it (see `Store`)."""
        del week, oldest
        self._require_open()

    async def forget_order(self) -> None:
        """Do nothing: the log beside the file is cut soon after a write (see `Store`)."""
        self._require_open()

    @property
    def commits(self) -> int:
        """How many commits wrote what scripts did, so far."""
        return self._writer.commits

    async def close(self) -> None:
        """Finish what is under way, cut the log beside the file, and close it."""
        await self.wakes.close()
        if self._closed:
            return
        self._closed = True
        await asyncio.to_thread(self._reading.shutdown)
        while not self._readers.empty():
            self._readers.get().close()
        self._writer.jobs.put(None)
        await asyncio.to_thread(self._writer.thread.join)

    def _require_open(self) -> None:
        if self._closed:
            msg = "the store is closed"
            raise StorageError(msg)

    def _read(self, script: Callable[[], Script[T]]) -> T:
        connection = self._readers.get()
        try:
            with translated(_FAILED), transaction(connection, "BEGIN"):
                return play(script(), lambda step: _run(connection, step))
        finally:
            self._readers.put(connection)


def migrate_sqlite(path: Path, migrations: Traversable | None = None) -> list[Migration]:
    """Bring a file up to date, or begin one.

    Returns:
        What was done.

    Raises:
        StorageError: The file is no database of ours, or is of a newer version, or a statement
            failed; then nothing was done.
    """
    known = migrations_in(migrations or packaged("sqlite"))
    with closing(sqlite_file.opened(path)) as connection:
        return sqlite_file.migrate(connection, path, known)


class _Job(Generic[T]):
    """A script that is to be written, and who waits for its answer."""

    def __init__(self, script: Callable[[], Script[T]], answer: asyncio.Future[T]) -> None:
        self.outcome: Outcome[T] = Outcome()
        self._script = script
        self._answer = answer

    def do(self, connection: sqlite3.Connection) -> None:
        """Run the script in a savepoint; what it raises is kept for whoever waits."""
        with self.outcome, translated(_FAILED), _savepoint(connection):
            self.outcome.keep(play(self._script(), lambda step: _run(connection, step)))

    def tell(self) -> None:
        """Answer whoever waits, from the writer's thread."""
        loop = self._answer.get_loop()
        if not loop.is_closed():
            loop.call_soon_threadsafe(self.outcome.settle, self._answer)


class _Writer:
    """The thread that writes.

    Attributes:
        jobs: What it shall do, in order; None is the end.
        thread: It has closed the connection when it ends.
        commits: How many it has made.
    """

    def __init__(self, connection: sqlite3.Connection, checkpoint: float) -> None:
        self.jobs: SimpleQueue[_Job[Any] | None] = SimpleQueue()
        self.commits: int = 0
        self._connection = connection
        self._checkpoint = checkpoint
        self._due: float | None = None  # when the log is to be cut
        self.thread: Thread = Thread(target=self._work, name="covey-writer", daemon=True)
        self.thread.start()

    def _work(self) -> None:
        going = True
        while going:
            batch, going = self._next()
            if batch:
                self._commit(batch)
            if self._due is not None and (not going or time.monotonic() >= self._due):
                self._cut()
        self._connection.close()

    def _next(self) -> tuple[list[_Job[Any]], bool]:
        """What waits to be written, and whether more may come; waits for the first."""
        batch: list[_Job[Any]] = []
        wait = None if self._due is None else max(self._due - time.monotonic(), 0)
        try:
            job = self.jobs.get(timeout=wait)
            while job is not None:
                batch.append(job)
                if len(batch) == BATCH:
                    return batch, True
                job = self.jobs.get_nowait()
        except Empty:
            return batch, True
        return batch, False

    def _commit(self, batch: list[_Job[Any]]) -> None:
        try:
            with translated(_FAILED), transaction(self._connection, "BEGIN IMMEDIATE"):
                for job in batch:
                    job.do(self._connection)
                    self._require_transaction()
            self.commits += 1
            if self._due is None:
                self._due = time.monotonic() + self._checkpoint
        except StorageError as error:
            for job in batch:
                job.outcome.fail(StorageError(*error.args))
        for job in batch:
            job.tell()

    def _require_transaction(self) -> None:
        if not self._connection.in_transaction:  # a full disk, for one, undoes all of it
            msg = f"{_FAILED}, and undid all that was to be committed with it"
            raise StorageError(msg)

    def _cut(self) -> None:
        """Move the log beside the file into it; when a reader is in the way, soon again."""
        self._due = None
        try:
            self._connection.execute("PRAGMA busy_timeout = 200")
            with translated("cannot cut the log"):
                [(busy, _, _)] = self._connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
            if busy:
                self._due = time.monotonic() + self._checkpoint / 10
        except StorageError:
            self._due = time.monotonic() + self._checkpoint
        finally:
            self._connection.execute(f"PRAGMA busy_timeout = {sqlite_file.BUSY * 1000:.0f}")


@contextmanager
def _savepoint(connection: sqlite3.Connection) -> Iterator[None]:
    connection.execute("SAVEPOINT script")
    try:
        yield
    except BaseException:
        if connection.in_transaction:
            connection.execute("ROLLBACK TO script")
            connection.execute("RELEASE script")
        raise
    connection.execute("RELEASE script")


def _run(connection: sqlite3.Connection, step: Step) -> list[Row]:
    if isinstance(step, Query):
        return connection.execute(*step.statement.sqlite(step.args)).fetchall()
    for row in step.rows:
        connection.execute(*step.statement.sqlite(row))
    return []
