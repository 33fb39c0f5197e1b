"""Stores by their places, as configuration names them: a file, or PostgreSQL addresses.

May import every store. This is the one place that knows which kind of store a place means;
PostgreSQL's is imported only when an address of one is given, for only that needs asyncpg.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Final

from covey.broker import extras
from covey.broker.stores.sqlite import SqliteStore, migrate_sqlite
from covey.errors import StorageError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from covey.broker.stores.port import Store
    from covey.migrating import Migration

_POSTGRES: Final = ("postgresql://", "postgres://")


async def open_store(
    places: Sequence[str], *, migrate: bool = False, connections: int | None = None
) -> Store:
    """Open the store that is at these places.

    Args:
        places: The path of one file, or ``postgresql://…`` addresses, the home first.
        migrate: Whether to bring PostgreSQL's schemas up to date; a file always is, since only
            this machine uses it.
        connections: How many scripts can run at once in each PostgreSQL database; by default,
            as many as its store thinks right.

    Raises:
        StorageError: It cannot be used, or asyncpg is missing; the reason says what to do.
    """
    if _is_file(places):
        return SqliteStore.open(Path(places[0]))
    with extras.told():
        from covey.broker.stores.postgres import CONNECTIONS  # noqa: PLC0415 - see above
        from covey.broker.stores.shards import ShardedStore  # noqa: PLC0415
    return await ShardedStore.open(
        places, migrate=migrate, connections=CONNECTIONS if connections is None else connections
    )


async def migrate_at(places: Sequence[str]) -> dict[str, list[Migration]]:
    """Bring each place up to date; what was done to each.

    Raises:
        StorageError: A place cannot be used, or a migration failed; those before it are done.
    """
    if _is_file(places):
        return {places[0]: migrate_sqlite(Path(places[0]))}
    with extras.told():
        from covey.broker.stores.postgres import migrate_postgres  # noqa: PLC0415 - see above
        from covey.broker.stores.postgres_pool import shown  # noqa: PLC0415
    return {shown(place): await migrate_postgres(place) for place in places}


def _is_file(places: Sequence[str]) -> bool:
    """Whether the places are one file, not PostgreSQL databases.

    Raises:
        StorageError: They are neither.
    """
    remote = [place.startswith(_POSTGRES) for place in places]
    if not places or (not all(remote) and len(places) > 1):
        msg = "a store is one file, or one or more postgresql:// addresses"
        raise StorageError(msg)
    if not remote[0] and "://" in places[0]:
        scheme = places[0].partition("://")[0]
        msg = f"there is no store for {scheme}://: give the path of a file, or postgresql://…"
        raise StorageError(msg)
    return not remote[0]
