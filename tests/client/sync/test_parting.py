"""Who leaves a branch for the group of which it is one says so there, and the others follow."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from covey.client import events
from covey.client.sync.branches import parting
from covey.client.sync.log import hearing
from covey.client.sync.rows import groups
from covey.client.sync.rows.groups import Status
from covey.client.words.contents import Parting

if TYPE_CHECKING:
    from client.table import Someone, Table
    from covey.client.sync.effects import Ask

_TWO_DAYS = 48 * 3_600.0


def cut(someone: Someone, *operations: str) -> None:
    """It is told that alice has no KeyPackage, and what it asks for otherwise gets lost."""
    assert someone.peer.device is not None
    alice = someone.peer.device.handle("alice")

    def becomes(asked: Ask) -> str:
        if asked.operation == "claim" and alice in asked.request.encode():
            return "refused"
        return "request" if asked.operation in operations else ""

    someone.cut = becomes


def parted(table: Table) -> tuple[Someone, Someone, Someone]:
    """Alice's group is well; bob and carol have gone on in a branch without her.

    Bob has knocked at it, and she has not looked yet; carol did not, and knocks no more.
    """
    alice, bob, carol = table.team("alice", "bob", "carol")
    cut(bob)
    cut(carol, "knock")
    for each in (bob, carol):
        each.breaks(each.place)
    table.settle(bob, carol, rounds=30)
    table.settle(bob, carol, rounds=8, step=_TWO_DAYS / 8)
    for each in (bob, carol):
        each.cut = lambda _: ""
        assert each.place.seat.group.tree.census.members == 2
    for each in (alice, bob, carol):
        each.news()
    return alice, bob, carol


def bound(someone: Someone) -> dict[int, parting.Bound]:
    with someone.store.reading() as rows:
        return parting.every(rows)


def are_together(people: tuple[Someone, ...], gid: bytes) -> bool:
    """Whether all are in one epoch of a group."""
    places = [each.peer.in_group(gid) for each in people]
    return len({place and place.seat.group.epoch_authenticator for place in places} | {None}) == 2


def test_who_is_in_a_branch_follows_those_who_go_back_to_the_group_of_which_it_is_one(
    table: Table,
) -> None:
    alice, bob, carol = people = parted(table)
    bob.say("said in the branch")
    table.settle(*people, rounds=40, step=5.0)
    whole = alice.place.seat.row.gid
    for each in people:
        stands = {place.seat.row.gid: place.seat.look().status for place in each.peer.places()}
        assert stands.pop(whole) is Status.active
        assert set(stands.values()) <= {Status.branched}
        assert not bound(each)
        assert each.texts_of(each.peer.in_group(whole) or each.place) == ["said in the branch"]
    assert are_together(people, whole)
    told = [each for each in carol.news() if isinstance(each, events.Rejoining)]
    assert [each.why for each in told] == ["bob has gone back to it"]


def test_what_it_says_first_is_kept_through_a_crash(table: Table) -> None:
    """Whoever dies before the others are told tells them when it lives again, once."""
    alice, bob, carol = people = parted(table)
    cut(bob, "append")
    table.settle(alice, bob, rounds=20, step=5.0)
    assert len(bound(bob)) == 1
    bob.start()
    bob.cut = lambda _: ""
    table.settle(*people, rounds=40, step=5.0)
    assert not bound(bob)
    assert are_together(people, alice.place.seat.row.gid)
    told = [each for each in carol.news() if isinstance(each, events.Rejoining)]
    assert len(told) == 1


def test_after_a_day_it_folds_though_nobody_could_be_told(table: Table) -> None:
    alice, bob, _ = parted(table)
    branch = bob.place.seat.number
    cut(bob, "append")
    table.settle(alice, bob, rounds=20, step=5.0)
    assert branch in bound(bob)
    table.settle(alice, bob, rounds=4, step=9 * 3_600.0)
    assert not bound(bob)
    with bob.store.reading() as rows:
        row = groups.of(rows, branch)
    assert row is not None
    assert row.status is Status.branched


@pytest.mark.parametrize("known", ["nothing", "another"])
def test_who_says_that_it_goes_on_in_what_the_branch_is_none_of_is_not_followed(
    table: Table, known: str
) -> None:
    alice, bob = table.team("alice", "bob")
    other = bob.create("other").seat.row.gid if known == "another" else bytes(32)
    places = {each.seat.look().name: each for each in bob.peer.places()}
    seat = alice.place.seat
    with seat.change() as rows:
        hearing.say(seat, rows, Parting(other), kept=False)
    table.settle(alice, bob)
    assert not bound(bob)
    assert places["team"].seat.look().status is Status.active
    assert not [each for each in bob.news() if isinstance(each, events.WishRefused)]
