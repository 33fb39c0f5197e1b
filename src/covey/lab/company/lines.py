"""The connections of one person, and what drives its flows over them.

May import httpx, the client's driver and its blocking face. Which connection is used for what is
the client's choice, the one that a watching broker profits from, or not.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, TypeVar

import httpx

from covey.client.faces import Portal
from covey.client.network import Network
from covey.client.sync.effects import HangUp, Lane, Pause, Use
from covey.errors import CoveyError

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Self

    from covey.client.sync.effects import Effect, Flow

T = TypeVar("T")


class Lines:
    """All connections of one person.

    Multiplexed, everything that is anonymous goes over one; a broker that watches can then tell
    that all of it is the same person's. What names the device never shares a connection with it.

    Args:
        url: Where the broker is.
        multiplexed: Whether the group plane shares one connection.
        transport: Makes the way to get there, for each connection; by default the network.

    Attributes:
        url: Where the broker is.
        multiplexed: Whether the group plane shares one connection.
    """

    def __init__(
        self,
        url: str,
        *,
        multiplexed: bool = False,
        transport: Callable[[], httpx.BaseTransport] | None = None,
    ) -> None:
        self.url: str = url
        self.multiplexed: bool = multiplexed
        self._portal = Portal()
        self._portal.open()
        ways = None if transport is None else lambda: _Carried(transport())
        self._network: Network = self._portal.plain(lambda: Network(url, transport=ways))
        self._closed = False

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def run(self, flow: Flow[T]) -> T:
        """Drive a flow to its end, and wait for that.

        Raises:
            CoveyError: Whatever the flow raises.
        """
        if self.multiplexed:
            flow = _over_one(flow)
        return self._portal.wait(partial(self._network.run, flow))

    def close(self) -> None:
        """Hang up."""
        if not self._closed:
            self._closed = True
            self._portal.wait(self._network.aclose)
            self._portal.close()


class _Carried(httpx.AsyncBaseTransport):
    """A blocking transport for the client's driver, whose thread nobody else is in."""

    def __init__(self, wire: httpx.BaseTransport) -> None:
        self._wire = wire

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Carry a request."""
        body = await request.aread()
        carried = httpx.Request(
            request.method,
            request.url,
            headers=request.headers,
            content=body,
            extensions=request.extensions,
        )
        response = self._wire.handle_request(carried)
        answer = httpx.ByteStream(response.read())
        return httpx.Response(response.status_code, headers=response.headers, stream=answer)

    async def aclose(self) -> None:
        """Close it."""
        self._wire.close()


_SHARED = Lane(Use.speak, b"")


def _over_one(flow: Flow[T]) -> Flow[T]:
    """A flow whose group plane goes over one connection, which stays."""
    answer: object = None
    failure: CoveyError | None = None
    while True:
        try:
            effect = flow.send(answer) if failure is None else flow.throw(failure)
        except StopIteration as end:
            result: T = end.value
            return result
        answer = failure = None
        try:
            answer = yield from _shared(effect)
        except CoveyError as error:
            failure = error


def _shared(effect: Effect) -> Flow[object]:
    if isinstance(effect, Pause) or effect.lane.use is Use.identity:
        return (yield effect)
    if isinstance(effect, HangUp):
        return None
    return (yield effect._replace(lane=_SHARED))
