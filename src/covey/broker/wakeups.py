"""Who waits for something new, and how they hear of it. May import nothing of covey.

A wake-up is a hint: whoever is woken looks into the store again. It stays within one
process; a reader of another one hears when its wait is over.
"""

from __future__ import annotations

import asyncio
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator


class Wakeups:
    """The readers that wait, by what they wait for."""

    def __init__(self) -> None:
        self._waiting: dict[bytes, set[asyncio.Event]] = {}
        self.closed: bool = False

    @contextmanager
    def watch(self, key: bytes) -> Iterator[asyncio.Event]:
        """An event that is set at the next wake-up for a key, or when the broker stops.

        Begin to watch before looking into the store: what comes in between is then not lost.
        """
        event = asyncio.Event()
        if self.closed:
            event.set()
        waiting = self._waiting.setdefault(key, set())
        waiting.add(event)
        try:
            yield event
        finally:
            waiting.discard(event)
            if not waiting:
                self._waiting.pop(key, None)

    def wake(self, key: bytes) -> None:
        """Wake whoever waits for a key."""
        for event in self._waiting.get(key, ()):
            event.set()

    def close(self) -> None:
        """Wake everybody, and let nobody wait any more."""
        self.closed = True
        for key in list(self._waiting):
            self.wake(key)
