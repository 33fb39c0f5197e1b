"""Events as they come, for ``async for``. May import the engine and the events."""

from __future__ import annotations

from collections import deque
from functools import partial
from typing import TYPE_CHECKING, Self

from covey.client import events
from covey.client.events import EventsMissed

if TYPE_CHECKING:
    from collections.abc import Callable

    from covey.client.events import Event
    from covey.client.running.engine import Engine

_BATCH = 100


class Feed:
    """Events in the order of their numbers.

    Args:
        engine: Says when there are new ones.
        after: The number after which they begin.
        live: Whether to wait for new ones; else it ends with the last one there is.
        consumer: For whom they are acknowledged: each one when the next one is asked for.
        group: Only those of this group (its gid in hex); empty for all.
        told: Is told the number of each event that is handed out.

    Attributes:
        number: The number of the event that was handed out last.
        happened_at: When that was, by our clock, in seconds since the epoch.
    """

    def __init__(
        self,
        engine: Engine,
        after: int,
        *,
        live: bool = True,
        consumer: str = "",
        group: str = "",
        told: Callable[[int], None] | None = None,
    ) -> None:
        self.number: int = after
        self.happened_at: int = 0
        self._engine = engine
        self._live = live
        self._consumer = consumer
        self._group = group
        self._told = told
        self._read_up_to = after
        self._acknowledged = after
        self._ready: deque[tuple[int, int, Event]] = deque()

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> Event:
        if self._engine.closed:
            raise StopAsyncIteration
        if self._consumer and self.number > self._acknowledged:
            work = partial(events.acknowledge, consumer=self._consumer, number=self.number)
            await self._engine.write(work)
            self._acknowledged = self.number
        while not self._ready:
            moved = self._engine.moved
            if await self._more():
                continue
            if not self._live or self._engine.closed:
                raise StopAsyncIteration
            await moved.wait()
        self.number, self.happened_at, event = self._ready.popleft()
        if self._told is not None:
            self._told(self.number)
        return events.without_expired(event, self._engine.home.world.second)

    async def _more(self) -> bool:
        """Read on; whether there was anything, be it for others."""
        found = await self._engine.call(self._read)
        for number, happened_at, event in found:
            self._read_up_to = number
            if not self._group or event.group == self._group:
                self._ready.append((number, happened_at, event))
        return bool(found)

    def _read(self) -> list[tuple[int, int, Event]]:
        if self._engine.closed:
            return []
        with self._engine.store.reading() as rows:
            now = self._engine.home.world.second
            missed = events.missed(rows, self._consumer) if self._consumer else 0
            if missed > self._read_up_to:
                return [(missed, now, EventsMissed("", up_to=missed))]
            return events.timed(rows, self._read_up_to, _BATCH, now=now)
