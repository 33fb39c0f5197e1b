"""A client before it is in any group."""

from __future__ import annotations

import time

import pytest

from certificates import Authority
from covey import mls
from covey.errors import LocalProtocolError, UnsupportedError
from covey.mls.crypto.entropy import system_entropy
from covey.mls.crypto.suites import SUITES
from covey.mls.group.member import CLOCK_TOLERANCE, key_package_ref
from covey.mls.group.policy import DAY
from covey.mls.group.verify import key_package_job
from covey.mls.structs.components import (
    AppDataDictionary,
    ComponentData,
    app_data,
    read_negotiation,
    with_app_data,
)
from covey.mls.structs.key_package import is_last_resort
from covey.mls.structs.message import MLSMessage
from covey.mls.wire.code_points import (
    COMPONENT_GREASE,
    GREASE,
    ExtensionType,
    LeafNodeSource,
    ProposalType,
)
from flock import stream
from group_samples import ALL_SUITES, UNKNOWN_TYPE, extension, member

SUITES_OF_ALL = pytest.mark.parametrize("suite", ALL_SUITES, ids=lambda suite: f"{suite.value}")


@SUITES_OF_ALL
def test_a_basic_client(suite: int) -> None:
    alice = member("alice", suite)
    assert alice.suite is SUITES[suite]
    assert alice.suite.signature_public(alice.signer) == alice.signature_key
    assert member("alice", suite).signature_key != alice.signature_key


def test_an_unknown_suite_is_not_supported() -> None:
    with pytest.raises(UnsupportedError, match="0x000b"):
        member("alice", 0x000B)


@SUITES_OF_ALL
def test_a_certified_client_has_the_key_of_its_certificate(suite: int) -> None:
    alice = Authority().member("alice", suite)
    assert isinstance(alice.credential, mls.X509Credential)
    package = alice.key_package().package
    assert package.leaf_node.signature_key == alice.signature_key


def test_a_rotated_client_has_another_key() -> None:
    alice = member("alice")
    rotated = alice.rotated()
    assert rotated.credential == alice.credential
    assert rotated.signature_key != alice.signature_key
    other = alice.rotated(mls.BasicCredential(b"alice at work"))
    assert other.credential == mls.BasicCredential(b"alice at work")


def test_what_a_client_supports() -> None:
    policy = mls.Policy(
        grease=False,
        extension_types=frozenset({UNKNOWN_TYPE}),
        proposal_types=frozenset({UNKNOWN_TYPE}),
    )
    capabilities = member("alice", policy=policy).capabilities()
    assert capabilities.versions == (1,)
    assert capabilities.cipher_suites == tuple(SUITES)
    assert set(capabilities.extensions) == {
        ExtensionType.app_data_dictionary,
        ExtensionType.last_resort,
        UNKNOWN_TYPE,
    }
    assert set(capabilities.proposals) == {ProposalType.self_remove, UNKNOWN_TYPE}
    assert set(capabilities.credentials) == {1, 2}


def test_grease_is_mixed_in() -> None:
    capabilities = member("alice").capabilities()
    for listed in (
        capabilities.cipher_suites,
        capabilities.extensions,
        capabilities.proposals,
        capabilities.credentials,
    ):
        assert len(set(listed) & set(GREASE)) == 1
    assert not set(capabilities.versions) & set(GREASE)


@SUITES_OF_ALL
def test_a_key_package(suite: int) -> None:
    alice = member("alice", suite)
    made = alice.key_package(now=1_000_000, lifetime=50)
    package = made.package
    lifetime = package.leaf_node.lifetime
    assert lifetime is not None
    assert (lifetime.not_before, lifetime.not_after) == (1_000_000 - CLOCK_TOLERANCE, 1_000_050)
    assert package.leaf_node.leaf_node_source is LeafNodeSource.key_package
    assert package.init_key == alice.suite.public_key(made.init_private)
    assert package.leaf_node.encryption_key == alice.suite.public_key(made.leaf_private)
    assert alice.suite.verify_with_label(*key_package_job(package))
    assert MLSMessage.decode(made.message).message == package
    assert made.reference == key_package_ref(alice.suite, package)
    assert len(made.reference) == alice.suite.Nh
    assert alice.key_package().reference != made.reference


def test_a_key_package_lasts_90_days_from_now() -> None:
    lifetime = member("alice").key_package().package.leaf_node.lifetime
    assert lifetime is not None
    assert abs(lifetime.not_after - 90 * DAY - time.time()) < 10
    assert member("alice").key_package(now=5).package.leaf_node.lifetime is not None


