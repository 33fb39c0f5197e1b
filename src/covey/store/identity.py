"""Which file a store is: whether it has been copied, moved or restored since it was last open.

May import the port and settings. The store has a random id, and a note of the file that it was
when it was last opened: device, inode and a hash of the path. A copy carries the note of the
original along, and so is found when it is opened.

This is a hint, and cheap. It finds no copy of a whole disk or virtual machine, nor older content
that was written into the same file. It cries wolf when a file is moved, and on file systems whose
numbers change. That keys are not used twice does not depend on it: the protocol finds each copy at
its first contact with the broker.
"""

from __future__ import annotations

from hashlib import sha256
from typing import TYPE_CHECKING, Final

from covey.mls.crypto.entropy import system_entropy
from covey.store import settings

if TYPE_CHECKING:
    from pathlib import Path

    from covey.mls.crypto.entropy import Entropy
    from covey.store.port import Rows

ID: Final = "store.id"
"""The setting that holds the id."""

PLACE: Final = "store.place"
"""The setting that holds the note."""

_ID_LENGTH: Final = 16


def store_id(rows: Rows, entropy: Entropy = system_entropy) -> bytes:
    """The id of a store (16 bytes), made when it is first asked for. Copies have the same one."""
    known = settings.get(rows, ID)
    if known is None:
        known = entropy(_ID_LENGTH)
        settings.put(rows, ID, known)
    return known


def opened_elsewhere(rows: Rows, path: Path) -> bool:
    """Whether this is another file than the one that was noted; False when none was."""
    noted = settings.get(rows, PLACE)
    return noted is not None and noted != _note(rows, path, path)


def note(rows: Rows, path: Path) -> None:
    """Note which file this is."""
    settings.put(rows, PLACE, _note(rows, path, path))


def moved(rows: Rows, made: Path, path: Path) -> None:
    """Carry a note over to a new file, unless the one before was another than was noted.

    Args:
        rows: Of the new file, which is a copy of the one before.
        made: Where the new file is now.
        path: Where the one before is, whose place it will take.
    """
    if settings.get(rows, PLACE) is not None and not opened_elsewhere(rows, path):
        settings.put(rows, PLACE, _note(rows, made, path))


def _note(rows: Rows, file: Path, path: Path) -> bytes:
    """A note of a file that is, or will be, at a path."""
    found = file.stat()
    named = store_id(rows) + str(path.absolute()).encode(errors="surrogateescape")
    return f"{found.st_dev}:{found.st_ino}:".encode() + sha256(named).digest()
