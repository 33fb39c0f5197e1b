"""Signing and protecting what a member sends (RFC 9420 §6). May import framing and schedule."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from covey.mls.framing import authenticate, private, public
from covey.mls.structs.framing import FramedContentAuthData, Sender
from covey.mls.structs.message import MLSMessage
from covey.mls.wire.code_points import ProtocolVersion, SenderType, WireFormat

if TYPE_CHECKING:
    from covey.mls.crypto.entropy import Entropy
    from covey.mls.group.epoch import Epoch
    from covey.mls.group.policy import Policy
    from covey.mls.schedule.secret_tree import RatchetKind, SecretTree, Step
    from covey.mls.structs.framing import FramedContent


_HANDSHAKES = (WireFormat.mls_public_message, WireFormat.mls_private_message)


def handshake_form(asked: WireFormat | None, policy: Policy) -> WireFormat:
    """How a proposal or a commit is sent: as asked for, or as the policy says (§6).

    Raises:
        TypeError: It is no wire format.
        ValueError: It is one in which there are no handshake messages.
    """
    form: object = policy.handshake if asked is None else asked
    if not isinstance(form, int):
        msg = f"handshake= takes a WireFormat, not {type(form).__name__}"
        raise TypeError(msg)
    if form not in _HANDSHAKES:
        msg = f"handshake= takes mls_public_message or mls_private_message, not {form!r}"
        raise ValueError(msg)
    return WireFormat(form)


class Signed(NamedTuple):
    """A content with the signature over it, and the bytes that the signature covers."""

    content: FramedContent
    wire_format: int
    tbs: bytes
    signature: bytes


def own_sender(epoch: Epoch) -> Sender:
    """The member itself as a sender (§6)."""
    return Sender(SenderType.member, leaf_index=epoch.private.index)


def sign(epoch: Epoch, content: FramedContent, wire_format: WireFormat) -> Signed:
    """Sign a content with the key of the current leaf (§6.1)."""
    state = epoch.public
    tbs = authenticate.to_be_signed(wire_format, content, state.encoded)
    return Signed(content, wire_format, tbs, authenticate.sign(state.suite, epoch.signer, tbs))


def protect(
    epoch: Epoch,
    secret_tree: SecretTree,
    signed: Signed,
    confirmation_tag: bytes | None,
    policy: Policy,
    entropy: Entropy,
) -> bytes:
    """The MLSMessage of a signed content (§6.2, §6.3).

    A private one consumes a generation of the member's ratchet at once and for good, also
    when it is a commit that is later discarded: no key and nonce ever encrypt two messages.
    """
    suite = epoch.public.suite
    auth = FramedContentAuthData(signed.signature, confirmation_tag)
    content = signed.content
    if signed.wire_format == WireFormat.mls_public_message:
        message = public.protect(suite, epoch.secrets.membership_key, content, auth, signed.tbs)
        return MLSMessage(ProtocolVersion.mls10, message).encode()
    step = _taken(secret_tree, epoch.private.index, private.ratchet_of(content.content_type))
    sealed = private.protect(
        suite,
        epoch.secrets.sender_data_secret,
        step,
        content,
        auth,
        policy.padding,
        entropy(private.GUARD_SIZE),
    )
    return MLSMessage(ProtocolVersion.mls10, sealed).encode()


def _taken(secret_tree: SecretTree, leaf: int, kind: RatchetKind) -> Step:
    """The next key of our ratchet, no longer in the tree: of those that are reserved, first."""
    reserved = secret_tree.reserve.take(leaf, kind)
    if reserved is not None:
        return reserved
    step = secret_tree.peek_next(leaf, kind)
    secret_tree.apply(step)
    return step
