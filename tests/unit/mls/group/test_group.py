"""The facade: a first conversation, joining in every way, and continuing a group."""

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
from covey.mls.structs.proposals import ReInit
from covey.mls.wire.code_points import ExtensionType
from group_samples import (
    ALL_SUITES,
    UNKNOWN_TYPE,
    agree,
    everyone,
    extension,
    found,
    key_package,
    member,
    refuses,
)
from insider import lawless

SUITES = pytest.mark.parametrize("suite", ALL_SUITES, ids=lambda suite: f"suite{suite.value}")


@SUITES
def test_hello(suite: int) -> None:
    alice, bob = mls.Member.basic(b"alice", suite), mls.Member.basic(b"bob", suite)
    package = bob.key_package()
    team = mls.Group.create(alice, group_id=b"team")
    pending = team.commit(add=[package.message])
    assert team.epoch == 0
    team.accept(pending)
    assert team.epoch == 1
    bobs = mls.Group.join(bob, package, pending.welcome)
    event = bobs.receive(team.protect(b"hello", b"beside"))
    assert event == mls.MessageReceived(team.members[0], b"hello", b"beside", 1, 0)
    assert repr(team) == "<Group 7465616d epoch 1, 2 members>"


def test_val_024_extensions_are_read_before_anybody_is_asked_about_credentials() -> None:
    class Nobody(mls.Policy):
        def validate_credential(self, *_: object) -> None:
            msg = "nobody is accepted"
            raise PolicyError(msg)

    alice, bob = found("ab")
    stranger = member("x", policy=Nobody())
    alice.ports.policy = Nobody()
    for kind in (ExtensionType.required_capabilities, ExtensionType.external_senders):
        bad = [extension(kind, b"\xff")]
        with pytest.raises(LocalProtocolError, match="VAL-024"):
            mls.Group.create(stranger, extensions=bad)
        with pytest.raises(LocalProtocolError, match="VAL-024"):
            alice.commit(extensions=bad)
        with pytest.raises(LocalProtocolError, match="VAL-024"):
            alice.propose_extensions(bad)
        with pytest.MonkeyPatch.context() as patch, lawless(patch):
            patch.setattr("covey.mls.group.verify.Checker.external_senders", lambda *_: None)
            message = alice.propose_extensions(bad)
        refuses(bob, message, RemoteProtocolError, "VAL-024")


# --- Welcomes ---------------------------------------------------------------------------


def invited(
    **options: object,
) -> tuple[mls.Group, mls.Member, mls.PrivateKeyPackage, mls.PendingCommit]:
    """Alice's group, and Bob, who is about to join it."""
    alice, bob = found("a")[0], member("bob")
    package = bob.key_package()
    pending = alice.commit(add=[package.message], **options)  # type: ignore[arg-type]
    alice.accept(pending)
    return alice, bob, package, pending


def test_a_welcome_is_looked_at_before() -> None:
    alice, bob, package, pending = invited(info_extensions=[extension(UNKNOWN_TYPE, b"info")])
    staged = mls.Group.stage_welcome(bob, package, pending.welcome)
    assert staged.group_id == b"group"
    assert staged.signer == 0
    assert [each.identity for each in staged.members] == [b"a", b"bob"]
    assert extension(UNKNOWN_TYPE, b"info") in staged.extensions
    assert repr(staged) == "StagedWelcome(2 members)"
    agree([alice, staged.accept()])


def test_a_welcome_without_its_tree() -> None:
    alice, bob, package, pending = invited(welcome_tree=False)
    with pytest.raises(StateError, match="no ratchet tree"):
        mls.Group.join(bob, package, pending.welcome)
    other = found("xy")[0].ratchet_tree
    with pytest.raises(RemoteProtocolError, match="VAL-066"):
        mls.Group.join(bob, package, pending.welcome, ratchet_tree=other)
    with pytest.raises(DecodeError):
        mls.Group.join(bob, package, pending.welcome, ratchet_tree=b"")
    agree([alice, mls.Group.join(bob, package, pending.welcome, ratchet_tree=alice.ratchet_tree)])


