"""What happens to a message that comes in."""

from __future__ import annotations

import pytest

from covey import mls
from covey.errors import (
    AuthenticationError,
    DecodeError,
    MissingKeyError,
    PolicyError,
    RemoteProtocolError,
    StateError,
    WrongEpochError,
)
from covey.lab.adversary.forge.signed import proposed
from covey.mls.framing import authenticate
from group_samples import (
    PRIVATE,
    PUBLIC,
    UNKNOWN_TYPE,
    agree,
    everyone,
    found,
    from_member,
    key_package,
    member,
    refuses,
    sent,
)
from insider import said

FORMS = pytest.mark.parametrize("form", [PUBLIC, PRIVATE], ids=["public", "private"])


def test_what_is_no_message_of_a_group() -> None:
    alice, bob = found("ab")
    pending = alice.commit(add=[key_package(member("c"))])
    for message in (pending.welcome, alice.group_info(), member("d").key_package().message):
        refuses(bob, message, StateError, "joining")
    refuses(bob, b"\x00\x02" + pending.message[2:], RemoteProtocolError, "VAL-008")
    refuses(bob, pending.message + b"\x00", DecodeError)
    refuses(bob, b"", DecodeError)


@FORMS
def test_proposals_are_kept_by_reference(form: mls.WireFormat) -> None:
    alice, bob = found("ab", policy=mls.Policy(handshake=form))
    message = alice.propose_remove(1)
    event = bob.receive(message)
    assert isinstance(event, mls.ProposalReceived)
    assert (event.sender, event.proposal) == (from_member(0), mls.Remove(1))
    assert bob.proposals == alice.proposals
    assert bob.proposals == (sent(mls.Remove(1), 0, event.reference)._replace(verified=True),)
    assert not bob.can_send
    assert not alice.can_send


def test_a_public_proposal_that_comes_twice_is_one() -> None:
    alice, bob = found("ab")
    message = alice.propose(mls.Remove(1), handshake=PUBLIC, authenticated_data=b"beside")
    first, second = bob.receive(message), bob.receive(message)
    assert first == second
    assert isinstance(first, mls.ProposalReceived)
    assert first.authenticated_data == b"beside"
    assert len(bob.proposals) == 1


@FORMS
def test_val_111_our_own_messages_are_recognised(form: mls.WireFormat) -> None:
    alice, bob = found("ab", policy=mls.Policy(handshake=form))
    messages = [alice.protect(b"data"), alice.propose_update()]
    before = alice.snapshot()
    for message in messages:
        assert alice.receive(message) == mls.OwnMessage(1)
    assert alice.snapshot() == before
    bob.receive(messages[1])
    pending = alice.commit()
    everyone([alice, bob], pending.message)
    assert alice.receive(messages[0]) == mls.OwnMessage(1)


@FORMS
def test_val_164_our_own_commit_comes_back(form: mls.WireFormat) -> None:
    alice, bob = found("ab", policy=mls.Policy(handshake=form))
    pending = alice.commit()
    event = alice.receive(pending.message)
    assert event == mls.EpochChanged(pending.changed, own=True)
    assert alice.receive(pending.message) == mls.OwnMessage(1)
    bob.receive(pending.message)
    agree([alice, bob])
    again = alice.commit()
    alice.accept(again)
    assert alice.receive(again.message) == mls.OwnMessage(2)
    bob.receive(again.message)
    everyone([alice, bob], bob.commit().message)
    assert alice.receive(again.message) == mls.OwnMessage(2)
    refuses(alice, pending.message, WrongEpochError, "late")
    refuses(bob, again.message, WrongEpochError, "late")


@FORMS
def test_a_commit_of_our_own_that_is_not_pending(form: mls.WireFormat) -> None:
    alice = found("ab", policy=mls.Policy(handshake=form))[0]
    clone = mls.Group.restore(alice.snapshot())
    refuses(clone, alice.commit().message, StateError, "cloned")


@FORMS
def test_val_102_handshakes_are_of_this_epoch(form: mls.WireFormat) -> None:
    alice, bob, carol = found("abc", policy=mls.Policy(handshake=form))
    late, early = alice.propose_update(), carol.commit()
    everyone([alice, bob, carol], early.message)
    late_commit = early.message
    for message in (late, late_commit):
        with pytest.raises(WrongEpochError, match="late") as caught:
            bob.receive(message)
        assert (caught.value.epoch, caught.value.current) == (1, 2)
    ahead = [alice.propose_update(), alice.commit(references=()).message]
    behind = mls.Group.restore(found("xyz")[0].snapshot())
    assert behind.epoch == 1
    pending = alice.pending
    assert pending is not None
    everyone([alice, carol], pending.message)
    ahead = [alice.propose_update(), alice.commit(references=()).message]
    for message in ahead:
        with pytest.raises(WrongEpochError, match="missing") as caught:
            bob.receive(message)
        assert (caught.value.epoch, caught.value.current) == (3, 2)


