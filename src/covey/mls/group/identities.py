"""How a client and its KeyPackages are kept between runs. May import structs, and the dialects.

Both encodings hold private keys in the clear: encrypt them before you keep them. They have a
version, and a reader refuses a newer one. What has a suite whose number is not of the RFC is kept
inside of another encoding, which names the dialect of that number.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, Final, TypeVar

from covey.errors import DecodeError, StorageError
from covey.mls.crypto.dialects import RFC_9420, get_suite, is_known
from covey.mls.structs.credentials import Credential
from covey.mls.structs.key_package import KeyPackage
from covey.mls.wire.struct import WireStruct
from covey.mls.wire.types import opaque, uint8, uint16

if TYPE_CHECKING:
    from covey.mls.crypto.suite import Suite

VERSION: Final = 1
"""The version of both encodings."""

_NAMING: Final = 2
"""The version of what names a dialect, and holds one of them."""

T = TypeVar("T", "StoredMember", "StoredKeyPackage")


class NotSpokenError(StorageError):
    """What is kept has a suite of a dialect that is not spoken here; it is well."""


class StoredInDialect(WireStruct):
    """A client or a KeyPackage, and whose number its suite has."""

    secret: ClassVar[bool] = True

    version: uint16
    dialect: opaque
    stored: opaque


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

    @property
    def cipher_suite(self) -> int:
        """The number of its suite."""
        return self.package.cipher_suite


def kept(stored: StoredMember | StoredKeyPackage) -> bytes:
    """Encode a client or a KeyPackage, and name the dialect of its suite if that is of another one.

    Raises:
        UnsupportedError: Nothing that is spoken here has its suite.
    """
    data = stored.encode()
    dialect = get_suite(stored.cipher_suite).dialect
    if dialect == RFC_9420:
        return data
    return StoredInDialect(_NAMING, dialect.encode(), data).encode()


def read_member(data: bytes) -> StoredMember:
    """Decode a client.

    Raises:
        StorageError: The bytes are none, or of another version, or of a dialect that is not spoken.
    """
    return _read(data, StoredMember, "member")


def read_key_package(data: bytes) -> StoredKeyPackage:
    """Decode a KeyPackage with its private keys.

    Raises:
        StorageError: The bytes are none, or of another version, or of a dialect that is not spoken.
    """
    return _read(data, StoredKeyPackage, "KeyPackage")


def suite_of(what: str, code: int, named: bytes | None) -> Suite:
    """The suite of a number in the dialect of what is kept.

    Args:
        what: What is kept, for the error.
        code: The number.
        named: The dialect; None where none is named, as in what has a suite of the RFC.

    Raises:
        NotSpokenError: That is not spoken here.
        UnicodeError: It is no name.
    """
    dialect = None if named is None else named.decode()
    spoken = get_suite(code).dialect if is_known(code) else None
    if spoken is None or (dialect is not None and dialect != spoken):
        of = "" if dialect is None else f" of the dialect {dialect!r}"
        here = "that number is not known" if spoken is None else f"that number is of {spoken!r}"
        msg = (
            f"the {what} has suite 0x{code:04x}{of}, and {here} here: let covey.mls.speak"
            " speak its dialect"
        )
        raise NotSpokenError(msg)
    return get_suite(code)


def _read(data: bytes, form: type[T], what: str) -> T:
    try:
        if data[:2] != _NAMING.to_bytes(2):
            return _decoded(data, form, what)
        naming = StoredInDialect.decode(data)
        stored = _decoded(naming.stored, form, what)
        suite_of(what, stored.cipher_suite, naming.dialect)
    except (DecodeError, UnicodeError) as error:
        msg = f"this is no stored {what}: {error}"
        raise StorageError(msg) from None
    return stored


def _decoded(data: bytes, form: type[T], what: str) -> T:
    stored = form.decode(data)
    if stored.version != VERSION:
        msg = f"the {what} is stored in version {stored.version}, this covey reads {VERSION}"
        raise StorageError(msg)
    return stored