def test_a_welcome_for_somebody_else() -> None:
    _, bob, package, pending = invited()
    with pytest.raises(StateError, match="not for this KeyPackage"):
        mls.Group.join(bob, bob.key_package(), pending.welcome)
    with pytest.raises(StateError, match="suite"):
        mls.Group.join(member("bob", 3), member("bob", 3).key_package(), pending.welcome)
    with pytest.raises(StateError, match="Welcome is needed"):
        mls.Group.join(bob, package, pending.message)


def test_a_welcome_and_keys_that_do_not_fit() -> None:
    _, bob, package, pending = invited()
    other = bob.key_package()
    wrong = mls.PrivateKeyPackage(
        package.package, other.init_private, package.leaf_private, package.signer
    )
    with pytest.raises(AuthenticationError):
        mls.Group.join(bob, wrong, pending.welcome)


def test_nobody_joins_with_the_key_package_of_somebody_else() -> None:
    _, bob, package, pending = invited()
    with pytest.raises(StateError, match="not of this member"):
        mls.Group.join(member("eve"), package, pending.welcome)
    renamed = mls.Member(bob.suite, member("robert").credential, bob.signature_key, bob.signer)
    for same in (bob, bob.rotated(), renamed):
        assert mls.Group.join(same, package, pending.welcome).find(b"bob") is not None


def test_a_welcome_with_psks() -> None:
    alice, bob = found("a")[0], member("bob")
    known = mls.MemoryPsks()
    known.add(b"psk", b"secret")
    alice.ports.psks = known
    package = bob.key_package()
    pending = alice.commit(add=[package.message], psks=[b"psk"])
    alice.accept(pending)
    with pytest.raises(MissingKeyError, match="VAL-184"):
        mls.Group.join(bob, package, pending.welcome)
    ports = mls.Ports(psks=known)
    agree([alice, mls.Group.join(bob, package, pending.welcome, ports=ports)])


def test_a_member_that_the_joiner_does_not_accept() -> None:
    class Choosy(mls.Policy):
        def validate_credential(self, credential: object, signature_key: bytes, now: int) -> None:
            del signature_key, now
            if credential == mls.BasicCredential(b"a"):
                msg = "not with that one"
                raise PolicyError(msg)

    alice, bob, package, pending = invited()
    ports = mls.Ports(Choosy())
    with pytest.raises(PolicyError):
        mls.Group.join(bob, package, pending.welcome, ports=ports)
    with pytest.raises(PolicyError):
        mls.Group.join_externally(bob, alice.group_info(), ports=ports)


def test_a_creator_joins_with_expired_members_unless_the_policy_minds() -> None:
    later = mls.Ports(now=lambda: 4_000_000_000)
    _, bob, package, pending = invited()
    mls.Group.join(bob, package, pending.welcome, ports=later)
    strict = mls.Ports(mls.Policy(received_lifetimes=True), now=lambda: 4_000_000_000)
    with pytest.raises(RemoteProtocolError, match="VAL-037"):
        mls.Group.join(bob, package, pending.welcome, ports=strict)


# --- continuing -------------------------------------------------------------------------


def ended(**changes: object) -> list[mls.Group]:
    """A group that a ReInit has ended."""
    groups = found("abc")
    reinit = ReInit(b"next", 1, 1, ()).replace(**changes)
    everyone(groups, groups[0].commit(reinit=reinit).message)
    return groups


@SUITES
def test_a_group_is_continued_in_another_suite(suite: int) -> None:
    groups = ended(cipher_suite=int(suite), extensions=(extension(1, b"x"),))
    assert groups[1].reinit is not None
    clients = [member(name, suite) for name in "abc"]
    packages = [client.key_package() for client in clients]
    founded = groups[1].reinitialize(clients[1], [packages[0].message, packages[2].message])
    assert founded.group.group_id == b"next"
    assert founded.group.extensions == (extension(1, b"x"),)
    joined = [
        mls.Group.join(clients[n], packages[n], founded.welcome, successor_of=groups[n])
        for n in (0, 2)
    ]
    agree([founded.group, *joined])


