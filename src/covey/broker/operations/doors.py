"""The group plane: parcels and pointers, inboxes, knocks, and the private directory."""

from __future__ import annotations

from hashlib import sha256
from typing import TYPE_CHECKING

from covey.access import signing
from covey.access.refusals import Code, refused
from covey.access.structs.basics import Nothing
from covey.access.structs.joining import (
    MOST_TAKEN,
    Fetched,
    Knock,
    Knocks,
    Parcels,
    Pointers,
)
from covey.broker.buckets import Bucket, Spending
from covey.broker.hours import DAY
from covey.broker.operations import waiting
from covey.broker.operations.ports import over_quota_until
from covey.broker.operations.waiting import Wait
from covey.broker.transactions import inboxes, joining, key_packages, reading
from covey.broker.transactions.inboxes import Room
from covey.broker.transactions.joining import Door
from covey.broker.transactions.key_packages import Asked

if TYPE_CHECKING:
    from collections.abc import Callable

    from covey.access.structs.basics import Signed
    from covey.access.structs.identity import TakeFromShelf, TakenFromShelf
    from covey.access.structs.joining import (
        Expect,
        Fetch,
        FetchKnocks,
        FetchParcels,
        FetchPointers,
        Post,
        PostNote,
        SetSlots,
    )
    from covey.broker.operations.ports import Caller, Ports
    from covey.broker.operations.proving import Proving
    from covey.broker.script import Script


