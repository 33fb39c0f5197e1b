"""The migrations of a schema: numbered files, and what is left to do. Does no I/O but reading them.

May import `covey.errors`. Migrations go forward only. The database keeps the number, name
and SHA-256 of each one that was applied, in a table ``migration``, so an edited file and a
database of a newer program are found, and left alone.
"""

from __future__ import annotations

import re
from hashlib import sha256
from importlib import resources
from typing import TYPE_CHECKING, Final, NamedTuple

from covey.errors import StorageError

if TYPE_CHECKING:
    from collections.abc import Sequence
    from importlib.resources.abc import Traversable

COMMAND: Final = "covey broker migrate"
"""What brings a database up to date."""

LIST: Final = "SELECT number, name, checksum FROM migration ORDER BY number"
NOTE: Final = "INSERT INTO migration (number, name, checksum) VALUES ($1, $2, $3)"

_FILE: Final = re.compile(r"([0-9]{4})_([a-z0-9_]+)\.sql")


class Applied(NamedTuple):
    """A migration that a database has had.

    Attributes:
        number: From 1.
        name: The name of the file, without the number.
        checksum: The SHA-256 of its text.
    """

    number: int
    name: str
    checksum: bytes


class Migration(NamedTuple):
    """One step of a schema.

    Attributes:
        number: From 1; it leads from the schema before it to its own.
        name: The name of the file, without the number.
        text: The statements.
    """

    number: int
    name: str
    text: str

    @property
    def applied(self) -> Applied:
        """What the database keeps of it."""
        return Applied(self.number, self.name, sha256(self.text.encode()).digest())


def packaged(engine: str) -> Traversable:
    """The folder of the migrations that covey brings for ``sqlite`` or ``postgres``."""
    return resources.files("covey.broker.stores") / "migrations" / engine


def migrations_in(folder: Traversable) -> list[Migration]:
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
    return found


def pending(known: Sequence[Migration], applied: Sequence[Applied]) -> list[Migration]:
    """What a database still needs.

    Args:
        known: The migrations of this program, in order.
        applied: What the database has had, in order.

    Raises:
        StorageError: The database is newer than this program, or has had a migration with
            another text.
    """
    if len(applied) > len(known):
        msg = (
            f"the database has had {len(applied)} migrations, and this program knows "
            f"{len(known)}: it is of a newer covey, so use that one"
        )
        raise StorageError(msg)
    for ours, theirs in zip(known, applied, strict=False):
        if ours.applied != theirs:
            msg = (
                f"migration {ours.number:04} ({ours.name}) is not the one that the database has "
                f"had ({theirs.number:04}, {theirs.name}): restore the file as it was released"
            )
            raise StorageError(msg)
    return list(known[len(applied) :])


def require_current(where: str, left: Sequence[Migration]) -> None:
    """Refuse to work with a schema that is behind.

    Args:
        where: The database, as it may be shown.
        left: What it still needs.

    Raises:
        StorageError: There is something left.
    """
    if left:
        names = ", ".join(f"{each.number:04}_{each.name}" for each in left)
        msg = f"{where} needs {names}: run `{COMMAND}`"
        raise StorageError(msg)
