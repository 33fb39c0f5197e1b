"""Waiting for something new: a hint wakes, and now and then everybody looks anyway.

May import the ports.
"""

from __future__ import annotations

import asyncio
from contextlib import suppress
from typing import TYPE_CHECKING, Final, NamedTuple, TypeVar

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from covey.broker.stores.wakes import Wakes

T = TypeVar("T")

LOOK_AGAIN: Final = 30.0
"""Seconds after which is looked again, hint or none: a hint that is lost costs that."""


class Wait(NamedTuple):
    """For what to wait, and for how long.

    Attributes:
        key: Whose wake-ups to hear: a gid, an inbox, a device.
        seconds: At most.
    """

    key: bytes
    seconds: float


async def until(
    wakes: Wakes, wait: Wait, look: Callable[[], Awaitable[T]], enough: Callable[[T], bool]
) -> T:
    """Look until there is enough, the wait is over, or the broker stops.

    Args:
        wakes: Who wakes.
        wait: For what, and for how long.
        look: Looks into the store.
        enough: Whether what was found is worth an answer.
    """
    loop = asyncio.get_running_loop()
    deadline = loop.time() + wait.seconds
    while True:
        with wakes.watch(wait.key) as woken:
            found = await look()
            left = deadline - loop.time()
            if enough(found) or left <= 0 or wakes.closed:
                return found
            await woken_or_time(woken, min(left, LOOK_AGAIN))


async def woken_or_time(woken: asyncio.Event, seconds: float) -> None:
    """Wait until a hint comes, or some seconds are over."""
    with suppress(TimeoutError):
        async with asyncio.timeout(seconds):  # `wait_for` may lose a cancellation
            await woken.wait()
