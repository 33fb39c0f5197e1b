"""What the broker knows of a connection: a random number, a network's mark, and its plane.

May import uvicorn, Starlette's types, :mod:`covey.access` and :mod:`covey.broker.addresses`. A
connection is one of TCP: of all requests that are kept alive on it, and of the WebSocket that
it may become.
Behind a proxy it is the client's connection to the proxy, as the proxy states it in a header.
Tokens and tickets are bound to its number, so one that is overheard is of no use elsewhere;
and since it stays with the plane it began with, no connection joins an account with a group.

The application sees neither the address nor the proxy's headers: they are taken out of the
scope.
"""

from __future__ import annotations

import hashlib
import json
import secrets
from collections import Counter, OrderedDict
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from uvicorn.protocols.http.h11_impl import H11Protocol
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol

from covey.access.operations import Plane
from covey.access.refusals import REFUSALS, Code, refused
from covey.broker import addresses

if TYPE_CHECKING:
    import asyncio
    from ipaddress import IPv4Network, IPv6Network

    from starlette.types import ASGIApp, Receive, Scope, Send
    from uvicorn.protocols.http.h11_impl import RequestResponseCycle

    from covey.broker.addresses import Prefixes

MOST: Final = 16_384
"""Connections that are open at once."""

OF_NETWORK: Final = 512
"""Connections of one network that are open at once. Those of this machine and of the proxy are
not counted by network: many people's may come from there."""

HEADER_SECONDS: Final = 15.0
"""In which the first header is there, or another one when its first byte is."""

_STATE: Final = "covey.connection"  # its key in the state of an ASGI scope
_ID: Final = 16  # bytes
_KEPT: Final = 65_536  # connections of a proxy that are remembered
_HEADER: Final = 256  # bytes of a proxy's header that are believed


class Connection:
    """A client's connection.

    Args:
        network: The mark of the network it comes from.

    Attributes:
        id: 16 random bytes, made when it was opened.
        network: The mark of the network it comes from (16 bytes), for quotas.
        plane: What it was used for; None before the first request that says.
    """

    __slots__ = ("id", "network", "plane")

    def __init__(self, network: bytes) -> None:
        self.id: bytes = secrets.token_bytes(_ID)
        self.network: bytes = network
        self.plane: Plane | None = None

    def enter(self, plane: Plane) -> None:
        """Use the connection for a plane, from now on for no other.

        What may be asked on both planes says nothing, and changes nothing.

        Raises:
            BrokerError: ``wrong_plane``; it was used for the other one before.
        """
        if plane is Plane.both:
            return
        if self.plane is None:
            self.plane = plane
        elif self.plane is not plane:
            raise refused(Code.wrong_plane)


class Proxy(NamedTuple):
    """A proxy in front of the broker, and what it says of its clients.

    Attributes:
        connection: The header, in small letters, in which it numbers its connections.
        address: The header, in small letters, in which it states a client's address.
        peers: The networks that it may connect from; nobody else's headers are believed.
    """

    connection: str
    address: str
    peers: tuple[IPv4Network | IPv6Network, ...]


def connection_of(scope: Scope) -> Connection:
    """The connection that a request came over.

    Args:
        scope: Of a request that went through :class:`Connections`.
    """
    connection = scope["state"][_STATE]
    assert isinstance(connection, Connection)
    return connection


class Connections:
    """The ASGI application around the broker's, which knows each request's connection.

    Where nobody states a connection (a server without :func:`protocol`, a proxy without its
    headers), each request is one of its own: nothing that is bound to it is of use again.

    Args:
        app: The broker's application.
        prefixes: Makes the marks of networks.
        proxy: The proxy in front of it, if there is one.
        kept: How many connections of a proxy are remembered; those used longest ago are
            forgotten first, and then count as new ones.
        most: How many connections may be open at once.
        of_network: How many of one network.
    """

    def __init__(
        self,
        app: ASGIApp,
        prefixes: Prefixes,
        proxy: Proxy | None = None,
        *,
        kept: int = _KEPT,
        most: int = MOST,
        of_network: int = OF_NETWORK,
    ) -> None:
        self._app = app
        self._prefixes = prefixes
        self._proxy = proxy
        self._kept = kept
        self._most = most
        self._of_network = of_network
        self._open: Counter[bytes] = Counter()
        self._all_open = 0
        self._secret = secrets.token_bytes(32)
        self._behind: OrderedDict[bytes, Connection] = OrderedDict()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Find the connection of a request, and hide where it comes from."""
        if scope["type"] in {"http", "websocket"}:
            scope = self._known(scope)
        await self._app(scope, receive, send)

    def opened(self, peer: str | None) -> _Direct:
        """A connection that was opened just now."""
        proxied = self._is_proxy(peer)
        address = addresses.read(peer) if peer is not None else None
        counted = not proxied and address is not None and not address.is_loopback
        return _Direct(Connection(self._prefixes.of(peer)), proxied, counted)

    def enter(self, direct: _Direct) -> bool:
        """Count a connection that was opened, until it leaves, if there may be one more."""
        network = direct.connection.network
        if self._all_open >= self._most:
            return False
        if direct.counted:
            if self._open[network] >= self._of_network:
                return False
            self._open[network] += 1
        self._all_open += 1
        return True

    def leave(self, direct: _Direct) -> None:
        """Count a connection no longer."""
        self._all_open -= 1
        if direct.counted:
            network = direct.connection.network
            self._open[network] -= 1
            if not self._open[network]:
                del self._open[network]

    def _is_proxy(self, peer: str | None) -> bool:
        """Whether a peer's headers are believed. A Unix socket is opened to the proxy alone."""
        if self._proxy is None:
            return False
        if peer is None:
            return True
        address = addresses.read(peer)
        return address is not None and any(address in network for network in self._proxy.peers)

    def _known(self, scope: Scope) -> Scope:
        """The scope with its connection, and without an address."""
        client = scope.get("client")
        state = scope.get("state", {})
        direct = state.get(_STATE)
        if not isinstance(direct, _Direct):
            direct = self.opened(client[0] if client else None)
        connection = self._behind_proxy(scope) if direct.proxied else direct.connection
        headers = scope["headers"]
        if self._proxy is not None:
            hidden = {self._proxy.connection.encode(), self._proxy.address.encode()}
            headers = [header for header in headers if header[0] not in hidden]
        return {
            **scope, "client": None, "headers": headers, "state": {**state, _STATE: connection}
        }  # fmt: skip

    def _behind_proxy(self, scope: Scope) -> Connection:
        """The connection that the proxy states; a new one where it states none."""
        assert self._proxy is not None
        number = _only(scope, self._proxy.connection)
        address = _only(scope, self._proxy.address)
        network = self._prefixes.of(address.decode("latin-1"))
        if not number or not address:
            return Connection(network)
        key = hashlib.blake2b(number + b"\0" + address, key=self._secret, digest_size=16).digest()
        connection = self._behind.get(key)
        if connection is None:
            connection = self._behind[key] = Connection(network)
        self._behind.move_to_end(key)
        if len(self._behind) > self._kept:
            self._behind.popitem(last=False)
        return connection


