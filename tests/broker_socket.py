"""A WebSocket to a broker, for tests: it sends frames and waits for frames."""

from __future__ import annotations

from contextlib import ExitStack, suppress
from typing import TYPE_CHECKING, Self, TypeVar

import pytest
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import connect

from covey.access.structs.basics import ByTicket
from covey.access.structs.live import (
    Arrived,
    Begun,
    CaughtUp,
    ClientFrame,
    Credit,
    Greeting,
    ProveNext,
    Refused,
    ServerFrame,
    Subscribe,
    Unsubscribe,
)

if TYPE_CHECKING:
    from covey.access.member.epochs import EpochAccess

    Frame = Greeting | Begun | Arrived | CaughtUp | ProveNext | Refused
    T = TypeVar("T", bound=Frame)

SOON = 5.0
"""Seconds in which a frame has to come that comes at all."""


class Socket:
    """A socket that is greeted.

    Attributes:
        wire: For frames that are none.
        greeting: The first frame.
    """

    def __init__(self, url: str) -> None:
        where = url.replace("http", "ws", 1) + "/v1/subscribe"
        self._closing = ExitStack()
        self.wire = self._closing.enter_context(
            connect(where, proxy=None, compression=None, max_size=None, ping_interval=None)
        )
        self.greeting = self.expect(Greeting)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._closing.close()

    def send(self, frame: Subscribe | Credit | Unsubscribe) -> None:
        """Send a frame."""
        self.wire.send(ClientFrame(frame).encode())

    def subscribe(self, access: EpochAccess, after: int = 0, ticket: bytes | None = None) -> None:
        """Ask for an epoch, with a new proof or with a ticket."""
        proof = access.prove(self.greeting.nonce) if ticket is None else ByTicket(ticket)
        self.send(Subscribe(access.gid, access.epoch, after, proof))

    def next(self, seconds: float = SOON) -> Frame:
        """The next frame."""
        return ServerFrame.decode(self.wire.recv(seconds, decode=False)).frame

    def expect(self, kind: type[T]) -> T:
        """The next frame, which has to be of a kind."""
        frame = self.next()
        assert isinstance(frame, kind), frame
        return frame

    def arrived(self, count: int) -> list[bytes]:
        """The bodies of the next entries."""
        return [self.expect(Arrived).entry.body for _ in range(count)]

    def is_silent(self, seconds: float = 0.3) -> bool:
        """Whether nothing comes for a while."""
        with pytest.raises(TimeoutError):
            self.next(seconds)
        return True

    def closed(self) -> int:
        """Wait until it is closed; returns the code."""
        with suppress(ConnectionClosed):
            while True:
                self.wire.recv(SOON, decode=False)
        assert self.wire.close_code is not None
        return int(self.wire.close_code)