def test_only_a_group_that_has_ended_is_continued() -> None:
    groups = found("ab")
    with pytest.raises(StateError, match="no ReInit"):
        groups[0].reinitialize(member("a"), [])
    with pytest.raises(StateError, match="0x0001"):
        ended()[0].reinitialize(member("a", 2), [])


def test_a_group_that_has_ended_takes_nothing_more() -> None:
    alice, bob, _ = ended()
    for call in (
        lambda: alice.protect(b"x"),
        alice.commit,
        alice.leave,
        alice.propose_update,
        alice.group_info,
    ):
        with pytest.raises(LocalProtocolError, match="VAL-163"):
            call()
    assert not alice.can_send
    state = bob._state  # noqa: SLF001 - a member that does not know it
    bob._state = state.replace(reinit=None)  # noqa: SLF001
    before = alice.snapshot()
    for message in (bob.propose_update(), bob.commit().message):
        with pytest.raises(RemoteProtocolError, match="VAL-163"):
            alice.receive(message)
    assert alice.snapshot() == before


def test_a_branch_has_some_of_the_members() -> None:
    groups = found("abcd")
    clients = [member(name) for name in "abcd"]
    package = clients[2].key_package()
    founded = groups[0].branch(clients[0], [package.message], group_id=b"few")
    joined = mls.Group.join(clients[2], package, founded.welcome, successor_of=groups[2])
    agree([founded.group, joined])
    agree(groups)
    stranger = member("x").key_package()
    with pytest.raises(LocalProtocolError, match="VAL-208"):
        groups[0].branch(clients[0], [stranger.message])


def test_a_branch_is_joined_long_after_its_epoch_by_what_was_kept_of_it() -> None:
    groups = found("abcd")
    kept = groups[2].membership()
    clients = [member(name) for name in "abcd"]
    package = clients[2].key_package()
    branch = groups[0].branch(clients[0], [package.message, clients[3].key_package().message])
    everyone(groups, groups[0].commit(remove=[3]).message)
    for _ in range(9):
        everyone(groups[:3], groups[1].commit().message)
    with pytest.raises(MissingKeyError, match="VAL-184"):
        mls.Group.join(clients[2], package, branch.welcome, successor_of=groups[2])
    joined = mls.Group.join(clients[2], package, branch.welcome, successor_of=kept)
    agree([branch.group, joined])
    assert kept.resumption_psk.hex() not in repr(kept)


