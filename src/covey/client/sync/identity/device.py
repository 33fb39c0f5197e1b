"""A device on the identity plane: its account, its KeyPackages, the inboxes it begins.

May import the effects and the protocol. Nothing here knows of a group. All of it goes over the
one connection that says which device speaks; whoever waits there keeps the rest waiting.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, TypeVar

from covey.access.member import accounts
from covey.access.operations import OPERATIONS
from covey.access.refusals import Code
from covey.access.signing import public_key
from covey.access.structs.basics import Nothing
from covey.access.structs.identity import (
    AddDevice,
    Claim,
    Claimed,
    CreateInbox,
    Devices,
    EvidenceKind,
    FetchStock,
    KeyPackageMessage,
    Publish,
    PutOnShelf,
    RemoveDevice,
    Shelved,
    ShelvedKeyPackage,
    Stock,
    Token,
)
from covey.client.sync.asking import ask, challenge
from covey.client.sync.effects import Lane, Use
from covey.client.sync.identity.proving import while_stale
from covey.errors import BrokerError
from covey.mls.wire.struct import WireStruct

if TYPE_CHECKING:
    from collections.abc import Iterable

    from covey.client.sync.effects import Flow

W = TypeVar("W", bound=WireStruct)

LANE: Final = Lane(Use.identity)
"""The connection of the device."""

_STALE: Final = frozenset({Code.stale_proof.value, Code.unauthenticated.value})


class Device:
    """A device.

    Args:
        broker_id: The broker's, as it was pinned.
        seed: Its private key (32 bytes).

    Attributes:
        broker_id: The broker's.
        seed: Its private key.
    """

    def __init__(self, broker_id: bytes, seed: bytes) -> None:
        self.broker_id: bytes = broker_id
        self.seed: bytes = seed
        self._token = b""

    def __repr__(self) -> str:
        return f"Device({self.key.hex()})"

    def __rich_repr__(self) -> list[tuple[str, object]]:
        return [("key", self.key.hex())]

    @property
    def key(self) -> bytes:
        """Its public key (32 bytes)."""
        return public_key(self.seed)

    def handle(self, name: str) -> bytes:
        """The handle of anybody's account at this broker (32 bytes)."""
        return accounts.handle(self.broker_id, name)

    # --- the account ---------------------------------------------------------------------

    def enrol(
        self, name: str, kind: EvidenceKind = EvidenceKind.none, evidence: bytes = b""
    ) -> Flow[None]:
        """Begin an account, with this as its first device; again, it changes nothing.

        Args:
            name: The account's.
            kind: What entitles to it.
            evidence: An invite code, or an ID token whose nonce is the device's key in hex.

        Raises:
            BrokerError: ``handle_taken``, ``enrolment_refused``, …
        """
        handle = self.handle(name)

        def enrol() -> Flow[Token]:
            nonce = yield from challenge(LANE)
            signed = accounts.enrol(self.seed, self.broker_id, handle, nonce, kind, evidence)
            return (yield from ask(LANE, "enrol", signed, Token))

        self._token = (yield from while_stale(enrol)).token

    def authenticate(self) -> Flow[None]:
        """Get a token for this connection.

        Raises:
            BrokerError: ``account_unknown``: the device belongs to no account.
        """

        def authenticate() -> Flow[Token]:
            nonce = yield from challenge(LANE)
            signed = accounts.authenticate(self.seed, self.broker_id, nonce)
            return (yield from ask(LANE, "authenticate", signed, Token))

        self._token = (yield from while_stale(authenticate)).token

    def devices(self) -> Flow[tuple[bytes, ...]]:
        """The keys of the account's devices."""
        return _keys((yield from self._ask("devices", Nothing(), Devices)))

    def add_device(self, added: AddDevice) -> Flow[tuple[bytes, ...]]:
        """Add a device that has signed to be added; returns the keys of all."""
        return _keys((yield from self._ask("add_device", added, Devices)))

    def to_be_added(self, name: str) -> AddDevice:
        """What this device gives to one of an account, for it to be added there."""
        return accounts.new_device(self.seed, self.broker_id, self.handle(name))

    def is_of(self, added: AddDevice, name: str) -> bool:
        """Whether a device has said of itself that it belongs to the account of a name."""
        return accounts.is_new_device(added, self.broker_id, self.handle(name))

    def remove_device(self, key: bytes) -> Flow[tuple[bytes, ...]]:
        """Remove a device, with its KeyPackages; returns the keys of those that stay."""
        return _keys((yield from self._ask("remove_device", RemoveDevice(key), Devices)))

    # --- KeyPackages ---------------------------------------------------------------------

    def publish(self, messages: Iterable[bytes], idem: bytes) -> Flow[Stock]:
        """Leave KeyPackages for others to claim; returns what now waits.

        Args:
            messages: MLSMessages with the KeyPackages.
            idem: Of this request (16 bytes); under it, they are left once.
        """
        packed = tuple(KeyPackageMessage(each) for each in messages)
        return (yield from self._ask("publish", Publish(idem, packed), Stock))

    def stock(self, wait: int = 0) -> Flow[Stock]:
        """How many KeyPackages wait.

        Args:
            wait: How long to wait until they are few, in milliseconds.
        """
        return (yield from self._ask("stock", FetchStock(wait), Stock))

    def claim(self, name: str, suite: int, idem: bytes) -> Flow[Claimed]:
        """Take a KeyPackage of each device of an account.

        Args:
            name: The account's.
            suite: The cipher suite.
            idem: Of this request (16 bytes); under it, the same ones are handed out for a day.

        Raises:
            BrokerError: ``account_unknown`` or ``nothing_to_claim``.
        """
        request = Claim(self.handle(name), idem, suite)
        return (yield from self._ask("claim", request, Claimed))

    def put_on_shelf(
        self, shelf: bytes, packages: tuple[ShelvedKeyPackage, ...], idem: bytes
    ) -> Flow[int]:
        """Leave KeyPackages for who has the token of a shelf; returns how many wait there.

        The inbox that pointers for them are to be left in has to expect them.
        """
        shelved = yield from self._ask("put_on_shelf", PutOnShelf(idem, shelf, packages), Shelved)
        return shelved.waiting

    # --- inboxes -------------------------------------------------------------------------

    def create_inbox(self, inbox: bytes, key: bytes) -> Flow[None]:
        """Begin an inbox; again, it changes nothing.

        Args:
            inbox: Its id, 32 random bytes.
            key: The public key of its reader, not the device's.
        """
        yield from self._ask("create_inbox", CreateInbox(inbox, key), Nothing)

    def _ask(self, operation: str, request: WireStruct, answer: type[W]) -> Flow[W]:
        """Ask for what needs a token; on a new connection, get one first."""
        assert OPERATIONS[operation].token
        if token := self._token:
            try:
                return (yield from ask(LANE, operation, request, answer, token=token))
            except BrokerError as error:
                if error.code not in _STALE:
                    raise

        def authenticated() -> Flow[W]:
            yield from self.authenticate()
            return (yield from ask(LANE, operation, request, answer, token=self._token))

        return (yield from while_stale(authenticated))


def _keys(devices: Devices) -> tuple[bytes, ...]:
    return tuple(each.device for each in devices.devices)
