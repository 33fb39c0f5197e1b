"""A client before it is in any group: its signature key, credential and KeyPackages.

RFC 9420 §5.3, §7.2, §10. May import crypto, structs and rules.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Final

from covey.errors import DecodeError, StorageError, UnsupportedError
from covey.mls.crypto.dialects import get_suite
from covey.mls.crypto.entropy import Entropy, system_entropy
from covey.mls.crypto.suite import Suite
from covey.mls.crypto.suites import SUITES
from covey.mls.group import identities
from covey.mls.group.app_data import announced
from covey.mls.group.policy import DAY, Policy
from covey.mls.group.verify import Checker
from covey.mls.rules import key_packages, leaves
from covey.mls.rules.registry import Local, enforce
from covey.mls.structs.components import app_data, with_app_data
from covey.mls.structs.credentials import (
    BasicCredential,
    Certificate,
    Credential,
    X509Credential,
)
from covey.mls.structs.key_package import KeyPackage
from covey.mls.structs.message import MLSMessage
from covey.mls.structs.tree import Capabilities, LeafNode, Lifetime
from covey.mls.wire.code_points import (
    GREASE,
    ComponentID,
    CredentialType,
    ExtensionType,
    LeafNodeSource,
    ProposalType,
    ProtocolVersion,
)
from covey.mls.wire.struct import Unshown, as_bytes
from covey.mls.wire.varint import opaque

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from covey.mls.structs.extensions import Extension


CLOCK_TOLERANCE: Final = 3600
"""Seconds by which a KeyPackage's lifetime begins before now."""


class Member(Unshown, frozen=True):
    """A client: who it is and the key that it signs with.

    Attributes:
        suite: The cipher suite of its keys.
        credential: Who it is.
        signature_key: Its public signature key.
        signer: Its private signature key; never shown.
        policy: What it supports.
        entropy: Where its keys come from.
    """

    suite: Suite
    credential: Credential
    signature_key: bytes
    signer: bytes
    policy: Policy = Policy()
    entropy: Entropy = system_entropy

    @classmethod
    def basic(
        cls,
        identity: bytes,
        suite: int,
        *,
        policy: Policy | None = None,
        entropy: Entropy = system_entropy,
    ) -> Member:
        """A client with a basic credential and a fresh signature key (§5.3).

        Raises:
            UnsupportedError: The suite is not one of 0x0001 … 0x0007.
        """
        return cls.from_credential(
            BasicCredential(as_bytes(identity)), suite, policy=policy, entropy=entropy
        )

    @classmethod
    def x509(
        cls,
        chain: Sequence[bytes],
        signer: bytes,
        suite: int,
        *,
        policy: Policy | None = None,
        entropy: Entropy = system_entropy,
    ) -> Member:
        """A client with a certificate chain and the private key of its end entity (§5.3).

        Args:
            chain: DER certificates, the end entity first.
            signer: The private key, raw: the seed of EdDSA, the big-endian scalar of ECDSA.
            suite: The cipher suite.
            policy: What it supports.
            entropy: Where further keys come from.
        """
        credential = X509Credential(tuple(Certificate(each) for each in chain))
        return cls.from_credential(credential, suite, signer=signer, policy=policy, entropy=entropy)

    @classmethod
    def from_credential(
        cls,
        credential: Credential,
        suite: int,
        *,
        signer: bytes | None = None,
        policy: Policy | None = None,
        entropy: Entropy = system_entropy,
    ) -> Member:
        """A client with any credential, with its private key or a fresh one."""
        found = get_suite(suite)
        if signer is None:
            signer, public = found.generate_signature_keys(entropy)
        else:
            public = found.signature_public(signer)
        return cls(found, credential, public, signer, policy or Policy(), entropy)

    def __repr__(self) -> str:
        return f"Member({self.credential!r}, {self.suite!r})"

    def encode(self) -> bytes:
        """The client with its private key, to be kept; encrypt it before you do."""
        return identities.kept(
            identities.StoredMember(
                identities.VERSION, self.suite.code, self.credential, self.signer
            )
        )

    @classmethod
    def decode(
        cls, data: bytes, *, policy: Policy | None = None, entropy: Entropy = system_entropy
    ) -> Member:
        """A client that was kept.

        Raises:
            StorageError: The bytes are none, or of another version or a dialect that is not
                spoken, or its keys are not those of a suite.
        """
        stored = identities.read_member(data)
        try:
            return cls.from_credential(
                stored.credential,
                stored.cipher_suite,
                signer=stored.signer,
                policy=policy,
                entropy=entropy,
            )
        except (DecodeError, UnsupportedError) as error:
            msg = f"the stored member is of no use: {error}"
            raise StorageError(msg) from None

    def rotated(self, credential: Credential | None = None) -> Member:
        """The same client with a fresh signature key, and another credential if given."""
        return Member.from_credential(
            credential or self.credential,
            self.suite.code,
            policy=self.policy,
            entropy=self.entropy,
        )

    def capabilities(self) -> Capabilities:
        """What the client supports; GREASE is mixed in if the policy wants it (§7.2)."""
        extensions = {
            ExtensionType.app_data_dictionary,
            ExtensionType.last_resort,
            *self.policy.extension_types,
        }
        proposals = {ProposalType.self_remove, *self.policy.proposal_types}
        if self.policy.components:
            proposals |= {ProposalType.app_data_update, ProposalType.app_ephemeral}
        return Capabilities(
            (ProtocolVersion.mls10,),
            self._greased(dict.fromkeys([*SUITES, self.suite.code, *self.policy.suites])),
            self._greased(sorted(int(each) for each in extensions)),
            self._greased(sorted(int(each) for each in proposals)),
            self._greased((CredentialType.basic, CredentialType.x509)),
        )

    def _greased(self, values: Iterable[int]) -> tuple[int, ...]:
        plain = tuple(int(value) for value in values)
        if not self.policy.grease:
            return plain
        return (*plain, GREASE[self.entropy(1)[0] % len(GREASE)])

    def leaf(
        self,
        encryption_key: bytes,
        source: LeafNodeSource,
        *,
        lifetime: Lifetime | None = None,
        parent_hash: bytes | None = None,
        extensions: Sequence[Extension] = (),
        capabilities: Capabilities | None = None,
        group_id: bytes = b"",
        index: int = 0,
    ) -> LeafNode:
        """A signed leaf node of this client (§7.2)."""
        leaf = LeafNode(
            encryption_key,
            self.signature_key,
            self.credential,
            capabilities or self.capabilities(),
            source,
            lifetime,
            parent_hash,
            announced(extensions, self.policy, self.entropy),
            b"",
        )
        return sign_leaf(self.suite, leaf, self.signer, group_id, index)

    def key_package(
        self,
        *,
        lifetime: int = 90 * DAY,
        last_resort: bool = False,
        extensions: Sequence[Extension] = (),
        leaf_extensions: Sequence[Extension] = (),
        now: int | None = None,
    ) -> PrivateKeyPackage:
        """A fresh KeyPackage, and the private keys that belong to it (§10).

        Args:
            lifetime: How long it may be used, in seconds.
            last_resort: Whether it may be used more than once.
            extensions: Of the KeyPackage.
            leaf_extensions: Of its leaf; their types have to be in the policy.
            now: Seconds since the epoch; the clock's by default.

        Raises:
            LocalProtocolError: No group would take it, such as for an extension that the
                policy does not list.
        """
        now = int(time.time()) if now is None else now
        init_private, init_key = self.suite.generate_key_pair(self.entropy)
        leaf_private, leaf_key = self.suite.generate_key_pair(self.entropy)
        leaf = self.leaf(
            leaf_key,
            LeafNodeSource.key_package,
            lifetime=Lifetime(max(now - CLOCK_TOLERANCE, 0), now + lifetime),
            extensions=leaf_extensions,
        )
        unsigned = KeyPackage(
            ProtocolVersion.mls10,
            self.suite.code,
            init_key,
            leaf,
            _marked(extensions) if last_resort else tuple(extensions),
            b"",
        )
        tbs = key_packages.key_package_tbs(unsigned)
        signature = self.suite.sign_with_label(self.signer, key_packages.LABEL, tbs)
        package = KeyPackage.decode(unsigned.replace(signature=signature).encode())
        Checker(self.policy, now, Local).key_package(package, self.suite)
        enforce(key_packages.OWN, key_packages.KeyPackageSubject(package, self.suite), Local)
        return PrivateKeyPackage(
            package, init_private, leaf_private, self.signer, last_resort=last_resort
        )


