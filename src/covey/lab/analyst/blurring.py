"""How a PostgreSQL forgets the order of what happened: its home is written anew, all at once.

May import nothing of covey. Each row carries the number of the transaction that wrote it. Once all
rows of accounts, KeyPackages and inboxes are written again by one transaction, theirs is the same;
then their tables are laid out by key, which drops dead versions with their numbers. The logs of
groups keep their order, which says nothing as long as nothing can be compared with it.
"""

from __future__ import annotations

from typing import Final

import asyncpg

SMALL: Final = ("answer", "claim", "inbox", "inbox_entry", "invite", "posted", "shelved", "slot")
"""The tables that are laid out anew; each is locked for as long as that takes."""

LARGE: Final = ("account", "device", "key_package", "published")
"""Those of which only the dead rows are dropped."""

_FIRST: Final = """
SELECT attname FROM pg_attribute WHERE attrelid = $1::text::regclass AND attnum = 1
"""


async def blur(dsn: str) -> None:
    """Make the rows of the home tell nothing of their order.

    Args:
        dsn: The database, for somebody who owns its tables.
    """
    connection = await asyncpg.connect(dsn)
    try:
        async with connection.transaction():
            for table in (*LARGE, *SMALL):
                column = await connection.fetchval(_FIRST, table)
                await connection.execute(f'UPDATE "{table}" SET "{column}" = "{column}"')  # noqa: S608
        for table in SMALL:
            await connection.execute(f'CLUSTER "{table}" USING "{table}_pkey"')
        for table in LARGE:
            await connection.execute(f'VACUUM "{table}"')
    finally:
        await connection.close()
