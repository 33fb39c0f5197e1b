"""What receiving a message yields. Data only; may import structs."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from covey.mls.structs.credentials import BasicCredential, Credential
from covey.mls.structs.extensions import Extension
from covey.mls.structs.framing import Sender
from covey.mls.structs.proposals import Proposal, ReInit
from covey.mls.structs.schedule import PreSharedKeyID

if TYPE_CHECKING:
    from covey.mls.structs.tree import LeafNode


class MemberInfo(msgspec.Struct, frozen=True):
    """One member of a group, as the tree shows it.

    Attributes:
        index: Its leaf index, in this epoch.
        credential: Its credential.
        signature_key: Its public signature key.
    """

    index: int
    credential: Credential
    signature_key: bytes

    @property
    def identity(self) -> bytes:
        """The identity of a basic credential; the encoded credential otherwise."""
        if isinstance(self.credential, BasicCredential):
            return self.credential.identity
        return self.credential.encode()


def member_info(index: int, leaf: LeafNode) -> MemberInfo:
    """The MemberInfo of a leaf."""
    return MemberInfo(index, leaf.credential, leaf.signature_key)


class MessageReceived(msgspec.Struct, frozen=True):
    """An application message.

    Attributes:
        sender: Who sent it.
        data: What it says.
        authenticated_data: What came beside it, signed but not encrypted.
        epoch: The epoch in which it was sent; may be a past one.
        generation: Its place in the sender's ratchet.
    """

    sender: MemberInfo
    data: bytes
    authenticated_data: bytes
    epoch: int
    generation: int


class ProposalReceived(msgspec.Struct, frozen=True):
    """A proposal that can be committed now.

    Attributes:
        sender: Who sent it.
        proposal: What it asks for.
        reference: Its ProposalRef.
        authenticated_data: What came beside it.
    """

    sender: Sender
    proposal: Proposal
    reference: bytes
    authenticated_data: bytes = b""


class Changed(msgspec.Struct, frozen=True):
    """What a commit changes, known before it takes effect.

    Attributes:
        epoch: The epoch that it opens.
        committer: Who made it; the new member itself for an external commit.
        external: Whether it is an external commit.
        added: Members that come.
        removed: Members that go.
        updated: Members with new leaves, the committer excepted.
        psks: Pre-shared keys that are mixed in.
        extensions: The new GroupContext extensions, or None when they stay.
        reinit: The ReInit that ends the group, or None.
        custom: Proposals of other types.
        with_path: Whether the committer renewed its keys.
    """

    epoch: int
    committer: MemberInfo
    external: bool
    added: tuple[MemberInfo, ...]
    removed: tuple[MemberInfo, ...]
    updated: tuple[MemberInfo, ...]
    psks: tuple[PreSharedKeyID, ...]
    extensions: tuple[Extension, ...] | None
    reinit: ReInit | None
    custom: tuple[Proposal, ...]
    with_path: bool


class EpochChanged(msgspec.Struct, frozen=True):
    """A commit has taken effect.

    Attributes:
        changed: What it changed.
        own: Whether it was our own pending commit.
        removed: Whether it removed us; the group is then of no more use.
        discarded: Whether a pending commit of our own lost the race.
        authenticated_data: What came beside it.
    """

    changed: Changed
    own: bool = False
    removed: bool = False
    discarded: bool = False
    authenticated_data: bytes = b""


class OwnMessage(msgspec.Struct, frozen=True):
    """One of our own messages came back; its key is gone, so it is only recognised.

    Attributes:
        epoch: The epoch in which we sent it.
    """

    epoch: int


Event = MessageReceived | ProposalReceived | EpochChanged | OwnMessage
