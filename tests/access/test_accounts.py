"""What devices and the owners of inboxes sign."""

from __future__ import annotations

from hashlib import sha256

from access_samples import BROKER, RANDOM
from covey.access import signing
from covey.access.member.accounts import authenticate, enrol, handle, new_device, prove_inbox
from covey.access.structs.basics import InboxProof
from covey.access.structs.identity import Authenticate, Enrol, EvidenceKind, NewDevice

DEVICE = RANDOM(32)
PUBLIC = signing.public_key(DEVICE)
HANDLE = handle(BROKER, "alice")


def test_a_handle_is_that_of_the_specification() -> None:
    label = b"covey access 1 handle"
    hashed = bytes((len(label),)) + label + BROKER + b"\x05alice"
    assert sha256(hashed).digest() == HANDLE
    assert handle(bytes(32), "alice") != HANDLE
    assert handle(BROKER, "Ren\u00e9") == handle(BROKER, "Rene\u0301")


def test_an_account_begins_with_a_signature_of_its_device() -> None:
    signed = enrol(DEVICE, BROKER, HANDLE, b"nonce", EvidenceKind.invite, b"code")
    request = Enrol(BROKER, HANDLE, PUBLIC, b"nonce", EvidenceKind.invite, b"code")
    assert signed.request == request.encode()
    assert signing.verify(PUBLIC, "enrol", signed.request, signed.signature)
    plain = Enrol.decode(enrol(DEVICE, BROKER, HANDLE, b"nonce").request)
    assert (plain.evidence_kind, plain.evidence) == (EvidenceKind.none, b"")


def test_a_device_asks_for_its_token() -> None:
    signed = authenticate(DEVICE, BROKER, b"nonce")
    assert signed.request == Authenticate(BROKER, PUBLIC, b"nonce").encode()
    assert signing.verify(PUBLIC, "authenticate", signed.request, signed.signature)


def test_a_further_device_signs_for_itself() -> None:
    added = new_device(DEVICE, BROKER, HANDLE)
    content = NewDevice(BROKER, HANDLE, PUBLIC).encode()
    assert added.device == PUBLIC
    assert signing.verify(PUBLIC, "add device", content, added.signature)


def test_an_inbox_is_proved_with_its_own_key() -> None:
    key, inbox = RANDOM(32), RANDOM(32)
    fresh = prove_inbox(key, BROKER, inbox, b"nonce")
    content = InboxProof(BROKER, inbox, b"nonce").encode()
    assert signing.verify(signing.public_key(key), "prove inbox", content, fresh.signature)
    assert not signing.verify(signing.public_key(key), "prove", content, fresh.signature)
