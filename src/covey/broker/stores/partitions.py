"""Tables of weeks on PostgreSQL: a part for each week, so that to forget one is to drop it.

May import nothing of covey. Every table that is ``PARTITION BY RANGE (week)`` is meant; the
part of week 2957 of ``entry`` is ``entry_w2957``. Several processes may do this at once: they
wait for each other.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

import asyncpg

if TYPE_CHECKING:
    from collections.abc import Iterable

    from asyncpg import Record
    from asyncpg.pool import PoolConnectionProxy

LOCK: Final = 0x63_6F_76_7A
"""The number of the advisory lock under which parts come and go."""

PATIENCE: Final = "2s"
"""How long a part that is to be dropped may be in use, before it is left for the next time."""

BEFORE: Final = 1
AHEAD: Final = 2
"""Weeks around this one that have a part: another process's clock may differ a little."""

_TABLES: Final = """
SELECT c.relname AS name FROM pg_partitioned_table p JOIN pg_class c ON c.oid = p.partrelid
JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum = p.partattrs[0]
WHERE c.relnamespace = current_schema()::regnamespace
  AND p.partstrat = 'r' AND p.partnatts = 1 AND a.attname = 'week'
ORDER BY c.relname
"""

_PARTS: Final = """
SELECT c.relname AS name FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid
JOIN pg_class t ON t.oid = i.inhparent
WHERE t.relname = $1 AND t.relnamespace = current_schema()::regnamespace
"""


async def turn(connection: PoolConnectionProxy[Record], week: int, oldest: int) -> None:
    """Make the parts around this week, and drop those that are too old.

    A part that is in use for longer than `PATIENCE` stays until the next time.

    Args:
        connection: To the database, outside a transaction.
        week: This week, in weeks since the epoch.
        oldest: The first week that is kept.

    Raises:
        asyncpg.PostgresError: The database refused.
    """
    wanted = range(max(week - BEFORE, oldest), week + AHEAD + 1)
    for row in await connection.fetch(_TABLES):
        table: str = row["name"]
        present = await _weeks(connection, table)
        if not present.issuperset(wanted):
            await _make(connection, table, wanted)
        for old in sorted(each for each in present if each < oldest):
            await _drop(connection, f"{table}_w{old}")


async def _weeks(connection: PoolConnectionProxy[Record], table: str) -> set[int]:
    """The weeks of which a table has a part."""
    pattern = re.compile(re.escape(table) + "_w([0-9]+)")
    names = [row["name"] for row in await connection.fetch(_PARTS, table)]
    return {int(match[1]) for name in names if (match := pattern.fullmatch(name))}


async def _make(connection: PoolConnectionProxy[Record], table: str, wanted: Iterable[int]) -> None:
    """Make what is missing: attached, not created in place, which would stop all readers."""
    async with connection.transaction():
        await connection.execute(f"SELECT pg_advisory_xact_lock({LOCK})")
        present = await _weeks(connection, table)
        for week in wanted:
            if week not in present:
                part = f"{table}_w{week}"
                await connection.execute(f'CREATE TABLE "{part}" (LIKE "{table}" INCLUDING ALL)')
                await connection.execute(
                    f'ALTER TABLE "{table}" ATTACH PARTITION "{part}" '
                    f"FOR VALUES FROM ({week}) TO ({week + 1})"
                )


async def _drop(connection: PoolConnectionProxy[Record], part: str) -> None:
    try:
        async with connection.transaction():
            await connection.execute(f"SET LOCAL lock_timeout = '{PATIENCE}'")
            await connection.execute(f"SELECT pg_advisory_xact_lock({LOCK})")
            await connection.execute(f'DROP TABLE IF EXISTS "{part}"')
    except asyncpg.LockNotAvailableError:
        return
