"""One broker for one SQLite file: a lock beside it, held for as long as the broker serves.

May import the file's own checks and `covey.errors`. Who appends wakes those who wait in its own
process: two brokers over one file would not wake each other's subscribers. The lock is advisory
(`flock`) and ends with the process, however that ends; the file of it stays. Where there is no
`flock`, as on Windows, nothing is locked.
"""

from __future__ import annotations

import os
import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

from covey.broker.stores.sqlite_file import check_kind, translated
from covey.errors import StorageError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

SUFFIX: Final = ".lock"
"""What the name of the lock's file has behind that of the database."""

_DIGITS: Final = 20  # bytes that are read of a process id


@contextmanager
def alone(file: Path, otherwise: str) -> Iterator[None]:
    """Have a database to oneself, among brokers, until the end of the block.

    Args:
        file: The database, which need not be there yet.
        otherwise: What to do when a broker serves it; the end of a sentence.

    Raises:
        StorageError: A broker serves it, or the lock cannot be made.
    """
    if sys.platform == "win32":
        yield
        return
    with translated(f"cannot lock {file}"):
        check_kind(file)
        real = file.resolve()  # as SQLite does it: two names are one database
        lock = os.open(f"{real}{SUFFIX}", os.O_RDWR | os.O_CREAT, 0o600)
    try:
        _take(lock, file, otherwise)
        yield
    finally:
        os.close(lock)


def _take(lock: int, file: Path, otherwise: str) -> None:
    """Take the lock, and say in it whose it is."""
    assert sys.platform != "win32", "there is no flock"
    import fcntl  # noqa: PLC0415 - only POSIX has it

    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        holder = os.pread(lock, _DIGITS, 0).decode("ascii", "replace").strip()
        who = f" (pid {holder})" if holder.isdecimal() else ""
        msg = f"{file} is in use by another broker{who}: {otherwise}"
        raise StorageError(msg) from None
    except OSError as error:
        msg = f"cannot lock {file}: {error.strerror or error}"
        raise StorageError(msg) from error
    with translated(f"cannot lock {file}"):
        os.ftruncate(lock, 0)
        os.pwrite(lock, f"{os.getpid()}\n".encode(), 0)
