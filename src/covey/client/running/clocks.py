"""Looks whether this machine's clock is right. May import the driver, the events and the flows.

The broker tells the hour by its clock, and no more. Nobody's clock is believed: what follows from
ours does so all the same, and people are told that one of the two is wrong.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import anyio

from covey.bugs import fenced
from covey.client import events
from covey.client.events import ClockOff
from covey.client.running import opening
from covey.errors import CoveyError

if TYPE_CHECKING:
    from covey.client.running.driver import Driver
    from covey.store.port import Rows

_APART: Final = 1  # hours, by which the clocks differ when one of them has just begun another hour
_AGAIN: Final = 86_400.0  # seconds between two looks


class Clocks:
    """The clock of this machine, and that of its broker.

    Args:
        driver: What reaches the broker.
    """

    def __init__(self, driver: Driver) -> None:
        self._driver = driver
        self.off: int = 0
        """Hours by which ours is ahead of the broker's; negative when it is behind, 0 if they agree
        or nobody knows."""

    async def watch(self) -> None:
        """Ask for the broker's hour once a day, and tell of it when ours is another one."""
        driver, failures = self._driver, 0
        while True:
            try:
                with fenced():
                    await self._look()
            except CoveyError as error:
                driver.note(error)
                await anyio.sleep(driver.backoff(failures))
                failures += 1
            else:
                failures = 0
                await anyio.sleep(_AGAIN)

    async def _look(self) -> None:
        home = self._driver.home
        broker = await self._driver.run(opening.about(home))
        apart = 0 if broker.hour is None else home.world.hour - broker.hour
        self.off = apart if abs(apart) > _APART else 0
        if self.off:
            await self._driver.write(self._tell)

    def _tell(self, rows: Rows) -> None:
        now = self._driver.home.world.second
        event = ClockOff("", hours=self.off)
        if not events.was_told(rows, None, event, now - int(_AGAIN)):
            events.add(rows, None, event, now)
