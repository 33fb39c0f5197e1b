"""An observer follows a group from its public messages."""

from __future__ import annotations

import pytest

from covey import mls
from covey.errors import (
    AuthenticationError,
    MissingKeyError,
    PolicyError,
    RemoteProtocolError,
    StateError,
    UnsupportedError,
)
from covey.mls.structs.message import MLSMessage
from covey.mls.structs.welcome import GroupInfo
from flock import ABLE
from group_samples import (
    ALL_SUITES,
    PRIVATE,
    PUBLIC,
    everyone,
    external_senders,
    found,
    key_package,
    member,
)

SEEN = mls.Policy(handshake=PUBLIC)


def agrees(observer: mls.PublicGroup, group: mls.Group) -> None:
    """The observer sees what a member sees."""
    assert observer.context == group.context
    assert observer.tree.encode() == group.ratchet_tree
    assert observer.members == group.members
    assert observer.epoch == group.epoch


@pytest.mark.parametrize("suite", ALL_SUITES, ids=lambda suite: f"suite{suite.value}")
def test_an_observer_follows(suite: int) -> None:
    groups = found("abc", suite, SEEN)
    observer = mls.PublicGroup(groups[0].group_info())
    agrees(observer, groups[0])
    proposal = groups[1].propose_update()
    everyone([groups[0], groups[2]], proposal)
    event = observer.receive(proposal)
    assert isinstance(event, mls.ProposalReceived)
    assert list(observer.proposals) == [event.reference]
    pending = groups[0].commit(add=[key_package(member("d", suite))], remove=[2])
    everyone(groups, pending.message)
    seen = observer.receive(pending.message)
    assert isinstance(seen, mls.EpochChanged)
    assert seen.changed == pending.changed
    assert observer.proposals == {}
    agrees(observer, groups[0])
    joined = mls.Group.join_externally(member("x", suite), groups[0].group_info())
    groups[0].receive(joined.commit)
    observer.receive(joined.commit)
    agrees(observer, joined.group)


def test_an_observer_needs_the_tree() -> None:
    alice = found("ab")[0]
    info = alice.group_info(with_tree=False)
    with pytest.raises(StateError, match="no ratchet tree"):
        mls.PublicGroup(info)
    agrees(mls.PublicGroup(info, ratchet_tree=alice.ratchet_tree), alice)


def test_an_observer_of_a_suite_that_nobody_knows() -> None:
    message = MLSMessage.decode(found("ab")[0].group_info())
    info = message.message
    assert isinstance(info, GroupInfo)
    other = info.replace(group_context=info.group_context.replace(cipher_suite=0x0999))
    with pytest.raises(UnsupportedError):
        mls.PublicGroup(message.replace(message=other).encode())


def test_what_an_observer_cannot_follow() -> None:
    alice, bob = found("ab")
    observer = mls.PublicGroup(alice.group_info())
    application, private = alice.protect(b"x"), alice.propose_update()
    for message in (application, private):
        with pytest.raises(StateError, match="PublicMessages"):
            observer.receive(message)
    bob.receive(private)
    with pytest.raises(MissingKeyError, match="VAL-148"):
        observer.receive(bob.commit(handshake=PUBLIC).message)
    with pytest.raises(StateError):
        observer.receive(alice.group_info())


def test_what_an_observer_refuses() -> None:
    alice, bob = found("ab", policy=SEEN)
    observer = mls.PublicGroup(alice.group_info())
    old = bob.commit()
    message = MLSMessage.decode(old.message)
    inner = message.message
    changed = inner.auth.replace(signature=bytes(64))  # type: ignore[union-attr]
    forged = message.replace(message=inner.replace(auth=changed)).encode()
    with pytest.raises(AuthenticationError, match="VAL-089"):
        observer.receive(forged)
    observer.receive(old.message)
    with pytest.raises(RemoteProtocolError, match="VAL-102"):
        observer.receive(old.message)
    other = found("ab", policy=SEEN, group_id=b"other")[0]
    with pytest.raises(RemoteProtocolError, match="VAL-101"):
        observer.receive(other.propose_update())


def test_an_observer_has_a_policy_and_limits() -> None:
    alice = found("ab", policy=SEEN)[0]
    stranger = member("x")
    asking = mls.propose_to_join(stranger, stranger.key_package(), alice.group_info())
    with pytest.raises(PolicyError):
        mls.PublicGroup(alice.group_info()).receive(asking)
    observer = mls.PublicGroup(alice.group_info(), ports=mls.Ports(ABLE))
    observer.receive(asking)
    few = mls.PublicGroup(alice.group_info(), ports=mls.Ports(mls.Policy(max_proposals=1)))
    few.receive(alice.propose_update())
    with pytest.raises(PolicyError, match="1 proposals"):
        few.receive(alice.propose_update())


def test_a_group_that_has_ended() -> None:
    alice, bob = found("ab", policy=SEEN)
    observer = mls.PublicGroup(alice.group_info())
    reinit = mls.ReInit(b"next", 1, 1, ())
    pending = alice.commit(reinit=reinit)
    everyone([alice, bob], pending.message)
    observer.receive(pending.message)
    assert observer.reinit == reinit
    bob._state = bob._state.replace(reinit=None)  # noqa: SLF001 - a member that goes on
    with pytest.raises(RemoteProtocolError, match="VAL-163"):
        observer.receive(bob.commit().message)


def test_the_wardens_proposals() -> None:
    warden = member("warden")
    groups = found("abc", policy=SEEN, extensions=[external_senders(warden)])
    observer = mls.PublicGroup(groups[0].group_info())
    message = observer.propose(warden, mls.Remove(2))
    everyone(groups, message)
    observer.receive(message)
    pending = groups[1].commit(handshake=PRIVATE)
    assert [each.identity for each in pending.changed.removed] == [b"c"]
    with pytest.raises(StateError):
        observer.receive(pending.message)
