"""A tap on the wire: everything that a broker sees that watches its own sockets.

May import httpx and the protocol's structs. It stands in the lab, where a client's connection
goes out, and records what arrives at the other end: when, over which connection, from which
address, how much, and what it says to whoever runs the broker. The time is that of a script, and
each request takes some of it.
"""

from __future__ import annotations

import ssl
from typing import TYPE_CHECKING, Final, NamedTuple

import httpx

if TYPE_CHECKING:
    from random import Random

_WITHOUT_TLS: Final = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
_FASTEST, _SLOWEST = 0.02, 0.15  # seconds from a request to its answer
_ONE: Final = httpx.Limits(max_connections=1, max_keepalive_connections=1, keepalive_expiry=600)


class Time:
    """The time of a script, which runs as fast as it can.

    Args:
        now: Where it begins, in seconds since the epoch.

    Attributes:
        now: Now.
    """

    def __init__(self, now: float) -> None:
        self.now: float = now

    def __call__(self) -> float:
        """Now."""
        return self.now


class Seen(NamedTuple):
    """One request, as a watching broker sees it.

    Attributes:
        time: When it came, in seconds.
        connection: The number of the connection.
        address: Where that comes from.
        operation: What was asked for.
        request: The body, in the broker's own hands.
        status: Of the answer.
        response: The answer.
    """

    time: float
    connection: int
    address: str
    operation: str
    request: bytes
    status: int
    response: bytes


class Tap:
    """What a watcher writes down.

    Args:
        time: Of the script.
        random: Of the network's delays.

    Attributes:
        seen: Everything, in its order.
    """

    def __init__(self, time: Time, random: Random) -> None:
        self.time: Time = time
        self.seen: list[Seen] = []
        self._random = random
        self._connections = 0

    def connection(self) -> int:
        """The number of a new connection."""
        self._connections += 1
        return self._connections

    def record(
        self, connection: int, address: str, request: httpx.Request, response: httpx.Response
    ) -> None:
        """Write down a request; it takes its time."""
        operation = request.url.path.removeprefix("/v1/").partition("/")[0]
        body = request.read()
        self.seen.append(
            Seen(
                self.time.now,
                connection,
                address,
                operation,
                body,
                response.status_code,
                response.content,
            )
        )
        self.time.now += self._random.uniform(_FASTEST, _SLOWEST)


class Tapped(httpx.BaseTransport):
    """One connection at a time, with a tap on it; it can lose answers.

    Args:
        tap: Where everything is written down.
        address: Where the watcher sees it coming from.

    Attributes:
        to_lose: How many of the next answers get lost on their way.
    """

    def __init__(self, tap: Tap, address: str) -> None:
        self.to_lose: int = 0
        self._tap = tap
        self._address = address
        self._wire: httpx.HTTPTransport | None = None
        self._number = 0

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """Carry a request."""
        if self._wire is None:
            self._wire = httpx.HTTPTransport(verify=_WITHOUT_TLS, limits=_ONE)
            self._number = self._tap.connection()
        response = self._wire.handle_request(request)
        response.read()
        self._tap.record(self._number, self._address, request, response)
        if self.to_lose:
            self.to_lose -= 1
            self.hang_up()
            message = "the answer got lost"
            raise httpx.ReadError(message, request=request)
        return response

    def hang_up(self) -> None:
        """End the connection; the next request opens another one."""
        if self._wire is not None:
            self._wire.close()
            self._wire = None

    def close(self) -> None:
        """End the connection."""
        self.hang_up()
