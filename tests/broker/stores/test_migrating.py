"""Schemas are brought forward, once, as they were released, and never backward."""

from __future__ import annotations

import asyncio
import re
import threading
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from covey.broker.stores import sqlite_file
from covey.broker.stores.migrating import packaged, pending, require_current
from covey.broker.stores.opening import migrate_at
from covey.broker.stores.postgres import PostgresStore, migrate_postgres, pending_postgres
from covey.broker.stores.sqlite import SqliteStore, migrate_sqlite
from covey.errors import StorageError
from covey.migrating import Applied, Migration, migrations_in
from postgres import fresh_database, rows, with_database
from stores import opened_at, opened_place
from things import asking, find, put

if TYPE_CHECKING:
    from covey.broker.stores.port import Store
    from stores import Kind

FIRST = Migration(1, "first", "CREATE TABLE a (x INTEGER);")
SECOND = Migration(2, "second", "CREATE TABLE b (x INTEGER);")

MORE = "ALTER TABLE thing ADD COLUMN more INTEGER;\nCREATE TABLE extra (x INTEGER);\n"


async def pending_in(kind: Kind, place: str, schema: Path) -> list[Migration]:
    if kind == "sqlite":
        with closing(sqlite_file.opened(Path(place))) as connection:
            return sqlite_file.left_to_do(connection, Path(place), migrations_in(schema))
    return await pending_postgres(place, schema)


async def migrated(kind: Kind, place: str, schema: Path) -> list[Migration]:
    if kind == "sqlite":
        return migrate_sqlite(Path(place), schema)
    return await migrate_postgres(place, schema)


async def opened_unmigrated(kind: Kind, place: str, schema: Path) -> Store:
    if kind == "sqlite":
        return SqliteStore.open(Path(place), schema, migrate=False)
    return await PostgresStore.open(place, schema)


# --- the rules -------------------------------------------------------------------------


def test_what_is_pending() -> None:
    known = [FIRST, SECOND]
    assert pending(known, []) == known
    assert pending(known, [FIRST.applied]) == [SECOND]
    assert pending(known, [FIRST.applied, SECOND.applied]) == []


@pytest.mark.parametrize(
    "other",
    [
        Migration(1, "first", "something else").applied,
        Applied(1, "fist", FIRST.applied.checksum),
        Applied(2, "first", FIRST.applied.checksum),
    ],
)
def test_another_migration_than_ours(other: Applied) -> None:
    with pytest.raises(StorageError, match=r"0001 \(first\) is not the one.*restore the file"):
        pending([FIRST, SECOND], [other])


def test_a_newer_database() -> None:
    with pytest.raises(StorageError, match="has had 2 migrations, and this program knows 1"):
        pending([FIRST], [FIRST.applied, SECOND.applied])


def test_what_is_behind_is_told_what_to_do() -> None:
    require_current("it", [])
    wanted = "it needs 0001_first, 0002_second: run `covey broker migrate`"
    with pytest.raises(StorageError, match=re.escape(wanted)):
        require_current("it", [FIRST, SECOND])


@pytest.mark.parametrize("engine", ["sqlite", "postgres"])
def test_the_broker_brings_its_own(engine: str) -> None:
    assert migrations_in(packaged(engine))[0].number == 1


# --- databases -------------------------------------------------------------------------


def test_a_database_is_brought_forward(kind: Kind, schema: Path) -> None:
    async def work() -> None:
        async with opened_place(kind) as place:
            assert [each.number for each in await pending_in(kind, place, schema)] == [1]
            async with opened_at(place, schema) as store:
                await store.write(b"g", put(b"g", 1))
            assert await pending_in(kind, place, schema) == []
            (schema / "0002_more.sql").write_text(MORE, encoding="utf-8")
            assert [each.name for each in await pending_in(kind, place, schema)] == ["more"]
            with pytest.raises(StorageError, match="needs 0002_more: run `covey broker migrate`"):
                await opened_unmigrated(kind, place, schema)
            assert [each.name for each in await migrated(kind, place, schema)] == ["more"]
            assert await migrated(kind, place, schema) == []
            store = await opened_unmigrated(kind, place, schema)
            assert await store.read(None, asking("SELECT more FROM thing")) == [(None,)]
            noted = await store.read(None, asking("SELECT * FROM migration ORDER BY number"))
            assert noted == [each.applied for each in migrations_in(schema)]
            await store.close()

    asyncio.run(work())


