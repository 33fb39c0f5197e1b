"""The bodies of requests: read within a limit, a time, and an amount of memory for all of them.

May import Starlette's request and the protocol. Who asks for much at once, on however many
connections of a network, is told to try again later; who sends nothing for a while, or very
little for long, is let go. Small requests have room of their own, so that a few who send much
stop nobody who reads.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

from covey.access.refusals import Code, refused
from covey.broker.limits import KiB, MiB
from covey.errors import BrokerError

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator

    from starlette.requests import Request

SILENCE: Final = 30.0
"""Seconds between two pieces of a body, at most; who was fast may then pause for so long."""

GRACE: Final = 20.0
"""Seconds of waiting for a body that it has for nothing, before it has to keep the pace."""

PACE: Final = 16 * KiB
"""Bytes that a second of waiting costs."""

SMALL: Final = 64 * KiB
"""Bytes up to which a body is small."""

_RESERVE: Final = 16 * MiB  # room for small bodies alone
_SHARE: Final = 4  # a network has at most one part in so many of the room
_RETRY: Final = 1.0  # seconds after which there may be memory again


class SlowError(BrokerError):
    """A body came too slowly. It is ``malformed``, and the connection ends with the answer.

    Attributes:
        headers: Say so.
    """

    def __init__(self) -> None:
        refusal = refused(Code.malformed)
        super().__init__(refusal.code, refusal.message)
        self.headers: dict[str, str] = {"connection": "close"}


class _Room:
    """Bytes that are shared by networks.

    Args:
        size: How many there are.
        share: How many of them a network has at most.
    """

    def __init__(self, size: int, share: int) -> None:
        self._left = size
        self._share = share
        self._taken: Counter[bytes] = Counter()

    def take(self, network: bytes, size: int) -> bool:
        """Take some, if they are there."""
        if size > self._left or self._taken[network] + size > self._share:
            return False
        self._left -= size
        self._taken[network] += size
        return True

    def give(self, network: bytes, size: int) -> None:
        """Give some back."""
        self._left += size
        self._taken[network] -= size
        if not self._taken[network]:
            del self._taken[network]


class Bodies:
    """The bodies that are being read, or worked on.

    Args:
        room: Bytes of all of them together, besides what small ones have for themselves.
        silence: Seconds between two pieces of one, at most.
        biggest: Bytes of the biggest one; a network has room for that at least.
        grace: Seconds of waiting that a body has before its first byte.
        small: Bytes up to which a body is small.
    """

    def __init__(
        self,
        room: int,
        silence: float = SILENCE,
        *,
        biggest: int = 0,
        grace: float = GRACE,
        small: int = SMALL,
    ) -> None:
        self._silence = silence
        self._grace = grace
        self._small = small
        self._reserve = _Room(_RESERVE, _RESERVE // _SHARE)
        self._room = _Room(room, max(room // _SHARE, biggest))

    @contextmanager
    def kept(self, network: bytes) -> Iterator[Body]:
        """Room for one body, given back at the end of the block.

        Args:
            network: The mark of the network that it comes from.
        """
        body = Body(self, network)
        try:
            yield body
        finally:
            body.give_back()

    def rooms(self, size: int) -> tuple[_Room, ...]:
        """Where there may be room for a body of so many bytes, the best first."""
        return (self._reserve, self._room) if size <= self._small else (self._room,)

    async def pieces(self, request: Request) -> AsyncIterator[bytes]:
        """The pieces of a request's body, as they come.

        A body has some seconds of waiting, and earns more with its bytes, but never so many that
        it could send much at once and then keep its room for long. What is done with a piece
        takes none of them.

        Raises:
            SlowError: None came for too long, or too little.
            ClientDisconnect: The client is gone.
        """
        clock = asyncio.get_running_loop().time
        stream = request.stream()
        patience = min(self._grace, self._silence)
        while True:
            began = clock()
            try:
                async with asyncio.timeout(patience):
                    piece = await anext(stream, None)
            except TimeoutError:
                raise SlowError from None
            if piece is None:
                return
            patience = min(patience - (clock() - began) + len(piece) / PACE, self._silence)
            yield piece


class Body:
    """One body.

    Args:
        bodies: What it is one of.
        network: The mark of the network that it comes from.

    Attributes:
        size: The bytes that it has room for.
    """

    def __init__(self, bodies: Bodies, network: bytes) -> None:
        self.size: int = 0
        self._bodies = bodies
        self._network = network
        self._room: _Room | None = None

    def take(self, size: int) -> None:
        """Take room for more of it.

        Raises:
            BrokerError: ``over_quota``: there is none at the moment.
        """
        total = self.size + size
        for room in self._bodies.rooms(total):
            kept = room is self._room
            if room.take(self._network, size if kept else total):
                if not kept:
                    self.give_back()
                self._room, self.size = room, total
                return
        error = refused(Code.over_quota)
        error.retry_after = _RETRY
        raise error

    def give_back(self) -> None:
        """Give back all the room that it has."""
        if self._room is not None:
            self._room.give(self._network, self.size)
        self._room, self.size = None, 0

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
        if (announced(request) or 0) > limit:
            raise refused(Code.too_large)
        read: list[bytes] = []
        async for piece in self._bodies.pieces(request):
            if self.size + len(piece) > limit:
                raise refused(Code.too_large)
            self.take(len(piece))
            read.append(piece)
        return b"".join(read)


def announced(request: Request) -> int | None:
    """How many bytes a request says that its body has; None if it does not say."""
    said = request.headers.get("content-length", "")
    return int(said) if said.isdecimal() else None
