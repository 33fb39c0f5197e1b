"""What a commit does for who comes back: a new leaf, in place of the old ones."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from covey.access.structs.extensions import Right
from covey.client.sync.rows.wishes import Expel, Invite
from covey.client.words import made_for
from covey.client.words.contents import Text
from covey.errors import StateError
from covey.lab.company import doors
from covey.lab.company.person import Person

if TYPE_CHECKING:
    from collections.abc import Callable

    from covey.lab.company.lines import Lines
    from covey.lab.company.seat import Seat
    from covey.mls import Extension

Group = tuple[Person, dict[str, "Seat"]]


@pytest.fixture
def group(person: Callable[..., Person]) -> Group:
    """Bob, and the seats of three people in one group, which have all renewed their keys."""
    alice, bob, carol = (person(name) for name in ("alice", "bob", "carol"))
    seat = alice.found()
    seat.commit(Invite(alice.claim([bob.name, carol.name])))
    seats = {"alice": seat, "bob": bob.join(), "carol": carol.join()}
    for each in seats.values():
        each.renew()
    return bob, seats


def signature_keys(seat: Seat) -> list[bytes]:
    return sorted(each.signature_key for each in seat.group.members)


def way_back(seat: Seat) -> Extension:
    """What makes a KeyPackage one by which the leaf of a seat can be replaced."""
    group = seat.group
    leaf = group.tree.leaf(group.own_index)
    return made_for.extension(made_for.after(leaf, 0), group.group_id)


@pytest.mark.parametrize("keeps_its_key", [True, False])
def test_who_lost_its_state_comes_back(
    group: Group, lines: Callable[..., Lines], *, keeps_its_key: bool
) -> None:
    bob, seats = group
    alice, carol = seats["alice"], seats["carol"]
    code = doors.open_door(alice, Right.recover)
    before = signature_keys(alice)
    old = Person(bob.name, lines(), stolen=bob.stolen()).seats[alice.gid]
    if keeps_its_key:
        bob.lose(seats["bob"])
    else:
        bob.forget(seats["bob"])
        bob.member = bob.member.rotated()
    bob.knock(code, recovers=True)
    assert doors.answer(alice) == doors.Answered(1, 1, ())

    back = bob.join()
    assert (signature_keys(alice) == before) is keeps_its_key
    assert sorted(back.members) == sorted(alice.members)
    assert len(alice.members) == 3
    alice.say(Text(b"welcome back"))
    for seat in (back, carol):
        assert [each.said for each in seat.catch_up()][-1] == Text(b"welcome back")
    if keeps_its_key:
        with pytest.raises(StateError, match="a copy of one that has gone on"):
            old.read()
    else:
        old.read()
    assert not old.is_in


@pytest.mark.parametrize("recover", [True, False])
def test_who_has_been_let_in_by_others_is_not_let_in_again(group: Group, *, recover: bool) -> None:
    bob, seats = group
    alice, carol = seats["alice"], seats["carol"]
    if not recover:
        alice.commit(Expel((bob.name.encode(),)))
    wanted = Invite((bob.new_package(way_back(seats["bob"])).message,), recover)
    made = alice.prepare(wanted)
    assert made is not None
    assert carol.commit(wanted) > 0
    assert not alice.submit(made)
    assert alice.commit() == 0
    assert len(alice.members) == 3


def test_who_does_not_recover_keeps_its_leaf(group: Group) -> None:
    bob, seats = group
    assert seats["alice"].commit(Invite((bob.new_package().message,))) == 0
