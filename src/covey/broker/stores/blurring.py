"""How PostgreSQL forgets the order of what happened to accounts and inboxes.

May import nothing of covey. Each row carries the number of the transaction that wrote it, and
these numbers count up over all tables: who has the files could tell which inbox was written to
right after which group. So now and then each table of the home is written again by one
transaction, and its rows have one number; then it is laid out by key, which drops the old versions
with theirs. The logs of groups keep their order, which says nothing as long as there is nothing to
compare it with.

While a table is written again, nobody else writes to it. A large one is not laid out anew, which
would lock it for long; its old versions are dropped, and their place is used again.
"""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, Final

import asyncpg

if TYPE_CHECKING:
    from asyncpg import Record
    from asyncpg.pool import PoolConnectionProxy

HOME: Final = (
    "account", "device", "key_package", "published", "answer", "claim", "inbox", "inbox_entry",
    "invite", "posted", "shelved", "slot",
)  # fmt: skip
"""The tables of accounts and inboxes."""

LARGE: Final = 64 << 20
"""Bytes of a table that is not laid out anew any more."""

LOCK: Final = 0x63_6F_76_7B
"""The number of the advisory lock under which one process does this."""

PATIENCE: Final = "2s"
"""How long a table may be in use, before it is left for the next time."""

_COLUMN: Final = """
SELECT a.attname AS column, pg_relation_size(c.oid) AS size FROM pg_class c
JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum = 1
WHERE c.relname = $1 AND c.relnamespace = current_schema()::regnamespace
"""


async def blur(connection: PoolConnectionProxy[Record]) -> None:
    """Make the rows of accounts and inboxes tell nothing of their order.

    Does nothing when another process is at it.

    Args:
        connection: To the database, outside a transaction.

    Raises:
        asyncpg.PostgresError: The database refused.
    """
    if not await connection.fetchval(f"SELECT pg_try_advisory_lock({LOCK})"):
        return
    try:
        await connection.execute("SET statement_timeout = '10min'")
        await connection.execute(f"SET lock_timeout = '{PATIENCE}'")
        for table in HOME:
            with suppress(asyncpg.LockNotAvailableError):
                await _blur(connection, table)
    finally:
        await connection.execute("RESET statement_timeout")
        await connection.execute("RESET lock_timeout")
        await connection.execute(f"SELECT pg_advisory_unlock({LOCK})")


async def _blur(connection: PoolConnectionProxy[Record], table: str) -> None:
    found = await connection.fetchrow(_COLUMN, table)
    if found is None:
        return
    column: str = found["column"]
    async with connection.transaction():
        await connection.execute(f'LOCK TABLE "{table}" IN EXCLUSIVE MODE')
        await connection.execute(f'UPDATE "{table}" SET "{column}" = "{column}"')  # noqa: S608 - ours
    if found["size"] < LARGE:
        await connection.execute(f'CLUSTER "{table}" USING "{table}_pkey"')
    else:
        await connection.execute(f'VACUUM "{table}"')
