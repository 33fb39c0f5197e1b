"""The bodies of requests: read within a limit, a time, and an amount of memory for all of them.

May import Starlette's request and the protocol. Who asks for much at once, on however many
connections, is told to try again later; who sends nothing for a while is let go.
"""

from __future__ import annotations

import asyncio
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

from covey.access.refusals import Code, refused

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator

    from starlette.requests import Request

SILENCE: Final = 30.0
"""Seconds between two pieces of a body, at most."""

_RETRY: Final = 1.0  # seconds after which there may be memory again


class Bodies:
    """The bodies that are being read, or worked on.

    Args:
        room: Bytes of all of them together.
        silence: Seconds between two pieces of one, at most.
    """

    def __init__(self, room: int, silence: float = SILENCE) -> None:
        self._left = room
        self._silence = silence

    @contextmanager
    def kept(self) -> Iterator[Body]:
        """Room for one body, given back at the end of the block."""
        body = Body(self)
        try:
            yield body
        finally:
            self._left += body.size

    def take(self, size: int) -> None:
        """Take room.

        Raises:
            BrokerError: ``over_quota``: there is none at the moment.
        """
        if size > self._left:
            error = refused(Code.over_quota)
            error.retry_after = _RETRY
            raise error
        self._left -= size

    async def pieces(self, request: Request) -> AsyncIterator[bytes]:
        """The pieces of a request's body, as they come.

        Raises:
            BrokerError: ``malformed``: none came for too long.
            ClientDisconnect: The client is gone.
        """
        stream = request.stream()
        while True:
            try:
                async with asyncio.timeout(self._silence):
                    piece = await anext(stream, None)
            except TimeoutError:
                raise refused(Code.malformed) from None
            if piece is None:
                return
            yield piece


class Body:
    """One body.

    Attributes:
        size: The bytes of it that are there.
    """

    def __init__(self, bodies: Bodies) -> None:
        self.size: int = 0
        self._bodies = bodies

    async def read(self, request: Request, limit: int) -> bytes:
        """Read it.

        Args:
            request: Whose body.
            limit: How many bytes it may have.

        Raises:
            BrokerError: ``too_large`` (what is over the limit is not read), ``over_quota`` or
                ``malformed``.
            ClientDisconnect: The client is gone.
        """
        announced = request.headers.get("content-length", "")
        if announced.isdecimal() and int(announced) > limit:
            raise refused(Code.too_large)
        read: list[bytes] = []
        async for piece in self._bodies.pieces(request):
            if self.size + len(piece) > limit:
                raise refused(Code.too_large)
            self._bodies.take(len(piece))
            self.size += len(piece)
            read.append(piece)
        return b"".join(read)
