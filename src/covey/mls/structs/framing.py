"""RFC 9420 §6: message framing. Data only; may import the wire layer and earlier chapters.

MLSMessage is in :mod:`covey.mls.structs.message`, since it can hold everything.
"""

from __future__ import annotations

from typing import Annotated, ClassVar

from covey.mls.structs.commit import Commit
from covey.mls.structs.proposals import Proposal
from covey.mls.wire.code_points import ContentType, SenderType, WireFormat
from covey.mls.wire.struct import WireStruct
from covey.mls.wire.types import Case, Fixed, Given, opaque, uint16, uint32, uint64


class Sender(WireStruct):
    """Who sent a message (§6).

    struct {
        SenderType sender_type;
        select (Sender.sender_type) {
            case member:              uint32 leaf_index;
            case external:            uint32 sender_index;
            case new_member_commit:
            case new_member_proposal: struct{};
        };
    } Sender;
    """

    sender_type: SenderType
    leaf_index: Annotated[uint32 | None, Case("sender_type", (SenderType.member,))] = None
    sender_index: Annotated[uint32 | None, Case("sender_type", (SenderType.external,))] = None


class FramedContent(WireStruct):
    """What is signed: the content and where it belongs (§6).

    struct {
        opaque group_id<V>;
        uint64 epoch;
        Sender sender;
        opaque authenticated_data<V>;
        ContentType content_type;
        select (FramedContent.content_type) {
            case application: opaque application_data<V>;
            case proposal:    Proposal proposal;
            case commit:      Commit commit;
        };
    } FramedContent;
    """

    group_id: opaque
    epoch: uint64
    sender: Sender
    authenticated_data: opaque
    content_type: ContentType
    application_data: Annotated[opaque | None, Case("content_type", (ContentType.application,))] = (
        None
    )
    proposal: Annotated[Proposal | None, Case("content_type", (ContentType.proposal,))] = None
    commit: Annotated[Commit | None, Case("content_type", (ContentType.commit,))] = None
    raw: bytes = b""


class FramedContentAuthData(WireStruct):
    """What authenticates a FramedContent (§6.1).

    struct {
        opaque signature<V>;
        select (FramedContent.content_type) {
            case commit:      MAC confirmation_tag;
            case application:
            case proposal:    struct{};
        };
    } FramedContentAuthData;
    """

    signature: opaque
    confirmation_tag: Annotated[opaque | None, Case("given", (ContentType.commit,))] = None


class AuthenticatedContent(WireStruct):
    """A content with what authenticates it, before or after protection (§6).

    struct {
        WireFormat wire_format;
        FramedContent content;
        FramedContentAuthData auth;
    } AuthenticatedContent;
    """

    wire_format: uint16
    content: FramedContent
    auth: Annotated[FramedContentAuthData, Given("content.content_type")]


class PublicMessage(WireStruct):
    """A message that is signed and not encrypted (§6.2).

    struct {
        FramedContent content;
        FramedContentAuthData auth;
        select (PublicMessage.content.sender.sender_type) {
            case member:              MAC membership_tag;
            case external:
            case new_member_commit:
            case new_member_proposal: struct{};
        };
    } PublicMessage;
    """

    tag: ClassVar[int] = WireFormat.mls_public_message

    content: FramedContent
    auth: Annotated[FramedContentAuthData, Given("content.content_type")]
    membership_tag: Annotated[
        opaque | None, Case("content.sender.sender_type", (SenderType.member,))
    ] = None


class PrivateMessage(WireStruct):
    """A message that is signed and encrypted (§6.3).

    struct {
        opaque group_id<V>;
        uint64 epoch;
        ContentType content_type;
        opaque authenticated_data<V>;
        opaque encrypted_sender_data<V>;
        opaque ciphertext<V>;
    } PrivateMessage;
    """

    tag: ClassVar[int] = WireFormat.mls_private_message

    group_id: opaque
    epoch: uint64
    content_type: ContentType
    authenticated_data: opaque
    encrypted_sender_data: opaque
    ciphertext: opaque


class PrivateMessageContent(WireStruct):
    """The plaintext of a PrivateMessage up to its padding (§6.3.1).

    struct {
        select (PrivateMessage.content_type) {
            case application: opaque application_data<V>;
            case proposal:    Proposal proposal;
            case commit:      Commit commit;
        };
        FramedContentAuthData auth;
        opaque padding[length_of_padding];
    } PrivateMessageContent;
    """

    application_data: Annotated[opaque | None, Case("given", (ContentType.application,))]
    proposal: Annotated[Proposal | None, Case("given", (ContentType.proposal,))]
    commit: Annotated[Commit | None, Case("given", (ContentType.commit,))]
    auth: Annotated[FramedContentAuthData, Given("given")]


class SenderData(WireStruct):
    """Which key of which sender encrypts a message (§6.3.2).

    struct {
        uint32 leaf_index;
        uint32 generation;
        opaque reuse_guard[4];
    } SenderData;
    """

    leaf_index: uint32
    generation: uint32
    reuse_guard: Annotated[bytes, Fixed(4)]


class PrivateContentAAD(WireStruct):
    """What a PrivateMessage's content encryption authenticates besides (§6.3.1).

    struct {
        opaque group_id<V>;
        uint64 epoch;
        ContentType content_type;
        opaque authenticated_data<V>;
    } PrivateContentAAD;
    """

    group_id: opaque
    epoch: uint64
    content_type: ContentType
    authenticated_data: opaque


class SenderDataAAD(WireStruct):
    """What a PrivateMessage's sender data encryption authenticates besides (§6.3.2).

    struct {
        opaque group_id<V>;
        uint64 epoch;
        ContentType content_type;
    } SenderDataAAD;
    """

    group_id: opaque
    epoch: uint64
    content_type: ContentType
