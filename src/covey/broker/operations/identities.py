"""The identity plane: accounts and devices, KeyPackages, and the creation of inboxes."""

from __future__ import annotations

from hashlib import sha256
from typing import TYPE_CHECKING

from covey.access import signing
from covey.access.operations import ADD_DEVICE
from covey.access.refusals import Code, refused
from covey.access.structs.basics import Nothing, TicketKind
from covey.access.structs.identity import (
    Authenticate,
    Device,
    Devices,
    Enrol,
    EvidenceKind,
    NewDevice,
    Token,
)
from covey.access.tickets import LIFETIME
from covey.broker.buckets import Bucket, Spending
from covey.broker.enrolment import invites
from covey.broker.enrolment.issuer_keys import IssuerError
from covey.broker.enrolment.oidc import TokenRefusedError
from covey.broker.hours import DAY, HOUR
from covey.broker.offers import Terms, offer
from covey.broker.operations import waiting
from covey.broker.operations.ports import over_quota_until
from covey.broker.operations.waiting import Wait
from covey.broker.transactions import accounts, inboxes, key_packages
from covey.broker.transactions.accounts import Evidence
from covey.broker.transactions.key_packages import Asked, Shelf

if TYPE_CHECKING:
    from covey.access.structs.basics import Signed
    from covey.access.structs.identity import (
        AddDevice,
        Claim,
        Claimed,
        CreateInbox,
        FetchStock,
        Publish,
        PutOnShelf,
        RemoveDevice,
        Shelved,
        Stock,
    )
    from covey.broker.operations.ports import Caller, Ports
    from covey.broker.operations.proving import Proving
    from covey.mls.wire.struct import WireStruct


