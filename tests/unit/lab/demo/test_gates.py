"""Gates: what is appended can be held back, and what the broker says of it is noted."""

from __future__ import annotations

import asyncio
import os
from typing import TYPE_CHECKING

import httpx
import pytest

from covey.lab.demo.gates import Gates

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable


class _Wire(httpx.AsyncHTTPTransport):
    """A network with one broker, which answers each append with the next status."""

    statuses: list[int]

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Answer."""
        status = self.statuses.pop(0) if request.url.path.endswith("/append") else 200
        return httpx.Response(status)


@pytest.fixture
def statuses(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    found: list[int] = []
    monkeypatch.setattr(_Wire, "statuses", found, raising=False)
    monkeypatch.setattr(httpx, "AsyncHTTPTransport", _Wire)
    return found


def run(work: Callable[[Gates, httpx.AsyncClient], Awaitable[None]]) -> None:
    async def within() -> None:
        gates = Gates()
        async with httpx.AsyncClient(
            transport=gates.transport(), base_url="http://broker/v1"
        ) as client:
            await work(gates, client)

    asyncio.run(within())


def test_what_is_appended_waits_at_a_closed_gate_and_nothing_else_does(
    statuses: list[int],
) -> None:
    async def work(gates: Gates, client: httpx.AsyncClient) -> None:
        gates.close()
        appending = asyncio.create_task(client.post("append"))
        await gates.reached()
        assert (await client.post("read")).status_code == 200
        assert not appending.done()
        gates.open()
        assert (await appending).status_code == 200

    statuses.append(200)
    run(work)


def test_appends_that_came_too_late_are_counted(statuses: list[int]) -> None:
    async def work(gates: Gates, client: httpx.AsyncClient) -> None:
        for _ in range(3):
            await client.post("append")
        assert gates.refused == 2

    statuses += [409, 200, 409]
    run(work)


def test_who_is_to_die_does_so_when_the_broker_has_it(
    statuses: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    died: list[int] = []
    monkeypatch.setattr(os, "_exit", died.append)

    async def work(gates: Gates, client: httpx.AsyncClient) -> None:
        gates.dies = True
        await client.post("read")
        await client.post("append")
        assert died == []
        await client.post("append")
        assert died == [1]

    statuses += [409, 200]
    run(work)
