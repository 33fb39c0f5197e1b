"""What is appended, cut into pieces that a store keeps whole.

May import the port. A piece is what is made durable at once, so it bounds the memory that an
upload takes. It is small enough that a broken connection loses little, and large enough that a
blob has few of them: in a bucket each is an object.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from covey.broker.blobs.port import TooLittleError, TooMuchError

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator

    from covey.broker.blobs.port import Chunk, State


class Pieces(NamedTuple):
    """How large pieces are, in bytes.

    Attributes:
        most: No piece is larger.
        least: None is smaller, except the one that completes a blob.
    """

    most: int = 1 << 20
    least: int = 1 << 16

    async def cut(self, chunk: Chunk, state: State) -> AsyncIterator[bytes]:
        """The pieces of a chunk that goes to the end of a blob.

        Args:
            chunk: The bytes; a rest smaller than a piece is left out unless it completes the
                blob.
            state: How far the blob is before the first piece.

        Raises:
            TooMuchError: More comes than is missing; its state is that after the pieces which
                were given out.
            TooLittleError: There was no piece at all.
        """
        given = 0
        room = state.size - state.offset
        waiting = bytearray()
        async for part in _parts(chunk):
            if given + len(waiting) + len(part) > room:
                raise TooMuchError(_after(state, given))
            view = memoryview(part)
            while view:
                taken = view[: self.most - len(waiting)]
                waiting += taken
                view = view[len(taken) :]
                if len(waiting) == self.most:
                    yield bytes(waiting)
                    given += self.most
                    waiting.clear()
        if waiting and (len(waiting) >= self.least or given + len(waiting) == room):
            yield bytes(waiting)
        elif not given and room:
            raise TooLittleError(state, self.least)

    def within(self, state: State, start: int, stop: int | None) -> Iterator[tuple[int, int]]:
        """The pieces of a range that is read: where each starts, and how long it is.

        Raises:
            OutsideError: The blob has no such range.
        """
        start, end = state.bounds(start, stop)
        for place in range(start, end, self.most):
            yield place, min(self.most, end - place)


async def _parts(chunk: Chunk) -> AsyncIterator[bytes]:
    """The parts that a chunk came in."""
    if isinstance(chunk, bytes):
        yield chunk
    else:
        async for part in chunk:
            yield part


def _after(state: State, given: int) -> State:
    return state._replace(offset=state.offset + given)
