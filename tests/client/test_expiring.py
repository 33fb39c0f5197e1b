"""Messages disappear by our clock, with the reactions to them; what is left of them is an id."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

import pytest

from covey.client import events
from covey.client.events import MessageArrived, MessagesLost
from covey.client.sync import expiring as everywhere
from covey.client.sync.rows import queues
from covey.client.sync.rows.queues import Accepted
from covey.client.words import expiring, history
from covey.client.words.contents import VERSION, Content, Reaction, Text
from covey.store.words import index

if TYPE_CHECKING:
    from covey.store.port import Rows, Value

NOW = 1_700_000_000
FIRST, SECOND = (1).to_bytes(16), (2).to_bytes(16)


def keep(rows: Rows, group: int, said: bytes, body: Text | Reaction, expires_after: int) -> bool:
    content = Content(VERSION, said, 1, NOW, expires_after, 1, body)
    return history.keep(rows, group, content, sender=b"bob", leaf=1, now=NOW)


def test_what_has_disappeared_is_not_read_before_it_is_deleted(rows: Rows, group: int) -> None:
    keep(rows, group, FIRST, Text(b"lasting eagle"), 0)
    keep(rows, group, SECOND, Text(b"brief eagle"), 10)
    index(rows)
    for now, there in ((NOW + 9, 2), (NOW + 10, 1)):
        assert len(history.read(rows, group, now=now)) == there
        assert len(history.read(rows, group, limit=1, now=now)) == 1
        assert len(history.search(rows, "eagle", now=now)) == there
        assert len(history.search(rows, "eagle", group, 1, now=now)) == 1
        found = history.find(rows, group, SECOND, now=now)
        assert (found is not None) == (there == 2)
        assert history.find_after_branch(rows, group, SECOND, now=now) == found
    assert len(rows.all("SELECT 1 FROM messages")) == 2


def test_an_event_says_nothing_of_what_has_disappeared(rows: Rows, group: int) -> None:
    keep(rows, group, FIRST, Text(b"brief"), 10)
    events.add(rows, group, MessageArrived("00", id=FIRST.hex()), NOW)
    [(_, before)] = events.after(rows, 0, now=NOW + 9)
    [(_, later)] = events.after(rows, 0, now=NOW + 10)
    assert isinstance(before, MessageArrived)
    assert (before.text, str(later)) == ("brief", "somebody: [a message that is not kept]")
    assert events.without_expired(before, NOW + 9) == before
    assert events.without_expired(before, NOW + 10) == later


@pytest.mark.parametrize(
    ("message", "reaction", "expected"),
    [(10, 0, 10), (10, 60, 10), (60, 10, 10), (0, 10, 10), (0, 0, None)],
)
def test_a_reaction_goes_with_its_message_at_the_latest(
    rows: Rows, group: int, message: int, reaction: int, expected: int | None
) -> None:
    keep(rows, group, FIRST, Text(b"shall we?"), message)
    assert keep(rows, group, SECOND, Reaction(FIRST, "👍".encode()), reaction)
    [found] = history.reactions(rows, group, FIRST, now=NOW)
    assert found.expires_at == (None if expected is None else NOW + expected)
    if expected is not None:
        assert history.reactions(rows, group, FIRST, now=NOW + expected) == []


def test_a_reaction_to_what_has_disappeared_is_not_kept(rows: Rows, group: int) -> None:
    keep(rows, group, FIRST, Text(b"shall we?"), 10)
    late = Content(VERSION, SECOND, 2, NOW, 0, 1, Reaction(FIRST, "👍".encode()))
    for _ in ("not deleted yet", "deleted"):
        assert not history.keep(rows, group, late, sender=b"amy", leaf=2, now=NOW + 10)
        expiring.expire(rows, NOW + 10)
    assert rows.all("SELECT 1 FROM messages") == []


def test_the_id_of_what_has_disappeared_is_kept_for_a_while(rows: Rows, group: int) -> None:
    keep(rows, group, FIRST, Text(b"brief"), 10)
    keep(rows, group, SECOND, Text(b"lasting"), 0)
    expiring.expire(rows, NOW + 20)
    assert [expiring.was_heard(rows, each) for each in (FIRST, SECOND)] == [True, False]
    expiring.forget(rows, NOW + 20 + expiring.MONTH - 1)
    assert expiring.was_heard(rows, FIRST)
    expiring.forget(rows, NOW + 20 + expiring.MONTH)
    assert not expiring.was_heard(rows, FIRST)


def test_of_very_many_some_are_deleted_at_a_time(
    rows: Rows, group: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(expiring, "BATCH", 3)
    for each in range(5):
        keep(rows, group, each.to_bytes(16), Text(b"brief"), 10 + each)
    assert [expiring.expire(rows, NOW + 20) for _ in range(3)] == [3, 2, 0]
    assert all(expiring.was_heard(rows, each.to_bytes(16)) for each in range(5))


def test_no_more_ids_are_kept_than_so_many(rows: Rows, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(expiring, "MOST", 3)
    for each in range(5):
        assert expiring.note_heard(rows, each.to_bytes(16), NOW + each)
    assert not expiring.note_heard(rows, bytes(16), NOW)
    expiring.forget(rows, NOW - 1)
    left = [each for each in range(5) if expiring.was_heard(rows, each.to_bytes(16))]
    assert left == [2, 3, 4]  # those that are kept for longest


def test_what_waits_and_what_was_taken_disappear_too(rows: Rows, group: int, other: int) -> None:
    rows.do("UPDATE groups SET status = 'active'")
    for number, said, expires_at in (
        (group, FIRST, NOW),
        (group, SECOND, NOW + 1),
        (other, FIRST, None),
    ):
        queues.say(rows, number, said, b"content", expires_at)
        taken = Accepted(said, 4, 1, said, (), b"request", None, expires_at)
        queues.taken(rows, number, taken)
    assert everywhere.next_due(rows) == NOW
    everywhere.let_disappear(rows, NOW)
    assert everywhere.next_due(rows) == NOW + 1
    assert [each.message for each in queues.accepted(rows, group)] == [SECOND]
    assert queues.place_of(rows, group, FIRST) is None
    assert queues.place_of(rows, group, SECOND) is not None
    everywhere.let_disappear(rows, NOW + 1)
    assert everywhere.next_due(rows) is None
    assert queues.place_of(rows, other, FIRST) is not None
    assert len(queues.accepted(rows, other)) == 1
    told = [event for _, event in events.after(rows, 0, now=NOW)]
    assert [type(each) for each in told] == [MessagesLost, MessagesLost]
    assert [getattr(each, "ids", ()) for each in told] == [(FIRST.hex(),), (SECOND.hex(),)]


class Explained:
    """Rows of which only the plans of what is asked are looked at.

    Attributes:
        plans: The steps of each plan.
    """

    def __init__(self, rows: Rows) -> None:
        self._rows = rows
        self.plans: list[str] = []

    def one(self, statement: str, *values: Value) -> tuple[Value, ...] | None:
        found = self._rows.all(f"EXPLAIN QUERY PLAN {statement}", *values)
        self.plans += [str(detail) for *_, detail in found]
        return self._rows.one(statement, *values)


def test_to_look_what_disappears_next_reads_no_table(rows: Rows) -> None:
    explained = Explained(rows)
    assert everywhere.next_due(cast("Rows", explained)) is None
    tables = [each for each in explained.plans if "messages" in each or "_expiring" in each]
    assert len(tables) == 3
    assert all("USING COVERING INDEX" in each for each in tables)
