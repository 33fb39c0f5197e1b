"""The store in a PostgreSQL database: what goes wrong between it and us, and weekly parts."""

from __future__ import annotations

import asyncio
import threading
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

import asyncpg
import pytest

from covey.broker.script import Many
from covey.broker.stores import partitions, postgres_pool
from covey.broker.stores.postgres import PostgresStore
from covey.broker.stores.postgres_pool import ATTEMPTS, kind_of, shown
from covey.errors import StorageError
from postgres import fresh_database, rows
from things import FIND, LOOK, PUT, SET, add, asking, events, find, note, put

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable
    from pathlib import Path

    from covey.broker.script import Row, Script

GID, OTHER = b"g" * 32, b"h" * 32


@pytest.fixture
def schema(schemas: Path) -> Path:
    return schemas / "postgres"


@asynccontextmanager
async def opened(
    schema: Path, connections: int = 10, idle: float = postgres_pool.IDLE
) -> AsyncIterator[tuple[PostgresStore, str]]:
    async with fresh_database() as dsn:
        store = await PostgresStore.open(
            dsn, schema, migrate=True, connections=connections, idle=idle
        )
        try:
            yield store, dsn
        finally:
            await store.close()


def in_between(work: Callable[[], object]) -> None:
    """Do something else while a script waits."""
    other = threading.Thread(target=work)
    other.start()
    other.join()


def query(dsn: str, text: str, *args: object) -> None:
    """Run a statement from elsewhere, and wait for it."""
    in_between(lambda: asyncio.run(rows(dsn, text, *args)))


# --- sessions --------------------------------------------------------------------------


def test_how_a_session_is_set(schema: Path) -> None:
    wanted = {
        "synchronous_commit": "on",
        "statement_timeout": "10s",
        "idle_in_transaction_session_timeout": "5s",
        "transaction_isolation": "read committed",
        "transaction_read_only": "off",
    }
    reading = {"transaction_isolation": "repeatable read", "transaction_read_only": "on"}

    async def work() -> None:
        async with opened(schema) as (store, _):
            for name, value in wanted.items():
                assert await store.write(None, asking(f"SHOW {name}")) == [(value,)]
            for name, value in reading.items():
                assert await store.read(None, asking(f"SHOW {name}")) == [(value,)]

    asyncio.run(work())


@pytest.mark.parametrize(
    ("dsn", "told"),
    [
        ("postgresql://me:secret@db.example:5433/covey", "PostgreSQL database covey at db.example"),
        ("postgresql://me@/covey?host=/run", "PostgreSQL database covey at the local socket"),
        ("postgresql://", "PostgreSQL database (default) at the local socket"),
    ],
)
def test_an_address_is_shown_without_who_uses_it(dsn: str, told: str) -> None:
    assert shown(dsn) == told


def test_errors_do_not_tell_values(schema: Path) -> None:
    def script() -> Script[None]:
        yield Many(PUT, [(b"a", 1, None), (b"b", None, "what nobody shall see")])

    async def work() -> None:
        async with opened(schema) as (store, _):
            for key in (None, GID):
                with pytest.raises(StorageError) as told:
                    await store.write(key, script)
                assert str(told.value).endswith(" failed: NotNullViolationError (23502)")
                assert told.value.__suppress_context__ or told.value.__context__ is None
            with pytest.raises(StorageError) as told:
                await store.write(None, put(b"a", "no number"))  # type: ignore[arg-type]
            assert str(told.value).endswith(" failed: DataError (22000)")

    asyncio.run(work())
    assert kind_of(ConnectionResetError("to 192.0.2.1")) == "ConnectionResetError"


