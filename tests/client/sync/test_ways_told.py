"""Who is told of the ways back into a group: whoever comes in, and all once more after a gap."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from client.table import only_commits
from covey.access.structs.extensions import Right
from covey.access.structs.sealed import WayBack
from covey.client import events
from covey.client.sync.group import capabilities
from covey.client.sync.rows import groups, wishes

if TYPE_CHECKING:
    from client.table import Someone, Table

YEARS = 24 * 365


def seeds(someone: Someone) -> tuple[bytes, ...]:
    """The ways back that it knows, the best one first."""
    return capabilities.seeds(someone.place.seat.look())


def opens(someone: Someone, years: int) -> None:
    """Open a way back that is good for some years."""
    until = int(someone.now()) // 3600 + years * YEARS
    someone.wish(wishes.OpenDoor(someone.table.entropy(32), Right.recover, until))
    someone.turn()


@pytest.mark.parametrize("more", [0, 2, 6])
def test_who_comes_in_knows_the_way_back_before_it_has_read_a_word(table: Table, more: int) -> None:
    [alice] = table.team("alice")
    bob = table.sit("bob")
    for years in range(more):
        opens(alice, 11 + years)
    table.settle(alice)
    known = capabilities.known(alice.place.seat)
    assert len(known) == 1 + more
    assert [each.seed for each in capabilities.told(alice.place.seat)] == [*known[::-1][:4]]
    alice.invite("bob")
    table.settle(alice, rounds=3)
    bob.cut = lambda asked: "request" if asked.operation == "read" else ""
    bob.turn()
    assert seeds(bob) == known[::-1][:4]  # those that are good for longest, four at most


def test_more_than_four_ways_back_in_a_pointer_are_not_kept() -> None:
    told = [WayBack(bytes([number]) * 32) for number in range(6)]
    kept = capabilities.joined(told)
    assert kept == b"".join(bytes([number]) * 32 for number in range(4))
    assert capabilities.joined(()) is None


def test_sixteen_ways_back_are_kept_and_those_that_were_heard_last_stay(table: Table) -> None:
    [alice] = table.team("alice")
    row = alice.place.seat.look().replaced(recovery=None)
    told = [bytes([number]) * 32 for number in range(20)]
    for seed in told:
        row = row.replaced(recovery=capabilities.with_seed(row, seed))
    assert capabilities.seeds(row) == tuple(reversed(told))[:16]
    row = row.replaced(recovery=capabilities.with_another(row, bytes(31) + b"\1"))
    assert capabilities.seeds(row)[:3] == (told[19], bytes(31) + b"\1", told[18])
    assert len(capabilities.seeds(row)) == 16


def test_who_opened_a_way_back_tells_it_again_when_it_may_have_gone_unheard(table: Table) -> None:
    """What was said in the epoch is not kept any more, and not all have read it."""
    alice, bob, carol = people = table.team("alice", "bob", "carol")
    alice.cut = only_commits
    opens(alice, 20)
    table.settle(*people, rounds=2)
    alice.cut = lambda _: ""
    table.settle(alice, rounds=2)
    told = seeds(alice)[0]
    table.settle(carol, rounds=1)
    assert seeds(carol)[0] == told
    carol.say("unread by the others")
    carol.turn()
    assert told not in seeds(bob)
    table.passes(40 * 86_400)
    table.copies[0].sweep()
    table.settle(alice, bob)
    assert any(isinstance(each, events.MessagesLost) for each in alice.news())
    seat = bob.place.seat
    assert seeds(bob)[0] == told
    with bob.store.reading() as rows:
        doors = {each.capability for each in groups.doors(rows, seat.number)}
    assert capabilities.key(told) in doors  # it lets others in who knock there, too
