"""A blob as a file: its header, its lock, its times.

May import :mod:`covey.errors`. Everything here blocks, and raises OSError; the folder of blobs
calls it in threads and translates.

struct {
    opaque magic[8] = "covey/b1";
    uint64 size;
    uint64 offset;
    uint64 expires;
} Header;

The bytes of the blob follow. The header lies within one sector of any disk, which is written
wholly or not at all.
"""

from __future__ import annotations

import fcntl
import os
import re
import time
from contextlib import contextmanager
from io import FileIO
from struct import Struct
from typing import TYPE_CHECKING, Final, NamedTuple

from covey.errors import StorageError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_MAGIC: Final = b"covey/b1"
_HEADER: Final = Struct(">8sQQQ")
_HOUR: Final = 3600  # seconds
_NAME: Final = re.compile(r"[0-9a-f]{64}")

_PATIENCE: Final = 10.0  # seconds that a lock is waited for: who holds it only writes one piece
_PAUSE: Final = 0.002  # seconds between two looks at a lock

# Linux lets the owner of a file read it without a trace; elsewhere the sweep wipes it off.
_FLAGS: Final = os.O_CLOEXEC | os.O_NOFOLLOW | getattr(os, "O_NOATIME", 0)


class Header(NamedTuple):
    """What a file says of its blob.

    Attributes:
        size: In bytes, without the header.
        offset: How many are there, durably.
        expires: The hour from which on it is gone.
    """

    size: int
    offset: int
    expires: int


class Fate(NamedTuple):
    """What a sweep did to a file.

    Attributes:
        deleted: It is gone.
        changed: Its ctime after the sweep, in nanoseconds; 0 if it is gone.
    """

    deleted: bool
    changed: int


def is_blob(path: Path) -> bool:
    """Whether a file is called as a blob is, and lies where one does."""
    return _NAME.fullmatch(path.name) is not None and path.name[:2] == path.parent.name


@contextmanager
def locked(path: Path, flags: int) -> Iterator[int | None]:
    """The file, opened and locked: shared to read, alone to write. None if there is none.

    Opening comes before locking, so the file may have been swept in between; then the path is
    looked at anew.

    Raises:
        StorageError: Somebody holds the lock, and does not go on.
    """
    while True:
        try:
            file = os.open(path, flags | _FLAGS, 0o600)
        except FileNotFoundError:
            yield None
            return
        try:
            _lock(file, fcntl.LOCK_EX if flags & os.O_RDWR else fcntl.LOCK_SH)
            if os.fstat(file).st_nlink:
                yield file
                return
        finally:
            os.close(file)


def opened(path: Path) -> FileIO:
    """The file, opened to be read, with no lock that a duplicate would share."""
    return FileIO(os.open(path, os.O_RDONLY | _FLAGS))


def read_header(file: int) -> Header | None:
    """The header; None if a crash came before it was there.

    Raises:
        StorageError: The file is something else, or is damaged.
    """
    found = os.pread(file, _HEADER.size, 0)
    if len(found) < _HEADER.size or not any(found):
        return None
    magic, size, offset, expires = _HEADER.unpack(found)
    if magic != _MAGIC or offset > size:
        msg = "a file in the folder of blobs is no blob, or is damaged; restore or delete it"
        raise StorageError(msg)
    return Header(size, offset, expires)


def write_header(file: int, header: Header) -> None:
    """Write the header, durably, and the times that may be known."""
    _write(file, _HEADER.pack(_MAGIC, *header), 0)
    _set_times(file, header)
    os.fsync(file)


def write_piece(file: int, offset: int, piece: bytes) -> None:
    """Write bytes behind the offset, durably."""
    _write(file, piece, _HEADER.size + offset)
    os.fsync(file)


def read_piece(file: int, start: int, length: int) -> bytes:
    """Bytes of a blob, as many as asked for.

    Raises:
        StorageError: The file ends before them.
    """
    found = bytearray()
    while len(found) < length:
        more = os.pread(file, length - len(found), _HEADER.size + start + len(found))
        if not more:
            msg = "a file in the folder of blobs is shorter than it says; restore or delete it"
            raise StorageError(msg)
        found += more
    return bytes(found)


def sync_folder(folder: Path) -> None:
    """Make the names in a folder durable."""
    file = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(file)
    finally:
        os.close(file)


def untime(path: Path) -> None:
    """Take the times off a folder."""
    os.utime(path, (0, 0))


def sweep(path: Path, hour: int, known: int) -> Fate:
    """Delete a file that has expired, else blur its times.

    Its mtime is the hour of expiry, so that most files need not be opened; the header decides.

    Args:
        path: The file.
        hour: The hour of now.
        known: The latest ctime that an earlier sweep left, in nanoseconds: what is not later
            than that says nothing.
    """
    try:
        found = path.stat(follow_symlinks=False)
    except FileNotFoundError:
        return Fate(deleted=False, changed=0)
    kept = found.st_mtime >= (hour + 1) * _HOUR
    if kept and found.st_ctime_ns <= known and found.st_atime_ns == found.st_mtime_ns:
        return Fate(deleted=False, changed=found.st_ctime_ns)
    with locked(path, os.O_RDWR) as file:
        if file is None:
            return Fate(deleted=False, changed=0)
        header = read_header(file)
        if header is None or header.expires <= hour:
            path.unlink()
            return Fate(deleted=header is not None, changed=0)
        _set_times(file, header)
        return Fate(deleted=False, changed=os.fstat(file).st_ctime_ns)


def _set_times(file: int, header: Header) -> None:
    """Let the times of a file tell when it expires, and nothing else."""
    hour = header.expires * _HOUR
    os.utime(file, (hour, hour))


def _lock(file: int, kind: int) -> None:
    """Take the lock, without being stopped for good by a process that is stopped."""
    deadline = time.monotonic() + _PATIENCE
    while True:
        try:
            fcntl.flock(file, kind | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() > deadline:
                msg = "another process holds the lock of a blob and does not go on; look after it"
                raise StorageError(msg) from None
            time.sleep(_PAUSE)
        else:
            return


def _write(file: int, content: bytes, place: int) -> None:
    """Write all of it: the system may take less at once."""
    rest = memoryview(content)
    while rest:
        written = os.pwrite(file, rest, place)
        rest = rest[written:]
        place += written
