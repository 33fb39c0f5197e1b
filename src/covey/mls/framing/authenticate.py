"""RFC 9420 §6.1: what a signature over a FramedContent covers.

May import crypto and structs. Contents are assembled here from their arm (the encoded
application data, Proposal or Commit), so that the same bytes serve the signature, the
transcript, the reference hash and the plaintext of a PrivateMessage.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from covey.mls.structs.framing import FramedContent, FramedContentAuthData
from covey.mls.structs.proposals import ProposalFrame
from covey.mls.wire.code_points import ContentType, ProtocolVersion, SenderType
from covey.mls.wire.varint import opaque

if TYPE_CHECKING:
    from covey.mls.crypto.suite import Suite
    from covey.mls.structs.commit import Commit
    from covey.mls.structs.framing import PrivateMessageContent, Sender
    from covey.mls.structs.proposals import Proposal

_LABEL: Final = "FramedContentTBS"
_VERSION: Final = ProtocolVersion.mls10.to_bytes(2)
_WITH_CONTEXT: Final = frozenset({SenderType.member, SenderType.new_member_commit})


def application_content(
    group_id: bytes, epoch: int, sender: Sender, authenticated_data: bytes, data: bytes
) -> FramedContent:
    """A FramedContent of application data, with its encoding in ``raw`` (§6)."""
    kind = ContentType.application
    raw = _head(group_id, epoch, sender, authenticated_data, kind) + opaque(data)
    return FramedContent(
        group_id, epoch, sender, authenticated_data, kind, application_data=data, raw=raw
    )


def proposal_content(
    group_id: bytes, epoch: int, sender: Sender, authenticated_data: bytes, proposal: Proposal
) -> FramedContent:
    """A FramedContent of a proposal, with its encoding in ``raw`` (§6)."""
    kind = ContentType.proposal
    arm = ProposalFrame(proposal).encode()
    raw = _head(group_id, epoch, sender, authenticated_data, kind) + arm
    return FramedContent(
        group_id, epoch, sender, authenticated_data, kind, proposal=proposal, raw=raw
    )


def commit_content(
    group_id: bytes, epoch: int, sender: Sender, authenticated_data: bytes, commit: Commit
) -> FramedContent:
    """A FramedContent of a commit, with its encoding in ``raw`` (§6)."""
    kind = ContentType.commit
    raw = _head(group_id, epoch, sender, authenticated_data, kind) + commit.encode()
    return FramedContent(group_id, epoch, sender, authenticated_data, kind, commit=commit, raw=raw)


def received_content(
    group_id: bytes,
    epoch: int,
    sender: Sender,
    authenticated_data: bytes,
    kind: ContentType,
    arm: bytes,
    inner: PrivateMessageContent,
) -> FramedContent:
    """A FramedContent put together from a decrypted PrivateMessage (§6.3)."""
    return FramedContent(
        group_id,
        epoch,
        sender,
        authenticated_data,
        kind,
        inner.application_data,
        inner.proposal,
        inner.commit,
        _head(group_id, epoch, sender, authenticated_data, kind) + arm,
    )


def _head(
    group_id: bytes, epoch: int, sender: Sender, authenticated_data: bytes, kind: ContentType
) -> bytes:
    """The encoding of a FramedContent up to the arm of its select."""
    return b"".join(
        (
            opaque(group_id),
            epoch.to_bytes(8),
            sender.encode(),
            opaque(authenticated_data),
            kind.to_bytes(1),
        )
    )


def arm_of(content: FramedContent) -> bytes:
    """The encoding of the arm of a FramedContent's select, cut out of its ``raw``."""
    head = _head(
        content.group_id,
        content.epoch,
        content.sender,
        content.authenticated_data,
        content.content_type,
    )
    return content.encode()[len(head) :]


def to_be_signed(wire_format: int, content: FramedContent, group_context: bytes) -> bytes:
    """FramedContentTBS (§6.1).

    Args:
        wire_format: How the content is going to be sent.
        content: The content.
        group_context: The encoded GroupContext of its epoch; covered for senders ``member``
            and ``new_member_commit`` only (ERR-06).
    """
    parts = (_VERSION, wire_format.to_bytes(2), content.encode())
    if content.sender.sender_type in _WITH_CONTEXT:
        return b"".join((*parts, group_context))
    return b"".join(parts)


def sign(suite: Suite, private_key: bytes, tbs: bytes) -> bytes:
    """SignWithLabel(., "FramedContentTBS", FramedContentTBS) (§6.1)."""
    return suite.sign_with_label(private_key, _LABEL, tbs)


def verify(suite: Suite, public_key: bytes, tbs: bytes, signature: bytes) -> bool:
    """VerifyWithLabel(., "FramedContentTBS", FramedContentTBS, signature) (§6.1)."""
    return suite.verify_with_label(public_key, _LABEL, tbs, signature)


def encode_auth(auth: FramedContentAuthData, kind: ContentType) -> bytes:
    """The encoding of FramedContentAuthData; its select depends on the content type (§6.1)."""
    return auth.encode(kind)
