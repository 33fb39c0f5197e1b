"""RFC 9420 §6.2: public messages. May import crypto, structs and authenticate."""

from __future__ import annotations

from typing import TYPE_CHECKING

from covey.mls.framing.authenticate import encode_auth
from covey.mls.structs.framing import PublicMessage
from covey.mls.wire.code_points import SenderType

if TYPE_CHECKING:
    from covey.mls.crypto.suite import Suite
    from covey.mls.structs.framing import FramedContent, FramedContentAuthData


def protect(
    suite: Suite,
    membership_key: bytes,
    content: FramedContent,
    auth: FramedContentAuthData,
    tbs: bytes,
) -> PublicMessage:
    """Make a PublicMessage, with a membership tag when a member sends it (§6.2)."""
    if content.sender.sender_type is not SenderType.member:
        return PublicMessage(content, auth)
    tag = suite.mac(membership_key, tbs + encode_auth(auth, content.content_type))
    return PublicMessage(content, auth, tag)


def verify_membership(
    suite: Suite, membership_key: bytes, message: PublicMessage, tbs: bytes
) -> bool:
    """Whether the membership tag is MAC(membership_key, AuthenticatedContentTBM) (VAL-099)."""
    tbm = tbs + encode_auth(message.auth, message.content.content_type)
    tag = message.membership_tag
    return tag is not None and suite.verify_mac(membership_key, tbm, tag)
