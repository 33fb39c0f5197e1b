"""What members say: nobody takes the place of what another one has said."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from covey.client import contents, events, history
from covey.client.contents import Reaction, Text
from covey.client.sync import hearing, queues

if TYPE_CHECKING:
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
        [reaction] = history.reactions(rows, number, waiting.message)
        answered = history.find(rows, number, waiting.message)
    assert reaction.sender == "bob"
    assert answered is not None
    assert answered.text == "what alice says"