def sign_leaf(suite: Suite, leaf: LeafNode, signer: bytes, group_id: bytes, index: int) -> LeafNode:
    """The leaf with its signature, and its encoding kept (§7.2)."""
    unsigned = leaf.replace(signature=b"")
    encoded = unsigned.encode()
    tbs = leaves.leaf_tbs(unsigned.replace(raw=encoded), group_id, index)
    signature = suite.sign_with_label(signer, leaves.LABEL, tbs)
    return unsigned.replace(signature=signature, raw=encoded[:-1] + opaque(signature))


def _marked(extensions: Sequence[Extension]) -> tuple[Extension, ...]:
    """The extensions of a KeyPackage that may be used more than once."""
    try:
        entries = app_data(extensions)
    except DecodeError:
        return tuple(extensions)  # for a rule to refuse
    return with_app_data(extensions, {**entries, ComponentID.last_resort_key_package: b""})


class PrivateKeyPackage(Unshown, frozen=True):
    """A KeyPackage with its private keys; only ``message`` is for others.

    Attributes:
        package: The KeyPackage.
        init_private: Opens a Welcome; delete it once joined, unless last resort (VAL-062).
        leaf_private: Of the leaf's encryption key.
        signer: Of the leaf's signature key.
        last_resort: Whether it may be used more than once.
    """

    package: KeyPackage
    init_private: bytes
    leaf_private: bytes
    signer: bytes
    last_resort: bool = False

    def __repr__(self) -> str:
        return f"PrivateKeyPackage({self.reference.hex()})"

    def encode(self) -> bytes:
        """The KeyPackage with its private keys, to be kept; encrypt it before you do."""
        return identities.kept(
            identities.StoredKeyPackage(
                identities.VERSION,
                self.package,
                self.init_private,
                self.leaf_private,
                self.signer,
                int(self.last_resort),
            )
        )

    @classmethod
    def decode(cls, data: bytes) -> PrivateKeyPackage:
        """A KeyPackage that was kept.

        Raises:
            StorageError: The bytes are none, or of another version or a dialect that is not spoken.
        """
        stored = identities.read_key_package(data)
        return cls(
            stored.package,
            stored.init_private,
            stored.leaf_private,
            stored.signer,
            bool(stored.last_resort),
        )

    @property
    def message(self) -> bytes:
        """The MLSMessage to publish (§6)."""
        return MLSMessage(ProtocolVersion.mls10, self.package).encode()

    @property
    def reference(self) -> bytes:
        """The KeyPackageRef (Nh bytes, §5.2)."""
        return key_package_ref(get_suite(self.package.cipher_suite), self.package)


def key_package_ref(suite: Suite, package: KeyPackage) -> bytes:
    """MakeKeyPackageRef(value) (§5.2)."""
    return suite.ref_hash("MLS 1.0 KeyPackage Reference", package.encode())
