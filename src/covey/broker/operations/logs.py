"""The group plane: logs are begun, appended to, read, and asked for their heads."""

from __future__ import annotations

from hashlib import sha256
from typing import TYPE_CHECKING

from covey.access import signing
from covey.access.refusals import Code, refused
from covey.access.structs.log import (
    Append,
    Appended,
    Create,
    Created,
    Entries,
    EpochClosed,
    HeadsMoved,
    Moved,
    NotAnswered,
)
from covey.broker.buckets import Bucket, Spending
from covey.broker.enrolment import invites
from covey.broker.operations import waiting
from covey.broker.operations.combining import TOGETHER, Combiner
from covey.broker.operations.ports import over_quota_until
from covey.broker.operations.waiting import Wait
from covey.broker.ordering import Admitted
from covey.broker.transactions import log, reading
from covey.broker.transactions.log import Creation
from covey.broker.transactions.reading import Page, Proven, Window
from covey.errors import BrokerError

if TYPE_CHECKING:
    from covey.access.structs.basics import Signed
    from covey.access.structs.log import HeadQuery, Heads, NextEpoch, Read
    from covey.broker.operations.ports import Caller, Ports
    from covey.broker.operations.proving import Proving


class Logs:
    """The operations on logs.

    Args:
        ports: What the broker has.
        proving: Looks at proofs.
    """

    def __init__(self, ports: Ports, proving: Proving) -> None:
        self._ports = ports
        self._proving = proving
        together = TOGETHER if ports.config.combine else 1
        self.combiner: Combiner = Combiner(ports.store, lambda: ports.clock.hour, together)

    async def create(self, caller: Caller, signed: Signed) -> Created:
        """Begin a group's log."""
        request = Create.decode(signed.request)
        self._for_us(request.broker_id)
        key = request.access_key
        if not (
            signing.is_public_key(key)
            and signing.verify(key, "create", signed.request, signed.signature)
        ):
            raise refused(Code.proof_refused)
        digest = sha256(signed.request).digest()
        cost = Spending(Bucket.creations, caller.connection.network)
        wait = self._ports.wait(cost)
        hour = self._ports.clock.hour
        invite = None if wait else await self._invite(request, digest)
        creation = Creation(request, digest, invite, hour, paid=not wait)
        with over_quota_until(wait):
            start = await self._ports.store.write(request.gid, lambda: log.create(creation))
        self._ports.charge(cost)
        return Created(self._ports.head(request.gid, start))

    async def _invite(self, request: Create, digest: bytes) -> bytes | None:
        """The invite that the creation of a log still costs.

        Invites are at home. Where the log is in another database, it is paid before; who is cut
        off in between has paid, and may ask again.
        """
        if self._ports.config.create != "invite":
            return None
        invite, store, gid = _invite(request.invite), self._ports.store, request.gid
        if store.shards == 1:
            return invite
        hour = self._ports.clock.hour
        if not await store.read(gid, lambda: log.is_begun(gid)):
            await store.write(None, lambda: log.pay(invite, digest, hour))
        return None

    async def append(self, _: Caller, signed: Signed) -> Appended | EpochClosed:
        """Add to a group's log."""
        request = Append.decode(signed.request)
        self._for_us(request.broker_id)
        proven = await self._proving.signed(signed, "append", request.gid, request.epoch)
        bill = _bill(request)
        wait = self._wait(request, bill)
        limits = self._ports.limits
        limit = limits.application_message if request.next is None else limits.handshake
        fault = self._fault(request.next) or (Code.over_quota if wait else None)
        digest = sha256(signed.request).digest()
        admitted = Admitted(request, digest, limit, fault, proven.key)
        with over_quota_until(wait):
            answer = await self.combiner.append(admitted)
        if isinstance(answer, Appended):
            self._ports.charge(*bill)
            self._ports.metrics.appended()
            self._ports.store.wakes.wake(request.gid)
            for pointer in () if request.next is None else request.next.bundled:
                self._ports.store.wakes.wake(pointer.inbox)
        return answer

    def _wait(self, request: Append, bill: tuple[Spending, ...]) -> float:
        """Seconds until an append can be afforded.

        The group pays for what is taken. What is tried is counted by epoch: who was removed,
        and still has an old key, uses up nothing of the group's.
        """
        tried = Spending(Bucket.appends_of_epoch, request.gid + request.epoch.to_bytes(8))
        wait = self._ports.wait(tried)
        self._ports.charge(*(() if wait else (tried,)))
        return max(wait, self._ports.wait(*bill))

    def _fault(self, following: NextEpoch | None) -> Code | None:
        """What no commit may bring, even if it wins; None for one that is in order."""
        if following is None:
            return None
        limits = self._ports.limits
        brought = sum(len(each.body) for each in following.parcels) + len(following.pointers)
        if not signing.is_public_key(following.access_key):
            return Code.malformed
        if following.bundled and not self._ports.config.bundled:
            return Code.not_offered
        too_large = (
            brought > limits.parcels
            or len(following.parcels) > limits.parcel_count
            or len(following.capabilities) > limits.capabilities
            or len(following.answered) > limits.knocks
            or len(following.bundled) > limits.bundled
            or any(len(each.pointer) > limits.pointer for each in following.bundled)
        )
        return Code.too_large if too_large else None

    async def read(self, caller: Caller, request: Read) -> Entries:
        """Hand out entries of an epoch, or wait for some."""
        gid, epoch = request.gid, request.epoch
        proven = await self._proving.group(caller, gid, epoch, request.proof)
        page = await waiting.until(
            self._ports.store.wakes,
            Wait(gid, min(request.wait, self._ports.limits.wait_ms) / 1000),
            lambda: self.page(proven, request.after),
            lambda page: page.closed or bool(page.entries),
        )
        return Entries(
            page.before,
            page.entries,
            self._ports.head(gid, page.head),
            int(page.complete),
            self._proving.ticket(caller, proven),
        )

    async def page(self, proven: Proven, after: int, most: int | None = None) -> Page:
        """Entries of an epoch.

        Args:
            proven: The epoch; who asks has proved it.
            after: The number of the last entry that is not wanted.
            most: How many are wanted; None for as many as the broker hands out at once.
        """
        limits = self._ports.limits
        entries = limits.page_entries if most is None else min(most, limits.page_entries)
        window = Window(entries, limits.page_bytes)
        gid, epoch = proven.gid, proven.epoch
        return await self._ports.store.read(
            gid, lambda: reading.proved(proven, reading.page(gid, epoch, after, window))
        )

    async def heads(self, caller: Caller, request: Heads) -> HeadsMoved:
        """Say which of several logs have moved."""
        if len(request.queries) > self._ports.limits.subscriptions:
            raise refused(Code.too_large)
        moved, failed = [], []
        for query in request.queries:
            try:
                one = await self._head(caller, query)
            except BrokerError as error:
                failed.append(NotAnswered(query.gid, error.code.encode()))
                continue
            if one is not None:
                moved.append(one)
        return HeadsMoved(tuple(moved), tuple(failed))

    async def _head(self, caller: Caller, query: HeadQuery) -> Moved | None:
        gid, epoch = query.gid, query.epoch
        proven = await self._proving.group(caller, gid, epoch, query.proof)
        end = await self._ports.store.read(
            gid, lambda: reading.proved(proven, reading.head(gid, epoch))
        )
        return None if end.seq == query.seq else Moved(gid, self._ports.head(gid, end))

    def _for_us(self, broker_id: bytes) -> None:
        if broker_id != self._ports.broker_id:
            raise refused(Code.proof_refused)


def _bill(request: Append) -> tuple[Spending, ...]:
    """What a group pays for an entry."""
    size = len(request.body)
    if request.next is not None:
        size += sum(len(each.body) for each in request.next.parcels) + len(request.next.pointers)
    return (
        Spending(Bucket.appends, request.gid),
        Spending(Bucket.log_bytes, request.gid, max(size, 1)),
    )


def _invite(typed: bytes) -> bytes:
    """The digest of an invite code for groups."""
    try:
        return invites.digest(invites.Purpose.create, typed.decode())
    except (invites.InviteCodeError, UnicodeDecodeError):
        raise refused(Code.invite_needed) from None
