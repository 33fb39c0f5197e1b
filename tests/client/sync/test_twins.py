"""Several branches of one group: which one goes on, and when the others fold into it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from client.table import Someone
from covey.client import events
from covey.client.sync.branches import twins
from covey.client.sync.group import inviting
from covey.client.sync.log import entering, hearing
from covey.client.sync.rows import groups, queues, wishes
from covey.client.sync.rows.groups import Status
from covey.client.words import profile
from covey.client.words.contents import Text
from covey.store import RawKey, open_store, restore_backup, write_backup

if TYPE_CHECKING:
    from pathlib import Path

    from client.table import Table
    from covey.client.sync.log.place import Place

KEY = RawKey(bytes(32))
OLD = bytes(range(32))
"""The log of the group that both go on from."""


def branch(maker: Someone, place: int) -> Place:
    """Make a group that is a branch of the old one."""
    given = profile.first_profile(f"{place}", maker.name.encode())
    made = maker.peer.create(given.replace(goes_on_from=OLD, place=place))
    maker.turn()
    return made


def statuses(someone: Someone) -> dict[str, Status]:
    """How it stands to its groups, by their names."""
    rows = [each.seat.look() for each in someone.peer.places()]
    return {each.name: each.status for each in rows}


def called(someone: Someone, name: str) -> Place:
    """One of its groups."""
    [found] = [each for each in someone.peer.places() if each.seat.look().name == name]
    return found


def say(someone: Someone, name: str, text: str) -> None:
    """Say something in one of its groups."""
    seat = called(someone, name).seat
    with seat.change() as rows:
        seat.require_in()
        hearing.say(seat, rows, Text(text.encode()))


def in_two(table: Table) -> tuple[Someone, Someone, Someone]:
    """Alice's branch is the better one, and dave is in bob's, too."""
    alice, bob, dave = people = tuple(table.sit(name) for name in ("alice", "bob", "dave"))
    branch(bob, 2)
    bob.invite("dave")
    table.settle(*people)
    branch(alice, 1)
    alice.invite("dave")
    table.settle(*people)
    return alice, bob, dave


def test_the_later_of_two_branches_folds_once_somebody_of_it_has_come_into_the_better_one(
    table: Table,
) -> None:
    people = alice, bob, dave = in_two(table)
    say(bob, "2", "only in the second")
    table.settle(*people)
    assert statuses(dave) == {"1": Status.active, "2": Status.active}  # anybody can say so
    alice.invite("bob")
    table.settle(alice, dave)
    assert statuses(dave) == {"1": Status.active, "2": Status.active}  # bob has not come
    table.settle(*people, rounds=20)
    for each in (bob, dave):
        assert statuses(each) == {"1": Status.active, "2": Status.branched}
    for each in people:
        assert each.texts_of(called(each, "1")) == ["only in the second"]


def test_where_nobody_else_is_in_both_people_are_asked_after_a_while(table: Table) -> None:
    """The others may have gone apart on purpose: once is enough, and a clock that is set back."""
    people = alice, _, dave = in_two(table)
    asked = [len(_asked(dave))]
    dave.skew = -86_400
    for _ in range(2):
        table.settle(*people, rounds=2)
        asked.append(len(_asked(dave)))
        dave.skew = 0
        table.passes(900)
    assert asked == [0, 1, 0]
    assert statuses(dave) == {"1": Status.active, "2": Status.active}
    assert [_asked(each) for each in people] == [[], [], []]
    alice.invite("bob")
    table.settle(*people, rounds=20)
    assert statuses(dave) == {"1": Status.active, "2": Status.branched}


def test_who_is_asked_is_told_which_branch_is_meant_and_when_to_look(table: Table) -> None:
    people = in_two(table)
    dave = people[-1]
    table.settle(*people, rounds=20)
    with dave.store.reading() as rows:
        every = groups.every(rows)
    wait = twins.fold(dave.peer.home, every)
    assert wait is not None
    table.passes(wait - 1)
    dave.turn()
    assert _asked(dave) == []
    table.passes(1)
    dave.turn()
    [told] = _asked(dave)
    better, worse = (called(dave, name).seat.hex for name in ("1", "2"))
    assert (told.group, told.what) == (better, f"go on here with what was said in {worse[:8]}")


def test_who_is_in_three_and_leaves_one_is_asked_about_the_other_two(table: Table) -> None:
    dave = table.sit("dave")
    people = [dave]
    for number, name in enumerate(("alice", "bob", "carol"), 1):
        maker = table.sit(name)
        people.append(maker)
        branch(maker, number)
        maker.invite("dave")
        table.settle(*people)
    asked = []
    for _ in range(3):
        table.passes(900)
        table.settle(*people, rounds=3)
        asked += _asked(dave)
    first, second = (called(dave, name).seat for name in ("1", "2"))
    assert [each.group for each in asked] == [first.hex, first.hex]
    with first.change() as rows:
        entering.leave(first, rows)
    asked = []
    for _ in range(3):
        table.settle(*people, rounds=3)
        table.passes(900)
        asked += _asked(dave)
    assert [each.group for each in asked] == [second.hex]
    assert statuses(dave) == {"1": Status.left, "2": Status.active, "3": Status.active}


def _asked(someone: Someone) -> list[events.WishRefused]:
    return [each for each in someone.news() if isinstance(each, events.WishRefused)]


def test_who_folds_is_told_who_is_left(table: Table) -> None:
    """The others may have removed them, or never heard of them: people know."""
    names = "alice", "bob", "carol", "dave", "erin"
    people = alice, bob, carol, dave, erin = [table.sit(name) for name in names]
    branch(bob, 2)
    bob.invite("carol", "dave")
    table.settle(*people)
    carol.invite("erin")
    table.settle(*people)
    branch(alice, 1)
    alice.invite("bob", "dave")
    table.settle(alice, bob, dave, erin, rounds=20)
    assert statuses(erin) == {"2": Status.active}
    for each, left in ((bob, "erin"), (dave, "carol and erin")):  # bob invites carol again
        assert statuses(each) == {"1": Status.active, "2": Status.branched}
        told = [event for event in each.news() if isinstance(event, events.WishRefused)]
        assert [event.what for event in told] == [f"take {left} along"]
    told = [event for event in erin.news() if isinstance(event, events.WishRefused)]
    assert {event.what for event in told} == {"go on with bob", "go on with dave"}


def test_of_groups_of_which_none_is_a_branch_each_goes_on(table: Table) -> None:
    people = [table.sit(name) for name in ("alice", "bob")]
    for name in ("one", "other"):
        people[0].create(name)
        people[0].invite("bob")
        table.settle(*people)
    for each in people:
        assert statuses(each) == {"one": Status.active, "other": Status.active}


def test_each_change_of_branch_is_told_once(table: Table) -> None:
    """Bob makes one when alice is late; hers is better, since her leaf is the lower one."""
    people = alice, bob, carol = table.team("alice", "bob", "carol")
    for each in people:
        seat = each.place.seat
        with seat.change() as rows:
            entering.broke(seat, rows, "a commit that nobody can follow")
        each.news()
    table.settle(bob, carol, rounds=30)
    first = [each.group for each in joined(carol)]
    assert [each.group for each in joined(bob)] == first
    assert len(first) == 1
    alice.cut = lambda asked: "request" if asked.operation == "fetch" else ""
    alice.turn()
    for _ in range(30):  # she does not look into her inbox, and makes one, too
        alice.run(alice.peer.attend(None))
        table.settle(alice, rounds=1)
        alice.run(alice.peer.attend(None))
    alice.cut = lambda _: ""
    [hers] = joined(alice)
    table.settle(*people, rounds=20)
    for each in (bob, carol):
        assert [told.group for told in joined(each)] == [hers.group]
    assert {each.place.seat.row.gid.hex() for each in people} == {hers.group}
    assert len({each.authenticator for each in people}) == 1


def joined(someone: Someone) -> list[events.Joined]:
    """By what branches it was told that it goes on, since the last look."""
    found = [each for each in someone.news() if isinstance(each, events.Joined)]
    return [each for each in found if each.how == "branched"]


def test_who_was_removed_from_the_better_branch_does_not_go_on_in_a_worse_one(
    table: Table,
) -> None:
    """The others go on in the better one, and have removed it."""
    people = alice, bob, carol = table.team("alice", "bob", "carol")
    old = carol.place
    for each in people:
        each.breaks(each.place)
    table.settle(alice, carol, rounds=30)
    alice.wish(wishes.Expel((b"carol",)))
    table.settle(alice, carol)
    bob.cut = lambda asked: "request" if asked.operation == "fetch" else ""
    for _ in range(30):  # he does not look into his inbox, and makes one, too
        table.settle(bob, rounds=1)
        bob.run(bob.peer.attend(None))
    asked = [who for who, operation in table.asked if operation == "post"]
    assert "bob" in asked
    table.settle(carol, rounds=20)
    rows_of = [each.seat.look() for each in carol.peer.places()]
    assert {each.status for each in rows_of if each.gid != old.seat.row.gid} == {Status.removed}
    assert old.seat.look().status is Status.branched


def test_a_branch_that_a_backup_knows_folds_into_the_group_that_others_had_never_left(
    table: Table, tmp_path: Path
) -> None:
    """The backup has no members of it, of whom somebody might be left."""
    people = alice, bob, carol = table.team("alice", "bob", "carol")
    whole = alice.place
    alice.say("so that the backup knows her")
    table.settle(*people)
    alice.cut = lambda asked: "request" if asked.operation == "fetch" else ""
    for each in (bob, carol):
        each.breaks(each.place)
    table.settle(bob, carol, rounds=30)
    assert len(bob.peer.places()) == 2
    write_backup(bob.store, tmp_path / "backup", KEY)
    restore_backup(tmp_path / "backup", tmp_path / "bob.covey", KEY, KEY)
    again = Someone(table, "bob", open_store(tmp_path / "bob.covey", KEY))
    table.settle(again)
    _wished(alice, whole, wishes.Expel(identities=(b"bob",)))
    packages = alice.run(alice.peer.claim("bob"))
    _wished(alice, whole, inviting.invitation(whole.seat.group, packages))
    table.settle(alice, again, rounds=8)
    stands = {each.seat.row.gid: each.seat.look().status for each in again.peer.places()}
    assert stands.pop(whole.seat.row.gid) is Status.active
    assert list(stands.values()) == [Status.branched]
    again.store.close()


def _wished(someone: Someone, place: Place, wish: wishes.Wish) -> None:
    """Let somebody wish for something in one of its groups, and have it."""
    with place.seat.change() as rows:
        queues.wish(rows, place.seat.number, wishes.encode(wish))
    for _ in range(2):
        someone.run(place.turns.turn())
        someone.table.passes(3)
