"""Many who commit to one log at the same time, with nothing but keys; and what must be true then.

There is no MLS here. The body of a commit holds the seed of the next epoch's access key, so
whoever loses a race learns from the winner's commit all that it takes to go on.
"""

from __future__ import annotations

import asyncio
from functools import partial
from hashlib import sha256
from typing import TYPE_CHECKING, NamedTuple

from covey.access import chain, signing
from covey.access.structs.basics import Kind, Signed
from covey.access.structs.log import Append, Appended, Create, NextEpoch, Parcel
from covey.broker.script import Statement
from covey.broker.transactions import reading
from covey.broker.transactions.reading import Window

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from covey.access.structs.log import Entry, EpochClosed
    from covey.broker.script import Row, Script
    from covey.broker.stores.port import Store

    Send = Callable[["Attempt"], Awaitable[Appended | EpochClosed]]

MANY = 32
_ALL = Window(10_000, 2**30)


class Attempt(NamedTuple):
    """A request to append, and as it is sent."""

    committer: int
    request: Append
    signed: Signed


class Race:
    """A log that many commit to, epoch after epoch.

    Args:
        broker_id: Of the broker.
        name: Of the race; the same name makes the same requests.
        epochs: How many are to be committed to, at least.

    Attributes:
        gid: The log.
        create: The request that begins it.
        acknowledged: What was told to be appended: the number, and the request.
        committed: How many of them are commits.
        holding: While this is not zero, the race goes on.
    """

    def __init__(self, broker_id: bytes, name: str, epochs: int) -> None:
        self.gid: bytes = sha256(name.encode()).digest()
        self.broker_id = broker_id
        self.epochs = epochs
        self.holding = 0
        self._seed = sha256(b"first" + self.gid).digest()
        request = Create(broker_id, self.gid, 0, signing.public_key(self._seed), b"")
        self.create: Create = request
        self.signed_create: Signed = signing.signed(self._seed, "create", request)
        self.acknowledged: dict[int, Append] = {}
        self.committed: int = 0
        self._moved = asyncio.Event()

    async def until(self, committed: int) -> None:
        """Wait until so many commits have won."""
        while self.committed < committed:
            self._moved.clear()
            await self._moved.wait()

    async def run(self, send: Send, committers: int = MANY) -> None:
        """Let all commit until all epochs are closed.

        Args:
            send: Sends a request, again and again, until it is answered.
            committers: How many.
        """
        await asyncio.gather(*(self._commit(send, number) for number in range(committers)))

    async def _commit(self, send: Send, number: int) -> None:
        epoch, seed = 0, self._seed
        while epoch < self.epochs or self.holding:
            body = None
            if (epoch + number) % 4 == 0:
                body = await self._send(send, self._message(number, epoch, seed))
            if body is None:
                attempt = self._attempt(number, epoch, seed)
                body = await self._send(send, attempt) or attempt.request.body
            seed = body[:32]
            epoch += 1

    async def _send(self, send: Send, attempt: Attempt) -> bytes | None:
        """Send something; the body of the commit that came before it, if one did."""
        request = attempt.request
        answer = await send(attempt)
        if isinstance(answer, Appended):
            assert answer.position.seq not in self.acknowledged, "two have the same number"
            self.acknowledged[answer.position.seq] = request
            self.committed += request.next is not None
            self._moved.set()
            return None
        assert answer.commit.epoch == request.epoch
        assert answer.commit.kind is Kind.commit
        return answer.commit.body

    def _attempt(self, number: int, epoch: int, seed: bytes) -> Attempt:
        """A commit, which brings a parcel."""
        following = sha256(b"%d %d" % (number, epoch) + seed).digest()
        brought = NextEpoch(
            signing.public_key(following),
            (Parcel(self._parcel(number, epoch), b"welcome"),),
            b"pointers",
            (),
            (),
            (),
        )
        return self._signed(number, epoch, seed, following, brought)

    def _message(self, number: int, epoch: int, seed: bytes) -> Attempt:
        return self._signed(number, epoch, seed, b"message", None)

    def _signed(
        self, number: int, epoch: int, seed: bytes, body: bytes, following: NextEpoch | None
    ) -> Attempt:
        idem = sha256(b"%d %d " % (number, epoch) + body).digest()[:16]
        whose = body + b" of %d" % number
        request = Append(self.broker_id, self.gid, epoch, idem, whose, following)
        return Attempt(number, request, signing.signed(seed, "append", request))

    def _parcel(self, number: int, epoch: int) -> bytes:
        return sha256(self.gid + b"parcel %d %d" % (number, epoch)).digest()

    async def check(self, store: Store) -> None:
        """Look into the log: one winner an epoch, all that was acknowledged, and nothing twice."""
        entries = await self._entries(store)
        assert [entry.seq for entry in entries] == list(range(1, len(entries) + 1))
        commits = [entry.epoch for entry in entries if entry.kind is Kind.commit]
        assert commits == list(range(len(commits)))
        assert len(commits) >= self.epochs
        assert [entry.epoch for entry in entries] == sorted(entry.epoch for entry in entries)
        assert len({entry.idem for entry in entries}) == len(entries)
        kept = {entry.seq: (entry.epoch, entry.idem, entry.body) for entry in entries}
        told = {
            seq: (request.epoch, request.idem, request.body)
            for seq, request in self.acknowledged.items()
        }
        assert kept == told
        winners = {
            parcel.id
            for request in self.acknowledged.values()
            for parcel in (() if request.next is None else request.next.parcels)
        }
        assert await _parcels(store, self.gid) == winners

    async def _entries(self, store: Store) -> list[Entry]:
        """All entries; walked as a member does, who checks that they follow one another."""
        entries: list[Entry] = []
        place, epoch, closed = chain.start(self.create), 0, True
        while closed:
            page = await store.read(self.gid, partial(reading.page, self.gid, epoch, 0, _ALL))
            assert page.complete
            assert page.before == place or not page.entries
            place = chain.follow(place, self.gid, page.entries)
            assert place == page.head
            entries += page.entries
            closed = page.closed
            epoch += 1
        return entries


async def _parcels(store: Store, gid: bytes) -> set[bytes]:
    """The parcels that are kept."""

    def script() -> Script[list[Row]]:
        return (yield Statement("SELECT id FROM parcel WHERE gid = $1").of(gid))

    return {row[0] for row in await store.read(gid, script)}
