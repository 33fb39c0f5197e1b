"""Gates in front of the broker: what a member sends can be held back there, or be its last word.

May import httpx. A gate sees which operation is asked for and how large its body is, as anybody on
the way would; so the demo lets commits race, and lets a member die at the worst moment, without a
word of it in the client.
"""

from __future__ import annotations

import asyncio
import os
import ssl
from typing import Final

import httpx

_APPEND: Final = "/append"
_CLOSED: Final = 409  # the status of epoch_closed
_ERROR: Final = 400  # the least status that is one
_NO_TLS: Final = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)  # which takes no time to make
_ONE: Final = httpx.Limits(max_connections=1, keepalive_expiry=None)


class Gates:
    """All gates of one member, one for each of its connections.

    Attributes:
        refused: How many appends came too late for their epoch.
        dies: Whether the process ends when the broker has taken the next append.
    """

    def __init__(self) -> None:
        self.refused: int = 0
        self.dies: bool = False
        self._reached = asyncio.Event()
        self._open = asyncio.Event()
        self._open.set()

    def transport(self) -> httpx.AsyncBaseTransport:
        """What carries the requests of one connection."""
        return _Gate(self)

    def close(self) -> None:
        """Hold back what is appended from now on."""
        self._reached.clear()
        self._open.clear()

    def open(self) -> None:
        """Let it through."""
        self._open.set()

    async def reached(self) -> None:
        """Wait until something is held back."""
        await self._reached.wait()

    async def passed(self) -> None:
        """Wait at the gate, if it is closed."""
        if not self._open.is_set():
            self._reached.set()
            await self._open.wait()

    def answered(self, status: int) -> None:
        """Take note of what the broker said to an append."""
        self.refused += status == _CLOSED
        if self.dies and status < _ERROR:
            os._exit(1)


class _Gate(httpx.AsyncBaseTransport):
    """One connection's.

    Args:
        gates: All of them.
    """

    def __init__(self, gates: Gates) -> None:
        self._gates = gates
        self._wire = httpx.AsyncHTTPTransport(verify=_NO_TLS, limits=_ONE, trust_env=False)

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Carry a request."""
        if not request.url.path.endswith(_APPEND):
            return await self._wire.handle_async_request(request)
        await self._gates.passed()
        response = await self._wire.handle_async_request(request)
        self._gates.answered(response.status_code)
        return response

    async def aclose(self) -> None:
        """Hang up."""
        await self._wire.aclose()
