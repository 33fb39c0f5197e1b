"""What the broker does for each request, without HTTP.

May import the port, the messages and the wake-ups. One method for each operation; each takes
the struct of its request and returns the struct of its answer.
"""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING, TypeVar

from covey.broker.key_packages import offer
from covey.broker.limits import KEY_PACKAGES, WAIT, WELCOME
from covey.broker.messages import (
    Append,
    Appended,
    Claim,
    Claimed,
    Create,
    Created,
    Deliver,
    Delivered,
    Entries,
    EpochClosed,
    Fetch,
    Fetched,
    Publish,
    Published,
    Read,
)
from covey.broker.refusals import Code, refused
from covey.broker.wakeups import Wakeups

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from covey.broker.store import Store

T = TypeVar("T")


class Operations:
    """The broker's operations.

    Args:
        store: Where things are kept.
        now: The time, in seconds since the epoch.
    """

    def __init__(self, store: Store, now: Callable[[], int] = lambda: int(time.time())) -> None:
        self.store: Store = store
        self.wakeups: Wakeups = Wakeups()
        self._now = now

    async def publish(self, request: Publish) -> Published:
        """Keep KeyPackages for others to claim."""
        if len(request.key_packages) > KEY_PACKAGES:
            raise refused(Code.too_large)
        now = self._now()
        offers = [offer(each.message, now) for each in request.key_packages]
        return Published(await self.store.publish(request, offers, now))

    async def claim(self, request: Claim) -> Claimed:
        """Hand out a KeyPackage."""
        return Claimed(await self.store.claim(request, self._now()))

    async def deliver(self, request: Deliver) -> Delivered:
        """Keep a message for an inbox."""
        if len(request.message) > WELCOME:
            raise refused(Code.too_large)
        seq = await self.store.deliver(request)
        self.wakeups.wake(request.inbox)
        return Delivered(seq)

    async def fetch(self, request: Fetch) -> Fetched:
        """Hand out what waits in an inbox, or wait for it."""
        entries = await self._wait(
            request.inbox, request.wait, lambda: self.store.fetch(request), bool
        )
        return Fetched(entries)

    async def create(self, request: Create) -> Created:
        """Begin a group's log."""
        return Created(await self.store.create(request))

    async def append(self, request: Append) -> Appended | EpochClosed:
        """Add to a group's log."""
        answer = await self.store.append(request)
        self.wakeups.wake(request.gid)
        return answer

    async def read(self, request: Read) -> Entries:
        """Hand out the entries of an epoch, or wait for some."""
        page = await self._wait(
            request.gid,
            request.wait,
            lambda: self.store.read(request),
            lambda page: page.closed or bool(page.entries),
        )
        return Entries(page.entries)

    async def _wait(
        self,
        key: bytes,
        wait: int,
        look: Callable[[], Awaitable[T]],
        enough: Callable[[T], bool],
    ) -> T:
        """Look into the store until there is enough, or the wait is over.

        Args:
            key: Whose wake-ups to hear.
            wait: Milliseconds.
            look: Looks into the store.
            enough: Whether what was found is worth an answer.
        """
        loop = asyncio.get_running_loop()
        deadline = loop.time() + min(wait, WAIT) / 1000
        while True:
            with self.wakeups.watch(key) as woken:
                found = await look()
                left = deadline - loop.time()
                if enough(found) or left <= 0 or self.wakeups.closed:
                    return found
                try:
                    await asyncio.wait_for(woken.wait(), left)
                except TimeoutError:
                    return found
