"""What a KeyPackage must satisfy: every rule, kept and broken."""

from __future__ import annotations

from typing import TYPE_CHECKING

from covey.mls.crypto.dialects import get_suite
from covey.mls.rules import key_packages
from covey.mls.rules.key_packages import KeyPackageSubject, key_package_tbs
from covey.mls.wire.code_points import GREASE, ExtensionType
from group_samples import UNKNOWN_TYPE, extension, member
from rule_cases import Case, breaks, each_of, holds, without_cases

if TYPE_CHECKING:
    from covey.mls.structs.key_package import KeyPackage

SUITE = get_suite(1)
CLIENT = member("alice")
PACKAGE = CLIENT.key_package().package
UNSORTED = extension(6, bytes.fromhex("06000200000100"))
LAST_RESORT = CLIENT.key_package(last_resort=True).package
NIST_PACKAGE = member("alice", 2).key_package().package


def of(package: KeyPackage = PACKAGE, suite: int = 1) -> KeyPackageSubject:
    """A KeyPackage for a group of a suite."""
    return KeyPackageSubject(package, get_suite(suite))


def with_extensions(*types: int) -> KeyPackageSubject:
    """The KeyPackage with extensions of some types."""
    return of(PACKAGE.replace(extensions=tuple(extension(each) for each in types)))


def silent(code: int) -> KeyPackageSubject:
    """The KeyPackage with an extension of a type; its leaf lists no extension at all."""
    leaf = PACKAGE.leaf_node
    leaf = leaf.replace(capabilities=leaf.capabilities.replace(extensions=()))
    return of(PACKAGE.replace(leaf_node=leaf, extensions=(extension(code),)))


CASES = [
    *holds(key_packages.suite_and_version_match, of(), of(NIST_PACKAGE, 2)),
    *breaks(
        key_packages.suite_and_version_match,
        (of(PACKAGE.replace(version=2)), "version 2"),
        (of(PACKAGE, 3), "suite 0x0001"),
        (of(NIST_PACKAGE), "suite 0x0002"),
    ),
    *holds(key_packages.init_key_is_its_own, of()),
    *breaks(
        key_packages.init_key_is_its_own,
        (of(PACKAGE.replace(init_key=PACKAGE.leaf_node.encryption_key)), "same"),
    ),
    *holds(key_packages.init_key_is_valid, of(), of(NIST_PACKAGE, 2)),
    *breaks(
        key_packages.init_key_is_valid,
        (of(PACKAGE.replace(init_key=b"")), "bytes"),
        (of(PACKAGE.replace(init_key=bytes(32))), "order"),
        (of(NIST_PACKAGE.replace(init_key=b"\x02" + NIST_PACKAGE.init_key[1:33]), 2), ""),
        (of(NIST_PACKAGE.replace(init_key=b"\x04" + bytes(64)), 2), ""),
    ),
    *holds(
        key_packages.known_extensions_are_listed,
        of(),
        of(LAST_RESORT),
        with_extensions(1, ExtensionType.last_resort),
        with_extensions(UNKNOWN_TYPE),
        with_extensions(*GREASE),
    ),
    *breaks(key_packages.known_extensions_are_listed, (silent(10), "0x000a is not listed")),
    *holds(
        key_packages.own_extensions_are_listed,
        of(),
        of(LAST_RESORT),
        with_extensions(1, ExtensionType.last_resort),
    ),
    *breaks(
        key_packages.own_extensions_are_listed,
        (with_extensions(UNKNOWN_TYPE), "0xf0aa"),
        (with_extensions(*GREASE), "not listed"),
    ),
    *holds(key_packages.key_package_app_data_decodes, of(), of(LAST_RESORT), with_extensions(1)),
    *breaks(
        key_packages.key_package_app_data_decodes,
        (with_extensions(6), "app_data_dictionary"),
        (of(PACKAGE.replace(extensions=(UNSORTED,))), "do not increase"),
    ),
    *holds(key_packages.key_package_extensions_are_unique, of(), with_extensions(1, 2)),
    *breaks(key_packages.key_package_extensions_are_unique, (with_extensions(1, 1), "0x0001")),
]


@each_of(CASES)
def test_rule(case: Case) -> None:
    case.check()


def test_every_rule_has_a_case_for_it_and_one_against_it() -> None:
    assert without_cases(key_packages, CASES) == set()


def test_all_fields_above_the_signature_are_signed() -> None:
    tbs = key_package_tbs(PACKAGE)
    assert PACKAGE.encode().startswith(tbs)
    assert len(PACKAGE.encode()) - len(tbs) == len(PACKAGE.signature) + 2
    assert SUITE.verify_with_label(CLIENT.signature_key, key_packages.LABEL, tbs, PACKAGE.signature)
