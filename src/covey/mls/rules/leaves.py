"""RFC 9420 §5.3, §7.2, §7.3: what one leaf node must satisfy by itself.

May import crypto, structs and the tree. What it must satisfy among the other members (keys
that nobody else has, capabilities that the group needs) is in :mod:`covey.mls.rules.trees`,
where a counter answers instead of a scan.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

from covey.errors import DecodeError
from covey.mls.crypto.x509 import leaf_public_key, parse_chain
from covey.mls.rules.registry import rule
from covey.mls.structs.components import read_negotiation
from covey.mls.structs.credentials import X509Credential, credential_type
from covey.mls.tree.census import Kind, lists
from covey.mls.wire.code_points import (
    DEFAULT_EXTENSION_TYPES,
    DEFAULT_PROPOSAL_TYPES,
    GREASE,
    ExtensionType,
    LeafNodeSource,
)
from covey.mls.wire.varint import opaque

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from covey.mls.crypto.suite import Suite
    from covey.mls.structs.extensions import Extension
    from covey.mls.structs.tree import LeafNode

    Reader = Callable[[bytes], object]


class LeafSubject(NamedTuple):
    """A leaf node and where it stands.

    Attributes:
        leaf: The leaf node.
        suite: The suite of the group, or of the KeyPackage.
        source: Where it must come from; None in a tree, where each source is possible.
        now: Seconds since the epoch, or None to accept any lifetime.
        max_lifetime: The longest total lifetime that is accepted, in seconds.
        replaced: The leaf node that this one takes the place of, if any.
    """

    leaf: LeafNode
    suite: Suite
    source: LeafNodeSource | None
    now: int | None
    max_lifetime: int
    replaced: LeafNode | None = None


LABEL: Final = "LeafNodeTBS"
NEGOTIATION: Final[dict[int, Reader]] = {ExtensionType.app_data_dictionary: read_negotiation}
"""The extension of leaves that is read when it comes in."""
CLOCK_SKEW: Final = 3600
"""Seconds by which the clocks of clients may differ before a new KeyPackage is too new."""


def leaf_tbs(leaf: LeafNode, group_id: bytes, index: int) -> bytes:
    """LeafNodeTBS: all fields above the signature, and the group for update and commit (§7.2)."""
    encoded = leaf.encode()
    unsigned = encoded[: len(encoded) - len(opaque(leaf.signature))]
    if leaf.leaf_node_source is LeafNodeSource.key_package:
        return unsigned
    return b"".join((unsigned, opaque(group_id), index.to_bytes(4)))


def duplicate_types(extensions: tuple[Extension, ...]) -> str | None:
    """What a list of extensions has twice, or None (VAL-014)."""
    if len(extensions) < 2:
        return None
    seen: set[int] = set()
    for extension in extensions:
        if extension.extension_type in seen:
            return f"extension type 0x{extension.extension_type:04x} stands twice"
        seen.add(extension.extension_type)
    return None


def undecodable(extensions: Sequence[Extension], known: Mapping[int, Reader]) -> str | None:
    """Which of the extensions that are known holds other data, or None."""
    for extension in extensions:
        reader = known.get(extension.extension_type)
        try:
            if reader is not None:
                reader(extension.extension_data)
        except DecodeError as error:
            return f"{ExtensionType(extension.extension_type).name}: {error}"
    return None


@rule("VAL-010", "5.1.1")
def encryption_key_is_valid(subject: LeafSubject) -> str | None:
    """The encryption_key of a LeafNode is a public key of the suite's KEM."""
    try:
        subject.suite.check_hpke_public(subject.leaf.encryption_key)
    except DecodeError as error:
        return str(error)
    return None


@rule("VAL-011", "5.1.1", also=("VAL-018",))
def signature_key_is_valid(subject: LeafSubject) -> str | None:
    """The signature_key of a LeafNode is a public key of the suite's signature scheme."""
    try:
        subject.suite.check_signature_public(subject.leaf.signature_key)
    except DecodeError as error:
        return str(error)
    return None


@rule("VAL-014", "13.4")
def leaf_extensions_are_unique(subject: LeafSubject) -> str | None:
    """A list of extensions has at most one of each type."""
    return duplicate_types(subject.leaf.extensions)


@rule("APP-DATA-1", "extensions draft, app_data_dictionary")
def leaf_app_data_decodes(subject: LeafSubject) -> str | None:
    """The app_data_dictionary of a LeafNode is one, sorted, and its lists are lists."""
    return undecodable(subject.leaf.extensions, NEGOTIATION)


@rule("VAL-015", "5.3")
def certificate_chain_is_not_empty(subject: LeafSubject) -> str | None:
    """An X.509 credential holds at least one certificate."""
    credential = subject.leaf.credential
    if isinstance(credential, X509Credential) and not credential.certificates:
        return "the chain is empty"
    return None


@rule("VAL-015", "5.3")
def certificates_are_der(subject: LeafSubject) -> str | None:
    """Each entry of an X.509 credential is a DER-encoded certificate."""
    credential = subject.leaf.credential
    if not isinstance(credential, X509Credential) or not credential.certificates:
        return None
    try:
        parse_chain([each.cert_data for each in credential.certificates])
    except DecodeError as error:
        return str(error)
    return None


