"""What members of the company say to each other, inside of MLS. Data only.

May import the protocol's structs. An application of one's own has its own contents; what this
protocol asks for is that doors reach those who are in the group already (NewDoor).
"""

from __future__ import annotations

from typing import Annotated, ClassVar

from covey.access.structs.basics import BlobId, Digest
from covey.access.structs.sealed import Door
from covey.mls.wire.struct import WireStruct
from covey.mls.wire.types import Tagged, opaque, uint64


class Text(WireStruct):
    """Something said.

    struct {
        opaque text<V>;
    } Text;
    """

    tag: ClassVar[int] = 1

    text: opaque


class NewDoor(WireStruct):
    """The private key of a capability's door, for those who were there before it.

    struct {
        Door door;
    } NewDoor;
    """

    tag: ClassVar[int] = 2
    secret: ClassVar[bool] = True

    door: Door


class Attachment(WireStruct):
    """Where a blob is, and how to open it.

    struct {
        opaque blob[32];
        opaque key[32];
        opaque name<V>;
        uint64 size;
    } Attachment;

    ``size`` is in bytes, of the whole blob as it lies at the broker.
    """

    tag: ClassVar[int] = 3
    secret: ClassVar[bool] = True

    blob: BlobId
    key: Digest
    name: opaque
    size: uint64


class Content(WireStruct):
    """The application data of a message: a byte that says what it is, then that.

    struct {
        uint8 type;
        select (Content.type) {
            case 1: Text;
            case 2: NewDoor;
            case 3: Attachment;
        };
    } Content;
    """

    said: Annotated[Text | NewDoor | Attachment, Tagged(1)]


Said = Text | NewDoor | Attachment
"""What can be said."""
