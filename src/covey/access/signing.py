"""What is signed: one struct for each operation, under a label that names it.

May import the structs, and Ed25519 from the engine's crypto.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from covey.access.structs.basics import LabelledContent, Signed
from covey.errors import DecodeError
from covey.mls.crypto.signature import ED25519

if TYPE_CHECKING:
    from covey.mls.wire.struct import WireStruct

LABEL: Final = "covey access 1 "
"""Stands in front of every label: the protocol, and its version."""


def signed_bytes(label: str, content: bytes) -> bytes:
    """What a signature is over: the encoded LabelledContent."""
    return LabelledContent((LABEL + label).encode(), content).encode()


def public_key(seed: bytes) -> bytes:
    """The Ed25519 public key (32 bytes) of a seed (32 bytes)."""
    return ED25519.public_key(seed)


def is_public_key(key: bytes) -> bool:
    """Whether 32 bytes can be an Ed25519 public key: canonical, and not of small order."""
    try:
        ED25519.check_public(key)
    except DecodeError:
        return False
    return True


def sign(seed: bytes, label: str, content: WireStruct) -> bytes:
    """Sign a struct: 64 bytes.

    Args:
        seed: The Ed25519 private key.
        label: The operation.
        content: What is said.
    """
    return ED25519.sign(seed, signed_bytes(label, content.encode()))


def signed(seed: bytes, label: str, request: WireStruct) -> Signed:
    """A request with its signature; see :func:`sign`."""
    encoded = request.encode()
    return Signed(encoded, ED25519.sign(seed, signed_bytes(label, encoded)))


def verify(key: bytes, label: str, content: bytes, signature: bytes) -> bool:
    """Tell whether a signature is one of this key, over this struct, under this label.

    Args:
        key: The Ed25519 public key.
        label: The operation.
        content: The struct, encoded.
        signature: 64 bytes.
    """
    return ED25519.verify(key, signed_bytes(label, content), signature)
