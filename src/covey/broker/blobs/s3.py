"""Blobs in a bucket of an S3-compatible server that several processes may share.

May import the port, the pieces and the bucket. A blob is these objects, below a prefix:

    blob/<name>                      its size and its hour of expiry, 16 bytes
    hour/<expires>/<name>/begun      nothing; so that a sweep finds it without a part
    hour/<expires>/<name>/<offset>   a piece, by where it starts

**Crashes and races.** An object is there wholly or not at all. Each piece is put on condition
that there is none at its offset (If-None-Match), so pieces form one chain whoever puts them, and
where it ends is where the blob ends. What a crash leaves behind lies below an hour, and goes
with it: a sweep deletes what it finds there, and the first object only if it says this hour too.
(A `begin` that is stopped for as long as a blob lives leaves those 16 bytes.)

**What the operator of the server sees** and the broker cannot help: the server writes down when
each object was put (LastModified, to the second), and may log every request with its time and
address. The names of objects hold names of blobs and whole hours, nothing else. Who must not
lay down finer times keeps blobs in a folder.

No error repeats the text of one below: that text holds names of blobs and signed requests.
"""

from __future__ import annotations

import asyncio
import logging
import os
import re
from struct import Struct
from typing import TYPE_CHECKING, Final, Literal, NamedTuple

from covey.broker.blobs.bucket import Objects
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
    from collections.abc import AsyncIterator

    from covey.broker.blobs.bucket import Bucket
    from covey.broker.blobs.port import Chunk

log: logging.Logger = logging.getLogger("covey.broker")

_HEAD: Final = Struct(">QQ")
_HOUR: Final = re.compile(r"[0-9a-f]{8,16}")
_KEY: Final = re.compile(r"(?:.*/)?([0-9a-f]{64})/(begun|[0-9a-f]{16})")
_HOURS: Final = "hour"
_BEGUN: Final = "begun"
_LISTED: Final = 1000  # objects that a server lists at once
_SWEPT: Final = 50  # objects that a sweep looks at together


class _DamagedError(StorageError):
    """An object is not what a blob has."""


class _Found(NamedTuple):
    """A blob, and its pieces by where they start."""

    state: State
    lengths: dict[int, int]


