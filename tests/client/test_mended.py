"""What seeds of the simulator have shown, and how it ends since: flows around a table."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from client.table import Table
from covey.client import events
from covey.client.sync import wishes

if TYPE_CHECKING:
    from client.table import Someone


@pytest.fixture
def table() -> Table:
    return Table()


def group(table: Table, *names: str) -> list[Someone]:
    """Some people, in one group that the first of them has made."""
    people = [table.sit(name) for name in names]
    people[0].create()
    people[0].invite(*names[1:])
    table.settle(*people)
    return people


def told(someone: Someone, *kinds: type[events.Event]) -> list[events.Event]:
    """The events of some kinds since the last call."""
    return [each for each in someone.news() if isinstance(each, kinds)]


def test_what_was_taken_and_lost_before_it_was_read_is_noticed_and_said_again(
    table: Table,
) -> None:
    """The broker is set back between its answer and our next look, and others go on."""
    alice, bob = group(table, "alice", "bob")
    backup = table.snapshot()
    bob.say("taken")
    bob.turn()
    table.copies[0] = backup
    alice.say("in its place")
    alice.turn()
    table.settle(alice, bob, rounds=30, step=10)
    assert told(bob, events.ForkFound, events.RolledBack)
    assert sorted(alice.texts()) == sorted(bob.texts()) == ["in its place", "taken"]


def test_who_sleeps_between_two_looks_offers_again_before_it_branches(table: Table) -> None:
    """A day between the first contradiction and the second is no day of contradictions."""
    alice, bob = group(table, "alice", "bob")
    backup = table.snapshot()
    alice.wish(wishes.Describe(name="lost"))
    table.settle(alice, bob)
    table.copies[0] = backup
    for _ in range(2):
        bob.turn()
        alice.turn()
        table.passes(86_400)
    table.settle(alice, bob, rounds=30, step=10)
    assert not told(alice, events.Branching)
    assert not told(bob, events.Branching)
    assert alice.authenticator == bob.authenticator
    assert alice.place.seat.row.name == bob.place.seat.row.name == "lost"
