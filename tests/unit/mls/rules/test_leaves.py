"""What a leaf node must satisfy by itself: every rule, kept and broken."""

from __future__ import annotations

import pytest

from certificates import Authority
from covey.mls.crypto.dialects import get_suite
from covey.mls.rules import leaves
from covey.mls.rules.leaves import CLOCK_SKEW, LeafSubject, leaf_tbs
from covey.mls.structs.components import with_app_data
from covey.mls.structs.credentials import Certificate, UnknownCredential, X509Credential
from covey.mls.structs.tree import LeafNode, Lifetime
from covey.mls.wire.code_points import GREASE, LeafNodeSource
from group_samples import UNKNOWN_TYPE, extension, found, member
from rule_cases import Case, breaks, each_of, holds, without_cases

NOW = 2_000_000_000
YEAR = 366 * 86_400
SUITE = get_suite(1)
NIST = get_suite(2)
CLIENT = member("alice")
PACKAGE = CLIENT.key_package(now=NOW).package
LEAF = PACKAGE.leaf_node
GROUP = found("abc")[0]
COMMITTED = next(leaf for index, leaf in GROUP.tree.members() if index == 0)
NIST_LEAF = member("alice", 2).key_package(now=NOW).package.leaf_node
CA = Authority()
CERTIFIED = CA.member("alice", 2)
CERTIFIED_LEAF = CERTIFIED.leaf(NIST_LEAF.encryption_key, LeafNodeSource.update)
UPDATE = CLIENT.leaf(LEAF.encryption_key, LeafNodeSource.update, group_id=b"group", index=3)


def of(leaf: LeafNode = LEAF, **changes: object) -> LeafSubject:
    """A leaf of suite 1, in a KeyPackage."""
    subject = LeafSubject(leaf, SUITE, LeafNodeSource.key_package, NOW, YEAR)
    return subject._replace(**changes)  # type: ignore[arg-type]


def listing(**changes: tuple[int, ...]) -> LeafNode:
    """The leaf with other capabilities."""
    return LEAF.replace(capabilities=LEAF.capabilities.replace(**changes))


def lasting(not_before: int, not_after: int) -> LeafSubject:
    """A leaf with a lifetime, seconds from now."""
    return of(LEAF.replace(lifetime=Lifetime(NOW + not_before, NOW + not_after)))


def chain(*certificates: bytes) -> X509Credential:
    """A credential of certificates."""
    return X509Credential(tuple(Certificate(each) for each in certificates))


def of_certified(leaf: LeafNode) -> LeafSubject:
    """A leaf of suite 2 with certificates."""
    return of(leaf, suite=NIST, source=LeafNodeSource.update)


OTHER_CHAIN = chain(*CA.chain("alice", member("eve", 2).signature_key, 2))
UNSORTED = extension(6, bytes.fromhex("06000200000100"))
COMPRESSED = b"\x02" + NIST_LEAF.signature_key[1:33]

