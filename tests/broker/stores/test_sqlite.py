"""The store in a SQLite file: the file itself, and commits that are shared."""

from __future__ import annotations

import asyncio
import os
import sqlite3
import stat
import threading
from contextlib import asynccontextmanager, closing
from typing import TYPE_CHECKING

import pytest

from covey.broker.stores import sqlite as store_module
from covey.broker.stores.sqlite import SqliteStore, migrate_sqlite
from covey.errors import StorageError
from things import LOOK, add, asking, find, point, put

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable
    from pathlib import Path

    from covey.broker.script import Script

GID, OTHER = b"g" * 32, b"h" * 32


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "broker.db"


@pytest.fixture
def schema(schemas: Path) -> Path:
    return schemas / "sqlite"


@asynccontextmanager
async def opened(path: Path, schema: Path, checkpoint: float = 60) -> AsyncIterator[SqliteStore]:
    store = SqliteStore.open(path, schema, checkpoint=checkpoint)
    try:
        yield store
    finally:
        await store.close()


async def together(store: SqliteStore, *writes: Awaitable[object]) -> list[object]:
    """Let writes gather while the writer is at something else, so that they share a commit."""
    go_on = threading.Event()

    def script() -> Script[None]:
        go_on.wait(10)
        yield LOOK.of(GID)

    first = asyncio.ensure_future(store.write(None, script))
    await asyncio.sleep(0.05)  # until it has been taken alone
    waiting = asyncio.gather(*writes, return_exceptions=True)
    await asyncio.sleep(0)
    go_on.set()
    await first
    return await waiting


def test_what_comes_in_meanwhile_shares_a_commit(path: Path, schema: Path) -> None:
    async def work() -> None:
        async with opened(path, schema) as store:
            await store.write(GID, put(GID, 0))
            before = store.commits
            counts = await together(store, *(store.write(GID, add(GID)) for _ in range(100)))
            assert counts == list(range(1, 101))
            assert store.commits == before + 2
            many = store_module.BATCH * 2 + 1
            await together(store, *(store.write(GID, add(GID)) for _ in range(many)))
            assert store.commits == before + 2 + 1 + 3

    asyncio.run(work())


def test_when_the_commit_fails_all_failed(path: Path, schema: Path) -> None:
    async def work() -> None:
        async with opened(path, schema) as store:
            await store.write(GID, put(GID, 0))
            done = await together(
                store,
                store.write(GID, add(GID)),
                store.write(GID, point(GID, b"nobody")),  # found out when it is committed
                store.write(GID, add(GID)),
            )
            assert [type(each) for each in done] == [StorageError] * 3
            assert all("FOREIGN KEY" in str(each) for each in done)
            assert await store.read(GID, find(GID)) == [(GID, 0, None)]
            assert await store.write(GID, add(GID)) == 1

    asyncio.run(work())


def test_when_a_failure_undoes_all_then_all_failed(path: Path, schema: Path) -> None:
    async def work() -> None:
        async with opened(path, schema) as store:
            await store.write(GID, put(GID, 0))
            done = await together(
                store,
                store.write(GID, add(GID)),
                store.write(
                    GID,
                    asking("INSERT OR ROLLBACK INTO thing (gid, number) SELECT gid, 1 FROM thing"),
                ),
                store.write(GID, add(GID)),
            )
            assert [type(each) for each in done] == [StorageError] * 3
            assert await store.write(GID, add(GID)) == 1

    asyncio.run(work())


def test_readers_do_not_wait_for_the_writer(path: Path, schema: Path) -> None:
    async def work() -> None:
        async with opened(path, schema) as store:
            await store.write(GID, put(GID, 0))
            go_on = threading.Event()

            def script() -> Script[None]:
                yield LOOK.of(GID)
                go_on.wait(10)

            writing = asyncio.ensure_future(store.write(GID, script))
            reads = (store.read(GID, find(GID)) for _ in range(20))
            assert await asyncio.gather(*reads) == [[(GID, 0, None)]] * 20
            go_on.set()
            await writing

    asyncio.run(work())


def test_the_loop_may_be_gone_when_the_answer_comes(path: Path, schema: Path) -> None:
    stores = []

    async def work() -> None:
        stores.append(SqliteStore.open(path, schema))
        await stores[0].write(GID, put(GID, 0))
        task = asyncio.ensure_future(together(stores[0], stores[0].write(GID, add(GID))))
        await asyncio.sleep(0.06)
        task.cancel()

    asyncio.run(work())
    asyncio.run(stores[0].close())


# --- the file --------------------------------------------------------------------------


def test_only_its_owner_can_read_the_files(path: Path, schema: Path) -> None:
    async def work() -> None:
        async with opened(path, schema) as store:
            await store.write(GID, put(GID, 0))
            names = {each.name for each in path.parent.glob("broker.db*")}
            assert names == {"broker.db", "broker.db-wal", "broker.db-shm"}
            for each in path.parent.glob("broker.db*"):
                assert stat.S_IMODE(each.stat().st_mode) == 0o600

    umask = os.umask(0)
    try:
        asyncio.run(work())
    finally:
        os.umask(umask)