def test_all_connections_are_busy(schema: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async def work() -> None:
        async with opened(schema, connections=1) as (store, _):
            monkeypatch.setattr("covey.broker.stores.postgres_pool.PATIENCE", 0.05)
            async with store._pool.connection():  # noqa: SLF001 - to be in the way
                with pytest.raises(StorageError, match=r"cannot get a connection.*TimeoutError"):
                    await store.read(GID, find(GID))
            monkeypatch.undo()
            assert await store.read(GID, find(GID)) == []

    asyncio.run(work())


# --- beginning anew --------------------------------------------------------------------


def test_two_who_insert_the_same(schema: Path) -> None:
    """The second one begins anew, and then sees what the first one did."""

    async def work() -> None:
        async with opened(schema) as (store, dsn):
            tries = []

            def script() -> Script[list[Row]]:
                tries.append(1)
                found = yield FIND.of((GID,))
                if not found:
                    text = "INSERT INTO thing (gid, number) VALUES ($1, 7)"
                    query(dsn, text, GID)
                    yield PUT.of(GID, 1, None)
                return found

            assert await store.write(None, script) == [(GID, 7, None)]
            assert len(tries) == 2

    asyncio.run(work())


def test_a_deadlock(schema: Path) -> None:
    async def work() -> None:
        async with opened(schema) as (store, _):
            for gid in (GID, OTHER):
                await store.write(None, put(gid, 0))

            def crosswise(first: bytes, second: bytes) -> Callable[[], Script[None]]:
                def script() -> Script[None]:
                    yield SET.of(first, 1)
                    yield from asking("SELECT 1 FROM pg_sleep(0.2)")()
                    yield SET.of(second, 1)

                return script

            await asyncio.gather(
                store.write(GID, crosswise(GID, OTHER)), store.write(OTHER, crosswise(OTHER, GID))
            )
            assert await store.read(None, find(GID, OTHER)) == [(GID, 1, None), (OTHER, 1, None)]

    asyncio.run(work())


def test_what_fails_again_and_again(schema: Path) -> None:
    async def work() -> None:
        async with opened(schema) as (store, _):
            tries = []

            def script() -> Script[None]:
                tries.append(1)
                yield Many(PUT, [(GID, 1, None), (GID, 2, None)])

            with pytest.raises(
                StorageError, match=rf"failed {ATTEMPTS} times: UniqueViolationError \(23505"
            ):
                await store.write(GID, script)
            assert len(tries) == ATTEMPTS
            assert await store.read(GID, find(GID)) == []

    asyncio.run(work())


KILL = (
    "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE query LIKE '%thing%' "
    "AND pid <> pg_backend_pid() AND datname = current_database()"
)


def test_a_connection_that_is_lost_before_the_commit(schema: Path) -> None:
    """Nothing was done, so it is done again on another connection."""

    async def work() -> None:
        async with opened(schema) as (store, dsn):
            await store.write(GID, put(GID, 0))
            tries = []

            def script() -> Script[None]:
                tries.append(1)
                yield LOOK.of(GID)
                if len(tries) == 1:
                    query(dsn, KILL)
                yield SET.of(GID, len(tries))

            await store.write(GID, script)
            assert await store.read(GID, find(GID)) == [(GID, 2, None)]

    asyncio.run(work())


def test_a_connection_that_is_lost_while_committing(schema: Path) -> None:
    """Whoever asked is told that nobody knows, and all goes on."""

    async def work() -> None:
        async with opened(schema) as (store, dsn):
            await store.write(GID, put(GID, 0))

            def script() -> Script[None]:
                yield from add(GID)()
                query(dsn, KILL)

            for key in (GID, None):
                with pytest.raises(StorageError, match="nobody knows whether it was done"):
                    await store.write(key, script)
            assert await store.write(GID, add(GID)) == 1

    asyncio.run(work())


def test_connections_that_are_lost_all_the_time(schema: Path) -> None:
    """What was acknowledged was done once; what nobody knows was done once or not at all."""

    async def work() -> None:
        async with opened(schema, connections=4) as (store, dsn):
            await store.write(GID, put(GID, 0))
            done: list[int] = []
            unknown = 0
            ended = False

            async def counting() -> None:
                nonlocal unknown
                for _ in range(100):
                    try:
                        done.append(await store.write(GID, add(GID)))
                    except StorageError:
                        unknown += 1

            async def killing() -> None:
                while not ended:
                    await rows(dsn, KILL)
                    await asyncio.sleep(0.01)

            killer = asyncio.ensure_future(killing())
            await asyncio.gather(*(counting() for _ in range(8)))
            ended = True
            await killer
            assert len(done) == len(set(done))
            assert len(done) + unknown == 800
            [(_, number, _)] = await store.read(GID, find(GID))
            assert len(done) <= number <= 800
            assert max(done) <= number

    asyncio.run(work())


def test_a_commit_that_the_database_refuses(schema: Path) -> None:
    async def work() -> None:
        async with opened(schema) as (store, _):
            await store.write(GID, put(GID, 0))

            def script() -> Script[None]:
                yield from asking("UPDATE thing SET other = '\\x00'")()

            with pytest.raises(StorageError, match="ForeignKeyViolationError"):
                await store.write(GID, script)
            assert await store.write(GID, add(GID)) == 1

    asyncio.run(work())


def test_a_table_that_changed_meanwhile(schema: Path) -> None:
    """A statement that was prepared for the table as it was is prepared anew."""

    async def work() -> None:
        async with opened(schema, connections=1) as (store, dsn):
            every = asking("SELECT * FROM thing")
            await store.write(None, put(GID, 0))
            assert await store.read(None, every) == [(GID, 0, None, None)]
            await rows(dsn, "ALTER TABLE thing ADD COLUMN more INTEGER")
            assert await store.read(None, every) == [(GID, 0, None, None, None)]

    asyncio.run(work())


# --- who stands still ------------------------------------------------------------------


@asynccontextmanager
async def held(
    schema: Path, monkeypatch: pytest.MonkeyPatch, idle: float = 0.5, name: str = "covey"
) -> AsyncIterator[tuple[PostgresStore, str, asyncpg.Connection[asyncpg.Record]]]:
    """A store in which one waits for a second, and somebody who has the lock of its one thing."""
    monkeypatch.setitem(postgres_pool.SESSION, "statement_timeout", "1s")
    async with opened(schema, idle=idle) as (store, dsn):
        await store.write(GID, put(GID, 0))
        holder = await asyncpg.connect(dsn, server_settings={"application_name": name})
        await holder.execute("BEGIN")
        await holder.fetch(LOOK.postgres, GID)
        yield store, dsn, holder
        await holder.close()


async def stand_still(holder: asyncpg.Connection[asyncpg.Record]) -> None:
    """Send the first of the two messages of a statement.

    To the database who did is active, not idle in a transaction; that timeout does not end it.
    """
    await holder.prepare(SET.postgres)


def test_whoever_stands_still_inside_a_statement_is_thrown_out(
    schema: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def work() -> None:
        async with held(schema, monkeypatch) as (store, _, holder):
            await stand_still(holder)
            counts = await asyncio.gather(*(store.write(GID, add(GID)) for _ in range(6)))
            assert sorted(counts) == [1, 2, 3, 4, 5, 6]
            with pytest.raises((asyncpg.AdminShutdownError, asyncpg.InterfaceError)):
                await holder.execute("COMMIT")

    asyncio.run(work())


def test_whoever_does_not_take_an_answer_is_thrown_out(
    schema: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def work() -> None:
        async with held(schema, monkeypatch) as (store, _, holder):
            large = await holder.prepare("SELECT repeat('x', 30000000)")
            answer = asyncio.ensure_future(large.fetch())
            await asyncio.sleep(0)
            holder._transport.pause_reading()  # noqa: SLF001 - as who is stopped
            assert await store.write(GID, add(GID)) == 1
            holder._transport.resume_reading()  # noqa: SLF001 - as who wakes up
            with pytest.raises((asyncpg.PostgresError, asyncpg.InterfaceError, OSError)):
                await answer

    asyncio.run(work())


@pytest.mark.parametrize(("idle", "name"), [(60, "covey"), (0.5, "an operator")])
def test_who_stands_still_for_a_moment_or_is_no_broker_is_not_thrown_out(
    schema: Path, monkeypatch: pytest.MonkeyPatch, idle: float, name: str
) -> None:
    async def work() -> None:
        async with held(schema, monkeypatch, idle, name) as (store, _, holder):
            await stand_still(holder)
            with pytest.raises(StorageError, match="QueryCanceledError"):
                await store.write(GID, add(GID))
            await holder.execute("ROLLBACK")
            assert await store.write(GID, add(GID)) == 1

    asyncio.run(work())


def test_who_works_or_waits_for_work_is_not_thrown_out(
    schema: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def work() -> None:
        async with held(schema, monkeypatch) as (store, dsn, holder):
            await stand_still(holder)
            async with asyncpg.create_pool(
                dsn, min_size=2, max_size=2, server_settings={"application_name": "covey"}
            ) as others:
                work = asyncio.ensure_future(others.fetchval("SELECT 7 FROM pg_sleep(2)"))
                async with others.acquire() as waiting:
                    assert await store.write(GID, add(GID)) == 1
                    assert await work == 7
                    assert await waiting.fetchval("SELECT 8") == 8

    asyncio.run(work())


# --- weeks -----------------------------------------------------------------------------

PARTS = (
    "SELECT inhrelid::regclass::text FROM pg_inherits JOIN pg_class ON oid = inhrelid "
    "WHERE inhparent = 'event'::regclass"
)


async def parts(dsn: str) -> list[int]:
    return sorted(int(str(name).removeprefix("event_w")) for (name,) in await rows(dsn, PARTS))


def test_parts_come_and_go(schema: Path) -> None:
    async def work() -> None:
        async with opened(schema) as (store, dsn):
            with pytest.raises(StorageError, match="CheckViolationError"):
                await store.write(GID, note(GID, 1, 3000))
            await store.turn_weeks(3000, 2990)
            assert await parts(dsn) == [2999, 3000, 3001, 3002]
            await store.turn_weeks(3000, 2990)
            for number, week in enumerate((2999, 3000, 3002)):
                await store.write(GID, note(GID, number, week))
            await store.turn_weeks(3001, 3000)
            assert await parts(dsn) == [3000, 3001, 3002, 3003]
            assert await store.read(GID, events(GID)) == [(1, 3000), (2, 3002)]
            await store.turn_weeks(3100, 3099)
            assert await parts(dsn) == [3099, 3100, 3101, 3102]
            assert await store.read(GID, events(GID)) == []

    asyncio.run(work())


def test_a_part_has_what_the_table_has(schema: Path) -> None:
    text = "SELECT indexdef FROM pg_indexes WHERE tablename = 'event_w9' ORDER BY 1"
    invalid = "SELECT count(*) FROM pg_index WHERE NOT indisvalid"

    async def work() -> None:
        async with opened(schema) as (store, dsn):
            await store.turn_weeks(10, 9)
            assert len(await rows(dsn, text)) == 2
            assert await rows(dsn, invalid) == [(0,)]
            await store.write(GID, note(GID, 1, 9))
            with pytest.raises(StorageError, match="UniqueViolation"):
                await store.write(GID, note(GID, 1, 9))

    asyncio.run(work())


def test_several_processes_turn_the_weeks(schema: Path) -> None:
    async def work() -> None:
        async with opened(schema) as (store, dsn):
            others = [await PostgresStore.open(dsn, schema) for _ in range(4)]
            for week in (10, 14, 15):
                turns = (each.turn_weeks(week, week - 1) for each in (store, *others))
                await asyncio.gather(*turns)
                assert await parts(dsn) == [week - 1, week, week + 1, week + 2]
            for each in others:
                await each.close()

    asyncio.run(work())


def test_a_part_in_use_is_left_for_the_next_time(
    schema: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(partitions, "PATIENCE", "50ms")

    async def work() -> None:
        async with opened(schema) as (store, dsn):
            await store.turn_weeks(10, 9)
            reader = await asyncpg.connect(dsn)
            async with reader.transaction():
                await reader.fetch("SELECT * FROM event_w9")
                await store.turn_weeks(11, 10)
                assert await parts(dsn) == [9, 10, 11, 12, 13]
            await reader.close()
            await store.turn_weeks(11, 10)
            assert await parts(dsn) == [10, 11, 12, 13]

    asyncio.run(work())


def test_weeks_cannot_be_turned_without_a_database(schema: Path) -> None:
    async def work() -> None:
        async with opened(schema) as (store, dsn):
            await rows(dsn, "CREATE TABLE event_w10 (x INTEGER)")
            with pytest.raises(StorageError, match="cannot turn the weeks"):
                await store.turn_weeks(10, 9)

    asyncio.run(work())
