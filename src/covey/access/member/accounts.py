"""What a device signs on the identity plane, and the reader of an inbox on the other one.

May import the structs and signing. Nothing here knows of a group. A device's key and an inbox's
key are Ed25519 seeds of 32 random bytes, and are kept apart: whoever proves both with one key
tells the broker whose inbox it is.
"""

from __future__ import annotations

from hashlib import sha256
from typing import TYPE_CHECKING, Final
from unicodedata import normalize

from covey.access import signing
from covey.access.operations import ADD_DEVICE, OPERATIONS, PROVE_INBOX
from covey.access.structs.basics import Fresh, HandleInput, InboxProof
from covey.access.structs.identity import AddDevice, Authenticate, Enrol, EvidenceKind, NewDevice

if TYPE_CHECKING:
    from covey.access.structs.basics import Signed

_HANDLE_LABEL: Final = b"covey access 1 handle"


def handle(broker_id: bytes, name: str) -> bytes:
    """The handle of an account at a broker: 32 bytes, the same for everybody who knows the name.

    The broker does not see the name, but can try names that it guesses.

    Args:
        broker_id: The broker.
        name: The name; it is hashed in UTF-8, in Unicode's normal form C.
    """
    written = normalize("NFC", name).encode()
    return sha256(HandleInput(_HANDLE_LABEL, broker_id, written).encode()).digest()


def enrol(
    device: bytes,
    broker_id: bytes,
    account: bytes,
    nonce: bytes,
    kind: EvidenceKind = EvidenceKind.none,
    evidence: bytes = b"",
) -> Signed:
    """The signed request that begins an account with its first device.

    Args:
        device: The device's private key.
        broker_id: The broker.
        account: The handle.
        nonce: Of a challenge on this connection.
        kind: What entitles to the account.
        evidence: An invite code, or an ID token.
    """
    public = signing.public_key(device)
    request = Enrol(broker_id, account, public, nonce, kind, evidence)
    return signing.signed(device, OPERATIONS["enrol"].label, request)


def authenticate(device: bytes, broker_id: bytes, nonce: bytes) -> Signed:
    """The signed request for a device's token.

    Args:
        device: The device's private key.
        broker_id: The broker.
        nonce: Of a challenge on this connection.
    """
    request = Authenticate(broker_id, signing.public_key(device), nonce)
    return signing.signed(device, OPERATIONS["authenticate"].label, request)


def new_device(device: bytes, broker_id: bytes, account: bytes) -> AddDevice:
    """What a further device gives to one that is enrolled, for it to be added.

    Args:
        device: The new device's private key.
        broker_id: The broker.
        account: The handle of the account that it is to belong to.
    """
    public = signing.public_key(device)
    content = NewDevice(broker_id, account, public)
    return AddDevice(public, signing.sign(device, ADD_DEVICE, content))


def is_new_device(added: AddDevice, broker_id: bytes, account: bytes) -> bool:
    """Whether a device has signed that it is to be added to an account, 32 bytes, at a broker."""
    content = NewDevice(broker_id, account, added.device).encode()
    return signing.verify(added.device, ADD_DEVICE, content, added.signature)


def prove_inbox(key: bytes, broker_id: bytes, inbox: bytes, nonce: bytes) -> Fresh:
    """The proof that an inbox is ours.

    Args:
        key: The inbox's private key.
        broker_id: The broker.
        inbox: Its id.
        nonce: Of a challenge on this connection.
    """
    return Fresh(nonce, signing.sign(key, PROVE_INBOX, InboxProof(broker_id, inbox, nonce)))
