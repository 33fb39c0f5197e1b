"""What tests say to a broker: raw requests on a connection, and those who make them."""

from __future__ import annotations

import os
import ssl
import time
from hashlib import sha256
from typing import TYPE_CHECKING, Any, NamedTuple, Self, TypeVar

import httpx

from access_samples import person
from covey.access import signing
from covey.access.member import accounts
from covey.access.member.epochs import EpochAccess
from covey.access.operations import OPERATIONS
from covey.access.structs import basics, identity, joining, log
from covey.errors import BrokerError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from covey.mls.wire.struct import WireStruct

    T = TypeVar("T", bound=WireStruct)

NO_TLS = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)  # much faster than to load all authorities
SUITE = 1


class Line:
    """A connection to a broker: one of TCP, for as long as it lasts.

    Attributes:
        http: For any request at all.
        token: Goes along with each request, once there is one.
    """

    def __init__(self, url: str, transport: httpx.BaseTransport | None = None) -> None:
        self.http = httpx.Client(
            base_url=url,
            limits=httpx.Limits(max_connections=1),
            transport=transport,
            trust_env=False,
            timeout=40,
            verify=NO_TLS,
        )
        self.token = b""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.http.close()

    def send(
        self, operation: str, body: bytes | Iterator[bytes] = b"", **headers: str
    ) -> httpx.Response:
        """Send a request; returns whatever comes back."""
        if self.token:
            headers.setdefault("authorization", f"Bearer {self.token.hex()}")
        return self.http.post(f"/v1/{operation}", content=body, headers=headers)

    def ask(self, operation: str, request: WireStruct, answer: type[T] | None = None) -> T:
        """Ask for an operation.

        Raises:
            BrokerError: It was refused, or the epoch is closed.
        """
        response = self.send(operation, request.encode())
        if response.status_code != httpx.codes.OK:
            raise error_of(response)
        kind: Any = answer or OPERATIONS[operation].answer
        decoded: T = kind.decode(response.content)
        return decoded

    def nonce(self) -> bytes:
        """A nonce for this connection."""
        return self.ask("challenge", basics.Nothing(), basics.Challenge).nonce

    def read(self, access: EpochAccess, after: int = 0, wait: int = 0) -> log.Entries:
        """Read an epoch, with a new proof."""
        proof = access.prove(self.nonce())
        request = log.Read(access.gid, access.epoch, after, wait, proof)
        return self.ask("read", request, log.Entries)


def error_of(response: httpx.Response) -> BrokerError:
    """The error that a response is."""
    if response.headers["content-type"] == "application/json":
        told = response.json()
        return BrokerError(told["code"], told["sentence"])
    assert response.status_code == httpx.codes.CONFLICT
    return BrokerError("epoch_closed", "")


def access(broker_id: bytes, gid: bytes, epoch: int = 0, secret: bytes = b"") -> EpochAccess:
    """The keys of an epoch of a group; ``secret`` makes a fork of it."""

    def export(label: str, context: bytes, length: int) -> bytes:
        return sha256(secret + label.encode() + context).digest()[:length]

    return EpochAccess.derive(export, broker_id, gid, epoch)


class Group:
    """A group, as far as its log goes: whoever has it is a member.

    Args:
        line: The connection on which it is begun, and written to.
        broker_id: The broker.
        gid: Its name; random by default.
    """

    def __init__(self, line: Line, broker_id: bytes, gid: bytes | None = None) -> None:
        self.line = line
        self.broker_id = broker_id
        self.gid = os.urandom(32) if gid is None else gid
        self.epoch = 0

    @property
    def access(self) -> EpochAccess:
        """The keys of its epoch."""
        return access(self.broker_id, self.gid, self.epoch)

    def create(self, invite: bytes = b"") -> Self:
        """Begin its log."""
        self.line.ask("create", self.access.create(invite))
        return self

    def say(self, body: bytes = b"body", idem: bytes | None = None) -> log.Appended:
        """Append a message."""
        idem = os.urandom(16) if idem is None else idem
        return self.line.ask("append", self.access.append(idem, body), log.Appended)

    def following(self, **brings: Any) -> log.NextEpoch:  # noqa: ANN401 - fields of it
        """What a commit brings, which opens the next epoch."""
        key = access(self.broker_id, self.gid, self.epoch + 1).access_key
        nothing: dict[str, Any] = {
            "parcels": (), "pointers": b"", "capabilities": (), "answered": (), "bundled": ()
        }  # fmt: skip
        return log.NextEpoch(key, **{**nothing, **brings})

    def commit(self, body: bytes = b"commit", **brings: Any) -> log.Appended:  # noqa: ANN401 - likewise
        """Append a commit, and go on to the next epoch."""
        request = self.access.append(os.urandom(16), body, self.following(**brings))
        answer = self.line.ask("append", request, log.Appended)
        self.epoch += 1
        return answer