def test_what_was_kept_of_an_epoch_lets_nobody_in_who_was_not_there(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    groups = found("abc")
    earlier = groups[1].membership()
    everyone(groups, groups[0].commit().message)
    kept = groups[1].membership()
    monkeypatch.setattr("covey.mls.group.successors.check_plan", lambda *_: None)
    bob, stranger = member("b"), member("x")
    package = bob.key_package()
    branch = groups[0].branch(member("a"), [stranger.key_package().message, package.message])
    with pytest.raises(RemoteProtocolError, match="VAL-208"):
        mls.Group.join(bob, package, branch.welcome, successor_of=kept)
    with pytest.raises(MissingKeyError, match="VAL-184"):
        mls.Group.join(bob, package, branch.welcome, successor_of=earlier)
    groups = ended()
    kept = groups[1].membership()
    founded = groups[0].reinitialize(member("a"), [package.message, key_package(member("c"))])
    with pytest.raises(RemoteProtocolError, match="VAL-204"):
        mls.Group.join(bob, package, founded.welcome, successor_of=kept)


def test_a_dishonest_branch_and_reinitialization(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("covey.mls.group.successors.check_plan", lambda *_: None)
    groups = found("abc")
    stranger, bob = member("x"), member("b")
    packages = [stranger.key_package(), bob.key_package()]
    founded = groups[0].branch(member("a"), [each.message for each in packages])
    with pytest.raises(RemoteProtocolError, match="VAL-208"):
        mls.Group.join(bob, packages[1], founded.welcome, successor_of=groups[1])
    groups = ended()
    founded = groups[0].reinitialize(member("a"), [packages[1].message])
    with pytest.raises(RemoteProtocolError, match="VAL-205"):
        mls.Group.join(bob, packages[1], founded.welcome, successor_of=groups[1])


def test_the_suite_of_a_successor_is_given() -> None:
    choosy = mls.Policy(suites=(2, 1))
    with pytest.raises(LocalProtocolError, match="VAL-220"):
        mls.Group.found(member("a", policy=choosy), [key_package(member("b"))])
    groups = found("ab")
    groups[0].ports.policy = choosy
    founded = groups[0].branch(member("a"), [key_package(member("b"))])
    assert founded.group.suite.code == 1
    groups = ended()
    groups[0].ports.policy = choosy
    founded = groups[0].reinitialize(
        member("a"), [key_package(member("b")), key_package(member("c"))]
    )
    assert founded.group.suite.code == 1


def test_a_branch_is_of_the_group_that_is_handed_in() -> None:
    groups, others = found("ab"), found("ab")
    bob = member("b")
    package = bob.key_package()
    founded = groups[0].branch(member("a"), [package.message])
    with pytest.raises(MissingKeyError, match="VAL-184"):
        mls.Group.join(bob, package, founded.welcome)
    everyone(others, others[0].commit().message)
    with pytest.raises((RemoteProtocolError, MissingKeyError, AuthenticationError)):
        mls.Group.join(bob, package, founded.welcome, successor_of=others[1])
    again = found("ab", group_id=b"another")
    with pytest.raises(MissingKeyError):
        mls.Group.join(bob, package, founded.welcome, successor_of=again[1])


def test_a_branch_needs_not_name_what_it_continues_twice() -> None:
    groups = found("ab")
    ports = mls.Ports(linked=[groups[1]])
    bob = member("b")
    package = bob.key_package()
    founded = groups[0].branch(member("a"), [package.message])
    with pytest.raises(StateError, match="successor_of"):
        mls.Group.join(bob, package, founded.welcome, ports=ports)


def test_successor_psks_are_for_successors() -> None:
    groups = found("ab")
    with pytest.raises(LocalProtocolError, match="VAL-119"):
        groups[0].commit(psks=[branch_psk(groups[0])])
    with pytest.raises(LocalProtocolError, match="VAL-119"):
        groups[0].commit(psks=[branch_psk(groups[0])], successor=True)
    new = mls.Group.create(member("a"), ports=groups[0].ports.linked_to(groups[0]))
    new.commit(psks=[branch_psk(groups[0])], successor=True)


def branch_psk(group: mls.Group) -> mls.PreSharedKeyID:
    """A branch PSK of a group's own."""
    psk = group.resumption_psk_id(group.epoch)
    return psk.replace(usage=type(psk.usage)(3))  # type: ignore[call-arg, arg-type]


def test_a_linked_group_lends_its_resumption_psks() -> None:
    old = found("ab")
    new = found("ab", group_id=b"new")
    for group, other in zip(new, old, strict=True):
        group.ports = group.ports.linked_to(other)
    pending = new[0].commit(psks=[new[0].resumption_psk_id(1, b"group")])
    everyone(new, pending.message)
    agree(new)


def test_val_185_a_welcome_has_one_link_to_another_group() -> None:
    groups = found("ab")
    new = mls.Group.create(member("a"), ports=mls.Ports(linked=[groups[0]]))
    one, other = branch_psk(groups[0]), branch_psk(groups[0])
    newcomer = member("c").key_package()
    with pytest.raises(LocalProtocolError, match="VAL-185"):
        new.commit(add=[newcomer], psks=[one, other.replace(psk_nonce=b"n" * 32)], successor=True)
    assert new.pending is None
    new.commit(add=[newcomer], psks=[one], successor=True)
