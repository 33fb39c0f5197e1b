"""What somebody outside of a group can send, and who is let in."""

from __future__ import annotations

import pytest

from covey import mls
from covey.errors import (
    AuthenticationError,
    DecodeError,
    LocalProtocolError,
    MissingKeyError,
    PolicyError,
    RemoteProtocolError,
    StateError,
)
from covey.mls.structs.extensions import ExternalPub
from covey.mls.wire.code_points import ExtensionType
from flock import ABLE
from group_samples import (
    ALL_SUITES,
    PUBLIC,
    UNKNOWN_TYPE,
    agree,
    everyone,
    extension,
    external_senders,
    found,
    member,
    refuses,
)


@pytest.mark.parametrize("suite", ALL_SUITES, ids=lambda suite: f"suite{suite.value}")
@pytest.mark.parametrize("size", [1, 2, 3, 4, 5])
def test_joining(suite: int, size: int) -> None:
    groups = found("abcde"[:size], suite)
    joined = mls.Group.join_externally(member("x", suite), groups[-1].group_info())
    assert joined.changed.external
    assert joined.changed.joined == (joined.changed.committer,)
    assert joined.changed.committer.identity == b"x"
    for group in groups:
        event = group.receive(joined.commit)
        assert event == mls.EpochChanged(joined.changed)
    agree([*groups, joined.group])
    everyone([*groups, joined.group], joined.group.commit().message)


def test_several_join_one_after_the_other() -> None:
    groups = found("ab")
    for name in "cdefghi":
        joined = mls.Group.join_externally(member(name), groups[-1].group_info())
        everyone(groups, joined.commit)
        groups.append(joined.group)
        agree(groups)
    gone = groups[0].commit(remove=[3, 5])
    everyone(groups, gone.message)
    groups = [group for group in groups if group.is_active]
    joined = mls.Group.join_externally(member("x"), groups[4].group_info())
    everyone(groups, joined.commit)
    assert joined.group.own_index == 3
    agree([*groups, joined.group])


def test_the_tree_may_come_by_another_way() -> None:
    alice = found("ab")[0]
    info = alice.group_info(with_tree=False)
    with pytest.raises(StateError, match="no ratchet tree"):
        mls.Group.join_externally(member("x"), info)
    joined = mls.Group.join_externally(member("x"), info, ratchet_tree=alice.ratchet_tree)
    alice.receive(joined.commit)
    with pytest.raises(RemoteProtocolError, match="VAL-066"):
        mls.Group.join_externally(member("x"), info, ratchet_tree=alice.ratchet_tree)


def test_val_179_nobody_joins_without_an_external_pub() -> None:
    alice = found("ab")[0]
    with pytest.raises(StateError, match="VAL-179"):
        mls.Group.join_externally(member("x"), alice.group_info(external=False))
    with pytest.raises(StateError, match="GroupInfo is needed"):
        mls.Group.join_externally(member("x"), alice.commit().message)
    with pytest.raises(RemoteProtocolError, match="VAL-187"):
        mls.Group.join_externally(member("x", 3), found("ab")[0].group_info())


@pytest.mark.parametrize("key", [b"", bytes(32), b"\x01" * 31])
def test_nobody_joins_by_an_external_pub_that_is_no_key(key: bytes) -> None:
    alice = found("ab")[0]
    bad = extension(ExtensionType.external_pub, ExternalPub(key).encode())
    info = alice.group_info(external=False, extensions=[bad])
    with pytest.raises(DecodeError, match="VAL-010"):
        mls.Group.join_externally(member("x"), info)


def test_psks_and_data_beside_an_external_commit() -> None:
    known = mls.MemoryPsks()
    known.add(b"psk", b"secret")
    alice, bob = found("ab")
    bob.ports.psks = known
    joined = mls.Group.join_externally(
        member("x"),
        alice.group_info(),
        psks=[b"psk"],
        authenticated_data=b"beside",
        ports=mls.Ports(psks=known),
    )
    refuses(alice, joined.commit, MissingKeyError, "VAL-154")
    event = bob.receive(joined.commit)
    assert isinstance(event, mls.EpochChanged)
    assert event.authenticated_data == b"beside"
    agree([bob, joined.group])
    with pytest.raises(MissingKeyError):
        mls.Group.join_externally(member("y"), alice.group_info(), psks=[b"psk"])


@pytest.mark.parametrize("rotated", [True, False])
def test_a_resync(*, rotated: bool) -> None:
    clients = [member(name) for name in "abc"]
    packages = [client.key_package() for client in clients[1:]]
    founded = mls.Group.found(clients[0], [each.message for each in packages])
    bob = mls.Group.join(clients[1], packages[0], founded.welcome)
    lost = mls.Group.join(clients[2], packages[1], founded.welcome)
    again = clients[2].rotated() if rotated else clients[2]
    joined = mls.Group.join_externally(again, founded.group.group_info(), resync=2)
    assert [each.identity for each in joined.changed.removed] == [b"c"]
    events = everyone([founded.group, bob, lost], joined.commit)
    assert [event.removed for event in events] == [False, False, True]  # type: ignore[union-attr]
    agree([founded.group, bob, joined.group])


def test_val_177_nobody_takes_a_key_of_a_member() -> None:
    alice, bob = mls.Member.basic(b"a", 1), member("b")
    package = bob.key_package()
    founded = mls.Group.found(alice, [package.message])
    with pytest.raises(LocalProtocolError, match="VAL-048"):
        mls.Group.join_externally(bob, founded.group.group_info())