class _Direct(NamedTuple):
    """A connection to the broker itself.

    Attributes:
        connection: What is known of it.
        proxied: Whether it is the proxy's.
        counted: Whether it is one of those that a network has a limited number of.
    """

    connection: Connection
    proxied: bool
    counted: bool


def _only(scope: Scope, name: str) -> bytes:
    """The value of a header that is there once and is short; otherwise nothing.

    A header that is there twice may have been the client's before the proxy added its own.
    """
    wanted = name.encode()
    values = [value for key, value in scope["headers"] if key == wanted]
    return values[0] if len(values) == 1 and len(values[0]) <= _HEADER else b""


def protocol(connections: Connections, seconds: float = HEADER_SECONDS) -> type[asyncio.Protocol]:
    """The class for ``uvicorn.Config(http=…)`` that tells each connection from the others.

    uvicorn gives every request of a protocol object a copy of its ``app_state``, and hands
    that on to the WebSocket that the connection becomes. It also ends connections on which
    nothing comes after an answer; here those end on which too little comes.

    Args:
        connections: What counts them.
        seconds: In which a header is there.
    """

    class Live(WebSocketsSansIOProtocol):
        """uvicorn's WebSocket, which says when it ends."""

        def connection_lost(self, exc: Exception | None) -> None:
            connections.leave(self.app_state[_STATE])
            super().connection_lost(exc)

    class Protocol(_Timed):
        """uvicorn's HTTP/1.1, with a connection in the state of every request."""

        header_seconds = seconds
        counted = False

        def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
            super().connection_made(transport)
            self.ws_protocol_class = Live
            direct = connections.opened(self.client[0] if self.client else None)
            state: dict[str, Any] = {**self.app_state, _STATE: direct}
            self.app_state = state
            self.counted = connections.enter(direct)
            if not self.counted:
                transport.write(_FULL)
                transport.close()

        def connection_lost(self, exc: Exception | None) -> None:
            if self.counted:
                connections.leave(self.app_state[_STATE])
            super().connection_lost(exc)

    return Protocol


class _Timed(H11Protocol):
    """uvicorn's HTTP/1.1, with a time for each header.

    Attributes:
        header_seconds: In which it is there.
    """

    header_seconds: float
    _deadline: asyncio.TimerHandle | None = None
    _upgraded = False

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self._idle: object = self.conn.their_state
        self._begin()

    def connection_lost(self, exc: Exception | None) -> None:
        self._end()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        super().data_received(data)
        self._look()

    def on_response_complete(self) -> None:
        super().on_response_complete()
        self._look()

    def handle_websocket_upgrade(self, event: Any) -> None:  # noqa: ANN401 - a class of h11
        self._upgraded = True
        self._end()
        super().handle_websocket_upgrade(event)

    def _look(self) -> None:
        """Begin the time of a header when it begins, or what is still sent before it."""
        cycle: RequestResponseCycle | None = self.cycle
        answering = cycle is not None and not cycle.response_complete
        if self._upgraded or answering or self.transport.is_closing():
            self._end()
        elif self.conn.their_state is not self._idle or self.conn.trailing_data[0]:
            self._begin()
        elif cycle is not None:
            self._end()
            if self.timeout_keep_alive_task is None:
                self.timeout_keep_alive_task = self.loop.call_later(
                    self.timeout_keep_alive, self.timeout_keep_alive_handler
                )

    def _begin(self) -> None:
        if self._deadline is None:
            self._deadline = self.loop.call_later(self.header_seconds, self._late)

    def _end(self) -> None:
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None

    def _late(self) -> None:
        self._deadline = None
        self.transport.abort()


def _full() -> bytes:
    """The answer to who connects when there are too many; no request is waited for."""
    code = Code.over_quota
    refusal = REFUSALS[code]
    body = json.dumps({"code": code, "sentence": refusal.sentence}).encode()
    return (
        b"HTTP/1.1 %d Too Many Requests\r\ncontent-type: application/json\r\nretry-after: 5\r\n"
        b"connection: close\r\ncontent-length: %d\r\n\r\n%b"
    ) % (refusal.status, len(body), body)


_FULL: Final = _full()
