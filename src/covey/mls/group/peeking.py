"""What a message says about itself before anything is verified. May import structs.

For routing: which group a message is for, or which KeyPackage a Welcome. Nothing here may be
believed; whoever acts on it acts on what a stranger wrote.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from covey.mls.group.events import Shown
from covey.mls.group.receiving import decode_message
from covey.mls.structs.framing import PrivateMessage, PublicMessage
from covey.mls.structs.key_package import KeyPackage
from covey.mls.structs.welcome import GroupInfo, Welcome
from covey.mls.wire.code_points import ContentType, WireFormat

if TYPE_CHECKING:
    from covey.mls.structs.message import MLSMessage


class Peek(Shown, frozen=True):
    """The outside of a message; None where its kind does not say. All of it is unverified.

    Attributes:
        wire_format: Its kind.
        group_id: The group that it is for.
        epoch: The epoch that it is for.
        content_type: Application data, proposal or commit.
        cipher_suite: The suite of a Welcome, KeyPackage or GroupInfo.
        references: The KeyPackageRefs that a Welcome is for.
        authenticated_data: What goes beside the content, in the clear.
    """

    wire_format: WireFormat
    group_id: bytes | None = None
    epoch: int | None = None
    content_type: ContentType | None = None
    cipher_suite: int | None = None
    references: tuple[bytes, ...] = ()
    authenticated_data: bytes = b""


def peek(data: bytes) -> Peek:
    """Look at the outside of a message, in order to route it (§6). Nothing is verified.

    Raises:
        DecodeError: The bytes are no MLSMessage.
        RemoteProtocolError: It has another version than mls10.
    """
    message: MLSMessage = decode_message(data)
    match message.message:
        case PublicMessage(content=content):
            return Peek(
                WireFormat.mls_public_message,
                content.group_id,
                content.epoch,
                content.content_type,
                authenticated_data=content.authenticated_data,
            )
        case PrivateMessage() as private:
            return Peek(
                WireFormat.mls_private_message,
                private.group_id,
                private.epoch,
                private.content_type,
                authenticated_data=private.authenticated_data,
            )
        case Welcome(cipher_suite=suite, secrets=secrets):
            references = tuple(each.new_member for each in secrets)
            return Peek(WireFormat.mls_welcome, cipher_suite=suite, references=references)
        case GroupInfo(group_context=context):
            suite = context.cipher_suite
            return Peek(
                WireFormat.mls_group_info, context.group_id, context.epoch, cipher_suite=suite
            )
        case KeyPackage(cipher_suite=suite):
            return Peek(WireFormat.mls_key_package, cipher_suite=suite)
