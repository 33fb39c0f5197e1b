"""What a new device shows, by which another one of its person adds it. May import the protocol.

A text: a heading and base32, in capital letters or not, with whatever white space.
"""

from __future__ import annotations

from base64 import b32decode, b32encode
from typing import TYPE_CHECKING, Final

from covey.access.structs.identity import AddDevice
from covey.client.words import typed
from covey.errors import DecodeError
from covey.mls.wire.struct import WireStruct
from covey.mls.wire.types import opaque, uint8

if TYPE_CHECKING:
    from typing import Self

VERSION: Final = 1

_HEAD: Final = "COVEY:D:"


class DeviceCode(WireStruct):
    """What a new device hands to another one of its person.

    struct {
        uint8 version = 1;
        AddDevice added;
        opaque signature_key<V>;
    } DeviceCode;

    ``signature_key`` is that of its leaves in groups.
    """

    version: uint8
    added: AddDevice
    signature_key: opaque

    @property
    def text(self) -> str:
        """The code as it is shown."""
        return _HEAD + b32encode(self.encode()).rstrip(b"=").decode()

    @classmethod
    def read(cls, text: str) -> Self:
        """A code as somebody has copied it.

        Raises:
            DecodeError: It is none, or not all of it, or of another version.
            TypeError: It is no text.
        """
        shown = "".join(typed.string("the code of a device", text).split()).upper()
        body = shown.removeprefix(_HEAD)
        try:
            given = cls.decode(b32decode(body + "=" * (-len(body) % 8)))
        except (ValueError, DecodeError):  # also of letters that base32 does not have
            msg = "this is no code of a device, or not all of it: copy it again"
            raise DecodeError(msg) from None
        if given.version != VERSION:
            msg = (
                f"the code is of version {given.version}, and only {VERSION} is known: update covey"
            )
            raise DecodeError(msg)
        return given