class Doors:
    """The operations by which people come in.

    Args:
        ports: What the broker has.
        proving: Looks at proofs.
    """

    def __init__(self, ports: Ports, proving: Proving) -> None:
        self._ports = ports
        self._proving = proving

    # --- what a commit left ------------------------------------------------------------

    async def parcels(self, _: Caller, request: FetchParcels) -> Parcels:
        """Hand out parcels."""
        limits = self._ports.limits
        if len(request.wanted) > limits.page_entries:
            raise refused(Code.too_large)
        gid, ids = request.gid, tuple(each.id for each in request.wanted)
        if len(set(ids)) < len(ids):  # an answer is no larger than what lies there
            raise refused(Code.malformed)
        found = await self._ports.store.read(gid, lambda: joining.parcels(gid, ids, limits.parcels))
        return Parcels(found)

    async def pointers(self, caller: Caller, request: FetchPointers) -> Pointers:
        """Hand out the pointer list of a commit."""
        gid, epoch = request.gid, request.epoch
        proven = await self._proving.group(caller, gid, epoch, request.proof)
        return await self._ports.store.read(
            gid, lambda: reading.proved(proven, joining.pointers(gid, epoch))
        )

    # --- inboxes -----------------------------------------------------------------------

    async def post(self, caller: Caller, request: Post) -> Nothing:
        """Leave a pointer in an inbox."""
        if len(request.pointer) > self._ports.limits.pointer:
            raise refused(Code.too_large)
        inbox, ref, pointer = request.inbox, request.key_package_ref, request.pointer
        await self._leave(caller, inbox, lambda room: inboxes.post(inbox, ref, pointer, room))
        return Nothing()

    async def post_note(self, caller: Caller, request: PostNote) -> Nothing:
        """Leave a note in an inbox."""
        if len(request.note) > self._ports.limits.note:
            raise refused(Code.too_large)
        await self._leave(caller, request.inbox, lambda room: inboxes.post_note(request, room))
        return Nothing()

    async def _leave(
        self, caller: Caller, inbox: bytes, post: Callable[[Room], Script[bool]]
    ) -> None:
        """Leave something in an inbox, which pays for it only if it is taken."""
        cost = Spending(Bucket.postings, inbox)
        wait = self._wait(caller, cost)
        room = Room(self._ports.clock.hour, self._ports.limits.inbox_entries, paid=not wait)
        with over_quota_until(wait):
            new = await self._ports.store.write(None, lambda: post(room))
        if new:
            self._ports.charge(cost)
            self._ports.store.wakes.wake(inbox)

    def _wait(self, caller: Caller, cost: Spending) -> float:
        """Seconds until something can be afforded; that it was tried is counted by network."""
        tried = Spending(Bucket.attempts, caller.connection.network)
        wait = self._ports.wait(tried)
        self._ports.charge(*(() if wait else (tried,)))
        return max(wait, self._ports.wait(cost))

    async def fetch(self, caller: Caller, request: Fetch) -> Fetched:
        """Hand out what waits in an inbox, or wait for it."""
        inbox, taken = request.inbox, request.taken
        if len(taken) > MOST_TAKEN:
            raise refused(Code.too_large)
        await self._proving.inbox(caller, inbox, request.proof)
        store, most = self._ports.store, self._ports.limits.page_entries
        run = store.write if taken else store.read
        entries = await waiting.until(
            store.wakes,
            Wait(inbox, min(request.wait, self._ports.limits.wait_ms) / 1000),
            lambda: run(None, lambda: inboxes.fetch(inbox, taken, most)),
            bool,
        )
        return Fetched(entries, self._proving.inbox_ticket(caller, inbox))

    async def expect(self, caller: Caller, request: Expect) -> Nothing:
        """Let a pointer be left for KeyPackages that nobody claimed here."""
        limits = self._ports.limits
        if len(request.expected) > limits.key_packages:
            raise refused(Code.too_large)
        inbox = request.inbox
        await self._proving.inbox(caller, inbox, request.proof)
        self._ports.spend(Spending(Bucket.expectations, inbox, max(len(request.expected), 1)))
        latest = self._ports.clock.hour + limits.key_package_days * DAY
        await self._ports.store.write(None, lambda: inboxes.expect(inbox, request.expected, latest))
        return Nothing()

    async def set_slots(self, caller: Caller, request: SetSlots) -> Nothing:
        """Say which post tokens are good for an inbox."""
        if len(request.slots) > self._ports.limits.slots:
            raise refused(Code.too_large)
        inbox = request.inbox
        await self._proving.inbox(caller, inbox, request.proof)
        hashes = tuple({each.hash for each in request.slots})
        await self._ports.store.write(None, lambda: inboxes.set_slots(inbox, hashes))
        return Nothing()

    # --- knocks ------------------------------------------------------------------------

    async def knock(self, caller: Caller, signed: Signed) -> Nothing:
        """Leave a KeyPackage at a group's door."""
        request = Knock.decode(signed.request)
        if len(request.sealed) > self._ports.limits.knock:
            raise refused(Code.too_large)
        key = request.capability
        if request.broker_id != self._ports.broker_id or not signing.verify(
            key, "knock", signed.request, signed.signature
        ):
            raise refused(Code.proof_refused)
        gid = request.gid
        cost = Spending(Bucket.knocks, gid)
        wait = self._wait(caller, cost)
        digest = sha256(signed.request).digest()
        door = Door(digest, self._ports.clock.hour, self._ports.limits.knocks, paid=not wait)
        with over_quota_until(wait):
            await self._ports.store.write(gid, lambda: joining.knock(request, door))
        self._ports.charge(cost)
        self._ports.store.wakes.wake(gid)
        return Nothing()

    async def knocks(self, caller: Caller, request: FetchKnocks) -> Knocks:
        """Say who is at the door."""
        gid, epoch = request.gid, request.epoch
        proven = await self._proving.group(caller, gid, epoch, request.proof)
        most, hour = self._ports.limits.knocks, self._ports.clock.hour
        return Knocks(
            await self._ports.store.read(
                gid, lambda: reading.proved(proven, joining.knocks(gid, epoch, hour, most))
            )
        )

    # --- the private directory ---------------------------------------------------------

    async def take_from_shelf(self, caller: Caller, request: TakeFromShelf) -> TakenFromShelf:
        """Hand out a KeyPackage to whoever has the token of its shelf."""
        cost = Spending(Bucket.claims_of_target, sha256(request.token).digest())
        wait = self._wait(caller, cost)
        idem = sha256(request.token + request.idem).digest()
        digest = sha256(request.encode()).digest()
        asked = Asked(idem, digest, self._ports.clock.hour, paid=not wait)
        with over_quota_until(wait):
            taken = await self._ports.store.write(
                None, lambda: key_packages.take_from_shelf(request.token, asked)
            )
        self._ports.charge(cost)
        return taken