@rule("VAL-017", "5.3")
def certificate_has_the_signature_key(subject: LeafSubject) -> str | None:
    """The end-entity certificate certifies the signature_key of the LeafNode."""
    credential = subject.leaf.credential
    if not isinstance(credential, X509Credential) or not credential.certificates:
        return None
    try:
        certified = leaf_public_key(credential.certificates[0].cert_data, subject.suite)
    except DecodeError as error:
        return str(error)
    if certified != subject.leaf.signature_key:
        return "the certificate is for another key"
    return None


@rule("VAL-028", "13.5")
def credential_type_is_not_grease(subject: LeafSubject) -> str | None:
    """A GREASE value is never the type of a credential in use."""
    used = credential_type(subject.leaf.credential)
    return f"credential type 0x{used:04x}" if used in GREASE else None


@rule("VAL-031", "7.3")
def key_package_source(subject: LeafSubject) -> str | None:
    """The leaf of a KeyPackage has leaf_node_source key_package."""
    return _wrong_source(subject, LeafNodeSource.key_package)


@rule("VAL-032", "7.3")
def update_source(subject: LeafSubject) -> str | None:
    """The leaf of an Update has leaf_node_source update."""
    return _wrong_source(subject, LeafNodeSource.update)


@rule("VAL-033", "7.3")
def commit_source(subject: LeafSubject) -> str | None:
    """The leaf of an UpdatePath has leaf_node_source commit."""
    return _wrong_source(subject, LeafNodeSource.commit)


def _wrong_source(subject: LeafSubject, wanted: LeafNodeSource) -> str | None:
    source = subject.leaf.leaf_node_source
    return f"it is {source.name}" if subject.source is wanted is not source else None


@rule("VAL-034", "7.3")
def update_changes_the_key(subject: LeafSubject) -> str | None:
    """An Update has another encryption_key than the leaf that it replaces."""
    if subject.replaced is None or subject.source is not LeafNodeSource.update:
        return None
    same = subject.replaced.encryption_key == subject.leaf.encryption_key
    return "the key is the same" if same else None


@rule("VAL-083", "12.4.2")
def path_changes_the_key(subject: LeafSubject) -> str | None:
    """The leaf of an UpdatePath has another encryption_key than the committer's current one."""
    if subject.replaced is None or subject.source is not LeafNodeSource.commit:
        return None
    same = subject.replaced.encryption_key == subject.leaf.encryption_key
    return "the key is the same" if same else None


@rule("VAL-037", "7.3", also=("VAL-036",))
def lifetime_contains_now(subject: LeafSubject) -> str | None:
    """The lifetime of a LeafNode contains the current time."""
    lifetime = subject.leaf.lifetime
    if lifetime is None or subject.now is None:
        return None
    if subject.now > lifetime.not_after:
        return f"expired {subject.now - lifetime.not_after} s ago"
    if subject.now + CLOCK_SKEW < lifetime.not_before:
        return f"valid only in {lifetime.not_before - subject.now} s"
    return None


@rule("VAL-038", "7.2")
def lifetime_is_not_too_long(subject: LeafSubject) -> str | None:
    """The total lifetime of a LeafNode is within the application's maximum."""
    lifetime = subject.leaf.lifetime
    if lifetime is None:
        return None
    total = lifetime.not_after - lifetime.not_before
    if total > subject.max_lifetime:
        return f"{total} s, at most {subject.max_lifetime} s are accepted"
    return None


@rule("VAL-039", "7.3")
def leaf_extensions_are_listed(subject: LeafSubject) -> str | None:
    """Every non-default extension of a LeafNode is listed in its capabilities."""
    return unlisted_extension(subject.leaf, subject.leaf.extensions)


def unlisted_extension(leaf: LeafNode, extensions: tuple[Extension, ...]) -> str | None:
    """An extension type that the leaf's capabilities do not list, or None."""
    for extension in extensions:
        code = extension.extension_type
        if not lists(leaf.capabilities, Kind.extension, code):
            return f"extension type 0x{code:04x} is not listed"
    return None


@rule("VAL-040", "7.2")
def own_credential_type_is_listed(subject: LeafSubject) -> str | None:
    """A LeafNode lists its own credential type in its capabilities."""
    used = credential_type(subject.leaf.credential)
    if used in subject.leaf.capabilities.credentials:
        return None
    return f"credential type 0x{used:04x} is not listed"


@rule("VAL-041", "7.2", strict=True)
def defaults_are_not_listed(subject: LeafSubject) -> str | None:
    """Default extension and proposal types are not listed in capabilities."""
    capabilities = subject.leaf.capabilities
    extensions = DEFAULT_EXTENSION_TYPES.intersection(capabilities.extensions)
    proposals = DEFAULT_PROPOSAL_TYPES.intersection(capabilities.proposals)
    if not extensions and not proposals:
        return None
    return f"extensions {sorted(extensions)}, proposals {sorted(proposals)}"


LEAF_IN_TREE: Final = (
    encryption_key_is_valid,
    signature_key_is_valid,
    leaf_extensions_are_unique,
    leaf_app_data_decodes,
    certificate_chain_is_not_empty,
    certificates_are_der,
    certificate_has_the_signature_key,
    credential_type_is_not_grease,
    lifetime_contains_now,
    lifetime_is_not_too_long,
    leaf_extensions_are_listed,
    own_credential_type_is_listed,
    defaults_are_not_listed,
)
"""What a leaf satisfies in a tree that one joins; its signature is checked beside, in batches."""

LEAF: Final = (
    key_package_source,
    update_source,
    commit_source,
    update_changes_the_key,
    path_changes_the_key,
    *LEAF_IN_TREE,
)
"""What a leaf satisfies that comes in a KeyPackage, an Update or an UpdatePath."""
