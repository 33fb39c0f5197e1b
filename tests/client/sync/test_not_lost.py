"""Who was told that its epoch is over looks again: the broker may have lied, or be mended.

Nobody can let in who is lost when all are; and what a broker refuses is signed by nobody.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from covey.broker.transactions import birth
from covey.client import events
from covey.client.sync.coming import returning
from covey.client.sync.log import entering, standing
from covey.client.sync.rows import wishes
from covey.client.sync.rows.groups import Status
from covey.lab.simulate.broker import done

if TYPE_CHECKING:
    from client.table import Someone, Table


def loses(*people: Someone) -> None:
    """They are told that the epoch is older than what is kept."""
    for each in people:
        place = each.place
        with place.seat.change() as rows:
            entering.fell_behind(place.seat, rows, "gone")
            standing.denied(rows, place.seat.row.gid)


def statuses(*people: Someone) -> set[Status]:
    return {each.place.seat.look().status for each in people}


def test_all_who_were_told_that_they_are_lost_go_on_when_it_is_not_so(table: Table) -> None:
    alice, bob, carol = table.team("alice", "bob", "carol")
    bob.say("waits")
    loses(alice, bob, carol)
    assert statuses(alice, bob, carol) == {Status.lost}
    table.settle(alice, bob, carol, rounds=20)
    assert statuses(alice, bob, carol) == {Status.active}
    assert alice.authenticator == bob.authenticator == carol.authenticator
    assert carol.texts() == ["waits"]
    told = [each for each in carol.news() if isinstance(each, events.Joined)]
    assert [each.how for each in told] == ["welcome", "recovered"]
    assert carol.place.seat.row.trouble == ""


def test_a_doubt_of_before_is_none_about_what_came_since(table: Table) -> None:
    """Who died as it came back has not forgotten it; then its leaf goes for another one."""
    _, _, carol = table.team("alice", "bob", "carol")
    seat = carol.place.seat
    with seat.change() as rows:
        standing.denied(rows, seat.row.gid)
        entering.fell_behind(seat, rows, "alice has let us in anew")
    assert not carol.run(standing.look_again(seat))


def test_what_was_left_at_the_door_is_no_way_back_any_more(table: Table) -> None:
    alice, bob = table.team("alice", "bob")
    loses(alice)
    alice.cut = lambda asked: "request" if asked.operation == "read" else ""
    alice.turn()
    alice.cut = lambda _: ""
    assert ("alice", "knock") in table.asked
    table.settle(alice, rounds=30)
    epoch = alice.place.seat.look().epoch
    assert statuses(alice) == {Status.active}
    table.settle(alice, bob, rounds=20)
    assert alice.authenticator == bob.authenticator
    refused = [each for each in bob.news() if isinstance(each, events.Knocked)]
    assert not any(each.accepted for each in refused)
    assert epoch > 1


def test_who_is_lost_indeed_is_let_in_anew(table: Table) -> None:
    alice, bob, carol = table.team("alice", "bob", "carol")
    loses(carol)
    table.settle(alice, bob)
    alice.say("the epoch goes on")
    table.settle(alice, bob)
    before = carol.place.seat.look().epoch
    alice.wish(wishes.Renew())
    table.settle(alice, bob)
    table.settle(alice, bob, carol, rounds=20)
    assert statuses(carol) == {Status.active}
    assert carol.place.seat.row.epoch > before + 1
    assert carol.authenticator == alice.authenticator
    answers = [each for each in (*alice.news(), *bob.news()) if isinstance(each, events.Knocked)]
    assert any(each.accepted for each in answers)


# --- a commit under way ----------------------------------------------------------------------


def asleep_after(table: Table, alice: Someone, bob: Someone, *, cut: str) -> None:
    """Alice commits and does not hear of it; then all are away for longer than anything is kept.

    Bob says something just before, or commits if that of Alice gets lost.
    """
    alice.wish(wishes.Renew())
    commit = alice.hold(alice.place.turns.turn(), "append")
    if cut == "request":
        bob.wish(wishes.Renew())
    else:
        bob.say("unread")
    bob.turn()
    alice.cut = lambda asked: cut if asked.operation == "append" else "request"
    commit.go()
    alice.cut = lambda _: ""
    table.passes(40 * 86_400)
    table.copies[0].sweep()


def test_whose_own_commit_has_closed_the_epoch_lets_the_others_in(table: Table) -> None:
    alice, bob = table.team("alice", "bob")
    asleep_after(table, alice, bob, cut="answer")
    table.settle(bob, rounds=2)
    assert statuses(bob) == {Status.lost}
    table.settle(alice, bob, rounds=30)
    assert statuses(alice, bob) == {Status.active}
    assert alice.authenticator == bob.authenticator
    alice.say("here we are")
    table.settle(alice, bob)
    assert bob.texts()[-1:] == ["here we are"]
    news = alice.news()
    assert not any(isinstance(each, events.Rejoining) for each in news)
    lost = [each for each in news if isinstance(each, events.MessagesLost)]
    assert [(each.count, each.sender) for each in lost] == [(1, None)]


@pytest.mark.parametrize("admitted", [False, True])
def test_whose_own_commit_stands_earlier_in_a_log_that_was_set_back_goes_on_there(
    table: Table, *, admitted: bool
) -> None:
    alice, bob = table.team("alice", "bob")
    backup = table.snapshot()
    for number in range(3):
        alice.say(f"{number}")
    table.settle(alice, bob)
    reached = alice.place.seat.look().seq
    alice.wish(wishes.Renew())
    commit = alice.hold(alice.place.turns.turn(listening=True), "append")
    table.copies[0] = backup
    if admitted:
        done(backup.store.write(None, lambda: birth.begin_anew(table.entropy(16))))
    alice.cut = lambda asked: "answer" if asked.operation == "append" else "request"
    commit.go()
    alice.cut = lambda _: ""
    table.passes(40 * 86_400)
    table.copies[0].sweep()
    alice.turn()
    assert alice.place.seat.look().seq < reached
    table.settle(alice, bob, rounds=60, step=30)
    assert statuses(alice, bob) == {Status.active}
    assert alice.authenticator == bob.authenticator
    assert any(isinstance(each, events.MessagesLost) for each in alice.news())


def test_whose_commit_was_not_taken_is_lost_where_another_s_was(table: Table) -> None:
    alice, bob = table.team("alice", "bob")
    asleep_after(table, alice, bob, cut="request")
    alice.turn()
    assert statuses(alice) == {Status.lost}
    table.settle(bob, alice, rounds=30)
    assert statuses(alice, bob) == {Status.active}
    assert alice.authenticator == bob.authenticator


def test_a_broker_that_was_set_back_while_all_were_lost_serves_those_whose_epoch_it_has(
    table: Table,
) -> None:
    alice, bob = table.team("alice", "bob")
    before = table.snapshot()
    bob.wish(wishes.Renew())
    bob.turn()
    table.passes(40 * 86_400)
    table.copies[0].sweep()
    alice.turn()
    assert statuses(alice) == {Status.lost}
    table.copies[0] = before
    table.settle(alice, rounds=10, step=60)
    assert statuses(alice) == {Status.active}


def test_a_copy_that_is_to_come_back_does_not_go_on_in_its_epoch(table: Table) -> None:
    alice, bob = table.team("alice", "bob")
    loses(alice)
    place = alice.place
    with place.seat.change():
        place.seat.replace(status=Status.copy)
    returning.from_copy(place.seat)
    table.settle(alice, rounds=10)
    assert statuses(alice) == {Status.lost}
    table.settle(alice, bob, rounds=30)
    assert statuses(alice, bob) == {Status.active}
    assert place.seat.group.own_index or alice.authenticator == bob.authenticator
