"""What receiving a message yields. Data only; may import structs and the rules' subjects."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

import msgspec

from covey.mls.group.identity import identity
from covey.mls.rules.proposal_list import Sent
from covey.mls.structs.credentials import Credential
from covey.mls.structs.framing import Sender
from covey.mls.structs.proposals import (
    AppDataUpdate,
    AppEphemeral,
    GroupContextExtensions,
    PreSharedKey,
    Proposal,
    ReInit,
    SelfRemove,
    UnknownProposal,
)
from covey.mls.wire.struct import WireStruct

if TYPE_CHECKING:
    from covey.mls.structs.extensions import Extension
    from covey.mls.structs.schedule import PreSharedKeyID
    from covey.mls.structs.tree import LeafNode

P = TypeVar("P", bound=WireStruct)


class Shown(msgspec.Struct, frozen=True):
    """What shows its fields in a notebook."""

    def _repr_html_(self) -> str:
        from covey.mls.picture import page  # noqa: PLC0415 - only notebooks need it

        return page.of_fields(type(self).__name__, msgspec.structs.asdict(self))


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
        """The identity of a basic credential, or the DER subject of an X.509 one (§5.3)."""
        return identity(self.credential)

    def _repr_html_(self) -> str:
        from covey.mls.picture import page  # noqa: PLC0415 - only notebooks need it

        return page.of_member(self.index, self.credential, self.signature_key)


def member_info(index: int, leaf: LeafNode) -> MemberInfo:
    """The MemberInfo of a leaf."""
    return MemberInfo(index, leaf.credential, leaf.signature_key)


class MessageReceived(Shown, frozen=True):
    """An application message.

    Attributes:
        sender: Who sent it.
        data: What it says.
        authenticated_data: What came beside it, signed but not encrypted.
        epoch: The epoch in which it was sent; may be a past one.
        generation: Its place in the sender's ratchet.
        aad_items: What each component says beside it, in a group with ``safe_aad``; else None.
    """

    sender: MemberInfo
    data: bytes
    authenticated_data: bytes
    epoch: int
    generation: int
    aad_items: dict[int, bytes] | None = None


class ProposalReceived(Shown, frozen=True):
    """A proposal that can be committed now.

    Attributes:
        sender: Who sent it.
        proposal: What it asks for.
        reference: Its ProposalRef.
        authenticated_data: What came beside it.
        aad_items: What each component says beside it, in a group with ``safe_aad``; else None.
    """

    sender: Sender
    proposal: Proposal
    reference: bytes
    authenticated_data: bytes = b""
    aad_items: dict[int, bytes] | None = None


class Changed(Shown, frozen=True):
    """What a commit changes, known before it takes effect.

    Attributes:
        epoch: The epoch that it opens.
        committer: Who made it; the new member itself for an external commit.
        external: Whether it is an external commit.
        added: Members that are added.
        removed: Members that are removed, those included that asked for it themselves.
        updated: Members with new leaves, the committer excepted.
        proposals: What it consists of: each proposal, and who sent it how.
        with_path: Whether the committer renewed its keys.
    """

    epoch: int
    committer: MemberInfo
    external: bool
    added: tuple[MemberInfo, ...]
    removed: tuple[MemberInfo, ...]
    updated: tuple[MemberInfo, ...]
    proposals: tuple[Sent, ...]
    with_path: bool

    @property
    def joined(self) -> tuple[MemberInfo, ...]:
        """Everybody who comes: those added, and who joins by this external commit."""
        return (*self.added, self.committer) if self.external else self.added

    @property
    def left(self) -> tuple[MemberInfo, ...]:
        """Those of the removed that asked for it themselves, by SelfRemove."""
        leaving = {
            each.sender.leaf_index
            for each in self.proposals
            if isinstance(each.proposal, SelfRemove)
        }
        return tuple(member for member in self.removed if member.index in leaving)

    @property
    def psks(self) -> tuple[PreSharedKeyID, ...]:
        """Pre-shared keys that are mixed in."""
        return tuple(each.psk for each in self._of(PreSharedKey))

    @property
    def extensions(self) -> tuple[Extension, ...] | None:
        """What a GroupContextExtensions makes of the extensions, or None when there is none."""
        return next((each.extensions for each in self._of(GroupContextExtensions)), None)

    @property
    def reinit(self) -> ReInit | None:
        """The ReInit that ends the group, or None."""
        return next(iter(self._of(ReInit)), None)

    @property
    def custom(self) -> tuple[UnknownProposal, ...]:
        """Proposals of types that only the application knows."""
        return tuple(self._of(UnknownProposal))

    @property
    def app_data_updates(self) -> tuple[AppDataUpdate, ...]:
        """Changes of what the group's dictionary holds of components, in their order."""
        return tuple(self._of(AppDataUpdate))

    @property
    def app_ephemerals(self) -> tuple[AppEphemeral, ...]:
        """Data for components that comes with this commit, to be acted on in this order.

        Before what the same commit changes in the dictionary, and after all else (extensions
        draft).
        """
        return tuple(self._of(AppEphemeral))

    def _of(self, kind: type[P]) -> list[P]:
        return [each.proposal for each in self.proposals if isinstance(each.proposal, kind)]


class EpochChanged(Shown, frozen=True):
    """A commit has taken effect.

    Attributes:
        changed: What it changed.
        own: Whether it was our own pending commit.
        removed: Whether it removed us; the group is then of no more use.
        discarded: Whether a pending commit of our own lost the race.
        authenticated_data: What came beside it.
        aad_items: What each component says beside it, in a group with ``safe_aad``; else None.
    """

    changed: Changed
    own: bool = False
    removed: bool = False
    discarded: bool = False
    authenticated_data: bytes = b""
    aad_items: dict[int, bytes] | None = None


class OwnMessage(Shown, frozen=True):
    """One of our own messages came back; its key is gone, so it is only recognised.

    Attributes:
        epoch: The epoch in which we sent it.
    """

    epoch: int


Event = MessageReceived | ProposalReceived | EpochChanged | OwnMessage
