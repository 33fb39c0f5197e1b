"""Drives flows: their steps in a worker thread, their effects over the connection of each lane.

May import httpx, anyio, the effects and the connections. The steps of all flows of a client run
one after the other, so that the store and what is in memory have one user at a time, and none of
them on the event loop, which stays free.
"""

from __future__ import annotations

import ssl
from functools import partial
from typing import TYPE_CHECKING, Generic, TypeVar

import anyio
import anyio.to_thread
import httpx

from covey.client.network.connection import Connection, Way
from covey.client.sync.effects import About, Ask, GetBlob, HangUp, Lane, Pause, PutBlob, Use
from covey.errors import CoveyError, StateError, TransportError

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import TracebackType
    from typing import Self

    from covey.client.sync.effects import Effect, Flow

T = TypeVar("T")


class Network:
    """A client's connections to one broker, over which its flows are driven.

    Args:
        url: Where the broker is, such as ``https://broker.example``.
        transport: Makes what carries the requests of one connection; by default the network.
        proxy: The address of a proxy in front of the broker, such as a relay that hides this
            machine's address. Variables of the environment are not looked at.

    Raises:
        TransportError: The address is none.
    """

    def __init__(
        self,
        url: str,
        *,
        transport: Callable[[], httpx.AsyncBaseTransport] | None = None,
        proxy: str | None = None,
    ) -> None:
        self._way = _way(url, proxy)
        self._transport = transport
        self._lanes: dict[Lane, Connection] = {}
        self._one_at_a_time = anyio.CapacityLimiter(1)
        self._closed = False

    def __repr__(self) -> str:
        return f"Network({self._way.url!r})"

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, _: type[BaseException] | None, __: BaseException | None, ___: TracebackType | None
    ) -> None:
        await self.aclose()

    @property
    def lanes(self) -> frozenset[Lane]:
        """Those that have a connection."""
        return frozenset(self._lanes)

    async def run(self, flow: Flow[T]) -> T:
        """Drive a flow to its end.

        When it is cancelled, the flow is closed where it stands; a step that has begun is ended
        before.

        Raises:
            CoveyError: Whatever the flow raises.
            StateError: The connections have been closed.
        """
        once: set[Lane] = set()
        answer, ended = _Answer(), False
        try:
            while True:
                step: Effect | _Ended[T] = await self.call(partial(_stepped, flow, answer))
                if isinstance(step, _Ended):
                    ended = True
                    return step.result
                if not isinstance(step, Pause) and step.lane.use is Use.once:
                    once.add(step.lane)
                answer = await self._answer(step)
        finally:
            with anyio.CancelScope(shield=True):
                if not ended:
                    await self.call(flow.close)
                for lane in once:
                    await self._hang_up(lane)

    async def call(self, work: Callable[[], T]) -> T:
        """Do something with the store, or with what flows use, while no flow takes a step.

        It is done in the worker thread, and to its end, also when it is cancelled.
        """
        return await anyio.to_thread.run_sync(work, limiter=self._one_at_a_time)

    async def pause(self, pause: Pause) -> None:
        """Let some time pass."""
        await anyio.sleep(pause.seconds)

    async def aclose(self) -> None:
        """Close every connection. Flows that still run are told so."""
        self._closed = True
        for lane in tuple(self._lanes):
            await self._hang_up(lane)

    async def _answer(self, effect: Effect) -> _Answer:
        try:
            return _Answer(await self._done(effect))
        except CoveyError as error:
            return _Answer(None, error)

    async def _done(self, effect: Effect) -> object:
        match effect:
            case Pause():
                await self.pause(effect)
            case HangUp(lane):
                await self._hang_up(lane)
            case Ask(lane):
                return await self._connection(lane).ask(effect)
            case About(lane):
                return await self._connection(lane).about()
            case PutBlob(lane):
                return await self._connection(lane).put_blob(effect)
            case GetBlob(lane):
                return await self._connection(lane).get_blob(effect)
        return None

    def _connection(self, lane: Lane) -> Connection:
        if self._closed:
            msg = "the client has been closed"
            raise StateError(msg)
        found = self._lanes.get(lane)
        if found is None:
            transport = None if self._transport is None else self._transport()
            found = self._lanes[lane] = Connection(self._way, transport)
        return found

    async def _hang_up(self, lane: Lane) -> None:
        found = self._lanes.pop(lane, None)
        if found is not None:
            await found.hang_up()


class _Answer:
    """What an effect gave: a value, or an error to be thrown into the flow."""

    def __init__(self, value: object = None, error: CoveyError | None = None) -> None:
        self.value = value
        self.error = error


class _Ended(Generic[T]):
    """What a flow returned."""

    def __init__(self, result: T) -> None:
        self.result = result


def _stepped(flow: Flow[T], answer: _Answer) -> Effect | _Ended[T]:
    """Let a flow take a step, in the thread that steps are taken in."""
    try:
        return flow.send(answer.value) if answer.error is None else flow.throw(answer.error)
    except StopIteration as stop:
        return _Ended(stop.value)


def _way(url: str, proxy: str | None) -> Way:
    try:
        where = httpx.URL(url)
        through = None if proxy is None else httpx.Proxy(proxy)
    except (httpx.InvalidURL, ValueError) as error:
        msg = f"an address cannot be read: {error}"
        raise TransportError(msg) from error
    if where.scheme not in {"http", "https"} or not where.host:
        msg = f"{url!r} is not the address of a broker; one is like https://broker.example"
        raise TransportError(msg)
    trusting = ssl.create_default_context if where.scheme == "https" else _trusting_nobody
    return Way(where, trusting(), through)


def _trusting_nobody() -> ssl.SSLContext:
    """What is not needed without TLS; it is quick to make."""
    return ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
