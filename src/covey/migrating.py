"""The migrations of a schema: numbered files that go forward only. Does no I/O but reading them.

May import `covey.errors`. A database keeps the number, name and SHA-256 of each one that it has
had, in a table ``migration``: so an edited file and a database of a newer covey are found, and
left alone. The broker's databases and the client's file are brought up to date in ways of their
own, and say in their own words what is wrong.
"""

from __future__ import annotations

import re
from hashlib import sha256
from typing import TYPE_CHECKING, Final, NamedTuple

from covey.errors import StorageError

if TYPE_CHECKING:
    from importlib.resources.abc import Traversable

LIST: Final = "SELECT number, name, checksum FROM migration ORDER BY number"
"""What a database has had, in order."""

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
        """What a database keeps of it."""
        return Applied(self.number, self.name, sha256(self.text.encode()).digest())


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
