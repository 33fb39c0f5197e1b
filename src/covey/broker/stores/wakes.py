"""Who waits for something new, and how they hear of it. May import nothing of covey.

A wake-up is a hint: whoever is woken looks into the store again, and whoever waits looks
again now and then anyway, so a hint that is lost costs time and nothing else. `Wakes` stays
within a process; with PostgreSQL, `covey.broker.stores.notices` carries hints to the others.

A key is known here by the first eight bytes of its SHA-256 only: that is what travels. Two
keys that share them wake each other, which does no harm.
"""

from __future__ import annotations

import asyncio
from contextlib import contextmanager
from hashlib import sha256
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterator

HINT_BYTES: Final = 8


def hint_of(key: bytes) -> bytes:
    """What is told of a key: the first 8 bytes of its SHA-256."""
    return sha256(key).digest()[:HINT_BYTES]


class Wakes:
    """Those who wait in this process, by what they wait for.

    Attributes:
        closed: Whether the broker stops; nobody waits any more then.
    """

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
        hint = hint_of(key)
        waiting = self._waiting.setdefault(hint, set())
        waiting.add(event)
        try:
            yield event
        finally:
            waiting.discard(event)
            if not waiting and self._waiting.get(hint) is waiting:
                del self._waiting[hint]

    @property
    def waiting(self) -> int:
        """For how many keys somebody waits."""
        return len(self._waiting)

    def wake(self, key: bytes) -> None:
        """Wake whoever waits for a key; to be called when the write has returned."""
        self.wake_hint(hint_of(key))

    def wake_hint(self, hint: bytes) -> None:
        """Wake whoever waits, in this process, for a key with this hint."""
        for event in self._waiting.get(hint, ()):
            event.set()

    def wake_all(self) -> None:
        """Wake everybody in this process, as when hints may have been lost."""
        for hint in list(self._waiting):
            self.wake_hint(hint)

    async def close(self) -> None:
        """Wake everybody, and let nobody wait any more."""
        self.closed = True
        self.wake_all()