CASES = [
    *holds(leaves.encryption_key_is_valid, of(), of(NIST_LEAF, suite=NIST)),
    *breaks(
        leaves.encryption_key_is_valid,
        (of(LEAF.replace(encryption_key=b"")), "bytes"),
        (of(LEAF.replace(encryption_key=bytes(32))), ""),
        (of(NIST_LEAF.replace(encryption_key=COMPRESSED), suite=NIST), ""),
        (of(suite=NIST), ""),
    ),
    *holds(leaves.signature_key_is_valid, of(), of(NIST_LEAF, suite=NIST)),
    *breaks(
        leaves.signature_key_is_valid,
        (of(LEAF.replace(signature_key=LEAF.signature_key[:31])), "bytes"),
        (of(LEAF.replace(signature_key=bytes(32))), "small order"),
        (of(NIST_LEAF.replace(signature_key=COMPRESSED), suite=NIST), ""),
    ),
    *holds(
        leaves.leaf_extensions_are_unique,
        of(),
        of(LEAF.replace(extensions=(extension(1), extension(UNKNOWN_TYPE)))),
    ),
    *breaks(
        leaves.leaf_extensions_are_unique,
        (of(LEAF.replace(extensions=(extension(1), extension(1, b"x")))), "0x0001"),
    ),
    *holds(
        leaves.leaf_app_data_decodes,
        of(),
        of(LEAF.replace(extensions=(extension(6, b"\x00"), extension(UNKNOWN_TYPE)))),
    ),
    *breaks(
        leaves.leaf_app_data_decodes,
        (of(LEAF.replace(extensions=(extension(6, b"\x00\x00"),))), "left over"),
        (of(LEAF.replace(extensions=(extension(1), extension(6)))), "app_data_dictionary"),
        (of(LEAF.replace(extensions=(UNSORTED,))), "do not increase"),
        (of(LEAF.replace(extensions=with_app_data((), {1: b"x"}))), "app_data_dictionary"),
    ),
    *holds(leaves.certificate_chain_is_not_empty, of(), of_certified(CERTIFIED_LEAF)),
    *breaks(leaves.certificate_chain_is_not_empty, (of(LEAF.replace(credential=chain())), "empty")),
    *holds(
        leaves.certificates_are_der,
        of(),
        of_certified(CERTIFIED_LEAF),
        of(LEAF.replace(credential=chain())),
        of_certified(CERTIFIED_LEAF.replace(credential=OTHER_CHAIN)),
    ),
    *breaks(
        leaves.certificates_are_der,
        (of_certified(CERTIFIED_LEAF.replace(credential=chain(b"no certificate"))), "DER"),
        (of_certified(CERTIFIED_LEAF.replace(credential=chain(CA.root, CA.root + b"x"))), "DER"),
        (of_certified(CERTIFIED_LEAF.replace(credential=chain(CA.root, b""))), "DER"),
    ),
    *holds(
        leaves.certificate_has_the_signature_key,
        of(),
        of_certified(CERTIFIED_LEAF),
        of(LEAF.replace(credential=chain())),
    ),
    *breaks(
        leaves.certificate_has_the_signature_key,
        (of_certified(CERTIFIED_LEAF.replace(credential=OTHER_CHAIN)), "another key"),
        (of_certified(CERTIFIED_LEAF.replace(signature_key=NIST_LEAF.signature_key)), "another"),
        (of_certified(CERTIFIED_LEAF.replace(credential=chain(b"no certificate"))), "decoded"),
        (of(LEAF.replace(credential=CERTIFIED.credential)), "ed25519"),
    ),
    *holds(
        leaves.credential_type_is_not_grease,
        of(),
        of(LEAF.replace(credential=UnknownCredential(UNKNOWN_TYPE, b""))),
    ),
    *breaks(
        leaves.credential_type_is_not_grease,
        (of(LEAF.replace(credential=UnknownCredential(GREASE[4], b""))), f"0x{GREASE[4]:04x}"),
    ),
    *holds(leaves.key_package_source, of(), of(UPDATE, source=None)),
    *breaks(leaves.key_package_source, (of(UPDATE), "update"), (of(COMMITTED), "commit")),
    *holds(leaves.update_source, of(UPDATE, source=LeafNodeSource.update)),
    *breaks(
        leaves.update_source,
        (of(source=LeafNodeSource.update), "key_package"),
        (of(COMMITTED, source=LeafNodeSource.update), "commit"),
    ),
    *holds(leaves.commit_source, of(COMMITTED, source=LeafNodeSource.commit)),
    *breaks(
        leaves.commit_source,
        (of(source=LeafNodeSource.commit), "key_package"),
        (of(UPDATE, source=LeafNodeSource.commit), "update"),
    ),
    *holds(
        leaves.update_changes_the_key,
        of(UPDATE, source=LeafNodeSource.update),
        of(UPDATE, source=LeafNodeSource.update, replaced=COMMITTED),
    ),
    *breaks(
        leaves.update_changes_the_key,
        (of(UPDATE, source=LeafNodeSource.update, replaced=LEAF), "same"),
    ),
    *holds(
        leaves.path_changes_the_key,
        of(COMMITTED, source=LeafNodeSource.commit),
        of(COMMITTED, source=LeafNodeSource.commit, replaced=LEAF),
    ),
    *breaks(
        leaves.path_changes_the_key,
        (of(COMMITTED, source=LeafNodeSource.commit, replaced=COMMITTED), "same"),
    ),
    *holds(
        leaves.lifetime_contains_now,
        of(),
        of(now=None),
        of(UPDATE),
        lasting(0, 0),
        lasting(CLOCK_SKEW, 9_000),
        lasting(-10, -5)._replace(now=None),
    ),
    *breaks(
        leaves.lifetime_contains_now,
        (lasting(-10, -5), "expired 5 s ago"),
        (lasting(CLOCK_SKEW + 1, 9_000), f"only in {CLOCK_SKEW + 1} s"),
    ),
    *holds(leaves.lifetime_is_not_too_long, of(), of(UPDATE), lasting(0, YEAR), lasting(5, 0)),
    *breaks(
        leaves.lifetime_is_not_too_long,
        (lasting(0, YEAR + 1), f"{YEAR + 1} s"),
        (of(LEAF.replace(lifetime=Lifetime(0, 2**64 - 1))), "accepted"),
    ),
    *holds(
        leaves.leaf_extensions_are_listed,
        of(),
        of(LEAF.replace(extensions=(extension(1),))),
        of(listing(extensions=(UNKNOWN_TYPE,)).replace(extensions=(extension(UNKNOWN_TYPE),))),
    ),
    *breaks(
        leaves.leaf_extensions_are_listed,
        (of(LEAF.replace(extensions=(extension(UNKNOWN_TYPE),))), "0xf0aa"),
        (of(listing(extensions=()).replace(extensions=(extension(GREASE[1]),))), "listed"),
    ),
    *holds(leaves.own_credential_type_is_listed, of(), of_certified(CERTIFIED_LEAF)),
    *breaks(
        leaves.own_credential_type_is_listed,
        (of(listing(credentials=(2,))), "0x0001"),
        (of(LEAF.replace(credential=UnknownCredential(UNKNOWN_TYPE, b""))), "0xf0aa"),
    ),
    *holds(leaves.defaults_are_not_listed, of()),
    *breaks(
        leaves.defaults_are_not_listed,
        (of(listing(extensions=(3,))), "[3]"),
        (of(listing(proposals=(1, 7))), "[1, 7]"),
    ),
]


