"""Creating a group, alone or with its first members."""

from __future__ import annotations

import pytest

from covey import mls
from covey.errors import DecodeError, LocalProtocolError, PolicyError, StateError
from covey.mls.group.founding import check_suite_is_best
from group_samples import (
    ALL_SUITES,
    GREASE_VALUE,
    UNKNOWN_TYPE,
    agree,
    epoch,
    extension,
    external_senders,
    key_package,
    member,
    required,
)


@pytest.mark.parametrize("suite", ALL_SUITES, ids=lambda suite: f"suite{suite.value}")
def test_val_219_a_new_group(suite: int) -> None:
    group = mls.Group.create(member("alice", suite), group_id=b"team")
    assert (group.group_id, group.epoch, group.own_index) == (b"team", 0, 0)
    assert group.context.confirmed_transcript_hash == b""
    assert [each.identity for each in group.members] == [b"alice"]
    assert group.context.cipher_suite == suite
    agree([group])


def test_group_ids_and_secrets_are_fresh() -> None:
    alice = member("alice")
    one, other = mls.Group.create(alice), mls.Group.create(alice)
    assert one.group_id != other.group_id
    assert len(one.group_id) == 32
    assert one.epoch_authenticator != other.epoch_authenticator
    assert epoch(one).private.leaf != epoch(other).private.leaf


@pytest.mark.parametrize(
    ("extensions", "match"),
    [
        ([extension(UNKNOWN_TYPE)], "VAL-046"),
        ([extension(GREASE_VALUE)], "VAL-223"),
        ([required((UNKNOWN_TYPE,))], "VAL-043"),
        ([required(), required()], "VAL-014"),
    ],
    ids=["unsupported", "grease", "required", "twice"],
)
def test_extensions_that_cannot_be(extensions: list[mls.Extension], match: str) -> None:
    with pytest.raises(LocalProtocolError, match=match):
        mls.Group.create(member("alice"), extensions=extensions)


def test_who_founds_a_group_has_what_its_leaf_is_to_say() -> None:
    said = [extension(1, b"id")]
    for given in (said, iter(said)):
        packages = [member("bob").key_package().message]
        founded = mls.Group.found(member("alice"), packages, leaf_extensions=given)
        leaf = founded.group.tree.leaf(0)
        assert leaf is not None
        assert list(leaf.extensions) == said


def test_leaf_extensions_have_to_be_supported() -> None:
    with pytest.raises(LocalProtocolError, match="VAL-039"):
        mls.Group.create(member("alice"), leaf_extensions=[extension(UNKNOWN_TYPE)])


def test_external_senders_have_to_be_accepted() -> None:
    class Suspicious(mls.Policy):
        def validate_credential(self, credential: object, signature_key: bytes, now: int) -> None:
            del signature_key, now
            if credential == mls.BasicCredential(b"warden"):
                msg = "not that one"
                raise PolicyError(msg)

    alice = member("alice", policy=Suspicious())
    with pytest.raises(PolicyError):
        mls.Group.create(alice, extensions=[external_senders(member("warden"))])
    mls.Group.create(alice, extensions=[external_senders(member("keeper"))])


@pytest.mark.parametrize("count", [0, 1, 2, 7])
def test_found_creates_a_group_with_members(count: int) -> None:
    others = [member(f"m{number}") for number in range(count)]
    packages = [each.key_package() for each in others]
    founded = mls.Group.found(
        member("alice"), [each.message for each in packages], group_id=b"team"
    )
    assert founded.group.epoch == 1
    assert founded.group.pending is None
    assert founded.commit.changed.with_path
    assert len(founded.welcomes) == min(count, 1)
    joined = [
        mls.Group.join(client, package, founded.welcome)
        for client, package in zip(others, packages, strict=True)
    ]
    agree([founded.group, *joined])
    assert len(founded.group.members) == count + 1


def test_found_makes_one_welcome_each_if_wanted() -> None:
    bob, carol = member("bob"), member("carol")
    packages = [bob.key_package(), carol.key_package()]
    founded = mls.Group.found(
        member("alice"),
        [each.package for each in packages],
        one_welcome_each=True,
        welcome_tree=False,
    )
    assert [each.references for each in founded.welcomes] == [
        (package.reference,) for package in packages
    ]
    with pytest.raises(StateError, match="2 Welcomes"):
        assert founded.welcome
    tree = founded.group.ratchet_tree
    for client, package, invitation in zip((bob, carol), packages, founded.welcomes, strict=True):
        group = mls.Group.join(client, package, invitation.message, ratchet_tree=tree)
        agree([founded.group, group])


def test_found_refuses_what_is_no_key_package() -> None:
    alice = member("alice")
    with pytest.raises(DecodeError):
        mls.Group.found(alice, [b"nothing"])
    with pytest.raises(StateError, match="KeyPackage is needed"):
        mls.Group.found(alice, [mls.Group.create(alice).group_info()])
    with pytest.raises(LocalProtocolError, match="VAL-052"):
        mls.Group.found(alice, [key_package(member("bob", 3))])
    with pytest.raises(LocalProtocolError, match="VAL-037"):
        mls.Group.found(alice, [member("bob").key_package(now=100_000).message])
    package = key_package(member("bob"))
    with pytest.raises(LocalProtocolError, match="VAL-137"):
        mls.Group.found(alice, [package, package])


def test_val_220_the_best_suite_that_all_support() -> None:
    policy = mls.Policy(suites=(2, 3, 1))
    packages = [key_package(member("bob", 3))]
    with pytest.raises(LocalProtocolError, match="0x0002"):
        mls.Group.found(member("alice", 3, policy), packages)
    capable = packages[0].leaf_node.capabilities
    only = packages[0].replace(
        leaf_node=packages[0].leaf_node.replace(capabilities=capable.replace(cipher_suites=(1, 3)))
    )
    check_suite_is_best(3, policy.suites, [only])
    check_suite_is_best(2, policy.suites, packages)
    check_suite_is_best(5, (), packages)
    with pytest.raises(LocalProtocolError, match="VAL-220"):
        check_suite_is_best(1, policy.suites, [only])
