"""Who leaves a branch for the group of which it is one says so there, and the others follow."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from covey.client import events
from covey.client.sync.branches import parting
from covey.client.sync.log import hearing
from covey.client.sync.rows import groups
from covey.client.sync.rows.groups import Status
from covey.client.sync.rows.wishes import Describe, Expel
from covey.client.words.contents import Parting
from covey.client.words.profile import first_profile

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


def parted(table: Table, erin: str = "") -> tuple[Someone, Someone, Someone]:
    """Alice's group is well; bob and carol have gone on in a branch without her.

    Bob has knocked at it, and she has not looked yet; carol did not, and knocks no more. In the
    branch carol has removed erin, if she is in the group.
    """
    names = ["alice", "bob", "carol", *([erin] if erin else [])]
    alice, bob, carol, *_ = people = table.team(*names)
    alice.wish(Describe(roles={"carol": 2}))
    table.settle(*people)
    cut(bob)
    cut(carol, "knock")
    for each in (bob, carol):
        each.breaks(each.place)
    table.settle(bob, carol, rounds=30)
    if erin:
        carol.wish(Expel((erin.encode(),)))
    table.settle(bob, carol, rounds=8, step=_TWO_DAYS / 8)
    for each in (bob, carol):
        each.cut = lambda _: ""
        assert b"alice" not in {m.identity for m in each.place.seat.group.members}
    for each in (alice, bob, carol):
        each.news()
    return alice, bob, carol


def says(someone: Someone, into: bytes) -> None:
    """It says that it goes on there, in the last of its groups."""
    seat = someone.place.seat
    with seat.change() as rows:
        hearing.say(seat, rows, Parting(into), kept=False)


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


def test_who_only_hears_it_does_not_follow_to_people_who_were_removed_in_the_branch(
    table: Table,
) -> None:
    """The one who says so may want them back."""
    alice, bob, carol = people = parted(table, "erin")
    branch = carol.place
    bob.say("said in the branch")
    table.settle(*people, rounds=40, step=5.0)
    assert branch.seat.look().status is Status.active
    whole = carol.peer.in_group(alice.place.seat.row.gid)
    assert whole is not None
    assert carol.texts_of(branch) == ["said in the branch"]
    told = [each for each in carol.news() if isinstance(each, events.WishRefused)]
    assert [each.what.startswith("go on here with what was said in") for each in told] == [True]


def test_who_only_hears_it_does_not_follow_to_other_rights(table: Table) -> None:
    alice, _, carol = people = parted(table)
    alice.wish(Describe(roles={"carol": 1}))
    table.settle(alice)
    branch = carol.place
    table.settle(*people, rounds=40, step=5.0)
    assert branch.seat.look().status is Status.active
    assert len([each for each in carol.news() if isinstance(each, events.WishRefused)]) == 1
    alice.wish(Describe(roles={"carol": 2}))  # once they are the same, it does
    table.settle(*people, rounds=20, step=5.0)
    assert branch.seat.look().status is Status.branched


def test_where_nobody_lets_it_in_it_stays_in_the_branch(table: Table) -> None:
    """It asks for a day, and once, however often somebody says so."""
    _, bob, carol = parted(table)
    old, branch = carol.peer.places()[0].seat, carol.place.seat
    for _ in range(2):
        says(bob, old.row.gid)
        table.settle(bob, carol)
        asked = old.look().status
        table.settle(bob, carol, rounds=4, step=_TWO_DAYS / 4)
        assert old.look().status is Status.branched
        assert branch.look().status is Status.active
    assert asked is Status.branched


def test_nobody_is_led_into_the_group_of_which_its_maker_says_that_it_is_a_branch(
    table: Table,
) -> None:
    """What is said in it would be said there again."""
    mallory, bob, anna = people = [table.sit(name) for name in ("mallory", "bob", "anna")]
    town = anna.create("town")
    stated = first_profile("lure", b"mallory").replace(goes_on_from=town.seat.row.gid, place=0)
    mallory.peer.create(stated)
    mallory.turn()
    mallory.invite("bob")
    table.settle(mallory, bob)
    bob.say("for mallory only")
    table.settle(mallory, bob)
    anna.invite("bob")
    table.settle(*people)
    says(mallory, town.seat.row.gid)
    table.settle(*people, rounds=30)
    assert not bound(bob)
    assert {place.seat.look().status for place in bob.peer.places()} == {Status.active}
    assert anna.texts() == []


@pytest.mark.parametrize("known", ["nothing", "another"])
def test_who_says_that_it_goes_on_in_what_the_branch_is_none_of_is_not_followed(
    table: Table, known: str
) -> None:
    alice, bob = table.team("alice", "bob")
    other = bob.create("other").seat.row.gid if known == "another" else bytes(32)
    places = {each.seat.look().name: each for each in bob.peer.places()}
    says(alice, other)
    table.settle(alice, bob)
    assert not bound(bob)
    assert places["team"].seat.look().status is Status.active
    assert not [each for each in bob.news() if isinstance(each, events.WishRefused)]