@pytest.mark.parametrize("change", ["edited", "newer"])
def test_a_database_that_is_not_ours_any_more(kind: Kind, schema: Path, change: str) -> None:
    async def work() -> None:
        (schema / "0002_more.sql").write_text(MORE, encoding="utf-8")
        async with opened_place(kind) as place:
            await migrated(kind, place, schema)
            if change == "newer":
                (schema / "0002_more.sql").unlink()
            else:
                (schema / "0002_more.sql").write_text(MORE + "\n", encoding="utf-8")
            reason = "newer covey" if change == "newer" else "is not the one"
            for attempt in (
                migrated(kind, place, schema),
                pending_in(kind, place, schema),
                opened_unmigrated(kind, place, schema),
            ):
                with pytest.raises(StorageError, match=reason):
                    await attempt

    asyncio.run(work())


def test_a_migration_that_fails_does_nothing(kind: Kind, schema: Path) -> None:
    async def work() -> None:
        async with opened_place(kind) as place:
            text = MORE + "DROP TABLE nowhere;\n"
            (schema / "0002_more.sql").write_text(text, encoding="utf-8")
            with pytest.raises(StorageError, match="cannot migrate"):
                await migrated(kind, place, schema)
            assert [each.number for each in await pending_in(kind, place, schema)] == [1, 2]
            (schema / "0002_more.sql").write_text(MORE, encoding="utf-8")
            assert len(await migrated(kind, place, schema)) == 2

    asyncio.run(work())


def test_several_that_begin_at_once(kind: Kind, schema: Path) -> None:
    found: list[object] = []

    async def one(place: str) -> None:
        async with opened_at(place, schema) as store:
            found.append(await store.read(None, find(b"g")))

    async def work() -> None:
        async with opened_place(kind) as place:
            threads = [threading.Thread(target=lambda: asyncio.run(one(place))) for _ in range(6)]
            for thread in threads:
                thread.start()
            for thread in threads:
                await asyncio.to_thread(thread.join)

    asyncio.run(work())
    assert found == [[]] * 6


def test_a_postgresql_database_of_something_else(schemas: Path) -> None:
    async def work() -> None:
        async with fresh_database() as dsn:
            await rows(dsn, "CREATE TABLE theirs (x INTEGER)")
            for attempt in (pending_postgres, migrate_postgres):
                with pytest.raises(StorageError, match="a database of its own"):
                    await attempt(dsn, schemas / "postgres")
            assert await rows(dsn, "SELECT relname FROM pg_class WHERE relname = 'migration'") == []

    asyncio.run(work())


def test_a_postgresql_server_that_is_not_there(schemas: Path, tmp_path: Path) -> None:
    async def work() -> None:
        dsn = f"postgresql://somebody:password@/covey?host={tmp_path}"
        with pytest.raises(StorageError, match="cannot reach PostgreSQL database covey") as told:
            await migrate_postgres(dsn, schemas / "postgres")
        assert "password" not in str(told.value)
        async with fresh_database() as there:
            gone = with_database(there, "nowhere")
            with pytest.raises(StorageError, match="cannot reach PostgreSQL database nowhere"):
                await PostgresStore.open(gone, schemas / "postgres")

    asyncio.run(work())


def test_places_are_migrated(tmp_path: Path) -> None:
    async def work() -> None:
        path = str(tmp_path / "broker.db")
        assert [each.number for each in (await migrate_at([path]))[path]][:1] == [1]
        assert await migrate_at([path]) == {path: []}

    asyncio.run(work())
