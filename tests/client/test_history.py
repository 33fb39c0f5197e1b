"""The history: everything once, found again, and gone for good when it is to disappear."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from covey.client.sync.rows import queues
from covey.client.words import expiring, history
from covey.client.words.contents import (
    VERSION,
    Attachment,
    Body,
    Content,
    Data,
    Reaction,
    Recovery,
    Text,
)
from covey.store.words import index

if TYPE_CHECKING:
    from covey.store.port import Rows

NOW = 1_700_000_000

THERE = history.Place(9, 2, bytes(16))
"""Where a message may stand."""


def content(number: int, body: Body, expires_after: int = 0, kept: int = 1) -> Content:
    return Content(VERSION, number.to_bytes(16), number, NOW - 5, expires_after, kept, body)


def keep(
    rows: Rows,
    group: int,
    number: int,
    body: Body | str,
    *,
    sender: bytes = b"bob",
    expires_after: int = 0,
    seq: int | None = None,
) -> bool:
    said = content(number, Text(body.encode()) if isinstance(body, str) else body, expires_after)
    place = None if seq is None else history.Place(seq, 1, said.id)
    return history.keep(rows, group, said, sender=sender, leaf=1, now=NOW, place=place)


def searched(rows: Rows, query: str, *args: int, **named: int) -> list[history.Message]:
    index(rows)
    return history.search(rows, query, *args, **{"now": NOW, **named})


def words(found: list[history.Message]) -> list[str]:
    return [each.text for each in found]


def test_a_message_is_read_as_it_was_kept(rows: Rows, group: int) -> None:
    assert keep(rows, group, 1, "hello", expires_after=60, seq=4)
    [message] = history.read(rows, group, now=NOW)
    assert (message.id, message.group) == ((1).to_bytes(16).hex(), bytes(range(32)).hex())
    assert (message.sender, message.identity, message.leaf) == ("bob", b"bob", 1)
    assert (message.kind, message.text, message.data) == ("text", "hello", b"")
    assert (message.sent_at, message.received_at, message.expires_at) == (NOW - 5, NOW, NOW + 60)
    assert (message.seq, message.epoch) == (4, 1)
    assert history.find(rows, group, (1).to_bytes(16), now=NOW) == message


def test_the_same_message_stands_once(rows: Rows, group: int, other: int) -> None:
    assert keep(rows, group, 1, "hello", seq=4)
    assert not keep(rows, group, 1, "hello", seq=5)
    assert keep(rows, other, 1, "hello", seq=4)
    [message] = history.read(rows, group, now=NOW)
    assert message.seq == 5  # where it stands in the log for the last time


def test_what_waits_gets_its_place(rows: Rows, group: int) -> None:
    keep(rows, group, 1, "hello")
    [unsent] = history.read(rows, group, now=NOW)
    assert unsent.state(b"bob") == "unsent"  # it waits no more
    queues.say(rows, group, (1).to_bytes(16), b"content")
    [waiting] = history.read(rows, group, now=NOW)
    assert waiting.state(b"bob") == "waiting"
    assert history.placed(rows, group, (1).to_bytes(16), THERE) == unsent.number
    [sent] = history.read(rows, group, now=NOW)
    assert (sent.seq, sent.epoch, sent.state(b"bob"), sent.state(b"amy")) == (
        9,
        2,
        "sent",
        "received",
    )
    assert history.placed(rows, group, (2).to_bytes(16), THERE) is None


def test_its_own_echo_gives_it_its_place_and_no_forgery_does(rows: Rows, group: int) -> None:
    keep(rows, group, 1, "hello")
    assert not keep(rows, group, 1, "forged", sender=b"eve", seq=3)
    assert history.read(rows, group, now=NOW)[0].seq is None
    assert not keep(rows, group, 1, "hello", seq=4)
    [message] = history.read(rows, group, now=NOW)
    assert (message.seq, message.text) == (4, "hello")


def test_what_does_not_belong_is_refused(rows: Rows, group: int) -> None:
    for said in (content(1, Text(b"a"), kept=0), content(2, Recovery(bytes(32), bytes(32)))):
        with pytest.raises(ValueError, match="no history"):
            history.keep(rows, group, said, sender=b"bob", leaf=0, now=NOW)


def test_pages_backwards_and_forwards(rows: Rows, group: int, other: int) -> None:
    for each in range(1, 8):
        keep(rows, group, each, f"m{each}")
    numbers = [each.number for each in history.read(rows, group, now=NOW)]
    keep(rows, other, 1, "elsewhere")
    assert words(history.read(rows, group, limit=3, now=NOW)) == ["m5", "m6", "m7"]
    assert words(history.read(rows, group, before=numbers[4], limit=2, now=NOW)) == ["m3", "m4"]
    assert words(history.read(rows, group, after=numbers[1], limit=2, now=NOW)) == ["m3", "m4"]
    assert words(history.read(rows, group, after=numbers[1], before=numbers[3], now=NOW)) == ["m3"]


def test_reactions_stand_until_they_are_withdrawn(rows: Rows, group: int) -> None:
    target = (1).to_bytes(16)
    keep(rows, group, 1, "hello")
    up, heart = "👍".encode(), "❤".encode()
    for number, (sender, emoji, withdrawn) in enumerate(
        [(b"a", up, 0), (b"b", up, 0), (b"a", up, 0), (b"a", heart, 0), (b"b", up, 1)], start=2
    ):
        keep(rows, group, number, Reaction(target, emoji, withdrawn), sender=sender)
    found = history.reactions(rows, group, target, now=NOW)
    assert [(each.sender, each.text) for each in found] == [("a", "👍"), ("a", "❤")]


def test_search_finds_words_and_their_beginnings(rows: Rows, group: int, other: int) -> None:
    keep(rows, group, 1, "The eagle has landed")
    keep(rows, group, 2, Attachment(bytes(32), bytes(32), b"Eagle.jpg", b"image/jpeg", 1, 1))
    keep(rows, other, 1, "eagles elsewhere")
    keep(rows, group, 3, "nothing of it")
    found = words(searched(rows, "eag"))
    assert found == ["eagles elsewhere", "Eagle.jpg", "The eagle has landed"]
    assert words(searched(rows, "land EAGLE", group)) == ["The eagle has landed"]
    assert words(searched(rows, "eagle", limit=1)) == ["eagles elsewhere"]


TYPED = (
    *("", "  ", '"', 'a"b', "text:eagle", "eagle OR nothing", "eagle*", "(", "^", "-", "+", "👍"),
    *("NEAR(a b)", "NOT", "a AND", "\0", "\ud800", "'; DROP TABLE messages", "{a}", "col : x"),
)


@pytest.mark.parametrize("query", TYPED, ids=repr)
def test_search_takes_whatever_is_typed(rows: Rows, group: int, query: str) -> None:
    keep(rows, group, 1, "eagle landed")
    assert words(searched(rows, query)) in ([], ["eagle landed"])
    assert words(searched(rows, "eagle")) == ["eagle landed"]


def test_operators_are_words(rows: Rows, group: int) -> None:
    keep(rows, group, 1, "eagle")
    assert searched(rows, "eagle OR nothing") == []


def test_what_disappears_is_gone_from_the_index_too(rows: Rows, group: int) -> None:
    keep(rows, group, 1, "ephemeral eagle", expires_after=10)
    keep(rows, group, 2, "lasting eagle")
    assert expiring.next_expiry(rows) == NOW + 10
    assert expiring.expire(rows, NOW + 9) == 0
    assert expiring.expire(rows, NOW + 10) == 1
    assert expiring.next_expiry(rows) is None
    assert words(searched(rows, "eagle")) == ["lasting eagle"]
    rows.do("INSERT INTO words (words, rank) VALUES ('integrity-check', 1)")


def test_what_disappears_before_it_is_indexed_harms_no_index(rows: Rows, group: int) -> None:
    keep(rows, group, 1, "ephemeral eagle", expires_after=10)
    keep(rows, group, 2, "lasting eagle")
    keep(rows, group, 3, "another ephemeral eagle", expires_after=10)
    assert expiring.expire(rows, NOW + 10) == 2
    assert words(searched(rows, "eagle")) == ["lasting eagle"]
    keep(rows, group, 4, "a late eagle")
    assert words(searched(rows, "eagle")) == ["a late eagle", "lasting eagle"]
    rows.do("INSERT INTO words (words, rank) VALUES ('integrity-check', 1)")


def test_bytes_and_clocks_of_strangers_fit(rows: Rows, group: int) -> None:
    said = Content(VERSION, bytes(16), 2**64 - 1, 2**64 - 1, 2**32 - 1, 1, Data(b"a/b", b"\1\2"))
    history.keep(rows, group, said, sender=b"\xff", leaf=2**32 - 1, now=NOW)
    [message] = history.read(rows, group, now=NOW)
    assert (message.kind, message.data, message.text) == ("a/b", b"\1\2", "")
    assert message.content == said


def test_a_message_shows_nothing_of_itself(rows: Rows, group: int) -> None:
    keep(rows, group, 1, "between us")
    [message] = history.read(rows, group, now=NOW)
    assert "between us" not in repr(message)
    assert message.__rich_repr__() == []