def test_extensions_of_a_key_package_and_its_leaf() -> None:
    alice = member("alice")
    made = alice.key_package(
        extensions=[extension(1, b"package")], leaf_extensions=[extension(1, b"leaf")]
    )
    assert made.package.extensions == (extension(1, b"package"),)
    assert made.package.leaf_node.extensions == (extension(1, b"leaf"),)


@pytest.mark.parametrize(
    ("rule", "options"),
    [
        ("VAL-039", {"leaf_extensions": [extension(UNKNOWN_TYPE)]}),
        ("VAL-059", {"extensions": [extension(UNKNOWN_TYPE)]}),
        ("VAL-038", {"lifetime": 400 * DAY}),
        (
            "APP-DATA-1",
            {
                "extensions": [extension(ExtensionType.app_data_dictionary, b"x")],
                "last_resort": True,
            },
        ),
    ],
)
def test_val_061_a_key_package_that_no_group_would_take(
    rule: str, options: dict[str, object]
) -> None:
    with pytest.raises(LocalProtocolError, match=rule):
        member("alice").key_package(**options)  # type: ignore[arg-type]


def test_erratum_12_both_marks_of_a_last_resort_are_read() -> None:
    alice = member("alice")
    ours = alice.key_package(last_resort=True).package
    assert ours.extensions == (
        extension(
            ExtensionType.app_data_dictionary,
            AppDataDictionary((ComponentData(4, b""),)).encode(),
        ),
    )
    assert is_last_resort(ours)
    old = alice.key_package(extensions=[extension(ExtensionType.last_resort)]).package
    assert is_last_resort(old)
    other = AppDataDictionary((ComponentData(5, b""),)).encode()
    entry = extension(ExtensionType.app_data_dictionary, other)
    assert not is_last_resort(alice.key_package(extensions=[entry]).package)
    both = [entry, extension(ExtensionType.last_resort)]
    assert is_last_resort(alice.key_package(extensions=both).package)


def test_the_mark_joins_what_else_the_key_package_says() -> None:
    theirs = with_app_data((extension(1),), {9: b"nine", 2: b"two"})
    package = member("alice").key_package(extensions=theirs, last_resort=True).package
    assert app_data(package.extensions) == {2: b"two", 4: b"", 9: b"nine"}
    assert is_last_resort(package)


def test_a_client_says_which_components_it_supports() -> None:
    policy = mls.Policy(components={0x8001: None, 0x10: None}, safe_aad=frozenset({0x10}))
    leaf = member("alice", policy=policy).key_package().package.leaf_node
    assert {8, 9}.issubset(leaf.capabilities.proposals)
    [dictionary] = leaf.extensions
    found = {
        each: [code for code in codes if code not in GREASE]
        for each, codes in read_negotiation(dictionary.extension_data).items()
    }
    assert found == {1: [1, 2, 0x10, 0x8001], 2: [0x10]}


@pytest.mark.parametrize("grease", [False, True])
def test_lists_of_components_are_greased_as_the_policy_wants(grease: bool) -> None:  # noqa: FBT001
    policy = mls.Policy(components={0x8001: None}, grease=grease)
    [dictionary] = member("alice", policy=policy).key_package().package.leaf_node.extensions
    lists = read_negotiation(dictionary.extension_data)
    assert [len(codes) for codes in lists.values()] == [3 + grease, grease]
    assert all(codes[-1] in COMPONENT_GREASE for codes in lists.values() if grease)


def test_components_stand_beside_what_else_the_leaf_says() -> None:
    policy = mls.Policy(components={0x8001: None}, grease=False)
    theirs = with_app_data((extension(1),), {0x8001: b"ours"})
    leaf = member("a", policy=policy).key_package(leaf_extensions=theirs).package.leaf_node
    assert leaf.extensions[0] == extension(1)
    assert sorted(app_data(leaf.extensions)) == [1, 2, 0x8001]


def test_without_components_a_leaf_says_nothing_of_them() -> None:
    leaf = member("alice").key_package().package.leaf_node
    assert leaf.extensions == ()
    assert {8, 9}.isdisjoint(leaf.capabilities.proposals)


def test_a_garbled_dictionary_in_a_leaf_is_refused() -> None:
    policy = mls.Policy(components={0x8001: None})
    garbled = [extension(ExtensionType.app_data_dictionary, b"x")]
    with pytest.raises(LocalProtocolError, match="APP-DATA-1"):
        member("alice", policy=policy).key_package(leaf_extensions=garbled)


def test_the_same_entropy_gives_the_same_client() -> None:
    one, other = (mls.Member.basic(b"alice", 1, entropy=stream(b"seed")) for _ in range(2))
    assert (one.signature_key, one.signer) == (other.signature_key, other.signer)
    assert one.key_package(now=9).message == other.key_package(now=9).message
    assert mls.Member.basic(b"a", 1, entropy=system_entropy).signer != one.signer
