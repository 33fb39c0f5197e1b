"""A device on the identity plane: its account, its KeyPackages, the inboxes it begins.

May import the lines and the protocol. Nothing here knows of a group.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

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
from covey.errors import BrokerError
from covey.lab.company.line import challenge
from covey.mls.crypto.entropy import system_entropy
from covey.mls.wire.struct import WireStruct

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from covey.lab.company.line import Line

W = TypeVar("W", bound=WireStruct)

_STALE = frozenset({Code.stale_proof.value, Code.unauthenticated.value})


class Device:
    """A device.

    Args:
        line: A connection that nothing of the group plane goes over.
        broker_id: The broker's, as it was pinned.
        seed: Its private key; a new one by default.

    Attributes:
        broker_id: The broker's.
        seed: Its private key (32 bytes).
    """

    def __init__(self, line: Line, broker_id: bytes, seed: bytes | None = None) -> None:
        self.broker_id: bytes = broker_id
        self.seed: bytes = system_entropy(32) if seed is None else seed
        self._line = line
        self._token = b""

    @property
    def key(self) -> bytes:
        """Its public key (32 bytes)."""
        return public_key(self.seed)

    def handle(self, name: str) -> bytes:
        """The handle of anybody's account at this broker."""
        return accounts.handle(self.broker_id, name)

    # --- the account ---------------------------------------------------------------------

    def enrol(
        self, name: str, kind: EvidenceKind = EvidenceKind.none, evidence: bytes = b""
    ) -> None:
        """Begin an account, with this as its first device.

        Args:
            name: The account's.
            kind: What entitles to it.
            evidence: An invite code, or an ID token whose nonce is the device's key in hex.

        Raises:
            BrokerError: ``handle_taken``, ``enrolment_refused``, …
        """
        handle = self.handle(name)

        def enrol() -> Token:
            nonce = challenge(self._line)
            signed = accounts.enrol(self.seed, self.broker_id, handle, nonce, kind, evidence)
            return self._line.ask("enrol", signed, Token)

        self._token = _once_more(enrol).token

    def authenticate(self) -> None:
        """Get a token for this connection.

        Raises:
            BrokerError: ``account_unknown``: the device belongs to no account.
        """

        def authenticate() -> Token:
            signed = accounts.authenticate(self.seed, self.broker_id, challenge(self._line))
            return self._line.ask("authenticate", signed, Token)

        self._token = _once_more(authenticate).token

    def devices(self) -> tuple[bytes, ...]:
        """The keys of the account's devices."""
        return _keys(self._ask("devices", Nothing(), Devices))

    def add_device(self, added: AddDevice) -> tuple[bytes, ...]:
        """Add a device that has signed to be added; returns the keys of all."""
        return _keys(self._ask("add_device", added, Devices))

    def remove_device(self, key: bytes) -> tuple[bytes, ...]:
        """Remove a device; returns the keys of those that stay."""
        return _keys(self._ask("remove_device", RemoveDevice(key), Devices))

    # --- KeyPackages ---------------------------------------------------------------------

    def publish(self, messages: Iterable[bytes], idem: bytes | None = None) -> Stock:
        """Leave KeyPackages for others to claim; returns what now waits."""
        packed = tuple(KeyPackageMessage(each) for each in messages)
        return self._ask("publish", Publish(idem or system_entropy(16), packed), Stock)

    def stock(self, wait: int = 0) -> Stock:
        """How many KeyPackages wait.

        Args:
            wait: How long to wait until they are few, in milliseconds.
        """
        return self._ask("stock", FetchStock(wait), Stock)

    def claim(self, name: str, suite: int, idem: bytes | None = None) -> Claimed:
        """Take a KeyPackage of each device of an account.

        Raises:
            BrokerError: ``account_unknown`` or ``nothing_to_claim``.
        """
        request = Claim(self.handle(name), idem or system_entropy(16), suite)
        return self._ask("claim", request, Claimed)

    def put_on_shelf(
        self, shelf: bytes, packages: tuple[ShelvedKeyPackage, ...], idem: bytes | None = None
    ) -> int:
        """Leave KeyPackages for who has the token of a shelf; returns how many wait there.

        The inbox that pointers for them are to be left in has to expect them.
        """
        request = PutOnShelf(idem or system_entropy(16), shelf, packages)
        return self._ask("put_on_shelf", request, Shelved).waiting

    # --- inboxes -------------------------------------------------------------------------

    def create_inbox(self, inbox: bytes, key: bytes) -> None:
        """Begin an inbox.

        Args:
            inbox: Its id, 32 random bytes.
            key: The public key of its reader, not the device's.
        """
        self._ask("create_inbox", CreateInbox(inbox, key), Nothing)

    def _ask(self, operation: str, request: WireStruct, answer: type[W]) -> W:
        """Ask for what needs a token; on a new connection, get one first."""
        assert OPERATIONS[operation].token
        if not self._token:
            self.authenticate()
        try:
            return self._line.ask(operation, request, answer, self._token)
        except BrokerError as error:
            if error.code not in _STALE:
                raise
        self.authenticate()
        return self._line.ask(operation, request, answer, self._token)


def _once_more(prove: Callable[[], Token]) -> Token:
    """Try, and on a connection that is a new one, try again."""
    try:
        return prove()
    except BrokerError as error:
        if error.code != Code.stale_proof:
            raise
    return prove()


def _keys(devices: Devices) -> tuple[bytes, ...]:
    return tuple(each.device for each in devices.devices)
