"""The port behind which the broker keeps things.

May import the broker's messages and decisions. Every method is one transaction: when it
returns, what it did is durable; when it raises, nothing was done.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple, Protocol

if TYPE_CHECKING:
    from collections.abc import Sequence

    from covey.broker.key_packages import Offer
    from covey.broker.messages import (
        Append,
        Appended,
        Claim,
        Create,
        Deliver,
        Entry,
        EpochClosed,
        Fetch,
        InboxEntry,
        Publish,
        Read,
    )


class Page(NamedTuple):
    """Some entries of an epoch.

    Attributes:
        entries: In order, from the one asked for.
        closed: Whether the epoch is closed, so that waiting would be for nothing.
    """

    entries: tuple[Entry, ...]
    closed: bool


class Store(Protocol):
    """A database of inboxes and logs.

    Methods raise BrokerError with a code when a request is refused, and StorageError when the
    database does not do what it should.
    """

    async def publish(self, request: Publish, offers: Sequence[Offer], now: int) -> int:
        """Keep KeyPackages; a last resort replaces the one of its suite.

        One for one use is taken once by an inbox, under any idem, also when it has been claimed
        since: ``key_package_known``.

        Args:
            request: Whose idem makes a second try do nothing, and a different one a mismatch.
            offers: Its KeyPackages, as read.
            now: Seconds since the epoch; what has expired is dropped.

        Returns:
            How many wait in the inbox, last resorts not counted.
        """

    async def claim(self, request: Claim, now: int) -> bytes:
        """Take a KeyPackage out, the oldest first; the last resort when there is no other.

        Args:
            request: From which inbox, and of which suite.
            now: Seconds since the epoch; what has expired is not handed out.
        """

    async def deliver(self, request: Deliver) -> int:
        """Keep a message for an inbox, once per idem, also when it has been read since.

        Returns:
            Its number.
        """

    async def fetch(self, request: Fetch) -> tuple[InboxEntry, ...]:
        """Drop what was read, and return what comes after it."""

    async def create(self, request: Create) -> int:
        """Begin a log; returns the epoch that it began with."""

    async def append(self, request: Append) -> Appended | EpochClosed:
        """Add an entry, or say which commit was faster."""

    async def read(self, request: Read) -> Page:
        """The entries of an epoch after a number."""

    async def close(self) -> None:
        """Finish what is under way, and let go of the database."""