@each_of(CASES)
def test_rule(case: Case) -> None:
    case.check()


def test_every_rule_has_a_case_for_it_and_one_against_it() -> None:
    assert without_cases(leaves, CASES) == set()


def test_grease_among_extensions_has_to_be_listed_like_any_other() -> None:
    greased = listing(extensions=(GREASE[1],)).replace(extensions=(extension(GREASE[1]),))
    assert leaves.leaf_extensions_are_listed.check(of(greased)) is None


@pytest.mark.parametrize("source", [LeafNodeSource.update, LeafNodeSource.commit])
def test_val_030_the_group_and_the_leaf_index_are_signed(source: LeafNodeSource) -> None:
    above = b"" if source is LeafNodeSource.commit else None
    leaf = CLIENT.leaf(LEAF.encryption_key, source, parent_hash=above, group_id=b"g", index=7)
    tbs = leaf_tbs(leaf, b"g", 7)
    assert tbs.endswith(b"\x01g\x00\x00\x00\x07")
    assert SUITE.verify_with_label(leaf.signature_key, leaves.LABEL, tbs, leaf.signature)


def test_val_030_a_key_package_leaf_signs_nothing_of_a_group() -> None:
    assert leaf_tbs(LEAF, b"g", 7) == leaf_tbs(LEAF, b"", 0)
    assert LEAF.encode().startswith(leaf_tbs(LEAF, b"g", 7))
