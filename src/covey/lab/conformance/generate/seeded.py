"""Bytes and identities that follow from a seed.

May import structs, crypto and the rules that know what is signed.
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Final, NamedTuple

from covey.mls.rules import key_packages, leaves
from covey.mls.structs.credentials import BasicCredential
from covey.mls.structs.key_package import KeyPackage
from covey.mls.structs.tree import Capabilities, LeafNode, Lifetime
from covey.mls.wire.code_points import CredentialType, LeafNodeSource, ProtocolVersion

if TYPE_CHECKING:
    from covey.mls.crypto.suite import Suite

Vector = dict[str, object]
"""A case as it stands in a file."""

_NEVER: Final = (1 << 64) - 1
FOREVER: Final = Lifetime(0, _NEVER)
"""A lifetime that no run of the vectors outlives."""


class Seeded:
    """An Entropy that follows from a seed.

    Args:
        seed: Any bytes.
        purpose: Other purposes give other bytes.
    """

    def __init__(self, seed: bytes, purpose: str) -> None:
        self._key = hashlib.sha256(len(seed).to_bytes(8) + seed + purpose.encode()).digest()
        self._draws = 0

    def __call__(self, length: int) -> bytes:
        """The next ``length`` bytes."""
        self._draws += 1
        return hashlib.shake_256(self._key + self._draws.to_bytes(8)).digest(length)

    def below(self, limit: int) -> int:
        """A number from 0 up to, not including, ``limit``."""
        return int.from_bytes(self(16)) % limit

    def some(self, most: int = 32) -> bytes:
        """Up to ``most`` bytes, perhaps none."""
        return self(self.below(most + 1))


class Identity(NamedTuple):
    """A client with its private keys and its KeyPackage."""

    signature_key: bytes
    encryption_key: bytes
    init_key: bytes
    package: KeyPackage


def new_identity(suite: Suite, entropy: Seeded, name: bytes) -> Identity:
    """A client with a basic credential."""
    signature_key, signature_public = suite.generate_signature_keys(entropy)
    encryption_key, encryption_public = suite.generate_key_pair(entropy)
    init_key, init_public = suite.generate_key_pair(entropy)
    leaf = LeafNode(
        encryption_public,
        signature_public,
        BasicCredential(name),
        Capabilities((ProtocolVersion.mls10,), (suite.code,), (), (), (CredentialType.basic,)),
        LeafNodeSource.key_package,
        FOREVER,
        None,
        (),
        b"",
    )
    leaf = signed_leaf(suite, leaf, signature_key)
    package = KeyPackage(ProtocolVersion.mls10, suite.code, init_public, leaf, (), b"")
    signature = suite.sign_with_label(
        signature_key, key_packages.LABEL, key_packages.key_package_tbs(package)
    )
    return Identity(signature_key, encryption_key, init_key, package.replace(signature=signature))


def signed_leaf(
    suite: Suite, leaf: LeafNode, signature_key: bytes, group_id: bytes = b"", index: int = 0
) -> LeafNode:
    """A leaf with its signature."""
    content = leaves.leaf_tbs(leaf, group_id, index)
    return leaf.replace(signature=suite.sign_with_label(signature_key, leaves.LABEL, content))