class S3Blobs:
    """A :class:`~covey.broker.blobs.port.Blobs` in a bucket."""

    def __init__(self, bucket: Bucket, pieces: Pieces = Pieces()) -> None:  # noqa: B008  # immutable
        self._objects = Objects(bucket)
        self._pieces = pieces

    async def prepare(self) -> None:
        """Prove that the bucket can be used, and that its server heeds conditions.

        Raises:
            StorageError: It cannot be used, or a condition was passed over: two uploaders could
                overwrite each other.
        """
        probe = f"probe/{os.urandom(16).hex()}"
        await self._objects.put_new(probe, b"")
        heeded = not await self._objects.put_new(probe, b"")
        await self._objects.delete([probe])
        if not heeded:
            msg = (
                f"the server of {self._objects} passes over If-None-Match, without which uploads"
                " destroy each other; use one that heeds it, or keep blobs in a folder"
            )
            raise StorageError(msg)

    async def begin(self, blob: bytes, size: int, expires: int) -> State:
        """Make room for a blob, once."""
        if await self._head(blob) is None:
            await self._objects.put_new(f"{_folder(blob, expires)}/{_BEGUN}", b"")
            await self._objects.put_new(_name(blob), _HEAD.pack(size, expires))
        found = await self._find(blob)
        if found is None:
            msg = f"{self._objects} lost what was just put there; look after its server"
            raise StorageError(msg)
        if found.state.size != size:
            raise BlobExistsError(found.state)
        return found.state

    async def received(self, blob: bytes) -> State | None:
        """How far a blob is."""
        found = await self._find(blob)
        return None if found is None else found.state

    async def append(self, blob: bytes, offset: int, chunk: Chunk) -> State:
        """Add bytes at the end."""
        state = await self._known(blob)
        if state.offset != offset:
            raise WrongOffsetError(state)
        folder = _folder(blob, state.expires)
        async for piece in self._pieces.cut(chunk, state):
            if not await self._objects.put_new(f"{folder}/{state.offset:016x}", piece):
                raise WrongOffsetError(await self._known(blob))
            state = state._replace(offset=state.offset + len(piece))
        return state

    async def read(
        self, blob: bytes, start: int = 0, stop: int | None = None
    ) -> AsyncIterator[bytes]:
        """The bytes of a complete blob."""
        found = await self._find(blob)
        if found is None:
            raise BlobUnknownError
        if not found.state.complete:
            raise IncompleteError(found.state)
        start, stop = found.state.bounds(start, stop)
        folder = _folder(blob, found.state.expires)
        for first, length in sorted(found.lengths.items()):
            begins, ends = max(start - first, 0), min(stop - first, length)
            if begins < ends:
                piece = await self._objects.get(f"{folder}/{first:016x}", begins, ends)
                if piece is None:
                    raise BlobUnknownError
                yield piece

    async def sweep(self, hour: int) -> int:
        """Delete the blobs that have expired."""
        gone = 0
        for name in await self._objects.folders(_HOURS):
            if _HOUR.fullmatch(name) and int(name, 16) <= hour:
                gone += await self._sweep(f"{_HOURS}/{name}", hour)
        return gone

    async def close(self) -> None:
        """Wait for requests that nobody waits for any more."""
        await self._objects.close()

    async def _sweep(self, folder: str, hour: int) -> int:
        """Delete what lies below an hour that is over."""
        gone = 0
        async for page in self._objects.below(folder, at_once=_SWEPT):
            found = [_KEY.fullmatch(each["path"]) for each in page]
            ours = [each for each in found if each is not None]
            begun = [bytes.fromhex(each[1]) for each in ours if each[2] == _BEGUN]
            heads = await asyncio.gather(*map(self._head_or_damage, begun))
            damaged = {blob.hex() for blob, head in zip(begun, heads, strict=True) if head is False}
            expired = [
                _name(blob)
                for blob, head in zip(begun, heads, strict=True)
                if isinstance(head, State) and head.expires <= hour
            ]
            await self._objects.delete(expired)
            await self._objects.delete([each[0] for each in ours if each[1] not in damaged])
            gone += len(expired)
            if left := len(found) - len(ours) + len(damaged):
                log.warning(
                    "%s holds %d objects that are no blobs, or damaged", self._objects, left
                )
        return gone

    async def _head_or_damage(self, blob: bytes) -> State | Literal[False] | None:
        """What the first object says; False if it is damaged."""
        try:
            return await self._head(blob)
        except _DamagedError:
            return False

    async def _known(self, blob: bytes) -> State:
        state = await self.received(blob)
        if state is None:
            raise BlobUnknownError
        return state

    async def _find(self, blob: bytes) -> _Found | None:
        """How far a blob is: as far as the chain of its pieces goes."""
        head = await self._head(blob)
        if head is None:
            return None
        lengths: dict[int, int] = {}
        folder = _folder(blob, head.expires)
        async for page in self._objects.below(folder, at_once=_LISTED):
            for found in page:
                name = found["path"].rpartition("/")[2]
                if name != _BEGUN:
                    lengths[int(name, 16)] = found["size"]
        offset = 0
        while length := lengths.get(offset):
            offset += length
        return _Found(head._replace(offset=offset), lengths)

    async def _head(self, blob: bytes) -> State | None:
        """What the first object says; the offset is not in it."""
        content = await self._objects.get(_name(blob), 0, _HEAD.size)
        if content is None:
            return None
        if len(content) != _HEAD.size:
            msg = f"an object in {self._objects} is no blob, or is damaged; restore or delete it"
            raise _DamagedError(msg)
        size, expires = _HEAD.unpack(content)
        return State(size, 0, expires)


def _name(blob: bytes) -> str:
    """The first object of a blob."""
    return f"blob/{hex_of(blob)}"


def _folder(blob: bytes, expires: int) -> str:
    """Where its pieces are. Hours of one length sort as numbers do."""
    return f"{_HOURS}/{expires:08x}/{hex_of(blob)}"
