"""A long secret in one file: sealed in chunks, none of which can be moved, left out or cut off.

May import the errors and the engine's crypto. A chunk is 64 KiB, the last one at most that, sealed
by AES-256-GCM under a key that is used for one file only. Its nonce is 3 zero bytes, its number
from 0 (8 bytes), and 1 for the last or 0 (1 byte).
"""

from __future__ import annotations

from typing import IO, TYPE_CHECKING, Final

from covey.errors import AuthenticationError
from covey.mls.crypto.aead import AES_256_GCM
from covey.store.errors import StoreCorrupt

if TYPE_CHECKING:
    from collections.abc import Iterator

CHUNK: Final = 64 * 1024
"""Bytes of a chunk before it is sealed."""

_SEALED: Final = CHUNK + AES_256_GCM.Nt


class SealedWriter:
    """Writes what is to be sealed.

    Args:
        file: Where it goes.
        key: 32 bytes, for this file only.
        aad: What is bound to each chunk.
    """

    def __init__(self, file: IO[bytes], key: bytes, aad: bytes) -> None:
        self._file = file
        self._key = key
        self._aad = aad
        self._waiting = bytearray()
        self._number = 0

    def write(self, plaintext: bytes) -> None:
        """Write some more."""
        self._waiting += plaintext
        while len(self._waiting) > CHUNK:  # the last chunk is known when all has been written
            self._seal(bytes(self._waiting[:CHUNK]), is_last=False)
            del self._waiting[:CHUNK]

    def finish(self) -> None:
        """Write the last chunk."""
        self._seal(bytes(self._waiting), is_last=True)
        self._waiting.clear()

    def _seal(self, plaintext: bytes, *, is_last: bool) -> None:
        nonce = _nonce(self._number, is_last=is_last)
        self._file.write(AES_256_GCM.seal(self._key, nonce, self._aad, plaintext))
        self._number += 1


class SealedReader:
    """Reads what was sealed.

    Args:
        file: Where it is, from its first chunk on.
        key: 32 bytes.
        aad: What is bound to each chunk.
        place: The file, as it may be shown.
    """

    def __init__(self, file: IO[bytes], key: bytes, aad: bytes, place: str) -> None:
        self._chunks = _chunks(file, key, aad, place)
        self._place = place
        self._waiting = bytearray()

    def read(self, length: int) -> bytes:
        """The next bytes.

        Raises:
            StoreCorrupt: The file is damaged, cut off, or has not so many.
        """
        while len(self._waiting) < length:
            chunk = next(self._chunks, None)
            if chunk is None:
                raise damaged(self._place)
            self._waiting += chunk
        taken = bytes(self._waiting[:length])
        del self._waiting[:length]
        return taken

    def require_end(self) -> None:
        """Make sure that all has been read.

        Raises:
            StoreCorrupt: There is more, or the file is damaged.
        """
        if self._waiting or next(self._chunks, b""):
            raise damaged(self._place)


def damaged(place: str) -> StoreCorrupt:
    """That a sealed file is not what was written."""
    return StoreCorrupt(
        f"{place} is damaged or cut off: the passphrase is right, but not all that was written is "
        "there; take another copy of it"
    )


def _chunks(file: IO[bytes], key: bytes, aad: bytes, place: str) -> Iterator[bytes]:
    number = 0
    sealed = file.read(_SEALED)
    while True:
        following = file.read(_SEALED)
        nonce = _nonce(number, is_last=not following)
        try:
            chunk = AES_256_GCM.open(key, nonce, aad, sealed)
        except AuthenticationError:
            raise damaged(place) from None
        yield chunk
        if not following:
            return
        number, sealed = number + 1, following


def _nonce(number: int, *, is_last: bool) -> bytes:
    return bytes(3) + number.to_bytes(8) + bytes([is_last])
