"""Both stores, opened for a test: over a new file, or over a new database.

A test that holds for every store takes its ``kind`` from `KINDS`.
"""

from __future__ import annotations

import tempfile
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Literal, TypeAlias

from covey.broker.stores.postgres import PostgresStore
from covey.broker.stores.postgres_pool import IDLE
from covey.broker.stores.sqlite import SqliteStore
from postgres import fresh_database

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from importlib.resources.abc import Traversable

    from covey.broker.stores.port import Store

Kind: TypeAlias = Literal["sqlite", "postgres"]
KINDS: tuple[Kind, ...] = ("sqlite", "postgres")


@asynccontextmanager
async def opened_store(kind: Kind, migrations: Traversable | None = None) -> AsyncIterator[Store]:
    """A new and empty store until the end of the block.

    Args:
        kind: ``sqlite`` or ``postgres``.
        migrations: The folder of the schema; by default, that of the broker.
    """
    async with opened_place(kind) as place, opened_at(place, migrations) as store:
        yield store


@asynccontextmanager
async def opened_place(kind: Kind) -> AsyncIterator[str]:
    """Where a new store can be: the path of a file, or the address of a database."""
    if kind == "postgres":
        async with fresh_database() as dsn:
            yield dsn
        return
    with tempfile.TemporaryDirectory() as folder:
        yield str(Path(folder) / "broker.db")


@asynccontextmanager
async def opened_at(
    place: str, migrations: Traversable | None = None, idle: float = IDLE
) -> AsyncIterator[Store]:
    """The store that is at a place, migrated; as often as wanted, by several at once.

    Args:
        place: As from `opened_place`.
        migrations: The folder of the schema; by default, that of the broker.
        idle: Seconds until PostgreSQL throws out whoever stops in the middle of a script.
    """
    store: Store
    if place.startswith("postgresql://"):
        store = await PostgresStore.open(place, migrations, migrate=True, idle=idle)
    else:
        store = SqliteStore.open(Path(place), migrations)
    try:
        yield store
    finally:
        await store.close()
