"""Files that are there as a whole, or not at all.

May import the errors. A file is made beside its place, under a name that begins with a dot, and
gets its own name when it is complete and on the disk.
"""

from __future__ import annotations

import errno
import os
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Final

from covey.errors import StorageError
from covey.store.errors import StoreExists, StoreFull

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_BESIDE: Final = ("", "-wal", "-shm", "-journal")
_SOME: Final = 64 * 1024  # bytes
_NO_ROOM: Final = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}


def require_free(path: Path) -> None:
    """Refuse a place where something is, or that no file can be in.

    Raises:
        StoreExists: Something is there.
        StorageError: There is no such folder.
    """
    if not path.parent.is_dir():
        msg = f"cannot begin {path}: there is no folder {path.parent}, make it first"
        raise StorageError(msg)
    if os.path.lexists(path):
        raise _exists(path)


@contextmanager
def beside(path: Path) -> Iterator[Path]:
    """An empty file that only its owner can read; deleted if it is still there in the end.

    Raises:
        StorageError: It cannot be made.
    """
    making = path.with_name(f".{path.name}.{os.urandom(6).hex()}.new")
    with translated(path):
        os.close(os.open(making, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o600))
    try:
        yield making
    finally:
        for ending in _BESIDE:
            making.with_name(making.name + ending).unlink(missing_ok=True)


@contextmanager
def translated(path: Path, what: str = "write") -> Iterator[None]:
    """Turn the errors of the file system into StorageError.

    Args:
        path: The file.
        what: What cannot be done with it.
    """
    try:
        yield
    except OSError as error:
        raise _failed(path, error, what) from error


def has_room(path: Path) -> bool:
    """Whether the folder of a file would take another that is somewhat larger; tries it."""
    reached = 0
    for ending in _BESIDE:
        with suppress(OSError):
            reached = max(reached, path.with_name(path.name + ending).stat().st_size)
    try:
        with beside(path) as trial, trial.open("r+b") as file:
            file.seek(reached)  # what is before takes no room
            file.write(bytes(_SOME))
    except (StoreFull, OSError) as error:
        return not (isinstance(error, StoreFull) or error.errno in _NO_ROOM)
    except StorageError:
        return True
    return True


def place_new(making: Path, path: Path) -> None:
    """Give a complete file its name, which must be free.

    Raises:
        StoreExists: Somebody was faster.
        StorageError: It cannot be.
    """
    try:
        os.link(making, path)  # unlike a rename, takes nothing's place
    except FileExistsError:
        raise _exists(path) from None
    except OSError:  # not every file system has links
        require_free(path)
        replace(making, path)
        return
    with translated(path):
        making.unlink()
        _keep_names(path)


def replace(making: Path, path: Path) -> None:
    """Put a complete file in the place of another.

    Raises:
        StorageError: It cannot be.
    """
    with translated(path):
        making.replace(path)
        _keep_names(path)


def _keep_names(path: Path) -> None:
    """Have the folder on the disk; not every system lets a folder be opened."""
    with suppress(PermissionError):
        folder = os.open(path.parent, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)


def _exists(path: Path) -> StoreExists:
    return StoreExists(f"{path} is there already: open it, or choose another name")


def _failed(path: Path, error: OSError, what: str = "write") -> StorageError:
    if error.errno in _NO_ROOM:
        return full(str(path))
    why = error.strerror or type(error).__name__
    return StorageError(f"cannot {what} {path}: {why}; see that it and its folder are yours")


def full(place: str) -> StoreFull:
    """That there is no room."""
    return StoreFull(
        f"there is no room left for {place}: the disk is full, or a quota or a limit of size is "
        "reached; nothing of this change was kept, so make room and do it again"
    )
