"""Signatures are over one struct under one label."""

from __future__ import annotations

import pytest
from nacl.signing import SigningKey

from access_samples import BROKER, GID, changed
from covey.access import signing
from covey.access.operations import ADD_DEVICE, OPERATIONS, PROVE, PROVE_INBOX
from covey.access.structs.basics import Challenge, Fresh, Kind, Nothing
from covey.access.structs.log import Append

SEED = bytes(range(32))
KEY = signing.public_key(SEED)
CONTENT = Challenge(b"nonce", 600)


def test_what_is_signed_is_fixed() -> None:
    assert signing.signed_bytes("create", b"content") == b"\x15covey access 1 create\x07content"
    made = signing.sign(SEED, "create", CONTENT)
    again = SigningKey(SEED).sign(signing.signed_bytes("create", CONTENT.encode())).signature
    assert made == again


def test_a_signature_is_for_one_label_and_one_content() -> None:
    signature = signing.sign(SEED, "create", CONTENT)
    encoded = CONTENT.encode()
    assert signing.verify(KEY, "create", encoded, signature)
    assert not signing.verify(KEY, "append", encoded, signature)
    assert not signing.verify(KEY, "create", changed(encoded, 2), signature)
    assert not signing.verify(signing.public_key(bytes(32)), "create", encoded, signature)
    for at in range(64):
        assert not signing.verify(KEY, "create", encoded, changed(signature, at))


def test_a_signed_request_carries_its_bytes() -> None:
    request = Append(BROKER, GID, 3, bytes(16), b"body", None)
    signed = signing.signed(SEED, "append", request)
    assert Append.decode(signed.request) == request
    assert signing.verify(KEY, "append", signed.request, signed.signature)


@pytest.mark.parametrize("key", [bytes(32), b"\x01" + bytes(31), b"\xff" * 32, b"short", b""])
def test_some_bytes_are_no_public_key(key: bytes) -> None:
    assert not signing.is_public_key(key)


def test_a_public_key_is_one() -> None:
    assert signing.is_public_key(KEY)


def test_no_two_things_are_signed_under_one_label() -> None:
    labels = [each.label for each in OPERATIONS.values() if each.label]
    labels += [PROVE, PROVE_INBOX, ADD_DEVICE, "head", "head key"]
    assert len(set(labels)) == len(labels)


def test_an_operation_names_its_structs() -> None:
    for name, operation in OPERATIONS.items():
        assert name == name.lower().replace(" ", "_")
        assert operation.request is not Fresh
        assert not (operation.token and operation.label)
    assert OPERATIONS["challenge"].request is Nothing
    assert Kind.commit == 1
