"""Private messages: what is encrypted under what, and what is refused."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from covey.errors import AuthenticationError, DecodeError
from covey.mls.crypto.suites import SUITES
from covey.mls.framing import authenticate, private
from covey.mls.schedule.secret_tree import (
    APPLICATION,
    HANDSHAKE,
    SecretTree,
    Step,
    sender_data,
)
from covey.mls.structs.framing import (
    FramedContent,
    FramedContentAuthData,
    PrivateContentAAD,
    PrivateMessage,
    SenderData,
    SenderDataAAD,
)
from covey.mls.structs.proposals import Remove
from covey.mls.wire.code_points import ContentType
from group_samples import from_member

if TYPE_CHECKING:
    from covey.mls.crypto.suite import Suite

SECRET = b"sender data".ljust(32, b".")
GUARD = b"\xa5\x5a\x00\xff"
AUTH = FramedContentAuthData(b"signature")
CONTENT = authenticate.application_content(b"group", 7, from_member(3), b"beside", b"hello")
ALL = pytest.mark.parametrize("suite", SUITES.values(), ids=lambda suite: f"suite{suite.code}")
ONE = SUITES[1]


def step_of(suite: Suite) -> Step:
    """The key of the first message of leaf 3."""
    return SecretTree(suite, 4, b"e" * suite.Nh).peek_next(3, APPLICATION)


def sealed(
    suite: Suite = ONE, content: FramedContent = CONTENT, padding: int = 0
) -> PrivateMessage:
    """A protected content."""
    return private.protect(
        suite, SECRET, step_of(suite), content, AUTH, lambda size: size + padding, GUARD
    )


def opened(suite: Suite, message: PrivateMessage) -> private.Opened:
    """A message, decrypted."""
    sender = private.open_sender_data(suite, SECRET, message)
    step = step_of(suite)
    return private.open_content(suite, step.key, step.nonce, message, sender)


@ALL
@pytest.mark.parametrize("padding", [0, 1, 300])
def test_a_content_survives(suite: Suite, padding: int) -> None:
    message = PrivateMessage.decode(sealed(suite, padding=padding).encode())
    assert private.open_sender_data(suite, SECRET, message) == SenderData(3, 0, GUARD)
    assert opened(suite, message) == private.Opened(CONTENT, AUTH)
    assert opened(suite, message).content.raw == CONTENT.raw


@ALL
def test_the_layers_are_those_of_the_rfc(suite: Suite) -> None:
    message, step = sealed(suite, padding=5), step_of(suite)
    nonce = bytes(a ^ b for a, b in zip(step.nonce, GUARD.ljust(suite.Nn, b"\x00"), strict=True))
    aad = PrivateContentAAD(b"group", 7, ContentType.application, b"beside").encode()
    plaintext = suite.open_aead(step.key, nonce, aad, message.ciphertext)
    assert plaintext == b"\x05hello" + b"\x09signature" + bytes(5)
    key, nonce = sender_data(suite, SECRET, message.ciphertext)
    aad = SenderDataAAD(b"group", 7, ContentType.application).encode()
    assert SenderData.decode(suite.open_aead(key, nonce, aad, message.encrypted_sender_data))


@pytest.mark.parametrize(
    "changes",
    [
        {"group_id": b"other"},
        {"epoch": 8},
        {"content_type": ContentType.proposal},
        {"encrypted_sender_data": b""},
        {"encrypted_sender_data": bytes(28)},
        {"ciphertext": b""},
        {"ciphertext": bytes(60)},
    ],
    ids=["group", "epoch", "type", "no-sender", "zero-sender", "no-content", "zero-content"],
)
def test_val_109_changed_sender_data_is_refused(changes: dict[str, object]) -> None:
    with pytest.raises(AuthenticationError, match=r"VAL-109, RFC 9420 §6\.3\.2"):
        private.open_sender_data(ONE, SECRET, sealed().replace(**changes))


def test_val_104_changed_authenticated_data_is_refused() -> None:
    message = sealed().replace(authenticated_data=b"changed")
    assert private.open_sender_data(ONE, SECRET, message).leaf_index == 3
    with pytest.raises(AuthenticationError, match=r"VAL-104, RFC 9420 §6\.3\.1"):
        opened(ONE, message)


def test_another_reuse_guard_is_refused() -> None:
    message, step = sealed(), step_of(ONE)
    with pytest.raises(AuthenticationError, match="VAL-104"):
        private.open_content(ONE, step.key, step.nonce, message, SenderData(3, 0, bytes(4)))


@pytest.mark.parametrize("length", [0, 3, 5])
def test_val_107_a_reuse_guard_has_four_bytes(length: int) -> None:
    message, step = sealed(), step_of(ONE)
    with pytest.raises(AuthenticationError, match=r"VAL-107, RFC 9420 §6\.3\.1"):
        private.open_content(ONE, step.key, step.nonce, message, SenderData(3, 0, bytes(length)))


def test_val_106_one_ratchet_is_for_application_data_only() -> None:
    ratchets = {kind: private.ratchet_of(kind) for kind in ContentType}
    assert ratchets == {
        ContentType.application: APPLICATION,
        ContentType.proposal: HANDSHAKE,
        ContentType.commit: HANDSHAKE,
    }


def _seal_raw(plaintext: bytes, kind: ContentType = ContentType.application) -> PrivateMessage:
    """A message with any plaintext."""
    step = step_of(ONE)
    nonce = bytes(a ^ b for a, b in zip(step.nonce, GUARD.ljust(12, b"\x00"), strict=True))
    aad = PrivateContentAAD(b"group", 7, kind, b"").encode()
    ciphertext = ONE.seal_aead(step.key, nonce, aad, plaintext)
    key, nonce = sender_data(ONE, SECRET, ciphertext)
    who = SenderData(3, 0, GUARD).encode()
    hidden = ONE.seal_aead(key, nonce, SenderDataAAD(b"group", 7, kind).encode(), who)
    return PrivateMessage(b"group", 7, kind, b"", hidden, ciphertext)


@pytest.mark.parametrize("at", [0, 1, 99])
def test_val_105_padding_that_is_not_zero_is_refused(at: int) -> None:
    padding = bytearray(100)
    padding[at] = 1
    good = _seal_raw(b"\x05hello\x09signature" + bytes(100))
    assert opened(ONE, good).content.application_data == b"hello"
    with pytest.raises(DecodeError, match="padding"):
        opened(ONE, _seal_raw(b"\x05hello\x09signature" + padding))


@pytest.mark.parametrize("plaintext", [b"", b"\x05hell", b"\x05hello", b"\x05hello\x09sig"])
def test_a_plaintext_that_is_cut_off_is_refused(plaintext: bytes) -> None:
    with pytest.raises(DecodeError):
        opened(ONE, _seal_raw(plaintext))


def test_val_106_the_content_is_of_the_announced_type() -> None:
    arm = authenticate.proposal_content(b"group", 7, from_member(3), b"", Remove(1))
    plaintext = authenticate.arm_of(arm) + AUTH.encode(ContentType.proposal)
    as_proposal = opened(ONE, _seal_raw(plaintext, ContentType.proposal))
    assert as_proposal.content.proposal == Remove(1)
    with pytest.raises(DecodeError):
        opened(ONE, _seal_raw(plaintext, ContentType.commit))


def test_sender_data_that_are_no_sender_data_are_refused() -> None:
    message = sealed()
    key, nonce = sender_data(ONE, SECRET, message.ciphertext)
    aad = SenderDataAAD(b"group", 7, ContentType.application).encode()
    hidden = ONE.seal_aead(key, nonce, aad, b"short")
    with pytest.raises(DecodeError):
        private.open_sender_data(ONE, SECRET, message.replace(encrypted_sender_data=hidden))


def test_erratum_32_the_sample_is_nh_bytes_or_what_there_is() -> None:
    for suite in SUITES.values():
        long = bytes(range(200))
        assert sender_data(suite, SECRET, long) == sender_data(suite, SECRET, long[: suite.Nh])
        assert sender_data(suite, SECRET, long) != sender_data(suite, SECRET, long[: suite.Nh - 1])
        assert sender_data(suite, SECRET, b"x") != sender_data(suite, SECRET, b"")
