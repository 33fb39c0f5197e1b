"""RFC 9420 §6: what a framed message must satisfy before anything is done with it.

May import structs and the tree. Signatures, membership tags and AEADs are verified where
the keys are known, by the receiving side of :mod:`covey.mls.group`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

from covey.errors import DecodeError
from covey.mls.rules.registry import rule
from covey.mls.structs.components import has_safe_aad, read_safe_aad
from covey.mls.structs.extensions import ExternalSenders
from covey.mls.structs.proposals import Add, SelfRemove, proposal_type
from covey.mls.wire.code_points import (
    GREASE,
    ContentType,
    ExtensionType,
    ProposalType,
    SenderType,
    WireFormat,
)

if TYPE_CHECKING:
    from covey.mls.structs.extensions import ExternalSender
    from covey.mls.structs.framing import FramedContent
    from covey.mls.structs.schedule import GroupContext
    from covey.mls.tree.ratchet_tree import RatchetTree


class MessageSubject(NamedTuple):
    """A content and the epoch that it is for.

    Attributes:
        content: The content, public or decrypted.
        wire_format: How it came.
        context: The GroupContext of its epoch.
        tree: The tree of its epoch.
    """

    content: FramedContent
    wire_format: int
    context: GroupContext
    tree: RatchetTree


class EpochSubject(NamedTuple):
    """The epoch of a handshake message, and the one that the group is in."""

    epoch: int
    current: int


def external_senders(context: GroupContext) -> tuple[ExternalSender, ...]:
    """Who may propose from outside, by a GroupContext (§12.1.8.1)."""
    for extension in context.extensions:
        if extension.extension_type == ExtensionType.external_senders:
            return ExternalSenders.decode(extension.extension_data).external_senders
    return ()


EXTERNAL_PROPOSALS: Final = frozenset(
    {
        ProposalType.add,
        ProposalType.remove,
        ProposalType.psk,
        ProposalType.reinit,
        ProposalType.group_context_extensions,
        ProposalType.app_data_update,
        ProposalType.app_ephemeral,
    }
)
"""Proposal types that an external sender may send (§12.1.8, extensions draft)."""


@rule("VAL-101", "6")
def group_is_ours(subject: MessageSubject) -> str | None:
    """A message carries the group_id of the group."""
    same = subject.content.group_id == subject.context.group_id
    return None if same else f"group {subject.content.group_id.hex()}"


@rule("VAL-102", "6", also=("VAL-113", "VAL-150"))
def epoch_is_current(subject: EpochSubject) -> str | None:
    """A handshake message carries the current epoch."""
    if subject.epoch == subject.current:
        return None
    return f"epoch {subject.epoch}, the group is in {subject.current}"


@rule("VAL-097", "6")
def application_data_is_private(subject: MessageSubject) -> str | None:
    """Application data is sent in a PrivateMessage only."""
    public = subject.wire_format == WireFormat.mls_public_message
    application = subject.content.content_type is ContentType.application
    return "it came as a PublicMessage" if public and application else None


@rule("VAL-096", "6.1")
def member_sender_is_in_the_tree(subject: MessageSubject) -> str | None:
    """The leaf_index of a sender that is a member identifies a non-blank leaf."""
    sender = subject.content.sender
    if sender.sender_type is not SenderType.member:
        return None
    assert sender.leaf_index is not None
    if subject.tree.leaf(sender.leaf_index) is None:
        return f"leaf {sender.leaf_index} is blank"
    return None


@rule("VAL-092", "6.1", also=("VAL-128",))
def external_sender_proposes(subject: MessageSubject) -> str | None:
    """An external sender sends only proposals, of types that are allowed to it."""
    content = subject.content
    if content.sender.sender_type is not SenderType.external:
        return None
    if content.proposal is None:
        return f"it sent {content.content_type.name}"
    kind = proposal_type(content.proposal)
    return None if kind in EXTERNAL_PROPOSALS else f"proposal type 0x{kind:04x}"


@rule("VAL-093", "6.1")
def external_sender_is_listed(subject: MessageSubject) -> str | None:
    """The sender_index of an external sender is within external_senders."""
    sender = subject.content.sender
    if sender.sender_type is not SenderType.external:
        return None
    assert sender.sender_index is not None
    listed = len(external_senders(subject.context))
    if sender.sender_index < listed:
        return None
    return f"index {sender.sender_index}, the group lists {listed}"


@rule("VAL-094", "6.1")
def new_member_commits(subject: MessageSubject) -> str | None:
    """A new_member_commit sender sends a commit with a path."""
    content = subject.content
    if content.sender.sender_type is not SenderType.new_member_commit:
        return None
    if content.commit is None:
        return f"it sent {content.content_type.name}"
    return None if content.commit.path is not None else "the commit has no path"


@rule("VAL-095", "6.1")
def new_member_proposes_an_add(subject: MessageSubject) -> str | None:
    """A new_member_proposal sender sends an Add proposal."""
    content = subject.content
    if content.sender.sender_type is not SenderType.new_member_proposal:
        return None
    if isinstance(content.proposal, Add):
        return None
    return f"it sent {content.content_type.name}"


@rule("VAL-132", "13.5")
def proposal_type_is_not_grease(subject: MessageSubject) -> str | None:
    """No proposal has a GREASE value for its type."""
    if subject.content.proposal is None:
        return None
    kind = proposal_type(subject.content.proposal)
    return f"proposal type 0x{kind:04x}" if kind in GREASE else None


@rule("SELF-REMOVE-1", "extensions draft, SelfRemove")
def self_remove_is_public(subject: MessageSubject) -> str | None:
    """A SelfRemove comes from a member, as a PublicMessage."""
    if not isinstance(subject.content.proposal, SelfRemove):
        return None
    if subject.content.sender.sender_type is not SenderType.member:
        return "it does not come from a member"
    if subject.wire_format != WireFormat.mls_public_message:
        return "it came as a PrivateMessage"
    return None


@rule("SAFE-AAD-1", "extensions draft, safe_aad")
def authenticated_data_is_safe(subject: MessageSubject) -> str | None:
    """Where the group has safe_aad, the authenticated_data is a SafeAAD, sorted."""
    if not has_safe_aad(subject.context.extensions):
        return None
    return unsafe(subject.content.authenticated_data)


def unsafe(authenticated_data: bytes) -> str | None:
    """Why bytes are no SafeAAD, or None when they are one."""
    try:
        read_safe_aad(authenticated_data)
    except DecodeError as error:
        return str(error)
    return None


MESSAGE: Final = (
    group_is_ours,
    application_data_is_private,
    member_sender_is_in_the_tree,
    external_sender_proposes,
    external_sender_is_listed,
    new_member_commits,
    new_member_proposes_an_add,
    proposal_type_is_not_grease,
    self_remove_is_public,
    authenticated_data_is_safe,
)
"""What every message satisfies; a proposal or a commit is of the current epoch besides."""
