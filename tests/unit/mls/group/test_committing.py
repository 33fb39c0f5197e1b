"""Commits: what goes into them, and what becomes of them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from certificates import Authority
from covey import mls
from covey.errors import (
    AuthenticationError,
    LocalProtocolError,
    MissingKeyError,
    PolicyError,
    StateError,
)
from covey.mls.structs.message import MLSMessage
from covey.mls.structs.welcome import Welcome
from group_samples import (
    PRIVATE,
    PUBLIC,
    UNKNOWN_TYPE,
    agree,
    commit_of,
    everyone,
    extension,
    found,
    key_package,
    member,
    required,
)

if TYPE_CHECKING:
    from covey.mls.rules.proposal_list import Sent
    from covey.mls.wire.code_points import WireFormat


def test_everything_in_one_commit() -> None:
    policy = mls.Policy(proposal_types=frozenset({UNKNOWN_TYPE}))
    groups = found("abcd", policy=policy)
    clients = [member("e", policy=policy), member("f", policy=policy)]
    packages = [client.key_package() for client in clients]
    pending = groups[0].commit(
        add=[packages[0].message, packages[1].package],
        remove=[3],
        update=member("a", policy=policy),
        psks=[groups[0].resumption_psk_id(1)],
        extensions=[required((), (UNKNOWN_TYPE,))],
        proposals=[mls.UnknownProposal(UNKNOWN_TYPE, b"custom")],
        authenticated_data=b"beside",
    )
    changed = pending.changed
    assert [each.identity for each in changed.added] == [b"e", b"f"]
    assert [each.index for each in changed.added] == [3, 4]
    assert [each.identity for each in changed.removed] == [b"d"]
    assert changed.extensions == (required((), (UNKNOWN_TYPE,)),)
    assert changed.custom == (mls.UnknownProposal(UNKNOWN_TYPE, b"custom"),)
    assert (changed.epoch, changed.with_path, changed.external) == (2, True, False)
    assert changed.committer.signature_key != groups[0].members[0].signature_key
    assert repr(pending) == f"PendingCommit(epoch=2, {len(pending.message)} bytes)"
    event = groups[1].receive(pending.message)
    assert event == mls.EpochChanged(changed, authenticated_data=b"beside")


def test_nothing_changes_until_it_is_accepted() -> None:
    alice, bob = found("ab")
    before = alice.epoch_authenticator
    pending = alice.commit()
    assert (alice.epoch, alice.epoch_authenticator) == (1, before)
    assert alice.pending is pending
    bob.receive(alice.protect(b"still the old epoch"))
    assert pending.epoch_authenticator != before
    secret = pending.export("label", b"context", 20)
    event = alice.accept(pending)
    assert event == mls.EpochChanged(pending.changed, own=True)
    assert alice.pending is None
    assert (alice.epoch, alice.export("label", b"context", 20)) == (2, secret)


def test_one_commit_at_a_time() -> None:
    alice = found("ab")[0]
    pending = alice.commit()
    with pytest.raises(StateError, match="a commit is pending"):
        alice.commit()
    alice.discard(pending)
    for call in (alice.accept, alice.discard):
        with pytest.raises(StateError, match="no commit is pending"):
            call(pending)
    other = alice.commit()
    for call in (alice.accept, alice.discard):
        with pytest.raises(StateError, match="another commit"):
            call(pending)
    alice.accept(other)


def test_references_choose_what_is_taken() -> None:
    alice, bob, carol = found("abc")
    for message in (bob.propose_update(), carol.propose_update()):
        alice.receive(message)
    first = alice.proposals[0].reference
    assert first is not None
    pending = alice.commit(references=[first], remove=[2])
    assert [each.index for each in pending.changed.updated] == [1]
    alice.discard(pending)
    pending = alice.commit(references=())
    assert pending.changed.updated == ()
    alice.discard(pending)
    with pytest.raises(MissingKeyError, match="VAL-148"):
        alice.commit(references=[b"unknown"])
    alice.receive(bob.propose_psk(bob.resumption_psk_id(1)))
    psk = alice.proposals[2].reference
    assert psk is not None
    with pytest.raises(LocalProtocolError, match=r"VAL-139|VAL-149"):
        alice.commit(references=[psk, psk])
    assert alice.pending is None


@pytest.mark.parametrize(
    ("options", "match"),
    [
        ({"remove": [0]}, "VAL-135"),
        ({"remove": [9]}, "VAL-117"),
        ({"remove": [1, 1]}, "VAL-136"),
        ({"extensions": [extension(UNKNOWN_TYPE)]}, "VAL-046"),
        ({"extensions": [required((UNKNOWN_TYPE,))]}, "VAL-043"),
        ({"proposals": [mls.ExternalInit(b"")]}, "VAL-142"),
        ({"proposals": [mls.UnknownProposal(UNKNOWN_TYPE, b"")]}, "VAL-143"),
        ({"reinit": mls.ReInit(b"x", 0, 1, ())}, "VAL-121"),
        ({"reinit": mls.ReInit(b"x", 1, 1, ()), "remove": [1]}, "VAL-141"),
    ],
)
def test_what_may_not_be_committed(options: dict[str, object], match: str) -> None:
    alice = found("abc")[0]
    before = alice.snapshot()
    with pytest.raises(LocalProtocolError, match=match):
        alice.commit(**options)  # type: ignore[arg-type]
    assert alice.snapshot() == before


class OpenHouse(mls.Policy):
    """A policy that lets strangers propose to add themselves."""

    def accept_proposal(self, sent: Sent, state: mls.PublicState) -> None:
        """Take all."""


def test_val_037_a_committer_leaves_out_what_has_expired_by_its_clock() -> None:
    policy = OpenHouse()
    alice, bob = found("ab", policy=policy)
    late, carol = member("late", policy=policy), member("carol", policy=policy)
    packages = [late.key_package(now=1000), carol.key_package()]
    for client, package in zip((late, carol), packages, strict=True):
        message = mls.propose_to_join(client, package, alice.group_info())
        everyone([alice, bob], message)  # receivers judge no clock
    pending = alice.commit()
    assert [each.identity for each in pending.changed.added] == [b"carol"]
    everyone([bob, alice], pending.message)
    agree([alice, bob, mls.Group.join(carol, packages[1], pending.welcome)])


def test_val_037_what_is_asked_for_by_reference_must_not_have_expired() -> None:
    policy = OpenHouse()
    alice, bob = found("ab", policy=policy)
    late = member("late", policy=policy)
    package = late.key_package(now=1000)
    everyone([alice, bob], mls.propose_to_join(late, package, alice.group_info()))
    reference = alice.proposals[0].reference
    assert reference is not None
    with pytest.raises(LocalProtocolError, match="VAL-037"):
        alice.commit(references=[reference])
    assert alice.pending is None
    bob.ports.now = lambda: 2000
    pending = bob.commit(references=[reference])
    assert [each.identity for each in pending.changed.added] == [b"late"]
    everyone([alice, bob], pending.message)
    agree([alice, bob])


def test_a_committer_leaves_out_certificates_that_have_ended() -> None:
    authority = Authority(days=30)
    policy = OpenHouse(trust_anchors=(authority.root,))
    alice, stranger = (authority.member(name, 1, policy) for name in ("alice", "stranger"))
    group = mls.Group.create(alice)
    group.receive(mls.propose_to_join(stranger, stranger.key_package(), group.group_info()))
    today = group.ports.now()
    group.ports.now = lambda: today + 40 * 86_400
    with pytest.raises(AuthenticationError):
        group.commit(references=[each.reference or b"" for each in group.proposals])
    pending = group.commit()
    assert pending.changed.added == ()
    group.discard(pending)
    group.ports.now = lambda: today
    assert group.commit().changed.added != ()


def test_psks_that_are_not_known() -> None:
    alice = found("ab")[0]
    with pytest.raises(MissingKeyError, match="VAL-154"):
        alice.commit(psks=[b"unknown"])
    with pytest.raises(MissingKeyError, match="VAL-201"):
        alice.commit(psks=[alice.resumption_psk_id(7)])


def test_another_identity_has_keys_of_the_same_suite() -> None:
    alice = found("ab")[0]
    with pytest.raises(StateError, match="Suite"):
        alice.commit(update=member("a", 2))
    with pytest.raises(StateError, match="Suite"):
        alice.propose_update(member("a", 3))


def test_val_145_the_policy_may_refuse() -> None:
    class Closed(mls.Policy):
        def accept_commit(self, changed: mls.Changed, state: mls.PublicState) -> None:
            del state
            if changed.removed:
                msg = "nobody is removed here"
                raise PolicyError(msg)

    alice, bob = found("ab", policy=Closed())
    with pytest.raises(PolicyError):
        alice.commit(remove=[1])
    alice.ports.policy = mls.Policy()
    pending = alice.commit(remove=[1])
    before = bob.snapshot()
    with pytest.raises(PolicyError):
        bob.receive(pending.message)
    assert bob.snapshot() == before


@pytest.mark.parametrize("wrong", [0, 99, mls.WireFormat.mls_welcome, "private", b"", 1.5])
def test_a_handshake_has_one_of_two_forms(wrong: WireFormat) -> None:
    alice = found("ab")[0]
    before = alice.snapshot()
    error = ValueError if isinstance(wrong, int) else TypeError
    with pytest.raises(error, match="handshake"):
        alice.commit(handshake=wrong, psks=[b"not looked for"])
    for call in (lambda: alice.propose(mls.Remove(1), handshake=wrong), alice.propose_update):
        with pytest.raises(error, match="handshake"):
            call()
        alice.ports.policy = mls.Policy(handshake=wrong)
    with pytest.raises(error, match="handshake"):
        alice.commit()
    assert alice.snapshot() == before


def test_the_form_of_a_handshake_may_be_a_plain_number() -> None:
    alice, bob = found("ab")
    for form in (1, 2):
        message = alice.propose(mls.Remove(1), handshake=form)  # type: ignore[arg-type]
        assert mls.peek(message).wire_format == form
        bob.receive(message)
    assert mls.peek(alice.commit(handshake=1).message).wire_format == PUBLIC  # type: ignore[typeddict-item]


@pytest.mark.parametrize("form", [PUBLIC, PRIVATE])
def test_the_form_of_a_handshake(form: mls.WireFormat) -> None:
    alice, bob = found("ab", policy=mls.Policy(handshake=form))
    other = PUBLIC if form == PRIVATE else PRIVATE
    assert mls.peek(alice.commit().message).wire_format == form
    alice.discard(alice.pending)  # type: ignore[arg-type]
    pending = alice.commit(handshake=other)
    assert mls.peek(pending.message).wire_format == other
    everyone([alice, bob], pending.message)
    agree([alice, bob])


def test_val_166_welcomes() -> None:
    alice = found("ab")[0]
    packages = [key_package(member(name)) for name in "cde"]
    pending = alice.commit(add=packages)
    inner = MLSMessage.decode(pending.welcome).message
    assert isinstance(inner, Welcome)
    assert len(inner.secrets) == 3
    assert len(pending.welcomes[0].references) == 3
    alice.discard(pending)
    pending = alice.commit(add=packages, one_welcome_each=True)
    assert [len(each.references) for each in pending.welcomes] == [1, 1, 1]
    with pytest.raises(StateError, match="3 Welcomes"):
        assert pending.welcome
    alice.discard(pending)
    pending = alice.commit()
    assert pending.welcomes == ()
    with pytest.raises(StateError, match="0 Welcomes"):
        assert pending.welcome


def test_a_commit_that_changes_nothing_is_empty_and_has_a_path() -> None:
    alice = found("ab")[0]
    commit = commit_of(alice.commit(handshake=PUBLIC).message)
    assert commit.proposals == ()
    assert commit.path is not None


def test_who_has_asked_to_leave_commits_only_without_that() -> None:
    alice, bob = found("ab")
    bob.receive(alice.leave())
    with pytest.raises(StateError, match="asked to leave"):
        alice.commit()
    [own] = [each.reference for each in alice.proposals]
    with pytest.raises(LocalProtocolError):
        alice.commit(references=[own])
    pending = alice.commit(references=())
    everyone([alice, bob], pending.message)
    assert [each.index for each in alice.members] == [each.index for each in bob.members] == [0, 1]
    assert alice.can_send
