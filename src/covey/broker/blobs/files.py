"""Blobs in a folder of a POSIX file system that several processes of one machine may share.

May import the port, the pieces and the layout. The folder has 256 folders, by the first byte of
a name; a blob is one file there, its name in hex, readable by its owner only.

**Crashes.** A file is a header and bytes. A piece is written behind the offset of the header and
synced; then the header gets the new offset, and is synced; then it is acknowledged. What lies
behind the offset is the rest of a crash, and is overwritten. The lock of a file (flock) is held
for one piece, never while an uploader is waited for; a process that dies lets go of it.

**Times.** A file system writes down when a file changed. Its mtime and atime are set to the hour
in which the blob expires, those of the folders to zero, and reading changes none of them. Its
ctime cannot be set: each sweep changes the files that are new to it once more, so that it tells
of the sweep. Between a change and the next sweep it is exact, and so is the time of birth that
some file systems keep for good: both are seen by who reads this machine's inodes, and are not in
a copy or an archive of the folder.
"""

from __future__ import annotations

import asyncio
import logging
import os
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

from covey.broker.blobs import layout
from covey.broker.blobs.layout import Fate, Header, locked
from covey.broker.blobs.pieces import Pieces
from covey.broker.blobs.port import (
    BlobExistsError,
    BlobUnknownError,
    IncompleteError,
    State,
    WrongOffsetError,
    hex_of,
)
from covey.errors import StorageError

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Iterator
    from io import FileIO
    from pathlib import Path
    from typing import ParamSpec, TypeVar

    from covey.broker.blobs.port import Chunk

    P = ParamSpec("P")
    T = TypeVar("T")

log: logging.Logger = logging.getLogger("covey.broker")

_FOLDERS: Final = 256


class FileBlobs:
    """A :class:`~covey.broker.blobs.port.Blobs` in a folder."""

    def __init__(self, folder: Path, pieces: Pieces = Pieces()) -> None:  # noqa: B008  # immutable
        self._folder = folder
        self._pieces = pieces
        self._swept = 0

    async def prepare(self) -> None:
        """Make the folders that are not there."""
        await self._in_thread(self._prepare)

    async def begin(self, blob: bytes, size: int, expires: int) -> State:
        """Make room for a blob, once."""
        state = await self._in_thread(self._begin, blob, State(size, 0, expires))
        if state.size != size:
            raise BlobExistsError(state)
        return state

    async def received(self, blob: bytes) -> State | None:
        """How far a blob is."""
        return await self._in_thread(self._received, blob)

    async def append(self, blob: bytes, offset: int, chunk: Chunk) -> State:
        """Add bytes at the end."""
        state = await self.received(blob)
        if state is None:
            raise BlobUnknownError
        if state.offset != offset:
            raise WrongOffsetError(state)
        async for piece in self._pieces.cut(chunk, state):
            state = await self._in_thread(self._keep, blob, state.offset, piece)
        return state

    async def read(
        self, blob: bytes, start: int = 0, stop: int | None = None
    ) -> AsyncIterator[bytes]:
        """The bytes of a complete blob."""
        file, state = await self._in_thread(self._open_complete, blob)
        try:
            for place, length in self._pieces.within(state, start, stop):
                yield await self._in_thread(layout.read_piece, file.fileno(), place, length)
        finally:
            file.close()

    async def sweep(self, hour: int) -> int:
        """Delete the blobs that have expired, and blur the times of the others.

        What is no blob, or cannot be deleted, stays and is counted in the log.
        """
        return await self._in_thread(self._sweep, hour)

    async def close(self) -> None:
        """Nothing is held open."""

    async def _in_thread(self, work: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Do what blocks in a thread; its failures are StorageErrors."""

        def run() -> T:
            with self._translated():
                return work(*args, **kwargs)

        return await asyncio.to_thread(run)

    @contextmanager
    def _translated(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            # Its own text names the file, and so the blob.
            why = os.strerror(error.errno) if error.errno else "it failed"
            msg = (
                f"the folder of blobs {self._folder}: {why};"
                " see to its disk, and that this process may write there"
            )
            raise StorageError(msg) from None

    def _prepare(self) -> None:
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        for number in range(_FOLDERS):
            folder = self._folder / f"{number:02x}"
            folder.mkdir(mode=0o700, exist_ok=True)
            layout.untime(folder)
        layout.sync_folder(self._folder)
        layout.untime(self._folder)

    def _path(self, blob: bytes) -> Path:
        name = hex_of(blob)
        return self._folder / name[:2] / name

    def _begin(self, blob: bytes, wanted: State) -> State:
        path = self._path(blob)
        with locked(path, os.O_RDWR | os.O_CREAT) as file:
            if file is None:
                msg = f"the folder of blobs {self._folder} is gone; put it back, and start again"
                raise StorageError(msg)
            header = layout.read_header(file)
            if header is None:
                header = Header(*wanted)
                layout.write_header(file, header)
            layout.untime(path.parent)
            layout.sync_folder(path.parent)
            return State(*header)

    def _received(self, blob: bytes) -> State | None:
        with locked(self._path(blob), os.O_RDONLY) as file:
            header = layout.read_header(file) if file is not None else None
        return None if header is None else State(*header)

    def _keep(self, blob: bytes, offset: int, piece: bytes) -> State:
        with locked(self._path(blob), os.O_RDWR) as file:
            header = layout.read_header(file) if file is not None else None
            if file is None or header is None:
                raise BlobUnknownError
            if header.offset != offset:
                raise WrongOffsetError(State(*header))
            layout.write_piece(file, offset, piece)
            grown = header._replace(offset=offset + len(piece))
            layout.write_header(file, grown)
            return State(*grown)

    def _open_complete(self, blob: bytes) -> tuple[FileIO, State]:
        """A file that is read without a lock, since what is complete never changes."""
        state = self._received(blob)
        if state is None:
            raise BlobUnknownError
        if not state.complete:
            raise IncompleteError(state)
        try:
            return layout.opened(self._path(blob)), state
        except FileNotFoundError:  # swept in between
            raise BlobUnknownError from None

    def _sweep(self, hour: int) -> int:
        self._folder.stat()
        gone = left = 0
        latest = self._swept
        for number in range(_FOLDERS):
            folder = self._folder / f"{number:02x}"
            try:
                found = list(folder.iterdir())
            except OSError:
                left += 1
                continue
            for path in found:
                fate = self._sweep_one(path, hour)
                if fate is None:
                    left += 1
                else:
                    gone += fate.deleted
                    latest = max(latest, fate.changed)
            layout.untime(folder)
        self._swept = latest
        if left:
            msg = "the folder of blobs holds %d things that are no blobs, damaged, or out of reach"
            log.warning(msg, left)
        return gone

    def _sweep_one(self, path: Path, hour: int) -> Fate | None:
        """Sweep a file; None if it is not ours, or if that fails: the others are swept."""
        if not layout.is_blob(path):
            return None
        try:
            return layout.sweep(path, hour, self._swept)
        except (OSError, StorageError):
            return None