class Device:
    """A device with an account.

    Args:
        line: Its connection.
        broker_id: The broker.
    """

    def __init__(self, line: Line, broker_id: bytes) -> None:
        self.line = line
        self.broker_id = broker_id
        self.seed = os.urandom(32)
        self.handle = accounts.handle(broker_id, os.urandom(8).hex())

    @property
    def key(self) -> bytes:
        """Its public key."""
        return signing.public_key(self.seed)

    def enrolment(
        self,
        kind: identity.EvidenceKind = identity.EvidenceKind.none,
        evidence: bytes = b"",
        nonce: bytes | None = None,
    ) -> basics.Signed:
        """The request that begins its account."""
        nonce = self.line.nonce() if nonce is None else nonce
        return accounts.enrol(self.seed, self.broker_id, self.handle, nonce, kind, evidence)

    def enrol(self, **evidence: Any) -> Self:  # noqa: ANN401 - arguments of enrolment
        """Begin its account, and have a token from now on."""
        request = self.enrolment(**evidence)
        self.line.token = self.line.ask("enrol", request, identity.Token).token
        return self

    def authenticate(self) -> identity.Token:
        """Have another token."""
        request = accounts.authenticate(self.seed, self.broker_id, self.line.nonce())
        return self.line.ask("authenticate", request, identity.Token)

    def publish(self, *messages: bytes) -> identity.Stock:
        """Leave KeyPackages."""
        packages = tuple(map(identity.KeyPackageMessage, messages))
        request = identity.Publish(os.urandom(16), packages)
        return self.line.ask("publish", request, identity.Stock)


class Offered(NamedTuple):
    """A KeyPackage, and the inbox that it names, with its key."""

    message: bytes
    ref: bytes
    inbox: bytes
    key: bytes


def offered(broker_id: bytes) -> Offered:
    """A KeyPackage that names a new inbox."""
    made = person(os.urandom(4).hex(), SUITE, broker_id)
    return Offered(made.package.message, made.package.reference, made.address.inbox, os.urandom(32))


class Inbox:
    """An inbox, and a device that has made it and published a KeyPackage for it.

    Args:
        device: On a connection of the identity plane.
        reader: A connection of the group plane.
    """

    def __init__(self, device: Device, reader: Line) -> None:
        self.device = device
        self.line = reader
        offer = offered(device.broker_id)
        self.id, self.key, self.ref = offer.inbox, offer.key, offer.ref
        create = identity.CreateInbox(self.id, signing.public_key(self.key))
        device.line.ask("create_inbox", create)
        device.publish(offer.message)

    def proof(self) -> basics.Fresh:
        """A new proof on its reader's connection."""
        return accounts.prove_inbox(self.key, self.device.broker_id, self.id, self.line.nonce())

    def fetch(self, *taken: joining.InboxEntry, wait: int = 0) -> joining.Fetched:
        """Read it, and drop what was taken out."""
        named = tuple(each.digest for each in taken)
        request = joining.Fetch(self.id, named, wait, self.proof())
        return self.line.ask("fetch", request, joining.Fetched)

    def claimed(self) -> identity.Claimed:
        """Claim its KeyPackage, so that a pointer may be left."""
        request = identity.Claim(self.device.handle, os.urandom(16), SUITE)
        return self.device.line.ask("claim", request, identity.Claimed)


def hours() -> int:
    """Hours since the epoch."""
    return int(time.time()) // 3600
