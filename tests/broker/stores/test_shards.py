"""Several databases as one store, and stores by their places."""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack, asynccontextmanager
from hashlib import sha256
from typing import TYPE_CHECKING

import pytest

from covey.broker.stores.opening import migrate_at, open_store
from covey.broker.stores.postgres import PostgresStore
from covey.broker.stores.postgres_pool import shown
from covey.broker.stores.shards import ShardedStore, spread, virtual_shard
from covey.broker.stores.sqlite import SqliteStore
from covey.errors import StorageError
from postgres import fresh_database, rows
from things import add, asking, events, find, note, put

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

GIDS = [sha256(bytes([number])).digest() for number in range(40)]


@pytest.fixture
def schema(schemas: Path) -> Path:
    return schemas / "postgres"


@asynccontextmanager
async def databases(number: int) -> AsyncIterator[list[str]]:
    async with AsyncExitStack() as stack:
        yield [await stack.enter_async_context(fresh_database()) for _ in range(number)]


@pytest.mark.parametrize("number", [1, 2, 3, 7, 256])
def test_each_database_has_its_part(number: int) -> None:
    table = spread(number)
    assert len(table) == 256
    assert sorted(table) == list(table)
    sizes = [table.count(each) for each in range(number)]
    assert max(sizes) - min(sizes) <= 1


@pytest.mark.parametrize("number", [0, 257])
def test_too_few_or_too_many(number: int) -> None:
    with pytest.raises(StorageError, match=f"1 to 256 databases, not {number}"):
        spread(number)


def test_a_virtual_shard_is_the_first_byte_of_a_hash() -> None:
    assert virtual_shard(b"gid") == sha256(b"gid").digest()[0]


@pytest.mark.parametrize("number", [1, 3])
def test_all_of_a_group_is_in_one_database(schema: Path, number: int) -> None:
    async def work() -> None:
        async with databases(number) as dsns:
            store = await ShardedStore.open(dsns, schema, migrate=True)
            assert store.shards == number
            await store.turn_weeks(10, 9)
            await store.write(None, put(b"account", 0))
            for gid in GIDS:
                await store.write(gid, put(gid, 0))
                await store.write(gid, note(gid, 1, 10))
                assert await store.write(gid, add(gid)) == 1
                assert await store.read(gid, find(gid)) == [(gid, 1, None)]
                assert await store.read(gid, events(gid)) == [(1, 10)]
            table = spread(number)
            for index, dsn in enumerate(dsns):
                here = [gid for gid in GIDS if table[virtual_shard(gid)] == index]
                home = [b"account"] if index == 0 else []
                found = await rows(dsn, "SELECT gid FROM thing ORDER BY gid")
                assert found == [(gid,) for gid in sorted(here + home)]
                assert here
            counts = await store.every(asking("SELECT count(*) FROM thing"))
            assert sum(count for [(count,)] in counts) == len(GIDS) + 1
            assert len(counts) == number
            await store.close()

    asyncio.run(work())


def test_wake_ups_reach_the_other_process(schema: Path) -> None:
    async def work() -> None:
        async with databases(2) as dsns:
            one = await ShardedStore.open(dsns, schema, migrate=True)
            two = await ShardedStore.open(dsns, schema)
            for gid in GIDS[:8]:
                with two.wakes.watch(gid) as event:
                    one.wakes.wake(gid)
                    async with asyncio.timeout(10):
                        await event.wait()
            await one.close()
            await two.close()

    asyncio.run(work())


def test_databases_in_another_order_are_refused(schema: Path) -> None:
    async def work() -> None:
        async with databases(3) as dsns:
            store = await ShardedStore.open(dsns[:2], schema, migrate=True)
            await store.close()
            for order in ([dsns[1], dsns[0]], [dsns[0]], [dsns[2], dsns[1]], dsns):
                with pytest.raises(StorageError, match="in which they have always been"):
                    await ShardedStore.open(order, schema, migrate=True)
            store = await ShardedStore.open(dsns[:2], schema)
            await store.close()

    asyncio.run(work())


def test_all_have_to_be_there(schema: Path, tmp_path: Path) -> None:
    async def work() -> None:
        async with databases(2) as dsns:
            gone = f"postgresql://somebody@/covey?host={tmp_path}"
            with pytest.raises(StorageError, match="cannot reach"):
                await ShardedStore.open([dsns[0], gone], schema, migrate=True)
            with pytest.raises(StorageError, match=r"run `covey broker migrate`"):
                await ShardedStore.open(dsns, schema)
            with pytest.raises(StorageError, match="1 to 256"):
                await ShardedStore.open([], schema)

    asyncio.run(work())


# --- by their places -------------------------------------------------------------------


@pytest.mark.parametrize(
    ("places", "reason"),
    [
        ([], "one file, or one or more"),
        (["a.db", "b.db"], "one file, or one or more"),
        (["postgresql:///a", "b.db"], "one file, or one or more"),
        (["mysql://host/a"], "no store for mysql://"),
    ],
)
def test_places_that_are_none(places: list[str], reason: str) -> None:
    async def work() -> None:
        for attempt in (open_store(places), migrate_at(places)):
            with pytest.raises(StorageError, match=reason):
                await attempt

    asyncio.run(work())


def test_a_file_by_its_path(tmp_path: Path) -> None:
    async def work() -> None:
        place = str(tmp_path / "broker.db")
        store = await open_store([place])
        assert isinstance(store, SqliteStore)
        await store.close()
        assert await migrate_at([place]) == {place: []}  # opening it has done all of it

    asyncio.run(work())


def test_databases_by_their_addresses() -> None:
    async def work() -> None:
        async with databases(2) as dsns:
            with pytest.raises(StorageError, match="covey broker migrate"):
                await open_store(dsns)
            assert all((await migrate_at(dsns)).values())
            assert await migrate_at(dsns) == {shown(dsn): [] for dsn in dsns}
            store = await open_store(dsns)
            assert store.shards == 2
            await store.close()
            again = await open_store(dsns, migrate=True, connections=2)
            await again.close()

    asyncio.run(work())


def test_one_of_several_alone_still_opens_as_one(schema: Path) -> None:
    """The store of one database knows nothing of places: it is what operators look with."""

    async def work() -> None:
        async with databases(2) as dsns:
            store = await ShardedStore.open(dsns, schema, migrate=True)
            await store.close()
            alone = await PostgresStore.open(dsns[1], schema)
            assert await alone.read(None, find(b"nobody")) == []
            await alone.close()

    asyncio.run(work())
