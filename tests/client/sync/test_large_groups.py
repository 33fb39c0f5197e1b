"""What a turn and a commit look at in a large group: not at everybody."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import pytest

from client.table import SUITE, Table
from covey.client.roles import GroupPolicy
from covey.client.sync.group import commits, electing, inviting
from covey.client.sync.rows.wishes import Describe, Expel, Invite, Renew
from covey.mls import Member
from covey.mls.tree import nodes

if TYPE_CHECKING:
    from collections.abc import Iterator

    from client.table import Someone
    from covey.client.sync.rows.wishes import Wish
    from covey.mls.tree.nodes import Leaf, Subtree

MANY: Final = 60
_SLOTS: Final = 16
_FEW: Final = 20


class Visits:
    """How many leaves were handed out to somebody who goes over members."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.count = 0
        leaves, between = nodes.leaves, nodes.leaves_between

        def all_leaves(subtree: Subtree, height: int, position: int) -> list[tuple[int, Leaf]]:
            found = leaves(subtree, height, position)
            self.count += len(found)
            return found

        def some_leaves(*where: Subtree | int) -> Iterator[tuple[int, Leaf]]:
            for each in between(*where):  # type: ignore[arg-type]
                self.count += 1
                yield each

        monkeypatch.setattr(nodes, "leaves", all_leaves)
        monkeypatch.setattr(nodes, "leaves_between", some_leaves)


def _package(table: Table, name: str) -> bytes:
    member = Member.basic(name.encode(), SUITE, policy=GroupPolicy(), entropy=table.entropy)
    return member.key_package(now=int(table.now)).message


@pytest.fixture
def crowd(table: Table) -> Someone:
    """Somebody in a large group."""
    alice = table.sit("alice")
    alice.create()
    alice.wish(Invite(tuple(_package(table, f"member {n}") for n in range(MANY))))
    alice.turn()
    group = alice.place.seat.group
    assert len(group.members) == MANY + 1
    assert group.tree.keys.signature
    return alice


@pytest.fixture
def visits(crowd: Someone, monkeypatch: pytest.MonkeyPatch) -> Visits:
    del crowd
    return Visits(monkeypatch)


def test_a_commit_goes_over_nobody_who_is_not_concerned(
    table: Table, crowd: Someone, visits: Visits
) -> None:
    seat = crowd.place.seat
    someone = seat.group.members[7]
    cases: tuple[Wish, ...] = (
        Renew(),
        Describe(name="another"),
        Invite((_package(table, "new"),)),
        Invite((_package(table, "back"),), recovers=True),
        Expel((), (someone.signature_key,)),
    )
    visits.count = 0
    for wish in cases:
        commits.merge(seat, (wish,))
        assert visits.count == 0, wish
    merged = commits.merge(seat, (Expel((), (someone.signature_key,)),))
    assert merged.remove == (someone.index,)


def test_a_turn_goes_over_as_many_as_there_are_slots(crowd: Someone, visits: Visits) -> None:
    seat, turns = crowd.place.seat, crowd.place.turns
    epoch = seat.group.epoch
    for _ in range(4):
        crowd.wish(Renew())
        visits.count = 0
        crowd.turn()
        seat.let_in_at = seat.home.world.now()
        turns.doorkeeper.due()
        assert turns.election.rank() <= _SLOTS
        assert visits.count <= _FEW
    assert seat.group.epoch == epoch + 4


def test_ranks_are_as_a_walk_over_all_would_count_them(crowd: Someone) -> None:
    seat = crowd.place.seat
    group = seat.group
    size, everybody = group.tree.size, [index for index, _ in group.tree.members()]
    for start in range(0, size, 7):
        whole = sum((index - start) % size < (3 - start) % size for index in everybody)
        before = [] if start <= 3 else group.tree.members_between(start, size)
        assert len([*before, *group.tree.members_between(start if start <= 3 else 0, 3)]) == whole
    assert electing.rank(seat, 0) == 0
    assert electing.rank(seat, MANY) >= electing.rank(seat, 3)


def test_who_is_in_already_is_not_invited(table: Table, crowd: Someone) -> None:
    group = crowd.place.seat.group
    package = _package(table, "new")
    assert inviting.invited(group, Invite((package,)))[0] == [inviting.key_package(package)]
    crowd.wish(Invite((package,)))
    crowd.turn()
    assert inviting.invited(crowd.place.seat.group, Invite((package,))) == ([], set())


def test_who_is_missing_is_looked_up_once_in_an_epoch(
    table: Table, crowd: Someone, visits: Visits
) -> None:
    """As long as somebody is missing where a log was set back, whatever the group's messages."""
    seat = crowd.place.seat
    with seat.change():
        seat.replace(set_back_at=int(table.now))
    crowd.turn()
    assert visits.count >= MANY
    visits.count = 0
    for number in range(10):
        crowd.say(f"message {number}")
        crowd.turn()
    assert visits.count == 0
    crowd.wish(Renew())
    crowd.turn()
    crowd.run(crowd.peer.attend())
    assert MANY <= visits.count <= 2 * MANY + _FEW


def test_who_goes_out_is_missing_no_more(table: Table, crowd: Someone) -> None:
    seat = crowd.place.seat
    with seat.change():
        seat.replace(set_back_at=int(table.now))
    crowd.turn()
    _, *others = seat.group.members[1:]
    crowd.wish(Expel((), tuple(each.signature_key for each in others)))
    table.asked.clear()
    table.settle(crowd, rounds=10)
    assert table.asked.count(("alice", "claim")) == 1
