"""A relay in front of a broker, for tests: it counts connections, and breaks them when told to."""

from __future__ import annotations

from contextlib import asynccontextmanager
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import anyio
from anyio.abc import SocketAttribute

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

    from anyio.abc import SocketStream


class Relay:
    """A relay.

    Args:
        url: Where the broker is.

    Attributes:
        url: Where the relay is.
        connections: How many were opened.
        heard: Is set when a client has sent something.
        most_asked: Bytes after which a connection breaks, from the client.
        most_answered: Likewise, to the client.
        spared: How many connections, the first ones, get all answers.
    """

    def __init__(self, url: str) -> None:
        where = urlsplit(url)
        assert where.hostname is not None
        assert where.port is not None
        self._host, self._port = where.hostname, where.port
        self.url = ""
        self.connections = 0
        self.heard = anyio.Event()
        self.most_asked: int | None = None
        self.most_answered: int | None = None
        self.spared = 0
        self._breaking: set[anyio.CancelScope] = set()

    def break_all(self) -> None:
        """Break every connection that is open."""
        for scope in self._breaking:
            scope.cancel()

    async def carry(self, client: SocketStream) -> None:
        """Carry one connection until it ends, or breaks."""
        self.connections += 1
        async with anyio.create_task_group() as both, client:
            self._breaking.add(both.cancel_scope)
            async with await anyio.connect_tcp(self._host, self._port) as broker:
                both.start_soon(self._ask, client, broker, both.cancel_scope)
                most = self.most_answered if self.connections > self.spared else None
                await _carried(broker, client, most)
            self._breaking.discard(both.cancel_scope)
            both.cancel_scope.cancel()

    async def _ask(
        self, client: SocketStream, broker: SocketStream, both: anyio.CancelScope
    ) -> None:
        await _carried(client, broker, self.most_asked, self._hear)
        both.cancel()

    def _hear(self) -> None:
        self.heard.set()


async def _carried(
    source: SocketStream,
    sink: SocketStream,
    most: int | None,
    tell: Callable[[], None] = lambda: None,
) -> None:
    """Carry bytes until there are no more, or enough."""
    try:
        async for part in source:
            if most is not None and len(part) > most:
                await sink.send(part[:most])
                return
            most = None if most is None else most - len(part)
            await sink.send(part)
            tell()
    except (anyio.BrokenResourceError, anyio.ClosedResourceError):
        return


@asynccontextmanager
async def relay(url: str) -> AsyncIterator[Relay]:
    """A relay in front of a broker, until the end of the block."""
    carrying = Relay(url)
    listener = await anyio.create_tcp_listener(local_host="127.0.0.1")
    port = listener.extra(SocketAttribute.local_port)  # noqa: S610 - of a socket
    carrying.url = f"http://127.0.0.1:{port}"
    async with listener, anyio.create_task_group() as tasks:
        tasks.start_soon(listener.serve, carrying.carry)
        yield carrying
        tasks.cancel_scope.cancel()