class Identities:
    """The operations of devices.

    Args:
        ports: What the broker has.
        proving: Looks at nonces.
    """

    def __init__(self, ports: Ports, proving: Proving) -> None:
        self._ports = ports
        self._proving = proving

    # --- accounts ----------------------------------------------------------------------

    async def enrol(self, caller: Caller, signed: Signed) -> Token:
        """Begin an account with its first device, which is then authenticated too."""
        request = Enrol.decode(signed.request)
        self._require_device(caller, signed, "enrol", request)
        cost = Spending(Bucket.enrolments, caller.connection.network)
        wait = self._ports.wait(cost)
        nothing = Evidence(None, None, self._ports.clock.hour, paid=False)
        evidence = nothing if wait else await self._evidence(request)
        with over_quota_until(wait):
            await self._ports.store.write(
                None, lambda: accounts.enrol(request.handle, request.device, evidence)
            )
        self._ports.charge(cost)
        return self._token(caller, request.device)

    async def authenticate(self, caller: Caller, signed: Signed) -> Token:
        """Give a device a token."""
        request = Authenticate.decode(signed.request)
        self._require_device(caller, signed, "authenticate", request)
        await self._handle(request.device)
        return self._token(caller, request.device)

    def _require_device(
        self, caller: Caller, signed: Signed, label: str, request: Enrol | Authenticate
    ) -> None:
        self._proving.require_nonce(caller, request.nonce)
        ours = request.broker_id == self._ports.broker_id
        if not ours or not signing.verify(request.device, label, signed.request, signed.signature):
            raise refused(Code.unauthenticated)

    def _token(self, caller: Caller, device: bytes) -> Token:
        token = self._ports.mint.issue(TicketKind.device, caller.connection.id, device)
        return Token(token, LIFETIME)

    async def _evidence(self, request: Enrol) -> Evidence:
        """What entitles to an account, looked at.

        Raises:
            BrokerError: ``enrolment_refused``, or ``issuer_unavailable``.
        """
        hour, wanted = self._ports.clock.hour, self._ports.config.enrol
        match request.evidence_kind:
            case _ if wanted == "open":
                return Evidence(None, None, hour)
            case EvidenceKind.invite if wanted == "invite":
                return Evidence(_invite(request.evidence), None, hour)
            case EvidenceKind.oidc if self._ports.issuer is not None:
                return Evidence(None, await self._subject(request), hour)
            case _:
                raise refused(Code.enrolment_refused)

    async def _subject(self, request: Enrol) -> bytes:
        assert self._ports.issuer is not None
        try:
            return await self._ports.issuer.verify(request.evidence, request.device)
        except TokenRefusedError:
            raise refused(Code.enrolment_refused) from None
        except IssuerError:
            raise refused(Code.issuer_unavailable) from None

    async def _handle(self, device: bytes) -> bytes:
        return await self._ports.store.read(None, lambda: accounts.handle_of(device))

    async def _account(self, caller: Caller) -> bytes:
        """The handle of who asks; its device may have been removed meanwhile."""
        return await self._handle(_device(caller))

    async def devices(self, caller: Caller, _: Nothing) -> Devices:
        """List the devices of an account."""
        handle = await self._account(caller)
        found = await self._ports.store.read(None, lambda: accounts.devices(handle))
        return Devices(tuple(map(Device, found)))

    async def add_device(self, caller: Caller, request: AddDevice) -> Devices:
        """Add a device that has signed to be added."""
        handle = await self._account(caller)
        content = NewDevice(self._ports.broker_id, handle, request.device).encode()
        if not signing.verify(request.device, ADD_DEVICE, content, request.signature):
            raise refused(Code.unauthenticated)
        most = self._ports.limits.devices
        found = await self._ports.store.write(
            None, lambda: accounts.add_device(handle, request.device, most)
        )
        return Devices(tuple(map(Device, found)))

    async def remove_device(self, caller: Caller, request: RemoveDevice) -> Devices:
        """Remove a device."""
        handle = await self._account(caller)
        found = await self._ports.store.write(
            None, lambda: accounts.remove_device(handle, request.device)
        )
        return Devices(tuple(map(Device, found)))

    # --- KeyPackages -------------------------------------------------------------------

    async def publish(self, caller: Caller, request: Publish) -> Stock:
        """Keep KeyPackages for others to claim."""
        device, limits = _device(caller), self._ports.limits
        await self._handle(device)
        if len(request.key_packages) > limits.key_packages:
            raise refused(Code.too_large)
        terms = Terms(
            self._ports.broker_id,
            limits.key_package,
            limits.key_package_days * DAY * HOUR,
            int(self._ports.clock.now()),
        )
        offers = [offer(each.message, terms) for each in request.key_packages]
        asked, shelf = self._asked(caller, request.idem, request), self._shelf()
        return await self._ports.store.write(
            None, lambda: key_packages.publish(device, offers, asked, shelf)
        )

    async def stock(self, caller: Caller, request: FetchStock) -> Stock:
        """Say how many KeyPackages wait, or wait until they are few."""
        device, low = _device(caller), self._ports.limits.key_packages_low
        await self._handle(device)
        hour = self._ports.clock.hour
        store = self._ports.store
        return await waiting.until(
            store.wakes,
            Wait(device, min(request.wait, self._ports.limits.wait_ms) / 1000),
            lambda: store.read(None, lambda: key_packages.stock(device, hour, low)),
            lambda stock: bool(stock.low),
        )

    async def claim(self, caller: Caller, request: Claim) -> Claimed:
        """Hand out a KeyPackage of each device of an account."""
        own, handle = await self._account(caller), request.handle
        target = Spending(Bucket.claims_of_target, handle)
        tried = (
            Spending(Bucket.claims_by_caller, own),
            Spending(Bucket.claims_of_pair, own + handle),
        )
        wait = self._ports.wait(target, *tried)
        asked = self._asked(caller, request.idem, request)._replace(paid=not wait)
        self._ports.charge(*(() if wait else tried))
        with over_quota_until(wait):
            claimed = await self._ports.store.write(
                None, lambda: key_packages.claim(handle, request.cipher_suite, asked)
            )
        self._ports.charge(target)
        for each in claimed.key_packages:
            self._ports.store.wakes.wake(each.device)
        return claimed

    def _asked(self, caller: Caller, idem: bytes, request: WireStruct) -> Asked:
        """A request that is answered once; idems of two devices do not meet."""
        whose = sha256(_device(caller) + idem).digest()
        return Asked(whose, sha256(request.encode()).digest(), self._ports.clock.hour)

    def _shelf(self) -> Shelf:
        limits = self._ports.limits
        return Shelf(limits.key_packages, limits.key_packages_low)

    async def put_on_shelf(self, caller: Caller, request: PutOnShelf) -> Shelved:
        """Keep KeyPackages for whoever has the token of a shelf."""
        own = await self._account(caller)
        limits = self._ports.limits
        if len(request.key_packages) > limits.key_packages or any(
            len(each.sealed) > limits.key_package for each in request.key_packages
        ):
            raise refused(Code.too_large)
        latest = self._ports.clock.now() + (limits.key_package_days * DAY + 1) * HOUR
        if any(
            each.last_resort > 1 or not self._ports.clock.now() <= each.not_after <= latest
            for each in request.key_packages
        ):
            raise refused(Code.bad_key_package)
        cost = Spending(Bucket.shelvings, own, max(len(request.key_packages), 1))
        wait = self._ports.wait(cost)
        asked = self._asked(caller, request.idem, request)._replace(paid=not wait)
        shelf = self._shelf()
        with over_quota_until(wait):
            shelved = await self._ports.store.write(
                None, lambda: key_packages.put_on_shelf(request, asked, shelf)
            )
        self._ports.charge(cost)
        return shelved

    # --- inboxes -----------------------------------------------------------------------

    async def create_inbox(self, caller: Caller, request: CreateInbox) -> Nothing:
        """Begin an inbox, which nobody can say afterwards who asked for."""
        own = await self._account(caller)
        if not signing.is_public_key(request.key):
            raise refused(Code.malformed)
        inbox, key, cost = request.inbox, request.key, Spending(Bucket.inboxes, own)
        wait = self._ports.wait(cost)
        with over_quota_until(wait):
            await self._ports.store.write(None, lambda: inboxes.create(inbox, key, paid=not wait))
        self._ports.charge(cost)
        return Nothing()


def _device(caller: Caller) -> bytes:
    assert caller.device is not None, "the operation needs a token"
    return caller.device


def _invite(typed: bytes) -> bytes:
    """The digest of an invite code for accounts."""
    try:
        return invites.digest(invites.Purpose.enrol, typed.decode())
    except (invites.InviteCodeError, UnicodeDecodeError):
        raise refused(Code.enrolment_refused) from None
