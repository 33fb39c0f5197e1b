"""How a client and its KeyPackages are kept between runs. May import structs.

Both encodings hold private keys in the clear: encrypt them before you keep them. They have a
version, and a reader refuses a newer one.
"""

from __future__ import annotations

from typing import ClassVar, Final

from covey.errors import DecodeError, StorageError
from covey.mls.structs.credentials import Credential
from covey.mls.structs.key_package import KeyPackage
from covey.mls.wire.struct import WireStruct
from covey.mls.wire.types import opaque, uint8, uint16

VERSION: Final = 1
"""The version of both encodings."""


class StoredMember(WireStruct):
    """A client: who it is and the key that it signs with."""

    secret: ClassVar[bool] = True

    version: uint16
    cipher_suite: uint16
    credential: Credential
    signer: opaque


class StoredKeyPackage(WireStruct):
    """A KeyPackage with its private keys."""

    secret: ClassVar[bool] = True

    version: uint16
    package: KeyPackage
    init_private: opaque
    leaf_private: opaque
    signer: opaque
    last_resort: uint8


def read_member(data: bytes) -> StoredMember:
    """Decode a client.

    Raises:
        StorageError: The bytes are none, or of another version.
    """
    try:
        stored = StoredMember.decode(data)
    except DecodeError as error:
        msg = f"this is no stored member: {error}"
        raise StorageError(msg) from None
    _require_version("member", stored.version)
    return stored


def read_key_package(data: bytes) -> StoredKeyPackage:
    """Decode a KeyPackage with its private keys.

    Raises:
        StorageError: The bytes are none, or of another version.
    """
    try:
        stored = StoredKeyPackage.decode(data)
    except DecodeError as error:
        msg = f"this is no stored KeyPackage: {error}"
        raise StorageError(msg) from None
    _require_version("KeyPackage", stored.version)
    return stored


def _require_version(what: str, version: int) -> None:
    if version != VERSION:
        msg = f"the {what} is stored in version {version}, this covey reads {VERSION}"
        raise StorageError(msg)
