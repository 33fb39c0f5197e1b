"""What members say: nobody takes the place of what another one has said."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from covey.client import events
from covey.client.sync.log import hearing
from covey.client.sync.rows import queues, wishes
from covey.client.words import contents, history
from covey.client.words.contents import Reaction, Text

if TYPE_CHECKING:
    import pytest

    from client.table import Someone, Table


def say_as(mallory: Someone, message: bytes, text: bytes) -> None:
    """Say something under an id of one's choice."""
    seat = mallory.place.seat
    with seat.change() as rows:
        said = hearing.say(seat, rows, Text(text))
        forged = contents.encode(msgspec.structs.replace(said, id=message))
        rows.do("UPDATE outbox SET content = ?, message = ?", forged, message)


def test_nobody_takes_the_id_of_what_another_one_says(table: Table) -> None:
    alice, bob, mallory = people = [table.sit(name) for name in ("alice", "bob", "mallory")]
    alice.create()
    alice.invite("bob", "mallory")
    table.settle(*people)
    alice.say("what alice says")
    seat = alice.place.seat
    with alice.store.reading() as rows:
        waiting = queues.first(rows, seat.number)
    assert waiting is not None
    say_as(mallory, waiting.message, b"what mallory says")
    mallory.turn()  # is the first one in the log
    table.settle(*people)
    assert bob.texts() == ["what alice says"]
    whys = [each.why for each in bob.news() if isinstance(each, events.Unreadable)]
    assert whys == ["it has an id that its sender cannot have made"]
    seat = bob.place.seat
    with seat.change() as rows:
        hearing.say(seat, rows, Reaction(waiting.message, "👍".encode()))
        hearing.say(seat, rows, Text(b"well said", waiting.message))
    table.settle(*people)
    number = alice.place.seat.number
    with alice.store.reading() as rows:
        [reaction] = history.reactions(rows, number, waiting.message, now=int(table.now))
        answered = history.find(rows, number, waiting.message, now=int(table.now))
    assert reaction.sender == "bob"
    assert answered is not None
    assert answered.text == "what alice says"


def test_what_is_too_long_to_be_said_is_in_nobodys_way(
    table: Table, monkeypatch: pytest.MonkeyPatch
) -> None:
    alice, bob, mallory = table.team("alice", "bob", "mallory")
    with monkeypatch.context() as her:
        her.setattr(contents, "MOST", 1 << 17)
        mallory.say("x" * 62_500)
        mallory.turn()
    table.settle(alice, bob)
    for each in (alice, bob):
        [why] = [told.why for told in each.news() if isinstance(told, events.Unreadable)]
        assert why == "it takes 62564 bytes, and a message at most 61440"
    bob.say("can we go on?")
    mallory.say("what is short")
    table.settle(alice, bob, mallory)
    assert alice.texts() == bob.texts() == ["can we go on?", "what is short"]


def test_who_comes_again_at_a_leaf_of_before_has_lost_nothing(table: Table) -> None:
    alice, carol, dave = people = [table.sit(name) for name in ("alice", "carol", "dave")]
    alice.create()
    for others in (["dave"], ["carol", "dave"], ["dave"]):
        for name in others:
            alice.invite(name)
            table.settle(*people)
        dave.say(f"from leaf {dave.place.seat.group.own_index}")
        table.settle(*people)
        alice.wish(wishes.Expel(tuple(name.encode() for name in others)))
        table.settle(*people)
    assert alice.texts() == ["from leaf 1", "from leaf 2", "from leaf 1"]
    assert [each for each in alice.news() if isinstance(each, events.MessagesLost)] == []
    assert len(carol.news()) > 0
