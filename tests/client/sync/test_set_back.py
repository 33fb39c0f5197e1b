"""A broker that was set back to an earlier day: what it had taken is offered, or said, again."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from covey.access.member import addresses
from covey.access.structs.basics import Signed
from covey.access.structs.extensions import Right
from covey.access.structs.log import Append
from covey.client import events
from covey.client.sync.branches import again
from covey.client.sync.group import capabilities
from covey.client.sync.rows import groups, queues, wishes

if TYPE_CHECKING:
    from client.table import Someone, Table
    from covey.client.sync.effects import Ask


def lost(someone: Someone) -> list[events.MessagesLost]:
    """What it was told that it misses."""
    return [each for each in someone.news() if isinstance(each, events.MessagesLost)]


def slowly(table: Table, *people: Someone) -> None:
    """Let there be time enough to believe that a broker stays as it is."""
    table.settle(*people, rounds=30, step=10)


def beyond(table: Table, *said: str) -> tuple[Someone, Someone, Someone]:
    """A broker is set back behind a commit that bob has made, carol has followed, alice not read.

    Args:
        table: The table.
        said: What alice says in the epoch that is open once more.
    """
    alice, bob, carol = people = table.team("alice", "bob", "carol")
    backup = table.snapshot()
    bob.say("early")
    table.settle(bob, alice, rounds=2)
    bob.wish(wishes.Renew())
    table.settle(bob, carol, rounds=2)
    for each in people:
        each.news()
    table.copies[0] = backup
    slowly(table, alice)
    for each in said:
        alice.say(each)
    slowly(table, alice)
    return alice, bob, carol


def test_what_a_commit_of_before_closes_unseen_is_said_again_in_the_next_epoch(
    table: Table,
) -> None:
    people = alice, bob, carol = beyond(table, "late")
    slowly(table, bob, carol)
    slowly(table, *people)
    for each in people:
        assert sorted(each.texts()) == ["early", "late"]
    assert alice.authenticator == bob.authenticator == carol.authenticator
    assert alice.place.seat.look().unsure_to > 0


def test_what_whoever_closes_an_epoch_has_seen_is_not_said_again(table: Table) -> None:
    alice, bob, _ = people = table.team("alice", "bob", "carol")
    backup = table.snapshot()
    alice.say("early")
    table.settle(*people)
    table.copies[0] = backup
    slowly(table, *people)
    alice.say("late")
    table.settle(*people)
    sent = counted(alice)
    bob.wish(wishes.Renew())
    table.settle(bob, alice)
    assert sent == []
    assert alice.place.seat.look().unsure_to > 0
    alice.wish(wishes.Renew())  # whoever was beyond that epoch has another one behind it now
    table.settle(*people)
    assert alice.place.seat.look().unsure_to < 0
    for each in people:
        assert sorted(each.texts()) == ["early", "late"]


def counted(someone: Someone) -> list[bytes]:
    """The idems of what it sends from now on, but for commits, as a list that grows."""
    found: list[bytes] = []

    def note(asked: Ask) -> str:
        if asked.operation == "append" and isinstance(asked.request, Signed):
            request = Append.decode(asked.request.request)
            if request.next is None:
                found.append(request.idem)
        return ""

    someone.cut = note
    return found


@pytest.mark.parametrize("count", [0, 1, 2])
def test_who_is_beyond_what_was_put_before_its_epoch_is_told_that_it_misses_something(
    table: Table, count: int
) -> None:
    _, *others = beyond(table, *(f"late {number}" for number in range(count)))
    slowly(table, *others)
    for each in others:
        told = [
            one.count for one in lost(each) if "the log before our epoch is another one" in one.why
        ]
        assert told == ([0] if count else [])  # nobody knows how much


def test_who_has_read_it_in_its_own_epoch_misses_nothing(table: Table) -> None:
    alice, *others = beyond(table, "late")
    slowly(table, *others)
    slowly(table, alice)
    assert lost(alice) == []


def test_a_way_back_of_which_the_broker_has_lost_what_was_told_is_told_again(
    table: Table,
) -> None:
    """Nobody's history has it; the epoch for which it was sealed is over."""
    alice, bob, carol = people = table.team("alice", "bob", "carol")
    table.settle(*people)
    alice.wish(wishes.OpenDoor(table.entropy(32), Right.recover, 1 << 24))
    alice.cut = only_commits
    table.settle(*people, rounds=2)
    alice.cut = lambda _: ""
    backup = table.snapshot()
    alice.turn()  # and now she tells it
    alice.turn()
    told = capabilities.seeds(alice.place.seat.look())[0]
    table.copies[0] = backup
    bob.wish(wishes.Renew())
    table.settle(bob, carol, rounds=2)
    assert told not in capabilities.seeds(bob.place.seat.look())
    slowly(table, *people)
    for each in (bob, carol):
        seat = each.place.seat
        assert told in capabilities.seeds(seat.look())
        with each.store.reading() as rows:
            doors = {door.capability for door in groups.doors(rows, seat.number)}
        assert capabilities.key(told) in doors