def test_val_101_messages_of_another_group() -> None:
    bob = found("ab")[1]
    other = found("ab", group_id=b"other")[0]
    for message in (
        other.protect(b"x"),
        other.propose_update(),
        other.propose(mls.Remove(1), handshake=PUBLIC),
        other.commit(handshake=PUBLIC, references=()).message,
    ):
        refuses(bob, message, RemoteProtocolError, "VAL-101")


def test_messages_of_past_epochs_as_long_as_they_are_kept() -> None:
    alice, bob = found("ab", policy=mls.Policy(past_epochs=2))
    letters = []
    for _ in range(4):
        letters.append(alice.protect(b"letter"))
        everyone([alice, bob], bob.commit().message)
    with pytest.raises(MissingKeyError, match=r"past.*VAL-102, RFC 9420 §6") as caught:
        bob.receive(letters[0])
    assert (caught.value.epoch, caught.value.generation) == (1, None)
    for number in (2, 3):
        event = bob.receive(letters[number])
        assert isinstance(event, mls.MessageReceived)
        assert event.epoch == number + 1
    refuses(bob, letters[2], MissingKeyError, r"used.*VAL-213, RFC 9420 §15\.3")


def test_no_past_epochs_at_all() -> None:
    alice, bob = found("ab", policy=mls.Policy(past_epochs=0))
    letter = alice.protect(b"letter")
    everyone([alice, bob], bob.commit().message)
    refuses(bob, letter, MissingKeyError, "past")


def test_val_097_application_data_is_private() -> None:
    alice, bob = found("ab")
    content = authenticate.application_content(b"group", 1, from_member(0), b"", b"in the clear")
    refuses(bob, said(alice, content, PUBLIC), RemoteProtocolError, "VAL-097")


def test_val_148_a_commit_before_its_proposal() -> None:
    alice, bob, carol = found("abc")
    proposal = carol.propose_update()
    alice.receive(proposal)
    pending = alice.commit()
    refuses(bob, pending.message, MissingKeyError, "VAL-148")
    bob.receive(proposal)
    everyone([alice, bob, carol], pending.message)
    agree([alice, bob, carol])


def test_val_131_who_is_removed_with_a_proposal_need_not_support_its_type() -> None:
    policy = mls.Policy(proposal_types=frozenset({UNKNOWN_TYPE}))
    alice, bob, carol = found("abc", policy=policy)
    plain = member("d")
    package = plain.key_package()
    welcome = alice.commit(add=[package.message])
    everyone([alice, bob, carol], welcome.message)
    dave = mls.Group.join(plain, package, welcome.welcome)
    custom = mls.UnknownProposal(UNKNOWN_TYPE, b"")
    everyone([alice, bob, dave], proposed(carol, custom))
    pending = alice.commit(remove=[dave.own_index])
    everyone([alice, bob, dave], pending.message)
    agree([alice, bob])
    assert pending.changed.custom == (custom,)
    assert not dave.is_active


def test_val_129_strangers_are_let_in_by_the_policy_only() -> None:
    alice, bob = found("ab")
    stranger = member("x")
    message = mls.propose_to_join(stranger, stranger.key_package(), alice.group_info())
    refuses(bob, message, PolicyError, "strangers")


def test_who_is_removed_hears_so_once() -> None:
    alice, bob, carol = found("abc")
    pending = alice.commit(remove=[2])
    event = carol.receive(pending.message)
    assert event == mls.EpochChanged(pending.changed, removed=True)
    assert not carol.is_active
    refuses(carol, pending.message, StateError, "removed")
    refuses(carol, bob.protect(b"x"), StateError, "removed")


def test_a_forged_signature_and_a_forged_tag(monkeypatch: pytest.MonkeyPatch) -> None:
    alice, bob = found("ab")
    with monkeypatch.context() as patched:
        patched.setattr(authenticate, "sign", lambda *_: bytes(64))
        forged = [
            proposed(alice, mls.Remove(1), PUBLIC),
            proposed(alice, mls.Remove(1), PRIVATE),
            alice.protect(b"x"),
        ]
    for message in forged:
        refuses(bob, message, AuthenticationError, "VAL-089")
