"""What PostgreSQL notes about the order of rows is gone once the home has been blurred."""

from __future__ import annotations

import asyncio
import os
import re
from contextlib import asynccontextmanager
from functools import partial
from typing import TYPE_CHECKING, Any

import asyncpg
import pytest

from covey.broker.stores import blurring
from covey.broker.stores.migrating import packaged
from covey.broker.transactions import accounts, inboxes
from covey.broker.transactions.accounts import Evidence
from covey.migrating import migrations_in
from stores import KINDS, Kind, opened_at, opened_place, opened_store

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from covey.broker.stores.port import Store

GROUPS = {
    "broker", "log", "epoch", "entry", "parcel", "pointer_list", "capability", "knock",
}  # fmt: skip
"""The tables that are not of accounts and inboxes."""


@asynccontextmanager
async def _looking(place: str) -> AsyncIterator[Any]:
    connection = await asyncpg.connect(place)
    try:
        yield connection
    finally:
        await connection.close()


async def _filled(store: Store, rows: int = 20) -> None:
    for _ in range(rows):
        name = os.urandom(32)
        await store.write(None, partial(inboxes.create, name, name))
        await store.write(None, partial(accounts.enrol, name, name, Evidence(None, None, 1)))


def test_every_table_of_the_schema_is_of_the_home_or_of_groups() -> None:
    [migration] = migrations_in(packaged("postgres"))
    tables = set(re.findall(r"CREATE TABLE (\w+)", migration.text))
    assert tables == GROUPS | set(blurring.HOME)


def test_rows_have_one_number_and_lie_by_key() -> None:
    async def work() -> None:
        async with opened_place("postgres") as place, opened_at(place) as store:
            await _filled(store)
            async with _looking(place) as database:
                numbers = "SELECT DISTINCT xmin::text FROM {}"
                tables = ("inbox", "account", "device")
                for table in tables:
                    assert len(await database.fetch(numbers.format(table))) == 20
                before = await database.fetch("SELECT * FROM inbox ORDER BY inbox")
                await store.forget_order()
                for table in tables:
                    assert len(await database.fetch(numbers.format(table))) == 1
                lying = await database.fetch("SELECT * FROM inbox ORDER BY ctid")
                assert lying == before

    asyncio.run(work())


def test_while_somebody_uses_a_table_the_others_are_blurred(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(blurring, "PATIENCE", "100ms")

    async def work() -> None:
        async with opened_place("postgres") as place, opened_at(place) as store:
            await _filled(store)
            async with _looking(place) as database, _looking(place) as other:
                async with other.transaction():
                    await other.execute("SELECT * FROM device LIMIT 1 FOR UPDATE")
                    await store.forget_order()
                for table, numbers in (("device", 20), ("inbox", 1)):
                    rows = await database.fetch(f"SELECT DISTINCT xmin::text FROM {table}")  # noqa: S608
                    assert len(rows) == numbers
                await store.forget_order()
                assert len(await database.fetch("SELECT DISTINCT xmin::text FROM device")) == 1

    asyncio.run(work())


def test_several_processes_do_it_once_and_nobody_loses_a_write() -> None:
    async def work() -> None:
        async with opened_place("postgres") as place, opened_at(place) as one:
            async with opened_at(place) as two:
                await asyncio.gather(
                    *(store.forget_order() for store in (one, two, one)),
                    _filled(one, 30),
                    _filled(two, 30),
                )
            async with _looking(place) as database:
                assert await database.fetchval("SELECT count(*) FROM inbox") == 60

    asyncio.run(work())


@pytest.mark.parametrize("kind", KINDS)
def test_an_empty_store_can_be_blurred_too(kind: Kind) -> None:
    async def work() -> None:
        async with opened_store(kind) as store:
            await store.forget_order()
            await _filled(store, 2)

    asyncio.run(work())
