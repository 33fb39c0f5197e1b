"""RFC 9420 §12.1: proposals, and those of draft-ietf-mls-extensions.

Data only; may import the wire layer and the structs of earlier chapters.
"""

from __future__ import annotations

from typing import Annotated, ClassVar

from covey.mls.structs.extensions import Extension
from covey.mls.structs.key_package import KeyPackage
from covey.mls.structs.schedule import PreSharedKeyID
from covey.mls.structs.tree import LeafNode
from covey.mls.wire.code_points import AppDataUpdateOperation, ProposalType
from covey.mls.wire.struct import WireStruct
from covey.mls.wire.types import Case, Tagged, opaque, uint16, uint32


class Add(WireStruct):
    """Adds a client (§12.1.1).

    struct {
        KeyPackage key_package;
    } Add;
    """

    tag: ClassVar[int] = ProposalType.add

    key_package: KeyPackage


class Update(WireStruct):
    """Replaces the sender's leaf (§12.1.2).

    struct {
        LeafNode leaf_node;
    } Update;
    """

    tag: ClassVar[int] = ProposalType.update

    leaf_node: LeafNode


class Remove(WireStruct):
    """Removes the member at a leaf index (§12.1.3).

    struct {
        uint32 removed;
    } Remove;
    """

    tag: ClassVar[int] = ProposalType.remove

    removed: uint32


class PreSharedKey(WireStruct):
    """Mixes a pre-shared key into the next epoch (§12.1.4).

    struct {
        PreSharedKeyID psk;
    } PreSharedKey;
    """

    tag: ClassVar[int] = ProposalType.psk

    psk: PreSharedKeyID


class ReInit(WireStruct):
    """Asks for a new group with other parameters (§12.1.5).

    struct {
        opaque group_id<V>;
        ProtocolVersion version;
        CipherSuite cipher_suite;
        Extension extensions<V>;
    } ReInit;
    """

    tag: ClassVar[int] = ProposalType.reinit

    group_id: opaque
    version: uint16
    cipher_suite: uint16
    extensions: tuple[Extension, ...]


class ExternalInit(WireStruct):
    """Carries the init secret of an external commit (§12.1.6).

    struct {
        opaque kem_output<V>;
    } ExternalInit;
    """

    tag: ClassVar[int] = ProposalType.external_init

    kem_output: opaque


class GroupContextExtensions(WireStruct):
    """Replaces all extensions of the GroupContext (§12.1.7).

    struct {
        Extension extensions<V>;
    } GroupContextExtensions;
    """

    tag: ClassVar[int] = ProposalType.group_context_extensions

    extensions: tuple[Extension, ...]


class AppDataUpdate(WireStruct):
    """Changes what the group's ``app_data_dictionary`` holds of a component (extensions draft).

    struct {
        ComponentID component_id;
        AppDataUpdateOperation op;
        select (AppDataUpdate.op) {
            case update: opaque update<V>;
            case remove: struct{};
        };
    } AppDataUpdate;
    """

    tag: ClassVar[int] = ProposalType.app_data_update

    component_id: uint16
    op: AppDataUpdateOperation
    update: Annotated[opaque | None, Case("op", (AppDataUpdateOperation.update,))] = None


class AppEphemeral(WireStruct):
    """Data for a component, told to all members with the commit (extensions draft).

    struct {
        ComponentID component_id;
        opaque data<V>;
    } AppEphemeral;
    """

    tag: ClassVar[int] = ProposalType.app_ephemeral

    component_id: uint16
    data: opaque


class SelfRemove(WireStruct):
    """The sender leaves (draft-ietf-mls-extensions).

    struct {} SelfRemove;
    """

    tag: ClassVar[int] = ProposalType.self_remove


class UnknownProposal(WireStruct):
    """A proposal of a type that covey does not know; for the policy to accept or refuse.

    RFC 9420 gives no length to the content of an unknown type. The convention of the
    stacks in use is one ``opaque data<V>``; anything else is a DecodeError.
    """

    proposal_type: uint16
    data: opaque


Proposal = Annotated[
    Add
    | Update
    | Remove
    | PreSharedKey
    | ReInit
    | ExternalInit
    | GroupContextExtensions
    | AppDataUpdate
    | AppEphemeral
    | SelfRemove
    | UnknownProposal,
    Tagged(2, other=UnknownProposal),
]
"""A change that somebody proposes (§12.1).

struct {
    ProposalType proposal_type;
    select (Proposal.proposal_type) {
        case add:                      Add;
        case update:                   Update;
        case remove:                   Remove;
        case psk:                      PreSharedKey;
        case reinit:                   ReInit;
        case external_init:            ExternalInit;
        case group_context_extensions: GroupContextExtensions;
        case app_data_update:          AppDataUpdate;
        case app_ephemeral:            AppEphemeral;
        case self_remove:              SelfRemove;
    };
} Proposal;
"""


class ProposalFrame(WireStruct):
    """A Proposal where it stands alone (§12.1)."""

    proposal: Proposal


def proposal_type(proposal: Proposal) -> int:
    """The ``proposal_type`` of a Proposal."""
    if isinstance(proposal, UnknownProposal):
        return proposal.proposal_type
    return proposal.tag
