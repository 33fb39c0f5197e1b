"""Drives the client's flows over HTTP, under asyncio or trio.

May import httpx, anyio, the flows and the protocol.
"""

from __future__ import annotations

from covey.client.network.driving import Network as Network
