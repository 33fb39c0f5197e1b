"""One PostgreSQL database: is it ours, and how its schema is brought up to date.

May import the migrations and `covey.errors`. Works on a connection that is given; a lock of
the database keeps several processes from migrating at once.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from covey.broker.script import Statement
from covey.broker.stores.migrating import NOTE, pending
from covey.errors import StorageError
from covey.migrating import LIST, Applied

if TYPE_CHECKING:
    from collections.abc import Sequence

    from asyncpg import Connection, Record
    from asyncpg.pool import PoolConnectionProxy

    from covey.migrating import Migration

LOCK: Final = 0x63_6F_76_79
"""The number of the advisory lock under which a schema is changed."""

# Tables and views of ours are in the first schema of the search path; what an extension has put
# there is not counted.
_PRESENT: Final = """
SELECT relname FROM pg_class
WHERE relnamespace = current_schema()::regnamespace AND relkind IN ('r', 'p', 'v', 'm', 'f')
  AND NOT EXISTS (SELECT FROM pg_depend
                  WHERE classid = 'pg_class'::regclass AND objid = pg_class.oid AND deptype = 'e')
"""

_NOTES: Final = """
CREATE TABLE migration (
    number   INTEGER NOT NULL PRIMARY KEY,
    name     TEXT    NOT NULL,
    checksum BYTEA   NOT NULL
)
"""

_PLACE: Final = "SELECT obj_description('migration'::regclass, 'pg_class')"


async def left_to_do(
    connection: Connection[Record], where: str, known: Sequence[Migration]
) -> list[Migration]:
    """The migrations that a database still needs.

    Args:
        connection: To the database.
        where: The database, as it may be shown.
        known: The migrations of this program.

    Raises:
        StorageError: It is of something else than a covey broker, is newer than this program, or
            was migrated by another text.
    """
    tables = {row["relname"] for row in await connection.fetch(_PRESENT)}
    if not tables:
        return list(known)
    if "migration" not in tables:
        msg = (
            f"{where} is in use by something else than a covey broker: give the broker a database "
            "of its own"
        )
        raise StorageError(msg)
    applied = [Applied(*row) for row in await connection.fetch(LIST)]
    return pending(known, applied)


async def migrate(
    connection: Connection[Record], where: str, known: Sequence[Migration]
) -> list[Migration]:
    """Do what is left to do, in one transaction; other processes wait.

    Returns:
        What was done.

    Raises:
        StorageError: As `left_to_do`; nothing was done.
        asyncpg.PostgresError: A statement failed; nothing was done.
    """
    async with connection.transaction():
        await connection.execute("SET LOCAL statement_timeout = 0")
        await connection.execute(f"SELECT pg_advisory_xact_lock({LOCK})")
        left = await left_to_do(connection, where, known)
        if left and left[0].number == 1:
            await connection.execute(_NOTES)
        for migration in left:
            await connection.execute(migration.text, timeout=None)
            await connection.execute(Statement(NOTE).postgres, *migration.applied)
    return left


async def place(connection: PoolConnectionProxy[Record], wanted: str) -> str:
    """The place of a database among several; the wanted one, when it had none.

    Args:
        connection: To the database, which is migrated.
        wanted: Such as ``shard 0 of 2 of 5f0c``; plain words, since they become part of a
            statement.
    """
    async with connection.transaction():
        await connection.execute(f"SELECT pg_advisory_xact_lock({LOCK})")
        place: str | None = await connection.fetchval(_PLACE)
        if place is None:
            await connection.execute(f"COMMENT ON TABLE migration IS '{wanted}'")
    return place or wanted
