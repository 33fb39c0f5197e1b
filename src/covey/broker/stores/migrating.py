"""What a broker's database has left to do, by its migrations. Does no I/O.

May import `covey.errors` and `covey.migrating`.
"""

from __future__ import annotations

from importlib import resources
from typing import TYPE_CHECKING, Final

from covey.errors import StorageError

if TYPE_CHECKING:
    from collections.abc import Sequence
    from importlib.resources.abc import Traversable

    from covey.migrating import Applied, Migration

COMMAND: Final = "covey broker migrate"
"""What brings a database up to date."""

NOTE: Final = "INSERT INTO migration (number, name, checksum) VALUES ($1, $2, $3)"


def packaged(engine: str) -> Traversable:
    """The folder of the migrations that covey brings for ``sqlite`` or ``postgres``."""
    return resources.files("covey.broker.stores") / "migrations" / engine


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
