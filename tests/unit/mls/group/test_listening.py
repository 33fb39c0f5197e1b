"""Commits that are looked at before they apply."""

from __future__ import annotations

import pytest

from covey import mls
from covey.errors import StateError
from group_samples import PRIVATE, PUBLIC, agree, everyone, found

FORMS = pytest.mark.parametrize("form", [PUBLIC, PRIVATE], ids=["public", "private"])


def staged(group: mls.Group, message: bytes) -> mls.StagedCommit:
    """A commit, looked at."""
    looked = group.stage(message)
    assert isinstance(looked, mls.StagedCommit)
    return looked


@FORMS
def test_looking_changes_nothing(form: mls.WireFormat) -> None:
    alice, bob = found("ab", policy=mls.Policy(handshake=form))
    pending = alice.commit(authenticated_data=b"beside")
    before = bob.snapshot()
    looked = staged(bob, pending.message)
    assert bob.snapshot() == before
    assert looked.changed == pending.changed
    assert repr(looked) == f"StagedCommit({pending.changed!r})"
    event = bob.apply(looked)
    assert event == mls.EpochChanged(pending.changed, authenticated_data=b"beside")
    alice.accept(pending)
    agree([alice, bob])


@FORMS
def test_of_two_the_other_one_is_taken(form: mls.WireFormat) -> None:
    alice, bob, carol = found("abc", policy=mls.Policy(handshake=form))
    first, second = alice.commit(), bob.commit(remove=[0])
    looked = [staged(carol, pending.message) for pending in (first, second)]
    carol.apply(looked[1])
    with pytest.raises(StateError, match="changed"):
        carol.apply(looked[0])
    bob.accept(second)
    agree([bob, carol])


@FORMS
def test_what_happens_in_between_makes_looking_stale(form: mls.WireFormat) -> None:
    alice, bob = found("ab", policy=mls.Policy(handshake=form))
    pending, proposal = alice.commit(), bob.propose_update()
    looked = staged(bob, pending.message)
    bob.propose_update()
    before = bob.snapshot()
    with pytest.raises(StateError):
        bob.apply(looked)
    assert bob.snapshot() == before
    bob.apply(staged(bob, pending.message))
    alice.accept(pending)
    agree([alice, bob])
    assert proposal


def test_a_message_in_between_makes_looking_at_a_private_commit_stale() -> None:
    alice, bob = found("ab", policy=mls.Policy(handshake=PRIVATE))
    message, pending = alice.protect(b"x"), alice.commit()
    looked = staged(bob, pending.message)
    bob.receive(message)
    before = bob.snapshot()
    with pytest.raises(StateError):
        bob.apply(looked)
    assert bob.snapshot() == before
    bob.receive(pending.message)


@FORMS
def test_what_is_no_commit_happens_at_once(form: mls.WireFormat) -> None:
    alice, bob = found("ab", policy=mls.Policy(handshake=form))
    assert isinstance(bob.stage(alice.protect(b"x")), mls.MessageReceived)
    assert isinstance(bob.stage(alice.propose_update()), mls.ProposalReceived)


@FORMS
def test_our_own_commit_is_looked_at_too(form: mls.WireFormat) -> None:
    alice, bob = found("ab", policy=mls.Policy(handshake=form))
    pending = alice.commit()
    looked = staged(alice, pending.message)
    assert alice.epoch == 1
    assert looked.changed == pending.changed
    assert alice.apply(looked) == mls.EpochChanged(pending.changed, own=True)
    bob.receive(pending.message)
    agree([alice, bob])
    with pytest.raises(StateError, match="no commit is pending"):
        alice.accept(pending)
    pending = alice.commit()
    looked = staged(alice, pending.message)
    alice.discard(pending)
    with pytest.raises(StateError, match="changed"):
        alice.apply(looked)


@FORMS
def test_being_removed_is_looked_at_too(form: mls.WireFormat) -> None:
    alice, bob = found("ab", policy=mls.Policy(handshake=form))
    looked = staged(bob, alice.commit(remove=[1]).message)
    assert bob.is_active
    event = bob.apply(looked)
    assert isinstance(event, mls.EpochChanged)
    assert event.removed
    assert not bob.is_active


@FORMS
def test_a_pending_commit_is_lost_when_another_one_applies(form: mls.WireFormat) -> None:
    alice, bob = found("ab", policy=mls.Policy(handshake=form))
    own, other = bob.commit(), alice.commit()
    event = bob.apply(staged(bob, other.message))
    assert isinstance(event, mls.EpochChanged)
    assert event.discarded
    with pytest.raises(StateError):
        bob.accept(own)
    everyone([alice], other.message)
    agree([alice, bob])
