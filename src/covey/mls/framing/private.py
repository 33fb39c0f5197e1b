"""RFC 9420 §6.3: private messages. May import crypto, structs, schedule and authenticate.

Nothing here changes a secret tree: the caller peeks at a key, and lets the tree forget it
once the whole message has been accepted.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

from covey.errors import AuthenticationError, DecodeError
from covey.mls.framing.authenticate import arm_of, encode_auth, received_content
from covey.mls.schedule.secret_tree import APPLICATION, HANDSHAKE, sender_data
from covey.mls.structs.framing import (
    PrivateContentAAD,
    PrivateMessage,
    PrivateMessageContent,
    Sender,
    SenderData,
    SenderDataAAD,
)
from covey.mls.wire.code_points import ContentType, SenderType

if TYPE_CHECKING:
    from collections.abc import Callable

    from covey.mls.crypto.suite import Suite
    from covey.mls.schedule.secret_tree import RatchetKind, Step
    from covey.mls.structs.framing import FramedContent, FramedContentAuthData

GUARD_SIZE: Final = 4
"""Bytes of a reuse guard."""


class Opened(NamedTuple):
    """A decrypted message; its signature has not been verified yet."""

    content: FramedContent
    auth: FramedContentAuthData


def protect(
    suite: Suite,
    sender_data_secret: bytes,
    step: Step,
    content: FramedContent,
    auth: FramedContentAuthData,
    padded: Callable[[int], int],
    reuse_guard: bytes,
) -> PrivateMessage:
    """Encrypt a signed content (§6.3).

    Args:
        suite: The suite of the group.
        sender_data_secret: Of the epoch (Nh bytes).
        step: A key and nonce of the sender's ratchet, which encrypt nothing else.
        content: What to send; its sender is a member.
        auth: Its signature, and confirmation tag if it is a commit.
        padded: The padded size for the size of the content, in bytes; zeros fill it up.
        reuse_guard: Four fresh random bytes.
    """
    kind = content.content_type
    plaintext = arm_of(content) + encode_auth(auth, kind)
    plaintext = _pad(plaintext, padded(len(plaintext)))
    aad = _content_aad(content.group_id, content.epoch, kind, content.authenticated_data)
    ciphertext = suite.seal_aead(step.key, _guarded(step.nonce, reuse_guard), aad, plaintext)
    leaf_index = content.sender.leaf_index
    assert leaf_index is not None
    who = SenderData(leaf_index, step.generation, reuse_guard).encode()
    sender_key, sender_nonce = sender_data(suite, sender_data_secret, ciphertext)
    sealed = suite.seal_aead(
        sender_key, sender_nonce, _sender_aad(content.group_id, content.epoch, kind), who
    )
    return PrivateMessage(
        content.group_id, content.epoch, kind, content.authenticated_data, sealed, ciphertext
    )


def open_sender_data(
    suite: Suite, sender_data_secret: bytes, message: PrivateMessage
) -> SenderData:
    """Decrypt who sent a message, with which generation (§6.3.2).

    Raises:
        AuthenticationError: It was not encrypted in this epoch, or has been changed.
    """
    key, nonce = sender_data(suite, sender_data_secret, message.ciphertext)
    aad = _sender_aad(message.group_id, message.epoch, message.content_type)
    try:
        plaintext = suite.open_aead(key, nonce, aad, message.encrypted_sender_data)
    except AuthenticationError:
        rule = "VAL-109"
        raise AuthenticationError(rule, "6.3.2") from None
    return SenderData.decode(plaintext)


def open_content(
    suite: Suite, key: bytes, nonce: bytes, message: PrivateMessage, sender: SenderData
) -> Opened:
    """Decrypt the content of a message (§6.3.1).

    Raises:
        AuthenticationError: It was not encrypted with this key, or has been changed.
        DecodeError: The plaintext is no PrivateMessageContent, or its padding is not zero
            (VAL-105, VAL-106).
    """
    kind = message.content_type
    aad = _content_aad(message.group_id, message.epoch, kind, message.authenticated_data)
    guarded = _guarded(nonce, sender.reuse_guard)
    try:
        plaintext = suite.open_aead(key, guarded, aad, message.ciphertext)
    except AuthenticationError:
        rule = "VAL-104"
        raise AuthenticationError(rule, "6.3.1") from None
    inner, end = PrivateMessageContent.decode_prefix(plaintext, kind)
    if not _is_zero(plaintext[end:]):
        msg = "the padding of a PrivateMessage is not all zero"
        raise DecodeError(msg).of(rule="VAL-105", section="6.3.1")
    arm = plaintext[: end - len(encode_auth(inner.auth, kind))]
    content = received_content(
        message.group_id,
        message.epoch,
        Sender(SenderType.member, leaf_index=sender.leaf_index),
        message.authenticated_data,
        kind,
        arm,
        inner,
    )
    return Opened(content, inner.auth)


def _pad(plaintext: bytes, size: int) -> bytes:
    return plaintext.ljust(size, b"\x00")


def _is_zero(padding: bytes) -> bool:
    return not padding.strip(b"\x00")


def _guarded(nonce: bytes, reuse_guard: bytes) -> bytes:
    """The nonce, its first four bytes XORed with the reuse guard (VAL-107)."""
    if len(reuse_guard) != GUARD_SIZE:
        rule = "VAL-107"
        raise AuthenticationError(rule, "6.3.1")
    head = int.from_bytes(nonce[:GUARD_SIZE]) ^ int.from_bytes(reuse_guard)
    return head.to_bytes(GUARD_SIZE) + nonce[GUARD_SIZE:]


def ratchet_of(kind: ContentType) -> RatchetKind:
    """Which ratchet encrypts a content: one is for application messages only (VAL-106)."""
    return APPLICATION if kind is ContentType.application else HANDSHAKE


def _content_aad(
    group_id: bytes, epoch: int, kind: ContentType, authenticated_data: bytes
) -> bytes:
    return PrivateContentAAD(group_id, epoch, kind, authenticated_data).encode()


def _sender_aad(group_id: bytes, epoch: int, kind: ContentType) -> bytes:
    return SenderDataAAD(group_id, epoch, kind).encode()
