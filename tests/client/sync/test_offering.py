"""A log that is read anew stays one that is read anew, also for who starts again in between."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from covey.client import events
from covey.client.sync.rows.groups import Status
from covey.store.faulty import Died

if TYPE_CHECKING:
    from client.table import Someone, Table

FALSE = (events.Unreadable, events.MessagesLost, events.ForkFound)


@pytest.mark.parametrize("times", [1, 2])
def test_who_dies_while_it_reads_anew_goes_on_reading_anew(table: Table, times: int) -> None:
    people = [table.sit(name) for name in ("alice", "bob")]
    alice, bob = people
    alice.create()
    alice.invite("bob")
    table.settle(*people)
    alice.say("before")
    bob.say("too")
    table.settle(*people)
    backup = table.snapshot()
    alice.say("lost and offered again")
    table.settle(*people)
    for each in people:
        each.news()
    table.copies[0] = backup
    for _ in range(times):
        dies_when_it_reads_anew(alice)
    table.settle(*people, rounds=12, step=10)
    bob.say("after")
    table.settle(*people)
    assert alice.texts() == bob.texts()
    assert sorted(alice.texts()) == ["after", "before", "lost and offered again", "too"]
    assert [str(each) for each in alice.news() if isinstance(each, FALSE)] == []
    assert alice.authenticator == bob.authenticator


def dies_when_it_reads_anew(someone: Someone) -> None:
    """Its process ends just when it has begun to read the log from its beginning."""
    someone.cut = lambda asked: (
        "killed" if asked.operation == "read" and someone.place.seat.look().seq < 0 else ""
    )
    with pytest.raises(Died):
        someone.table.settle(someone, rounds=20)
    someone.cut = lambda _: ""
    someone.start()


def test_who_leaves_while_it_offers_anew_is_out(table: Table) -> None:
    """The keys are gone when what is under way goes on."""
    alice = table.sit("alice")
    alice.create()
    table.settle(alice)
    backup = table.snapshot()
    alice.say("lost")
    table.settle(alice)
    table.copies[0] = backup
    while not alice.place.turns.troubles.is_set:
        alice.turn()
        table.passes(1)
    table.passes(60)
    held = alice.hold(alice.place.turns.turn(), "append")
    alice.leave()
    held.go()
    row = alice.place.seat.look()
    assert (row.status, row.set_back_at) == (Status.left, 0)
    table.settle(alice)
