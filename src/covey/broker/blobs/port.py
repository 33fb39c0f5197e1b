"""What every store of blobs promises, and how it refuses.

May import :mod:`covey.errors`. A blob has a name of 32 random bytes, a size that is said when
it begins, and an hour in which it is gone. It is appended to from its beginning to its end, by
whoever knows where it ends so far; it can be read when it is complete, and never changes then.

A store is shared: several processes use one folder or bucket, and two clients may append to one
blob at once. Exactly one of them wins an offset; the other is told the new one. A crash at any
instant leaves a blob that can be continued from the offset that was acknowledged last or a
later one, or no blob.

A store keeps no gid, no account, and no time but the hour of expiry. What the ground below it
records by itself, its own docstring says. No error names a blob: its name is the right to read.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple, Protocol, TypeAlias

from covey.errors import CoveyError

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

_NAME_BYTES: Final = 32

Chunk: TypeAlias = "AsyncIterator[bytes] | bytes"
"""What is appended. An iterator that ends early only brings less: what it brought is kept, so
that an uploader whose connection broke goes on from there."""


class State(NamedTuple):
    """How far a blob is.

    Attributes:
        size: What it will have, in bytes.
        offset: What it has, in bytes, durably.
        expires: The hour, counted from the epoch, from which on it is gone.
    """

    size: int
    offset: int
    expires: int

    @property
    def complete(self) -> bool:
        """Whether nothing is missing."""
        return self.offset == self.size

    def bounds(self, start: int, stop: int | None) -> tuple[int, int]:
        """Where a range of the blob starts and stops.

        Args:
            start: Its first byte.
            stop: The byte after its last one; None for the end of the blob.

        Raises:
            OutsideError: The blob has no such range.
        """
        end = self.size if stop is None else stop
        if not 0 <= start <= end <= self.size:
            raise OutsideError(self)
        return start, end


class BlobError(CoveyError):
    """A store of blobs refuses what it was asked."""


class BlobUnknownError(BlobError):
    """There is no blob of this name: it never began, or it has expired."""

    def __init__(self) -> None:
        super().__init__("there is no such blob; it never began, or it has expired")


class BlobStateError(BlobError):
    """What was asked does not fit how far the blob is.

    Attributes:
        state: How far it is now, so that the uploader knows how to go on.
    """

    def __init__(self, state: State, sentence: str) -> None:
        self.state = state
        super().__init__(sentence)


class BlobExistsError(BlobStateError):
    """A blob of this name has begun with another size."""

    def __init__(self, state: State) -> None:
        super().__init__(
            state, f"this blob has begun with {state.size} bytes; take another name for another one"
        )


class WrongOffsetError(BlobStateError):
    """Bytes were sent for another place than the end of what is there."""

    def __init__(self, state: State) -> None:
        super().__init__(state, f"the blob ends at {state.offset}; send what comes after that")


class TooMuchError(BlobStateError):
    """More bytes were sent than are missing. Nothing beyond the size is ever kept."""

    def __init__(self, state: State) -> None:
        super().__init__(state, f"only {state.size - state.offset} bytes of the blob are missing")


class TooLittleError(BlobStateError):
    """Fewer bytes were sent than a store takes at once, and they do not complete the blob."""

    def __init__(self, state: State, least: int) -> None:
        super().__init__(state, f"send {least} bytes at once or more, unless they are the last")


class IncompleteError(BlobStateError):
    """The blob cannot be read before it is complete."""

    def __init__(self, state: State) -> None:
        super().__init__(
            state, f"{state.offset} of {state.size} bytes are there; it is read when all are"
        )


class OutsideError(BlobStateError):
    """The blob has no such range."""

    def __init__(self, state: State) -> None:
        super().__init__(state, f"a range lies within the {state.size} bytes of the blob")


def hex_of(blob: bytes) -> str:
    """The name of a blob, as files and objects are called: 64 digits.

    Raises:
        ValueError: It has not 32 bytes; who decoded the request has not looked.
    """
    if len(blob) != _NAME_BYTES:
        msg = f"the name of a blob has {_NAME_BYTES} bytes, not {len(blob)}"
        raise ValueError(msg)
    return blob.hex()


class Blobs(Protocol):
    """A store of blobs.

    Every method raises StorageError when the ground below it fails; then it is unknown whether
    the last piece was kept, and `received` says it.
    """

    async def prepare(self) -> None:
        """Make the ground ready, and prove that it is fit, before anything else is called."""
        ...

    async def begin(self, blob: bytes, size: int, expires: int) -> State:
        """Make room for a blob, once; the same call again says how far it is.

        Args:
            blob: Its name, 32 bytes.
            size: In bytes, zero or more. Whether so much is allowed is the caller's to check.
            expires: The hour from which on it is gone. That of the first call stays.

        Raises:
            BlobExistsError: It has begun with another size.
        """
        ...

    async def received(self, blob: bytes) -> State | None:
        """How far a blob is, or None if there is none.

        One that has expired is there until it is swept: the caller compares the hour.
        """
        ...

    async def append(self, blob: bytes, offset: int, chunk: Chunk) -> State:
        """Add bytes at the end, in pieces; each is durable before the next one.

        Returns:
            How far the blob is. This can be less than what was sent: a rest that is smaller
            than a store keeps by itself, and does not complete the blob, is left out.

        Raises:
            BlobUnknownError: There is no such blob.
            WrongOffsetError: The blob ends elsewhere. It can do so later, when somebody else
                was faster with the next piece; the pieces before are kept.
            TooMuchError: There are more bytes than are missing; of bytes nothing was kept, of
                an iterator the pieces before.
            TooLittleError: There are too few bytes to keep any.
        """
        ...

    def read(self, blob: bytes, start: int = 0, stop: int | None = None) -> AsyncIterator[bytes]:
        """The bytes from start up to stop, or to the end, a piece at a time.

        Errors come with the first piece.

        Raises:
            BlobUnknownError: There is no such blob, or not any more.
            IncompleteError: It is not complete.
            OutsideError: It is not so long, or the range ends before it starts.
        """
        ...

    async def sweep(self, hour: int) -> int:
        """Delete the blobs that expire in this hour or before it, complete or not.

        Returns:
            How many; two processes that sweep at once may both count one.
        """
        ...

    async def close(self) -> None:
        """Let go of what is held open. Nothing is lost without it."""
        ...