@pytest.mark.parametrize("how", ["stands", "closed since", "expired"])
def test_a_link_that_the_broker_took_back_is_good_again(table: Table, how: str) -> None:
    alice, bob = people = table.team("alice", "bob")
    table.settle(*people)
    backup = table.snapshot()
    seed, hours = table.entropy(32), int(table.now) // 3600
    alice.wish(wishes.OpenDoor(seed, Right.join, hours + (0 if how == "expired" else 48)))
    table.settle(alice, rounds=2)
    key = capabilities.key(seed)
    if how == "closed since":
        alice.wish(wishes.CloseDoor(key))
        table.settle(alice, rounds=2)
    table.passes(3_600)
    table.copies[0] = backup
    bob.wish(wishes.Renew())  # he has read nothing of it
    table.settle(bob, rounds=2)
    table.settle(*people, rounds=60, step=30)
    doors = addresses.capabilities_of(bob.place.seat.group.extensions).capabilities
    assert (key in {each.key for each in doors}) == (how == "stands")
    assert alice.authenticator == bob.authenticator


def only_commits(asked: Ask) -> str:
    """The network as it is for who is cut off after a commit."""
    if asked.operation != "append" or not isinstance(asked.request, Signed):
        return ""
    return "" if Append.decode(asked.request.request).next is not None else "request"


@pytest.mark.parametrize("elsewhere", [False, True])
def test_what_is_said_of_doors_is_said_again_in_its_own_group_only(
    table: Table, *, elsewhere: bool
) -> None:
    alice = table.sit("alice")
    seat, other = alice.create("one").seat, alice.create("other").seat
    accepted = queues.Accepted(b"m" * 16, 7, 1, b"i" * 16, (), b"request", b"a door")
    with seat.change() as rows:
        again.say_again(rows, accepted, seat, other if elsewhere else None)
        found = queues.first(rows, seat.number)
        assert queues.first(rows, other.number) is None
    assert (None if found is None else found.content) == (None if elsewhere else b"a door")


def test_after_a_fork_all_of_ours_is_offered_again_of_earlier_epochs_too(table: Table) -> None:
    """A log that is as long as the other one was, and lacks what alice has said."""
    people = alice, bob, carol, dave = table.team("alice", "bob", "carol", "dave")
    table.settle(*people)
    backup = table.snapshot()
    alice.say("hidden")
    table.settle(alice, bob, carol, rounds=1)
    bob.wish(wishes.Renew())
    table.settle(bob, alice, carol, rounds=1)
    table.copies[0] = backup
    slowly(table, bob)
    for number in range(5):
        bob.say(f"{number}")
    slowly(table, bob)
    slowly(table, dave)
    assert dave.texts() == [f"{number}" for number in range(5)]
    alice.news()
    slowly(table, alice)
    slowly(table, *people)
    kinds = {type(each) for each in alice.news()}
    assert events.ForkFound in kinds
    assert events.RolledBack not in kinds
    assert "hidden" in dave.texts()
    assert len({each.authenticator for each in people}) == 1
    for each in people:
        assert sorted(each.texts()) == [*(f"{number}" for number in range(5)), "hidden"]


def test_what_we_said_before_an_epoch_that_now_begins_elsewhere_is_said_again(
    table: Table,
) -> None:
    """Whoever had not read it cannot know; and for us there is nothing to be read of it."""
    alice, bob, carol = people = table.team("alice", "bob", "carol")
    backup = table.snapshot()
    bob.say("early")
    table.settle(bob, rounds=2)
    alice.cut = lambda asked: "request" if asked.operation == "read" else ""
    alice.wish(wishes.Renew())
    alice.turn()
    alice.cut = lambda _: ""
    table.settle(alice, bob, rounds=4)
    for each in people:
        each.news()
    table.copies[0] = backup
    slowly(table, alice)
    slowly(table, *people)
    slowly(table, *people)
    for each in people:
        assert each.texts() == ["early"]
    assert alice.authenticator == bob.authenticator == carol.authenticator
