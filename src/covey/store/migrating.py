"""The schema of a store, and how an older one is brought up to date.

May import the driver and the errors. The migrations are numbered files that go forward only. A
store keeps the number, name and SHA-256 of each one that it has had, in a table ``migration``: so
an edited file and a store of a newer covey are found, and left alone.
"""

from __future__ import annotations

import re
from functools import cache
from hashlib import sha256
from importlib import resources
from typing import TYPE_CHECKING, Final, NamedTuple

from covey.errors import StorageError
from covey.store import driver
from covey.store.errors import NotAStore, StoreNewer

if TYPE_CHECKING:
    from collections.abc import Sequence
    from importlib.resources.abc import Traversable

    from covey.store.driver import Connection

APPLICATION: Final = 0x63_6F_76_65
"""What SQLite keeps in the (encrypted) head of the file: "cove"."""

_FILE: Final = re.compile(r"([0-9]{4})_([a-z0-9_]+)\.sql")
_NOTES: Final = """
CREATE TABLE migration (
    number INTEGER NOT NULL PRIMARY KEY,
    name TEXT NOT NULL,
    checksum BLOB NOT NULL
) STRICT
"""


class Migration(NamedTuple):
    """One step of the schema.

    Attributes:
        number: From 1; it leads from the schema before it to its own.
        name: The name of the file, without the number.
        text: The statements.
    """

    number: int
    name: str
    text: str

    @property
    def applied(self) -> tuple[int, str, bytes]:
        """What a store keeps of it: number, name, and the SHA-256 of its text."""
        return self.number, self.name, sha256(self.text.encode()).digest()


@cache
def migrations() -> tuple[Migration, ...]:
    """The migrations of this covey, in order."""
    return migrations_in(resources.files("covey.store") / "migrations")


def migrations_in(folder: Traversable) -> tuple[Migration, ...]:
    """The migrations of a folder, in order; other files in it are passed over.

    Raises:
        StorageError: There are none, or they are not numbered 0001, 0002 and so on.
    """
    files = [(match, file) for file in folder.iterdir() if (match := _FILE.fullmatch(file.name))]
    found = sorted(
        Migration(int(match[1]), match[2], file.read_text(encoding="utf-8"))
        for match, file in files
    )
    if not found or [each.number for each in found] != list(range(1, len(found) + 1)):
        numbers = ", ".join(f"{each.number:04}" for each in found) or "none"
        msg = f"the migrations in {folder} must be 0001, 0002 and so on; there are: {numbers}"
        raise StorageError(msg)
    return tuple(found)


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
    had = connection.execute("SELECT number, name, checksum FROM migration ORDER BY number")
    applied = had.fetchall()
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
