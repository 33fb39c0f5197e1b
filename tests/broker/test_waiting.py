"""Waiting for something new: until there is enough, the time is over, or the broker stops."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest

from covey.broker.operations import waiting
from covey.broker.operations.waiting import Wait
from covey.broker.stores.wakes import Wakes

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

KEY = b"k" * 32


def looking(found: list[int], after_look: Callable[[], None]) -> Callable[[], Awaitable[int]]:
    """Looks: each look finds the next number; then something happens."""
    numbers = iter(found)

    async def look() -> int:
        await asyncio.sleep(0)
        number = next(numbers)
        after_look()
        return number

    return look


def test_what_is_there_is_not_waited_for() -> None:
    async def work() -> None:
        look = looking([1], lambda: None)
        assert await waiting.until(Wakes(), Wait(KEY, 99), look, bool) == 1

    asyncio.run(work())


def test_without_time_there_is_one_look() -> None:
    async def work() -> None:
        look = looking([0], lambda: None)
        assert await waiting.until(Wakes(), Wait(KEY, 0), look, bool) == 0

    asyncio.run(work())


def test_a_hint_during_the_look_is_not_missed() -> None:
    async def work() -> None:
        wakes = Wakes()
        look = looking([0, 0, 1], lambda: wakes.wake(KEY))
        async with asyncio.timeout(5):
            assert await waiting.until(wakes, Wait(KEY, 99), look, bool) == 1

    asyncio.run(work())


def test_a_hint_for_somebody_else_wakes_nobody() -> None:
    async def work() -> None:
        wakes = Wakes()
        look = looking([0, 0], lambda: wakes.wake(b"o" * 32))
        assert await waiting.until(wakes, Wait(KEY, 0.05), look, bool) == 0

    asyncio.run(work())


def test_a_hint_that_is_lost_costs_a_while(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(waiting, "LOOK_AGAIN", 0.01)

    async def work() -> None:
        look = looking([0, 0, 0, 1], lambda: None)
        async with asyncio.timeout(5):
            assert await waiting.until(Wakes(), Wait(KEY, 99), look, bool) == 1

    asyncio.run(work())


def test_who_waits_is_answered_when_the_broker_stops() -> None:
    async def work() -> None:
        wakes = Wakes()
        look = looking([0, 0], lambda: None)
        task = asyncio.create_task(waiting.until(wakes, Wait(KEY, 99), look, bool))
        await asyncio.sleep(0.01)
        await wakes.close()
        async with asyncio.timeout(5):
            assert await task == 0

    asyncio.run(work())


def test_what_fails_while_looking_is_told() -> None:
    async def work() -> None:
        async def look() -> int:
            raise KeyError

        with pytest.raises(KeyError):
            await waiting.until(Wakes(), Wait(KEY, 99), look, bool)

    asyncio.run(work())