def test_how_the_file_is_opened(path: Path, schema: Path) -> None:
    wanted = {
        "journal_mode": "wal",
        "synchronous": 2,
        "secure_delete": 1,
        "temp_store": 2,
        "foreign_keys": 1,
        "trusted_schema": 0,
        "busy_timeout": 10_000,
    }

    async def work() -> None:
        async with opened(path, schema) as store:
            for name, value in wanted.items():
                pragma = asking(f"PRAGMA {name}")
                assert await store.write(None, pragma) == [(value,)], name
                assert await store.read(None, pragma) == [(value,)], name
            assert await store.write(None, asking("PRAGMA query_only")) == [(0,)]
            assert await store.read(None, asking("PRAGMA query_only")) == [(1,)]

    asyncio.run(work())


def test_what_is_dropped_is_overwritten(path: Path, schema: Path) -> None:
    name = "a KeyPackage with a name in it"

    async def work() -> None:
        async with opened(path, schema) as store:
            await store.write(GID, put(GID, 0, name))
            await store.write(GID, asking("DELETE FROM thing"))

    asyncio.run(work())
    assert name.encode() not in path.read_bytes()


def test_the_log_beside_the_file_is_cut_now_and_then(path: Path, schema: Path) -> None:
    log = path.with_name("broker.db-wal")

    async def until_cut() -> None:
        for _ in range(1000):
            if not log.stat().st_size:
                return
            await asyncio.sleep(0.01)
        pytest.fail("it was never cut")

    async def work() -> None:
        async with opened(path, schema, checkpoint=0.1) as store:
            await store.write(GID, put(GID, 0))
            assert log.stat().st_size > 0
            await until_cut()
            with closing(sqlite3.connect(path, isolation_level=None)) as reader:
                reader.execute("BEGIN")
                reader.execute("SELECT count(*) FROM thing").fetchall()
                await store.write(GID, add(GID))
                await asyncio.sleep(0.5)
                assert log.stat().st_size > 0  # a reader is in the way
            await until_cut()
            assert await store.write(GID, add(GID)) == 2
            assert await store.write(None, asking("PRAGMA busy_timeout")) == [(10_000,)]

    asyncio.run(work())


def test_the_log_beside_the_file_is_cut_at_the_end(path: Path, schema: Path) -> None:
    async def work() -> None:
        async with opened(path, schema), opened(path, schema) as store:
            await store.write(GID, put(GID, 0))
            await store.close()
            assert path.with_name("broker.db-wal").stat().st_size == 0

    asyncio.run(work())
    assert [each.name for each in path.parent.glob("broker.db*")] == ["broker.db"]


def test_another_process_that_writes_is_waited_for(path: Path, schema: Path) -> None:
    async def work() -> None:
        async with opened(path, schema) as store:
            await store.write(GID, put(GID, 0))
            with closing(sqlite3.connect(path, isolation_level=None)) as other:
                other.execute("BEGIN IMMEDIATE")
                waiting = asyncio.ensure_future(store.write(GID, add(GID)))
                await asyncio.sleep(0.1)
                assert not waiting.done()
                other.execute("COMMIT")
            assert await waiting == 1

    asyncio.run(work())


@pytest.mark.parametrize("content", [b"x" * 5000, b"SQLite format 3\0" + bytes(100)])
def test_what_is_no_database_is_left_alone(path: Path, schema: Path, content: bytes) -> None:
    path.write_bytes(content)
    with pytest.raises(StorageError, match="cannot open"):
        SqliteStore.open(path, schema)
    assert path.read_bytes() == content


@pytest.mark.parametrize(
    "statement",
    ["CREATE TABLE theirs (x)", "PRAGMA application_id = 77", "PRAGMA user_version = 3"],
)
def test_a_database_of_something_else_is_left_alone(
    path: Path, schema: Path, statement: str
) -> None:
    with closing(sqlite3.connect(path)) as database:
        database.execute(statement)
    content = path.read_bytes()
    with pytest.raises(StorageError, match="something else than a covey broker"):
        SqliteStore.open(path, schema)
    with pytest.raises(StorageError, match="something else than a covey broker"):
        migrate_sqlite(path, schema)
    assert path.read_bytes() == content


def test_a_database_of_the_first_broker_cannot_be_carried_over(path: Path, schema: Path) -> None:
    with closing(sqlite3.connect(path)) as database:
        database.execute("CREATE TABLE log (gid BLOB)")
        database.execute("CREATE TABLE entry (gid BLOB)")
        database.execute("PRAGMA user_version = 1")
    content = path.read_bytes()
    with pytest.raises(StorageError, match=r"never released.*begin with a new file"):
        SqliteStore.open(path, schema)
    assert path.read_bytes() == content


def test_a_folder_that_is_not_there_is_an_error(tmp_path: Path, schema: Path) -> None:
    with pytest.raises(StorageError, match="cannot open"):
        SqliteStore.open(tmp_path / "nowhere" / "db", schema)


def test_to_open_without_migrating(path: Path, schema: Path) -> None:
    with pytest.raises(StorageError, match=r"needs 0001_things: run `covey broker migrate`"):
        SqliteStore.open(path, schema, migrate=False)
    migrate_sqlite(path, schema)

    async def work() -> None:
        store = SqliteStore.open(path, schema, migrate=False)
        assert await store.read(GID, find(GID)) == []
        await store.close()
        await store.close()  # once more does no harm

    asyncio.run(work())
