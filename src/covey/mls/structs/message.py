"""RFC 9420 §6: MLSMessage, the outermost struct. Data only; may import all chapters."""

from __future__ import annotations

from typing import Annotated

from covey.mls.structs.framing import PrivateMessage, PublicMessage
from covey.mls.structs.key_package import KeyPackage
from covey.mls.structs.welcome import GroupInfo, Welcome
from covey.mls.wire.struct import WireStruct
from covey.mls.wire.types import Tagged, uint16


class MLSMessage(WireStruct):
    """What goes over a transport (§6). That ``version`` is mls10 is a rule (VAL-008).

    struct {
        ProtocolVersion version = mls10;
        WireFormat wire_format;
        select (MLSMessage.wire_format) {
            case mls_public_message:  PublicMessage public_message;
            case mls_private_message: PrivateMessage private_message;
            case mls_welcome:         Welcome welcome;
            case mls_group_info:      GroupInfo group_info;
            case mls_key_package:     KeyPackage key_package;
        };
    } MLSMessage;
    """

    version: uint16
    message: Annotated[
        PublicMessage | PrivateMessage | Welcome | GroupInfo | KeyPackage,
        Tagged(2, check="VAL-009"),
    ]
