"""The schema of a store, and how an older one is brought up to date.

May import the driver, the errors and :mod:`covey.migrating`. Another program may open the store at
the same time, so what is left to do is looked up again inside of the transaction that does it.
"""

from __future__ import annotations

from functools import cache
from importlib import resources
from typing import TYPE_CHECKING, Final

from covey.errors import StorageError
from covey.migrating import LIST, migrations_in
from covey.store import driver
from covey.store.errors import NotAStore, StoreNewer

if TYPE_CHECKING:
    from collections.abc import Sequence

    from covey.migrating import Migration
    from covey.store.driver import Connection

APPLICATION: Final = 0x63_6F_76_65
"""What SQLite keeps in the (encrypted) head of the file: "cove"."""

_NOTES: Final = """
CREATE TABLE migration (
    number INTEGER NOT NULL PRIMARY KEY,
    name TEXT NOT NULL,
    checksum BLOB NOT NULL
) STRICT
"""


@cache
def migrations() -> tuple[Migration, ...]:
    """The migrations of this covey, in order."""
    return tuple(migrations_in(resources.files("covey.store") / "migrations"))


def migrate(
    connection: Connection, place: str, known: Sequence[Migration] | None = None
) -> list[int]:
    """Bring a store up to date, in one transaction, or do nothing.

    Args:
        connection: Of the store.
        place: The store, as it may be shown.
        known: The migrations, in order; by default those of this covey.

    Returns:
        The numbers of the migrations that were done.

    Raises:
        StoreNewer: It was written by a newer covey.
        NotAStore: It is a database of something else.
        StorageError: It has had a migration with another text, or a statement failed.
    """
    known = migrations() if known is None else known
    try:
        left = _left(connection, place, known)
        if not left:
            return []
        connection.execute("BEGIN IMMEDIATE")
        try:
            left = _left(connection, place, known)  # another process may have been faster
            _do(connection, left)
            connection.execute("COMMIT")
        finally:
            if connection.in_transaction:
                connection.execute("ROLLBACK")
    except driver.failures() as error:
        raise driver.told(error, place) from error
    return [each.number for each in left]


def _do(connection: Connection, left: Sequence[Migration]) -> None:
    for migration in left:
        if migration.number == 1:
            connection.execute(_NOTES)
            connection.execute(f"PRAGMA application_id = {APPLICATION}")
        for statement in driver.statements(migration.text):
            connection.execute(statement)
        connection.execute("INSERT INTO migration VALUES (?, ?, ?)", migration.applied)


def _left(connection: Connection, place: str, known: Sequence[Migration]) -> Sequence[Migration]:
    """The migrations that a store has not had."""
    [(application,)] = connection.execute("PRAGMA application_id").fetchall()
    if application != APPLICATION:
        [(tables,)] = connection.execute("SELECT count(*) FROM sqlite_schema").fetchall()
        if application or tables:
            msg = f"{place} is a database of something else than covey: choose another file"
            raise NotAStore(msg)
        return known
    applied = connection.execute(LIST).fetchall()
    if len(applied) > len(known):
        msg = (
            f"{place} was written by a newer covey (its schema is {len(applied)}, this one knows "
            f"{len(known)}): install that version, or a later one"
        )
        raise StoreNewer(msg)
    for ours, theirs in zip(known, applied, strict=False):
        if ours.applied != theirs:
            msg = (
                f"{place} has had another migration {ours.number:04} than {ours.name} of this "
                "covey: install covey anew, as it was released"
            )
            raise StorageError(msg)
    return known[len(applied) :]
