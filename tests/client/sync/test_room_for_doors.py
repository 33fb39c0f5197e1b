"""A group has 128 doors at most: whoever fills it with them stops nobody from being removed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from covey.access.member import addresses
from covey.access.structs.extensions import GroupCapabilities, GroupCapability, Right
from covey.client import events
from covey.client.sync import account
from covey.client.sync.group import capabilities
from covey.client.sync.log import entering
from covey.client.sync.rows.groups import Status
from covey.client.sync.rows.wishes import CloseDoor, Describe, Expel, OpenDoor
from covey.client.words.profile import Role

if TYPE_CHECKING:
    from client.table import Someone, Table

MOST = addresses.MOST_CAPABILITIES
LINKS = 32  # of one device, at most
DAYS = 24  # hours


def doors(someone: Someone, right: Right | None = None) -> list[GroupCapability]:
    stated = addresses.capabilities_of(someone.place.seat.group.extensions).capabilities
    return [each for each in stated if right in (None, each.right)]


def opens(someone: Someone, count: int, right: Right = Right.join) -> None:
    until = int(someone.table.now) // 3600 + 40 * DAYS
    for _ in range(count):
        someone.wish(OpenDoor(someone.table.entropy(32), right, until))


def members(someone: Someone) -> set[bytes]:
    return {each.identity for each in someone.place.seat.group.members}


def refused(someone: Someone) -> list[str]:
    return [each.why for each in someone.news() if isinstance(each, events.WishRefused)]


@pytest.mark.parametrize("count", [MOST - 1, MOST])
def test_who_founds_a_group_full_of_doors_of_nobody_can_be_removed(
    table: Table, count: int
) -> None:
    mallory, alice, bob = (table.sit(name) for name in ("mallory", "alice", "bob"))
    planted = tuple(
        GroupCapability(table.entropy(32), table.entropy(32), (1 << 64) - 1, Right.join)
        for _ in range(count)
    )
    full = addresses.with_capabilities((), GroupCapabilities(planted))
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(account, "_with_door", lambda _: full)
        patched.setattr(capabilities, "lacks_recovery", lambda *_: False)
        mallory.create("team")
        mallory.invite("alice", "bob")
        table.settle(mallory, rounds=3)
        for each in (alice, bob):
            each.run(each.peer.look_into_inbox())
        mallory.wish(Describe(roles={"alice": Role.owner}))
        table.settle(mallory, rounds=3)
    table.settle(alice, bob)
    alice.wish(Expel((b"mallory",)))
    table.settle(alice, bob)
    assert refused(alice) == []
    assert members(bob) == {b"alice", b"bob"}
    assert len(doors(bob)) == MOST
    assert doors(bob, Right.recover)


@pytest.mark.parametrize("right", list(Right))
def test_members_who_fill_it_stop_nobody(table: Table, right: Right) -> None:
    fillers = tuple(f"filler {number}" for number in range(MOST // LINKS))
    alice, bob, carol, *others = people = table.team("alice", "bob", "carol", *fillers)
    table.passes(26 * 3600)
    table.settle(*people)
    ways = doors(alice, Right.recover)
    for each in others:
        opens(each, LINKS, right)
        with pytest.MonkeyPatch.context() as patched:
            patched.setattr(capabilities, "lacks_recovery", lambda *_: False)
            if each is others[-1]:
                for way in ways:
                    each.wish(CloseDoor(way.key))
            table.settle(each)
        table.settle(*people, rounds=3)
    assert len(doors(alice)) == MOST
    alice.wish(Describe(name="renamed"))
    table.settle(*people)
    alice.wish(Expel((b"carol",)))
    table.settle(*people)
    bob.leave()
    table.settle(*people, rounds=30)
    assert bob.place.seat.look().status is Status.left
    assert carol.place.seat.look().status is Status.removed
    assert refused(alice) == []
    assert len(doors(alice)) <= MOST
    assert doors(alice, Right.recover)


def test_there_is_no_room_for_a_link_where_all_are_taken(table: Table) -> None:
    fillers = tuple(f"filler {number}" for number in range(MOST // LINKS))
    alice, *others = people = table.team("alice", *fillers)
    for each in others:
        opens(each, LINKS)
        table.settle(*people, rounds=3)
    before = doors(alice)
    opens(alice, 1)
    table.settle(*people, rounds=3)
    assert doors(alice) == before
    [why] = refused(alice)
    assert why.endswith("doors open: close its links first")


def test_who_has_all_links_that_it_may_have_can_still_remove(table: Table) -> None:
    alice, bob, carol = people = table.team("alice", "bob", "carol")
    opens(alice, LINKS)
    table.settle(*people)
    alice.wish(Expel((b"bob",)))
    table.settle(*people)
    assert bob.place.seat.look().status is Status.removed
    assert len(doors(carol, Right.join)) == LINKS
    opens(alice, 1)
    table.settle(alice, carol)
    assert len(doors(carol, Right.join)) == LINKS
    assert refused(alice) == [f"alice may have {LINKS} such doors open: close some first"]


def test_who_has_all_links_that_it_may_have_lets_others_go(table: Table) -> None:
    alice, bob = people = table.team("alice", "bob")
    opens(alice, LINKS)
    table.settle(*people)
    bob.leave()
    table.settle(*people, rounds=10)
    assert bob.place.seat.look().status is Status.left


def test_who_has_all_links_that_it_may_have_lets_others_come_back(table: Table) -> None:
    alice, bob = people = table.team("alice", "bob")
    opens(alice, LINKS)
    bob.wish(capabilities.way_back(bob.peer.home.world))
    table.settle(*people)
    seat: Any = bob.place.seat
    with seat.change() as rows:
        entering.fell_behind(seat, rows, "for this test")
    table.settle(*people, rounds=40)
    assert bob.place.seat.look().status is Status.active
    assert refused(alice) == []
