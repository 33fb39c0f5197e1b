"""What is to disappear and waits, or is said again: it goes out in time or not at all, and once."""

from __future__ import annotations

from typing import TYPE_CHECKING

from covey.client import events
from covey.client.sync import expiring
from covey.client.sync.log import hearing
from covey.client.sync.rows import queues, wishes
from covey.client.words import contents
from covey.client.words.contents import Data, Text

if TYPE_CHECKING:
    from client.table import Someone, Table

BRIEF = 60  # seconds
TYPING = Data(b"a/typing", b"")


def say(someone: Someone, text: str) -> str:
    """Say something that is to disappear; its id."""
    seat = someone.place.seat
    with seat.change() as rows:
        return hearing.say(seat, rows, Text(text.encode()), expires_after=BRIEF).id.hex()


def lost(someone: Someone) -> list[tuple[tuple[str, ...], str]]:
    """The ids and reasons of what it was told that is lost."""
    return [
        (each.ids, each.why) for each in someone.news() if isinstance(each, events.MessagesLost)
    ]


def tidy(someone: Someone) -> None:
    """What an open client does."""
    with someone.store.transaction() as rows:
        expiring.let_disappear(rows, int(someone.now()))


def arrived(someone: Someone) -> int:
    """How many messages it was told since the last call."""
    return len([each for each in someone.news() if isinstance(each, events.MessageArrived)])


def offline(someone: Someone) -> None:
    someone.cut = lambda asked: "request" if asked.operation == "append" else ""


def online(someone: Someone) -> None:
    someone.cut = lambda _: ""


def test_what_disappears_while_it_waits_does_not_go_out_and_is_told(table: Table) -> None:
    alice, bob = people = table.team("alice", "bob")
    offline(alice)
    brief = say(alice, "brief")
    alice.say("lasting")
    table.settle(*people, rounds=1)
    lost(alice)
    table.passes(BRIEF)
    online(alice)
    table.settle(*people)
    assert bob.texts() == ["lasting"]
    assert lost(alice) == [((brief,), expiring.UNSENT)]
    tidy(alice)
    assert lost(alice) == []
    assert alice.texts() == ["lasting"]


def test_what_is_sent_in_time_is_counted_from_when_it_came(table: Table) -> None:
    alice, bob = people = table.team("alice", "bob")
    offline(alice)
    say(alice, "brief")
    table.passes(BRIEF - 10)
    online(alice)
    table.settle(*people, rounds=1, step=11)
    assert (alice.texts(), bob.texts()) == ([], ["brief"])
    table.passes(BRIEF)
    assert bob.texts() == []


def test_a_broker_that_was_set_back_does_not_get_what_has_disappeared(table: Table) -> None:
    alice, bob, carol = people = table.team("alice", "bob", "carol")
    backup = table.snapshot()
    say(alice, "brief")
    alice.say("lasting")
    table.settle(alice, bob, rounds=1)
    assert bob.texts() == ["brief", "lasting"]
    table.copies[0] = backup
    table.passes(BRIEF)
    table.settle(*people, rounds=30, step=10)
    assert (carol.texts(), arrived(carol)) == (["lasting"], 1)
    assert alice.texts() == bob.texts() == ["lasting"]
    assert lost(alice) == []


def test_what_has_disappeared_is_not_said_again_in_the_next_epoch(table: Table) -> None:
    alice, bob, carol = people = table.team("alice", "bob", "carol")
    backup = table.snapshot()
    say(alice, "brief")
    alice.say("lasting")
    table.settle(alice, rounds=1)
    table.copies[0] = backup
    bob.wish(wishes.Renew())
    table.settle(bob, carol, rounds=2)
    table.passes(BRIEF)
    table.settle(*people, rounds=30, step=10)
    for each in (bob, carol):
        assert (each.texts(), arrived(each)) == (["lasting"], 1)
    assert not any(ids for ids, _ in lost(alice))  # it was sent, and has disappeared


def repeat(someone: Someone, content: contents.Content) -> None:
    """Say something once more under its id, as who does not know that the broker has it."""
    seat = someone.place.seat
    with seat.change() as rows:
        queues.say(rows, seat.number, content.id, contents.encode(content))


def test_what_is_ephemeral_and_said_again_is_told_once(table: Table) -> None:
    alice, bob = people = table.team("alice", "bob")
    seat = alice.place.seat
    with seat.change() as rows:
        said = hearing.say(seat, rows, TYPING, kept=False)
    table.settle(*people, rounds=2)
    alice.wish(wishes.Renew())
    table.settle(*people, rounds=2)
    repeat(alice, said)
    table.settle(*people, rounds=2)
    told = [each for each in bob.news() if isinstance(each, events.EphemeralArrived)]
    assert len(told) == 1


def test_what_has_disappeared_and_is_said_again_is_not_told_again(table: Table) -> None:
    alice, bob = people = table.team("alice", "bob")
    seat = alice.place.seat
    with seat.change() as rows:
        said = hearing.say(seat, rows, Text(b"brief"), expires_after=BRIEF)
    table.settle(*people, rounds=2)
    assert bob.texts() == ["brief"]
    table.passes(BRIEF)
    tidy(bob)
    alice.wish(wishes.Renew())
    table.settle(*people, rounds=2)
    repeat(alice, said)
    table.settle(*people, rounds=2)
    assert bob.texts() == []
    assert arrived(bob) == 1


def test_what_a_group_says_of_itself_is_read_without_its_tree(table: Table) -> None:
    people = alice, _ = table.team("alice", "bob")
    alice.wish(wishes.Describe(expires_after=BRIEF, inviting=2))
    table.settle(*people)
    for each in people:
        row = each.place.seat.look()
        assert (row.inviting, row.expires_after) == ("admins", BRIEF)
    carol = table.sit("carol")
    alice.invite("carol")
    table.settle(*people, carol)
    row = carol.place.seat.look()
    assert (row.inviting, row.expires_after) == ("admins", BRIEF)
