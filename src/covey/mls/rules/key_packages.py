"""RFC 9420 §10.1: what a KeyPackage must satisfy. May import crypto and structs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

from covey.errors import DecodeError
from covey.mls.rules.leaves import duplicate_types, undecodable, unlisted_extension
from covey.mls.rules.registry import rule
from covey.mls.structs.components import read_app_data
from covey.mls.wire.code_points import ExtensionType, ProtocolVersion
from covey.mls.wire.varint import opaque

if TYPE_CHECKING:
    from covey.mls.crypto.suite import Suite
    from covey.mls.rules.leaves import Reader
    from covey.mls.structs.key_package import KeyPackage

LABEL: Final = "KeyPackageTBS"
APP_DATA: Final[dict[int, Reader]] = {ExtensionType.app_data_dictionary: read_app_data}
"""The extension of KeyPackages and GroupInfos that is read when it comes in."""


class KeyPackageSubject(NamedTuple):
    """A KeyPackage and the group that it is meant for."""

    package: KeyPackage
    suite: Suite


def key_package_tbs(package: KeyPackage) -> bytes:
    """KeyPackageTBS: all fields above the signature (§10)."""
    encoded = package.encode()
    return encoded[: len(encoded) - len(opaque(package.signature))]


@rule("VAL-052", "10.1", also=("VAL-053",))
def suite_and_version_match(subject: KeyPackageSubject) -> str | None:
    """The version and the cipher suite of a KeyPackage are those of the group."""
    package = subject.package
    if package.version != ProtocolVersion.mls10:
        return f"version {package.version}"
    if package.cipher_suite != subject.suite.code:
        return f"suite 0x{package.cipher_suite:04x}, the group has 0x{subject.suite.code:04x}"
    return None


@rule("VAL-056", "10.1")
def init_key_is_its_own(subject: KeyPackageSubject) -> str | None:
    """The init_key of a KeyPackage differs from its leaf's encryption_key."""
    same = subject.package.init_key == subject.package.leaf_node.encryption_key
    return "they are the same" if same else None


@rule("VAL-057", "10")
def init_key_is_valid(subject: KeyPackageSubject) -> str | None:
    """The init_key of a KeyPackage is a public key of the suite's KEM."""
    try:
        subject.suite.check_hpke_public(subject.package.init_key)
    except DecodeError as error:
        return str(error)
    return None


@rule("VAL-059", "10", strict=True)
def known_extensions_are_listed(subject: KeyPackageSubject) -> str | None:
    """Every extension of a KeyPackage that is known is listed in its leaf's capabilities.

    Unknown ones "MUST be ignored" (VAL-060), whether they are listed or not: what receivers
    look at is a list of the leaf's own extensions only (§13.5).
    """
    package = subject.package
    known = tuple(each for each in package.extensions if each.extension_type in _KNOWN)
    return unlisted_extension(package.leaf_node, known)


_KNOWN: Final = frozenset(ExtensionType)


@rule("VAL-059", "10")
def own_extensions_are_listed(subject: KeyPackageSubject) -> str | None:
    """Every non-default extension of a KeyPackage of ours is listed in its leaf's capabilities."""
    return unlisted_extension(subject.package.leaf_node, subject.package.extensions)


@rule("VAL-014", "13.4")
def key_package_extensions_are_unique(subject: KeyPackageSubject) -> str | None:
    """The extensions of a KeyPackage have at most one of each type."""
    return duplicate_types(subject.package.extensions)


@rule("APP-DATA-1", "extensions draft, app_data_dictionary")
def key_package_app_data_decodes(subject: KeyPackageSubject) -> str | None:
    """The app_data_dictionary of a KeyPackage is one, sorted."""
    return undecodable(subject.package.extensions, APP_DATA)


KEY_PACKAGE: Final = (
    suite_and_version_match,
    init_key_is_its_own,
    init_key_is_valid,
    known_extensions_are_listed,
    key_package_extensions_are_unique,
    key_package_app_data_decodes,
)
"""What every KeyPackage satisfies besides the rules for its leaf (VAL-054) and its signature."""

OWN: Final = (own_extensions_are_listed,)
"""What a KeyPackage that we make satisfies besides."""
