"""Parcels: what a commit leaves at the broker for those whom it lets in, each under its own key.

May import the structs and the engine. A Welcome is taken apart: what is the same for everybody
goes into one parcel, the ratchet tree into another, and each joiner's own EncryptedGroupSecrets
into its pointer, so that the broker does not even learn how many are let in.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

from covey.access.member.padding import needed, pad, unpad
from covey.access.structs.log import Parcel
from covey.access.structs.sealed import ParcelContext, ParcelKey
from covey.errors import DecodeError
from covey.mls.crypto.aead import AES_256_GCM
from covey.mls.group.padding import padme
from covey.mls.structs.message import MLSMessage
from covey.mls.structs.welcome import EncryptedGroupSecrets, Welcome
from covey.mls.wire.code_points import ProtocolVersion

if TYPE_CHECKING:
    from collections.abc import Mapping

    from covey.mls.crypto.entropy import Entropy

VERSION: Final = 1

_ID_LENGTH: Final = 32


class SealedParcel(NamedTuple):
    """A parcel for the broker, and where it is and its key, for who is to open it."""

    parcel: Parcel
    key: ParcelKey


class SplitWelcome(NamedTuple):
    """A Welcome, taken apart.

    Attributes:
        common: The MLSMessage with the Welcome and nobody's secrets.
        secrets: Each joiner's EncryptedGroupSecrets, by KeyPackageRef.
    """

    common: bytes
    secrets: Mapping[bytes, EncryptedGroupSecrets]


def seal_parcel(gid: bytes, content: bytes, entropy: Entropy) -> SealedParcel:
    """Make a parcel, of a size of Padmé's.

    Args:
        gid: The log.
        content: What is in it.
        entropy: Where its id and its key come from.
    """
    number, key = entropy(_ID_LENGTH), entropy(AES_256_GCM.Nk)
    size = padme(needed(content) + AES_256_GCM.Nt)
    context = ParcelContext(VERSION, gid, number).encode()
    nonce, plaintext = bytes(AES_256_GCM.Nn), pad(content, size - AES_256_GCM.Nt)
    body = AES_256_GCM.seal(key, nonce, context, plaintext)
    return SealedParcel(Parcel(number, body), ParcelKey(number, key))


def open_parcel(gid: bytes, parcel: Parcel, key: ParcelKey) -> bytes:
    """What is in a parcel.

    Raises:
        DecodeError: It is another parcel than the key is for, or its padding is wrong.
        AuthenticationError: It was sealed with another key, for another log, or changed.
    """
    if parcel.id != key.id:
        msg = "the broker sent another parcel than was asked for"
        raise DecodeError(msg)
    context = ParcelContext(VERSION, gid, parcel.id).encode()
    return unpad(AES_256_GCM.open(key.key, bytes(AES_256_GCM.Nn), context, parcel.body))


def split_welcome(message: bytes) -> SplitWelcome:
    """Take a Welcome apart.

    Raises:
        DecodeError: The bytes are no MLSMessage with a Welcome.
    """
    welcome = _welcome(message)
    common = _message(welcome.replace(secrets=()))
    return SplitWelcome(common, {each.new_member: each for each in welcome.secrets})


def whole_welcome(common: bytes, secrets: EncryptedGroupSecrets) -> bytes:
    """The MLSMessage with the Welcome for one joiner, put together again.

    Raises:
        DecodeError: ``common`` is no MLSMessage with a Welcome without secrets.
    """
    welcome = _welcome(common)
    if welcome.secrets:
        msg = "the Welcome in the parcel holds secrets of others"
        raise DecodeError(msg)
    return _message(welcome.replace(secrets=(secrets,)))


def _welcome(message: bytes) -> Welcome:
    welcome = MLSMessage.decode(message).message
    if not isinstance(welcome, Welcome):
        msg = f"a Welcome is needed, this is a {type(welcome).__name__}"
        raise DecodeError(msg)
    return welcome


def _message(welcome: Welcome) -> bytes:
    return MLSMessage(ProtocolVersion.mls10, welcome).encode()
