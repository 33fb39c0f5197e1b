"""Who comes into a branch late: what was said there before, and where it had been lost, is missing.

That is told, as it is to whoever is let into its own group anew.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from covey.client import events
from covey.client.sync.log import entering
from covey.client.sync.rows.groups import Status

if TYPE_CHECKING:
    from client.table import Someone, Table


def breaks(*people: Someone) -> None:
    for each in people:
        each.breaks(each.peer.places()[0])


def missed(someone: Someone) -> list[events.MessagesLost]:
    """What somebody was told that it misses of the messages of others."""
    return [
        each for each in someone.news() if isinstance(each, events.MessagesLost) and not each.ids
    ]


def test_who_comes_in_by_the_first_commit_of_a_branch_misses_nothing(table: Table) -> None:
    alice, bob, carol = table.team("alice", "bob", "carol")
    breaks(alice, bob, carol)
    table.settle(alice, bob, carol, rounds=20)
    bob.say("here we are")
    table.settle(alice, bob, carol)
    assert carol.texts() == ["here we are"]
    assert not any(missed(each) for each in (alice, bob, carol))


def test_who_comes_into_a_branch_by_a_later_commit_is_told_that_it_misses_what_was_said_there(
    table: Table,
) -> None:
    alice, bob, carol = table.team("alice", "bob", "carol")
    carol.forgets_key_packages()
    breaks(alice, bob, carol)
    table.settle(alice, bob, rounds=20)
    bob.say("before carol")
    table.settle(alice, bob, rounds=2)
    table.settle(alice, bob, carol, rounds=200, step=30.0)
    assert alice.authenticator == bob.authenticator == carol.authenticator
    assert "before carol" not in carol.texts()
    [told] = missed(carol)
    assert told.count == 0
    assert not missed(bob)


def test_who_was_lost_and_comes_into_a_branch_is_told_that_it_misses_what_was_said_meanwhile(
    table: Table,
) -> None:
    alice, bob, carol = table.team("alice", "bob", "carol")
    place = carol.place
    with place.seat.change() as rows:
        entering.fell_behind(place.seat, rows, "gone")
    bob.say("while carol was away")
    table.settle(alice, bob, rounds=2)
    breaks(alice, bob)
    table.settle(alice, bob, rounds=20)
    table.settle(alice, bob, carol)
    assert carol.place.seat.look().status is Status.active
    assert carol.authenticator == alice.authenticator
    assert carol.texts() == []
    [told] = missed(carol)
    assert told.count == 0


def test_who_is_beyond_what_the_broker_has_and_goes_on_in_a_branch_is_told_so(
    table: Table,
) -> None:
    """Others may be in an epoch to which it was set back, and speak there."""
    alice, bob = table.forgotten("alice", "bob")
    assert alice.authenticator == bob.authenticator
    for each in (alice, bob):
        assert {told.count for told in missed(each)} == {0}
