"""Who looks at the door, and when."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from client.table import PACE, Someone, Table
from covey.access.member import links
from covey.access.refusals import Code
from covey.access.structs.extensions import Right
from covey.access.structs.sealed import Link
from covey.client import events
from covey.client.sync.identity.home import Home
from covey.client.sync.rows.groups import Status
from covey.client.sync.rows.wishes import Describe, Expel, OpenDoor
from covey.client.words.profile import Inviting, Role
from covey.errors import BrokerError
from covey.store import RawKey, open_store, restore_backup, write_backup
from covey.store.memory import memory_store

if TYPE_CHECKING:
    from pathlib import Path


KEY = RawKey(bytes(32))


def link_of(someone: Someone) -> bytes:
    """A link to the group of somebody."""
    seed = someone.table.entropy(32)
    someone.wish(OpenDoor(seed, Right.join, int(someone.table.now) // 3600 + 48))
    someone.turn()
    row, suite = someone.place.seat.look(), someone.peer.home.member.suite.code
    return links.encode(Link(links.VERSION, row.broker_id, row.gid, suite, seed))


def answers(someone: Someone) -> list[bool]:
    """Of those who knocked: whether they were let in."""
    return [each.accepted for each in someone.news() if isinstance(each, events.Knocked)]


def deaf(someone: Someone) -> None:
    """Let somebody never hear who is at the door."""
    someone.cut = lambda each: "request" if each.operation == "knocks" else ""


def called(table: Table, name: str, account: str) -> Someone:
    """Somebody with an account and keys of its own, whose credential says another name."""
    stranger = Someone(table, name, memory_store())
    stranger.run(stranger.peer.enrol(table.identity.broker_id, account))
    return stranger


def test_who_may_invite_now_lets_in_whom_it_could_not_let_in_before(table: Table) -> None:
    alice, bob = people = table.team("alice", "bob")
    dan = table.sit("dan")
    alice.wish(Describe(inviting=Inviting.admins))
    link = link_of(alice)
    table.settle(*people, rounds=3)
    deaf(alice)
    dan.run(dan.peer.knock(link))
    table.settle(*people)
    assert answers(bob) == [False]
    alice.wish(Describe(name="another"))  # an epoch in which nothing is new for dan
    table.settle(*people)
    assert answers(bob) == []
    alice.wish(Describe(roles={"bob": Role.admin}))
    table.settle(*people, dan)
    assert answers(bob) == [True]
    assert len(dan.place.seat.group.members) == 3


def test_a_name_that_is_free_now_lets_in_who_had_to_wait_for_it(table: Table) -> None:
    alice, bob = people = table.team("alice", "bob")
    other = called(table, "bob", "another bob")
    other.run(other.peer.knock(link_of(alice)))
    deaf(bob)
    table.settle(*people)
    assert answers(alice) == [False]
    bob.leave()
    table.settle(*people, other)
    assert answers(alice) == [True]
    assert len(other.place.seat.group.members) == 2


def test_no_more_is_remembered_of_knocks_than_are_at_the_door(table: Table) -> None:
    [alice] = table.team("alice")
    link = link_of(alice)
    for name in ("bob", "carol"):
        someone = table.sit(name)
        someone.run(someone.peer.knock(link))
    table.settle(alice)
    assert answers(alice) == [True, True]
    assert alice.place.turns.doorkeeper._judged == {}  # noqa: SLF001 - what it remembers


def test_who_knows_of_a_new_link_looks_more_often_for_a_while(table: Table) -> None:
    alice = table.sit("alice")
    alice.create()
    alice.turn()
    keeper = alice.place.turns.doorkeeper
    began = table.now
    assert keeper.due() == began + PACE.knocks  # somebody may come back
    alice.wish(OpenDoor(table.entropy(32), Right.join, int(table.now) // 3600 + 48))
    alice.turn()
    assert keeper.due() == began + PACE.knocks / 8
    table.passes(60)
    alice.turn()
    assert keeper.due() == table.now + PACE.knocks / 8
    table.passes(600)
    alice.turn()
    assert keeper.due() == table.now + PACE.knocks


def test_a_commit_while_one_looks_who_is_there_is_no_trouble(table: Table) -> None:
    alice, bob = people = table.team("alice", "bob")
    link_of(alice)
    table.settle(*people, rounds=3)
    table.passes(10 * PACE.knocks)
    looks = bob.hold(bob.place.turns.turn(), "knocks")
    alice.wish(Describe(name="another"))
    alice.turn()
    due = looks.go()
    assert bob.place.turns.troubles.now == ""
    assert due == bob.now(), "it goes on at once"
    bob.turn()
    assert bob.place.seat.row.epoch == alice.place.seat.row.epoch


def test_who_is_told_of_a_commit_that_nobody_shows_says_so(table: Table) -> None:
    [alice] = table.team("alice")
    link_of(alice)
    table.passes(10 * PACE.knocks)
    said = []
    for _ in range(2):
        looks = alice.hold(alice.place.turns.turn(), "knocks")
        looks.fails(BrokerError(Code.epoch_passed))
        said.append(alice.place.turns.troubles.now)
        table.passes(10 * PACE.knocks)
    assert said == ["", "epoch_passed"]


def test_another_store_of_ours_at_the_door_is_let_in_by_others(
    table: Table, tmp_path: Path
) -> None:
    """Nobody removes itself, as whoever lets in who comes back does with its old leaf."""
    alice = Someone(table, "alice", open_store(tmp_path / "alice", KEY, create=True))
    alice.run(alice.peer.enrol(table.identity.broker_id, "alice"))
    bob = table.sit("bob")
    alice.create()
    alice.invite("bob")
    table.settle(alice, bob)
    write_backup(alice.store, tmp_path / "backup", KEY)
    restore_backup(tmp_path / "backup", tmp_path / "again", KEY, KEY)
    again = Someone(table, "alice", open_store(tmp_path / "again", KEY))
    table.settle(again, rounds=6)
    for _ in range(3):
        alice.start()  # as another command, which knows nothing of what this one has judged
        table.passes(60)
        alice.turn()
    told = [each for each in alice.news() if isinstance(each, events.Knocked)]
    assert [(each.accepted, "another store of ours" in each.why) for each in told] == [
        (False, True)
    ]
    table.settle(bob, again, rounds=6)
    assert answers(bob) == [True]
    assert again.place.seat.look().status is Status.active


def test_who_goes_out_while_it_looks_at_the_door_answers_nobody(table: Table) -> None:
    """The keys are gone when what is under way goes on."""
    alice = table.sit("alice")
    alice.create()
    link = link_of(alice)
    table.settle(alice)
    dan = table.sit("dan")
    dan.run(dan.peer.knock(link))
    table.passes(60)
    held = alice.hold(alice.place.turns.turn(), "knocks")
    alice.leave()
    held.go()
    assert alice.place.seat.look().status is Status.left
    assert answers(alice) == []


def test_who_goes_out_while_it_asks_meets_no_trouble(table: Table) -> None:
    alice = table.sit("alice")
    alice.create()
    table.settle(alice)
    alice.say("something")
    held = alice.hold(alice.place.turns.turn(), "append")
    alice.leave()
    held.fails(BrokerError(Code.group_unknown))
    assert alice.place.seat.look().status is Status.left
    assert [str(each) for each in alice.news() if isinstance(each, events.RolledBack)] == []


def test_a_door_of_nobody_lets_nobody_in(table: Table, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever founds a group is alone, and may state any: nobody's removal would close it."""
    alice, bob, dan = table.sit("alice"), table.sit("bob"), table.sit("dan")
    alice.create()
    table.settle(alice)
    with monkeypatch.context() as changed:
        changed.setattr(Home, "opener", bytes(32))
        link = link_of(alice)
    alice.invite("bob")
    table.settle(alice, bob)
    dan.run(dan.peer.knock(link))
    table.settle(alice, bob, dan)
    assert not dan.peer.places()
    [refused] = {each.why for each in alice.news() if isinstance(each, events.Knocked)}
    assert refused == "who has opened this door is not in the group"


def test_a_door_that_somebody_opened_in_our_name_is_closed_as_we_come(
    table: Table, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever is alone may state any: by this one it would come in after having been removed."""
    mallory, bob, carol, dan = (table.sit(each) for each in ("mallory", "bob", "carol", "dan"))
    mallory.create()
    table.settle(mallory)
    with monkeypatch.context() as changed:
        changed.setattr(Home, "opener", bob.peer.home.opener)
        link = link_of(mallory)
    mallory.invite("bob", "carol")
    table.settle(mallory, bob, carol)
    mallory.wish(Describe(roles={"carol": Role.owner}))
    table.settle(mallory, bob, carol)
    carol.wish(Expel((b"mallory",)))
    table.settle(mallory, bob, carol)
    assert mallory.place.seat.look().status is Status.removed
    with pytest.raises(BrokerError, match="capability_refused"):
        dan.run(dan.peer.knock(link))
    assert not any(isinstance(each, events.WishRefused) for each in bob.news())
