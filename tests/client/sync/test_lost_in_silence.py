"""What a broker loses without a word is offered again by whoever has it, or called lost."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from covey.access.member.replies import RolledBackError
from covey.access.refusals import Code
from covey.client import events
from covey.client.sync.rows import queues, wishes
from covey.client.sync.rows.groups import Status
from covey.errors import BrokerError

if TYPE_CHECKING:
    from client.table import Someone, Table
    from covey.client.sync.effects import Ask

OTHERS = "a member who has ended an epoch had seen something else in it than we did"


def slowly(table: Table, *people: Someone) -> None:
    """Let there be time enough to believe that a broker stays as it is."""
    table.settle(*people, rounds=30, step=10)


def set_back_before_an_epoch(table: Table) -> list[Someone]:
    """Alice, who has said "early" in an epoch that bob has begun; and carol knows none of it."""
    people = alice, bob, _ = table.team("alice", "bob", "carol")
    table.settle(*people)
    backup = table.snapshot()
    bob.wish(wishes.Renew())
    table.settle(bob, alice, rounds=2)
    alice.say("early")
    table.settle(alice, rounds=2)
    table.copies[0] = backup
    return people


def missing(someone: Someone) -> list[int]:
    """Of how much it was told that others had seen it."""
    told = [each for each in someone.news() if isinstance(each, events.MessagesLost)]
    return [each.count for each in told if each.why.startswith(OTHERS)]


# --- of ours -------------------------------------------------------------------------------


def test_who_only_listens_notices_that_what_it_said_is_gone(table: Table) -> None:
    alice, bob = table.team("alice", "bob")
    table.settle(alice, bob)
    backup = table.snapshot()
    alice.say("late")
    alice.turn()  # it was taken, and is not read yet
    table.copies[0] = backup
    with pytest.raises(RolledBackError):
        alice.run(alice.place.listener.read())
    slowly(table, alice, bob)
    assert bob.texts() == ["late"]


def test_two_things_that_were_taken_as_the_same_entry_are_both_offered_again(
    table: Table,
) -> None:
    people = alice, bob, _ = table.team("alice", "bob", "carol")
    table.settle(*people)
    backup = table.snapshot()
    alice.say("one")
    table.settle(alice, bob, rounds=2)
    table.copies[0] = backup
    alice.say("two")
    alice.run(alice.place.turns.turn(listening=True))
    number = alice.place.seat.number
    with alice.store.reading() as rows:
        taken = queues.accepted(rows, number)
    assert len({each.seq for each in taken}) == len(taken) - 1
    slowly(table, *people)
    for each in people:
        assert sorted(each.texts()) == ["one", "two"]


def test_an_entry_that_has_not_come_again_counts_as_unseen(table: Table) -> None:
    """Its number of before says nothing about a log that is read anew."""
    people = alice, bob, carol, dave = table.team("alice", "bob", "carol", "dave")
    table.settle(*people)
    backup = table.snapshot()
    alice.say("early")
    table.settle(alice, bob, rounds=2)
    table.copies[0] = backup
    for number in range(3):
        carol.say(f"{number}")  # takes the place, and more
    carol.turn()
    alice.cut = refused
    slowly(table, alice)
    alice.cut = lambda _: ""
    carol.wish(wishes.Renew())
    table.settle(carol, rounds=2)
    slowly(table, *people)
    assert sorted(dave.texts()) == ["0", "1", "2", "early"]


def refused(asked: Ask) -> str:
    """The broker takes nothing now."""
    if asked.operation == "append":
        raise BrokerError(Code.malformed, "not now")
    return ""


def test_what_a_broker_puts_off_while_it_is_offered_anew_is_offered_later(table: Table) -> None:
    """That it is too much at once says nothing of what is offered."""
    people = alice, *_ = table.team("alice", "bob", "carol")
    table.settle(*people)
    backup = table.snapshot()
    alice.say("early")
    table.settle(alice, rounds=2)
    table.copies[0] = backup
    alice.cut = too_much
    slowly(table, *people)
    alice.cut = lambda _: ""
    slowly(table, *people)
    alice.wish(wishes.Renew())
    slowly(table, *people)
    for each in people:
        assert each.texts() == ["early"]
    assert len({each.authenticator for each in people}) == 1


def too_much(asked: Ask) -> str:
    """The broker takes nothing at this moment."""
    if asked.operation == "append":
        raise BrokerError(Code.over_quota, "too much at once")
    return ""


def test_a_gap_behind_which_something_comes_again_is_none(table: Table) -> None:
    """The log was set back and has grown since: our epoch begins behind where we are."""
    people = alice, bob, carol = table.team("alice", "bob", "carol")
    table.settle(*people)
    backup = table.snapshot()
    bob.wish(wishes.Renew())
    table.settle(bob, alice, rounds=2)
    bob.say("early")
    alice.say("hers")
    table.settle(bob, alice, rounds=3)
    table.copies[0] = backup
    for number in range(5):
        carol.say(f"{number}")
    table.settle(carol, rounds=2)
    slowly(table, bob)
    slowly(table, *people)
    assert alice.place.seat.look().set_back_at > 0
    for each in (alice, bob):
        assert sorted(each.texts()) == ["early", "hers"]
    assert len({each.authenticator for each in people}) == 1


def test_what_was_offered_before_its_epoch_was_there_is_offered_once_more(table: Table) -> None:
    """Others bring the epoch in between; no commit may follow for long."""
    people = alice, bob, carol = set_back_before_an_epoch(table)
    while not alice.place.turns.troubles.is_set:
        table.settle(alice, rounds=1)
    table.passes(60.0)
    reading = alice.hold(alice.place.turns.turn(), "read")  # has offered all, in vain
    table.settle(bob, rounds=10, step=10)
    reading.go()
    assert not alice.place.turns.troubles.is_set
    table.settle(*people)
    assert carol.texts() == ["early"]


def test_what_is_new_where_something_else_was_keeps_its_place(table: Table) -> None:
    """What was there before comes later, and moves from there, whenever that is read."""
    people = alice, bob, carol, dave = table.team("alice", "bob", "carol", "dave")
    table.settle(*people)
    backup = table.snapshot()
    for number in range(3):
        alice.say(f"early {number}")
    table.settle(alice, dave, rounds=2)
    table.copies[0] = backup
    for number in range(2):
        bob.say(f"late {number}")
    table.settle(bob, carol, rounds=2)
    slowly(table, *people)
    expected = ["late 0", "late 1", *(f"early {number}" for number in range(3))]
    for each in people:
        assert each.texts() == expected


def test_who_begins_again_after_a_contradiction_believes_no_gap(table: Table) -> None:
    """What is missing was not thrown away: it is another log, which has nothing of ours."""
    people = alice, bob, carol = set_back_before_an_epoch(table)
    alice.turn()
    alice.start()
    for number in range(5):
        carol.say(f"{number}")
    table.settle(carol, rounds=2)
    table.settle(bob, rounds=10, step=10)
    bob.say("late")
    table.settle(bob, rounds=2)
    slowly(table, *people)
    for each in (bob, carol):
        assert sorted(each.texts())[-2:] == ["early", "late"]


# --- of others -----------------------------------------------------------------------------


@pytest.mark.parametrize(("said", "instead"), [(False, False), (True, False), (True, True)])
def test_who_ends_an_epoch_in_which_it_has_seen_more_lets_the_others_know(
    table: Table, *, said: bool, instead: bool
) -> None:
    """Dave, who is away, cannot offer again what he had said; bob offers the commit behind it."""
    people = alice, bob, carol, dave = table.team("alice", "bob", "carol", "dave")
    table.settle(*people)
    backup = table.snapshot()
    if said:
        dave.say("early")
        table.settle(dave, bob, carol, rounds=2)
    bob.wish(wishes.Renew())
    table.settle(bob, carol, rounds=2)
    for each in people:
        each.news()
    table.copies[0] = backup
    if instead:  # so that the commit is the entry that it was
        alice.say("late")
        alice.turn()
    slowly(table, bob, carol)
    slowly(table, alice)
    assert alice.authenticator == bob.authenticator
    assert missing(alice) == ([0] if said else [])
    slowly(table, *people)
    for each in people:
        assert sorted(each.texts()) == ["early"] * said + ["late"] * instead
    assert missing(bob) == missing(carol) == []


def test_a_proposal_is_offered_again_by_all_who_have_it(table: Table) -> None:
    """Who has left offers nothing, and nobody can follow the commit without what it is about."""
    people = alice, bob, carol, dave = table.team("alice", "bob", "carol", "dave")
    table.settle(*people)
    backup = table.snapshot()
    dave.leave()
    table.settle(dave, bob, carol)
    assert dave.place.seat.look().status is Status.left
    table.copies[0] = backup
    slowly(table, bob, carol)
    slowly(table, alice)
    assert alice.place.seat.look().status is Status.active
    assert alice.authenticator == bob.authenticator == carol.authenticator
    assert not any(isinstance(each, events.Branching) for each in alice.news())


def test_whom_a_forgetful_broker_keeps_from_coming_is_invited_again(table: Table) -> None:
    """It says that nothing was claimed for which a pointer could be left."""
    alice, bob = table.sit("alice"), table.sit("bob")
    alice.create()
    backup = table.snapshot()
    alice.invite("bob")
    table.copies[0] = backup
    table.settle(alice, rounds=4)
    assert bob.peer.places() == []
    assert ("alice", "post") in table.asked
    slowly(table, alice, bob)
    assert alice.authenticator == bob.authenticator
