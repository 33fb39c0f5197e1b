"""One device has a signature key for each signature scheme: the first one signs the others.

May import the engine's structs and crypto. A group that is moved to a suite with other signatures
has other signature keys in its tree. By what stands here all members see that the same devices are
behind them, whoever it is that hands out the KeyPackages.
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Final

from covey.errors import DecodeError, UnsupportedError
from covey.mls.crypto.dialects import get_suite, is_known
from covey.mls.group.identity import identity
from covey.mls.structs.extensions import Extension
from covey.mls.wire.struct import WireStruct
from covey.mls.wire.types import opaque, uint16

if TYPE_CHECKING:
    from covey.mls import Member
    from covey.mls.structs.credentials import Credential
    from covey.mls.structs.tree import LeafNode

SAME_DEVICE: Final = 0xF0C7
"""The extension type, of those for private use (RFC 9420 §17.3)."""

_LABEL: Final = "covey same device 1"
"""Of SignWithLabel (RFC 9420 §5.1.2)."""


class SameDevice(WireStruct):
    """By which first key the signature key of a leaf is vouched for; data of the extension 0xF0C7.

    struct {
        CipherSuite cipher_suite;
        opaque signature_key<V>;
        opaque signature<V>;
    } SameDevice;

    ``cipher_suite`` says of which scheme ``signature_key`` is. What is signed is a
    :class:`SecondKey`.
    """

    cipher_suite: uint16
    signature_key: opaque
    signature: opaque


class SecondKey(WireStruct):
    """A further key of a device.

    struct {
        opaque identity<V>;
        opaque signature_key<V>;
    } SecondKey;
    """

    identity: opaque
    signature_key: opaque


def vouched(first: Member, second: Member) -> tuple[Extension, ...]:
    """What a leaf of a second key carries; nothing when it is the first key itself.

    Args:
        first: The device with its first signature key.
        second: The device in another suite.
    """
    if first.signature_key == second.signature_key:
        return ()
    signed = _signed(second.credential, second.signature_key)
    signature = first.suite.sign_with_label(first.signer, _LABEL, signed)
    stated = SameDevice(first.suite.code, first.signature_key, signature)
    return (Extension(SAME_DEVICE, stated.encode()),)


def first_key(leaf: LeafNode) -> bytes | None:
    """By which signature key a device is known, in whatever suite its leaf is.

    Returns:
        The key; None for a leaf that names a first key which has not signed its own.
    """
    for each in leaf.extensions:
        if each.extension_type == SAME_DEVICE:
            return _verified(each.extension_data, leaf.credential, leaf.signature_key)
    return leaf.signature_key


def is_false(leaf: LeafNode) -> bool:
    """Whether a leaf names a first key that has not signed its own, as far as we can tell.

    What names one of a suite that is not known here may hold.
    """
    stated = [each.extension_data for each in leaf.extensions if each.extension_type == SAME_DEVICE]
    return first_key(leaf) is None and not any(map(_is_of_unknown_suite, stated[:1]))


def _is_of_unknown_suite(data: bytes) -> bool:
    try:
        return not is_known(SameDevice.decode(data).cipher_suite)
    except DecodeError:
        return False


@lru_cache(maxsize=4096)
def _verified(data: bytes, credential: Credential, key: bytes) -> bytes | None:
    try:
        stated = SameDevice.decode(data)
        suite = get_suite(stated.cipher_suite)
    except (DecodeError, UnsupportedError):
        return None
    signed = _signed(credential, key)
    holds = suite.verify_with_label(stated.signature_key, _LABEL, signed, stated.signature)
    return stated.signature_key if holds else None


def _signed(credential: Credential, key: bytes) -> bytes:
    return SecondKey(identity(credential), key).encode()