def test_val_180_the_policy_may_refuse() -> None:
    class Closed(mls.Policy):
        def accept_external_commit(self, changed: mls.Changed, state: mls.PublicState) -> None:
            del changed, state
            msg = "ask somebody inside"
            raise PolicyError(msg)

    alice = found("ab", policy=Closed())[0]
    joined = mls.Group.join_externally(member("x"), alice.group_info())
    refuses(alice, joined.commit, PolicyError, "ask")


def test_a_joiner_supports_what_the_group_has() -> None:
    alice = found("ab", policy=ABLE)[0]
    everyone([alice], alice.commit(extensions=[extension(UNKNOWN_TYPE)]).message)
    with pytest.raises(LocalProtocolError, match="VAL-046"):
        mls.Group.join_externally(member("x"), alice.group_info())
    mls.Group.join_externally(member("x", policy=ABLE), alice.group_info())


# --- SelfRemove -------------------------------------------------------------------------


def test_self_removes_are_committed_by_whoever_joins() -> None:
    groups = found("abcd")
    leaving = [groups[1].leave(), groups[2].leave()]
    for message in leaving:
        groups[0].receive(message)
        groups[3].receive(message)
    joined = mls.Group.join_externally(member("x"), groups[0].group_info(), self_removes=leaving)
    assert [each.identity for each in joined.changed.left] == [b"b", b"c"]
    everyone([groups[0], groups[3]], joined.commit)
    agree([groups[0], groups[3], joined.group])


def test_only_self_removes_go_into_an_external_commit() -> None:
    alice, bob = found("ab")
    info = alice.group_info()
    for message in (bob.propose_remove(0), bob.propose(mls.Remove(0), handshake=PUBLIC)):
        with pytest.raises(StateError, match="VAL-170"):
            mls.Group.join_externally(member("x"), info, self_removes=[message])
    leaving = bytearray(bob.leave())
    leaving[30] ^= 1
    with pytest.raises((RemoteProtocolError, AuthenticationError)):
        mls.Group.join_externally(member("x"), info, self_removes=[bytes(leaving)])
    other = found("ab", group_id=b"other")[1].leave()
    with pytest.raises(RemoteProtocolError, match="VAL-101"):
        mls.Group.join_externally(member("x"), info, self_removes=[other])


# --- proposals from outside -------------------------------------------------------------


def guarded() -> tuple[list[mls.Group], mls.Member, mls.PublicGroup]:
    """A group that listens to a warden, and the warden's view of it."""
    warden = member("warden")
    groups = found("abc", extensions=[external_senders(member("other"), warden)])
    observer = mls.PublicGroup(groups[0].group_info())
    return groups, warden, observer


def test_an_external_sender_proposes() -> None:
    groups, warden, observer = guarded()
    for proposal in (
        mls.Remove(2),
        mls.Add(member("d").key_package().package),
        mls.GroupContextExtensions((external_senders(),)),
    ):
        message = observer.propose(warden, proposal)
        for group in groups:
            event = group.receive(message)
            assert isinstance(event, mls.ProposalReceived)
            assert event.sender.sender_index == 1
    pending = groups[0].commit()
    everyone(groups, pending.message)
    agree(groups[:2])
    assert groups[0].extensions == (external_senders(),)
    assert groups[0].find(b"d") is not None
    late = observer.propose(warden, mls.Remove(1))
    refuses(groups[1], late, RemoteProtocolError, "VAL-102")
    fresh = mls.PublicGroup(groups[0].group_info())
    with pytest.raises(StateError, match="not among"):
        fresh.propose(warden, mls.Remove(1))


@pytest.mark.parametrize(
    "proposal",
    [
        mls.SelfRemove(),
        mls.ExternalInit(b""),
        mls.UnknownProposal(UNKNOWN_TYPE, b""),
    ],
    ids=lambda proposal: type(proposal).__name__,
)
def test_val_128_what_an_external_sender_may_not_propose(proposal: object) -> None:
    groups, warden, observer = guarded()
    message = observer.propose(warden, proposal)  # type: ignore[arg-type]
    refuses(groups[0], message, RemoteProtocolError)


def test_the_key_has_to_be_that_of_the_sender() -> None:
    groups, warden, observer = guarded()
    stranger = mls.Member(warden.suite, warden.credential, warden.signature_key, member("x").signer)
    message = observer.propose(stranger, mls.Remove(1))
    refuses(groups[0], message, AuthenticationError, "VAL-089")


def test_asking_to_be_added() -> None:
    groups = found("ab", policy=ABLE)
    stranger = member("x", policy=ABLE)
    package = stranger.key_package()
    message = mls.propose_to_join(
        stranger, package, groups[0].group_info(), authenticated_data=b"please"
    )
    for group in groups:
        event = group.receive(message)
        assert isinstance(event, mls.ProposalReceived)
        assert event.authenticated_data == b"please"
    pending = groups[1].commit()
    everyone(groups, pending.message)
    agree([*groups, mls.Group.join(stranger, package, pending.welcome)])


def test_asking_with_the_key_of_another() -> None:
    alice = found("ab", policy=ABLE)[0]
    stranger, other = member("x"), member("y")
    message = mls.propose_to_join(
        mls.Member(stranger.suite, other.credential, other.signature_key, stranger.signer),
        other.key_package(),
        alice.group_info(),
    )
    refuses(alice, message, AuthenticationError, "VAL-089")
