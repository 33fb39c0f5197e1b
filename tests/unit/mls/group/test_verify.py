"""Checking leaves and KeyPackages as they come in."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from covey import mls
from covey.errors import AuthenticationError, LocalProtocolError, PolicyError, RemoteProtocolError
from covey.mls.group.verify import Checker, key_package_job, leaf_job
from covey.mls.rules.registry import Local, Remote
from covey.mls.wire.code_points import LeafNodeSource
from group_samples import agree, external_senders, found, key_package, member, public_state, sent

if TYPE_CHECKING:
    from covey.mls.structs.credentials import Credential
    from covey.mls.structs.tree import LeafNode

NOW = mls.Ports().now()
PACKAGE = key_package(member("a"))
LEAF = PACKAGE.leaf_node
SUITE = member("a").suite


class Asked(mls.Policy):
    """A policy that notes which credentials it is asked about."""

    def validate_credential(
        self, credential: Credential, signature_key: bytes, now: int | None
    ) -> None:
        """Note it."""
        assert len(signature_key) == 32
        assert now in {None, NOW}
        ASKED.append(credential)


ASKED: list[Credential] = []


class Refusing(mls.Policy):
    """A policy that wants nobody."""

    def validate_credential(
        self, credential: Credential, signature_key: bytes, now: int | None
    ) -> None:
        """Refuse it."""
        del credential, signature_key, now
        msg = "unwanted"
        raise PolicyError(msg)


class Naming(mls.Policy):
    """A policy that says itself which check it refuses by."""

    def validate_credential(
        self, credential: Credential, signature_key: bytes, now: int | None
    ) -> None:
        """Refuse it."""
        del credential, signature_key, now
        rule = "VAL-025"
        raise AuthenticationError(rule, "5.3.1")


@pytest.fixture
def asked() -> list[Credential]:
    """The credentials that were validated."""
    ASKED.clear()
    return ASKED


def checker(blame: type = Remote, **policy: object) -> Checker:
    """A checker that notes credentials."""
    return Checker(Asked(**policy), NOW, blame)  # type: ignore[arg-type]


def test_a_leaf_is_checked_and_its_credential_validated(asked: list[Credential]) -> None:
    checker().leaf(LEAF, SUITE, LeafNodeSource.key_package)
    assert asked == []  # not before its signature has been verified
    checker().credential(LEAF)
    assert asked == [LEAF.credential]


@pytest.mark.parametrize(
    ("blame", "error"), [(Local, LocalProtocolError), (Remote, RemoteProtocolError)]
)
def test_who_is_to_blame(blame: type, error: type[Exception]) -> None:
    with pytest.raises(error, match="VAL-032"):
        checker(blame).leaf(LEAF, SUITE, LeafNodeSource.update)


def test_val_022_a_credential_that_stays_is_not_validated_again(asked: list[Credential]) -> None:
    alice, bob = found("ab")
    bob.propose_update()
    update = bob.proposals[0]
    assert isinstance(update.proposal, mls.Update)
    old = alice.tree.leaf(1)
    checker().credential(update.proposal.leaf_node, old)
    assert asked == []
    bob.propose_update(member("b"))
    rotated = bob.proposals[1].proposal
    assert isinstance(rotated, mls.Update)
    checker().credential(rotated.leaf_node, old)
    assert asked == [rotated.leaf_node.credential]
    with pytest.raises(PolicyError, match="VAL-025"):
        checker().credential(rotated.leaf_node, key_package(member("other")).leaf_node)


@pytest.mark.parametrize(
    ("blame", "source", "rule"),
    [
        (Local, LeafNodeSource.key_package, "VAL-019"),
        (Remote, LeafNodeSource.key_package, "VAL-021"),
        (Remote, LeafNodeSource.update, "VAL-022"),
        (Remote, LeafNodeSource.commit, "VAL-023"),
        (Local, LeafNodeSource.commit, "VAL-023"),
    ],
)
def test_what_the_policy_refuses_names_the_occasion(
    blame: type, source: LeafNodeSource, rule: str
) -> None:
    leaf = LEAF.replace(leaf_node_source=source)
    with pytest.raises(PolicyError, match=f"unwanted.*{rule}, RFC 9420 §5.3.1") as refused:
        Checker(Refusing(), NOW, blame).credential(leaf)
    assert (refused.value.rule, refused.value.section) == (rule, "5.3.1")


def test_a_refusal_that_names_a_check_keeps_it() -> None:
    with pytest.raises(AuthenticationError, match="VAL-025"):
        Checker(Naming(), NOW, Remote).credential(LEAF)


def test_val_024_a_refused_external_sender_names_its_rule() -> None:
    gce = mls.GroupContextExtensions((external_senders(member("warden")),))
    with pytest.raises(PolicyError, match="VAL-024"):
        Checker(Refusing(), NOW, Remote).credentials(sent(gce), public_state(found("ab")[0]))


@pytest.mark.parametrize("received_lifetimes", [True, False])
def test_val_036_and_val_037_when_lifetimes_are_judged(*, received_lifetimes: bool) -> None:
    old = member("a").key_package(now=1000).package.leaf_node
    sending = checker(Local, received_lifetimes=received_lifetimes)
    receiving = checker(Remote, received_lifetimes=received_lifetimes)
    assert sending.judged_at == NOW
    assert receiving.judged_at == (NOW if received_lifetimes else None)
    with pytest.raises(LocalProtocolError, match="VAL-037"):
        sending.leaf(old, SUITE, LeafNodeSource.key_package)
    if received_lifetimes:
        with pytest.raises(RemoteProtocolError, match="VAL-037"):
            receiving.leaf(old, SUITE, LeafNodeSource.key_package)
    else:
        receiving.leaf(old, SUITE, LeafNodeSource.key_package)


def test_a_commit_that_comes_late_is_still_taken() -> None:
    clock = [1_800_000_000]

    def ports() -> mls.Ports:
        return mls.Ports(now=lambda: clock[0])

    alice, bob, carol = (member(name) for name in ("alice", "bob", "carol"))
    package, other = bob.key_package(now=clock[0]), carol.key_package(now=clock[0])
    founded = mls.Group.found(alice, [package.message], ports=ports())
    bobs = mls.Group.join(bob, package, founded.welcome, ports=ports())
    pending = founded.group.commit(add=[other.message])
    founded.group.accept(pending)
    clock[0] += 365 * 86_400
    bobs.receive(pending.message)
    agree([founded.group, bobs])
    with pytest.raises(LocalProtocolError, match="VAL-037"):
        bobs.commit(add=[carol.rotated().key_package(now=1_800_000_000).message])


def test_a_key_package_has_two_signatures() -> None:
    jobs = checker().key_package(PACKAGE, SUITE)
    assert jobs == [key_package_job(PACKAGE), leaf_job(LEAF, b"", 0)]
    checker().signatures(SUITE, jobs)


@pytest.mark.parametrize("threads", [1, 4])
def test_val_029_and_val_055_are_told_apart(threads: int) -> None:
    check = checker(threads=threads)
    good = check.key_package(PACKAGE, SUITE) * 20
    for position in (0, 7, 39):
        jobs = list(good)
        key, label, tbs, _ = jobs[position]
        jobs[position] = (key, label, tbs, bytes(64))
        rule = "VAL-029" if label == "LeafNodeTBS" else "VAL-055"
        with pytest.raises(AuthenticationError, match=rule):
            check.signatures(SUITE, jobs)
    check.signatures(SUITE, good)
    check.signatures(SUITE, [])


def test_val_024_external_senders_are_validated(asked: list[Credential]) -> None:
    wardens = [member("one"), member("two")]
    alice = found("ab")[0]
    gce = mls.GroupContextExtensions((external_senders(*wardens),))
    assert checker().proposal(sent(gce), public_state(alice)) == []
    checker().credentials(sent(gce), public_state(alice))
    assert asked == [each.credential for each in wardens]


def test_what_each_proposal_needs() -> None:
    state = public_state(found("ab")[0])
    assert len(checker().proposal(sent(mls.Add(PACKAGE)), state)) == 2
    assert checker().proposal(sent(mls.Remove(1)), state) == []
    assert checker().proposal(sent(mls.Update(LEAF), 9, b"r"), state) == []


def signs(leaf: LeafNode, group_id: bytes, index: int) -> bool:
    """Whether the signature of a leaf is good there."""
    return SUITE.verify_with_label(*leaf_job(leaf, group_id, index))


def test_val_029_the_signature_of_a_leaf() -> None:
    assert signs(LEAF, b"", 0)
    assert not signs(LEAF.replace(signature=b""), b"", 0)
    assert not signs(LEAF.replace(signature=bytes(64)), b"", 0)
    assert not signs(LEAF.replace(extensions=(mls.Extension(1, b""),)), b"", 0)


def test_val_030_what_it_covers_depends_on_the_source() -> None:
    source = LeafNodeSource.update
    update = member("a").leaf(LEAF.encryption_key, source, group_id=b"group", index=3)
    assert signs(LEAF, b"any", 9)
    assert signs(update, b"group", 3)
    assert not signs(update, b"group", 4)
    assert not signs(update, b"other", 3)


def test_val_055_the_signature_of_a_key_package() -> None:
    assert SUITE.verify_with_label(*key_package_job(PACKAGE))
    other = key_package(member("b")).leaf_node
    for bad in (
        PACKAGE.replace(signature=b""),
        PACKAGE.replace(signature=bytes(64)),
        PACKAGE.replace(init_key=LEAF.encryption_key),
        PACKAGE.replace(leaf_node=other),
    ):
        assert not SUITE.verify_with_label(*key_package_job(bad))
