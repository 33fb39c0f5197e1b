"""The queues of a group in the store: what is looked up there costs no walk over all that waits."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from covey.client import events
from covey.client.sync.rows import queues
from covey.client.words import history

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from covey.store.port import Rows, Value


class Planned:
    """Rows that say by which plan SQLite finds each of them."""

    def __init__(self, inner: Rows) -> None:
        self.inner = inner
        self.plans: list[str] = []

    def _plan(self, sql: str, values: Sequence[Value]) -> None:
        found = self.inner.all(f"EXPLAIN QUERY PLAN {sql}", *values)
        self.plans += [str(each[3]) for each in found]

    def all(self, sql: str, *values: Value) -> list[tuple[Value, ...]]:
        self._plan(sql, values)
        return self.inner.all(sql, *values)

    def one(self, sql: str, *values: Value) -> tuple[Value, ...] | None:
        self._plan(sql, values)
        return self.inner.one(sql, *values)

    def do(self, sql: str, *values: Value) -> int:
        self._plan(sql, values)
        return self.inner.do(sql, *values)

    def many(self, sql: str, rows: Iterable[Sequence[Value]]) -> None:
        self.inner.many(sql, rows)

    def insert(self, sql: str, *values: Value) -> int:
        self._plan(sql, values)
        return self.inner.insert(sql, *values)


BY_MESSAGE = "outbox_by_message (group_=? AND message=?)"
BY_IDEM = "outbox_by_idem (group_=? AND idem=?)"
BY_PLACE = "accepted_by_place (group_=? AND seq<?)"
BY_EPOCH = "accepted_by_epoch (group_=? AND epoch<?)"
REFUSING = "events USING INDEX events_refusing (number>?)"


TAKEN = queues.Accepted(b"i", 7, 3, b"m", (), b"request")
LOOKS: dict[str, tuple[Callable[[Rows, int], object], str]] = {
    "place_of": (lambda rows, group: queues.place_of(rows, group, b"m"), BY_MESSAGE),
    "find": (lambda rows, group: history.find(rows, group, b"m", now=0), BY_MESSAGE),
    "read": (lambda rows, group: history.read(rows, group, now=0), BY_MESSAGE),
    "by_idem": (lambda rows, group: queues.by_idem(rows, group, b"i"), BY_IDEM),
    "anew": (queues.to_be_encrypted_anew, "outbox_by_idem (group_=?"),
    "first": (queues.first, "outbox_of_group (group_=?)"),
    "first_place": (queues.first_place, "outbox_of_group (group_=?)"),
    "taken": (lambda rows, group: queues.taken(rows, group, TAKEN), BY_EPOCH),
    "taken before": (lambda rows, group: queues.taken(rows, group, TAKEN), BY_PLACE),
    "accepted": (queues.accepted, "accepted_by_place (group_=?)"),
    "why_lost": (lambda rows, _: events.why_lost(rows, 0, "00"), REFUSING),
    "refusals": (lambda rows, _: list(events.refusals(rows, 0)), REFUSING),
    "refusal": (lambda rows, _: list(events.refusals(rows, 0, 1)), REFUSING),
}


@pytest.mark.parametrize("name", LOOKS)
def test_what_waits_is_found_by_an_index(rows: Rows, group: int, name: str) -> None:
    look, plan = LOOKS[name]
    planned = Planned(rows)
    look(planned, group)
    assert any(plan in each for each in planned.plans), planned.plans
    assert not any(each.startswith(("SCAN outbox", "SCAN events")) for each in planned.plans)
    assert not any("USE TEMP B-TREE" in each for each in planned.plans)


def test_what_is_not_encrypted_is_not_touched_when_an_epoch_closes(rows: Rows, group: int) -> None:
    for message in (b"1", b"2", b"3"):
        queues.say(rows, group, message, b"content")
    waiting = queues.first(rows, group)
    assert waiting is not None
    queues.encrypted(rows, waiting, 5, b"idem", b"request")
    before = rows.one("SELECT total_changes()")
    queues.to_be_encrypted_anew(rows, group)
    after = rows.one("SELECT total_changes()")
    assert before is not None
    assert after is not None
    assert int(str(after[0])) - int(str(before[0])) == 1
    assert queues.first(rows, group) == waiting
    assert queues.by_idem(rows, group, b"idem") is None


def test_places_are_those_in_which_things_are_sent(rows: Rows, group: int, other: int) -> None:
    assert queues.first_place(rows, group) is None
    for where, message in ((other, b"0"), (group, b"1"), (group, b"2")):
        queues.say(rows, where, message, b"")
    first, second = (queues.place_of(rows, group, each) for each in (b"1", b"2"))
    assert first is not None
    assert second is not None
    assert first < second
    assert queues.first_place(rows, group) == first
    assert queues.place_of(rows, other, b"1") is None
    waiting = queues.first(rows, group)
    assert waiting is not None
    queues.done(rows, waiting)
    assert queues.place_of(rows, group, b"1") is None
    assert queues.first_place(rows, group) == second


def test_wishes_are_those_of_one_group(rows: Rows, group: int, other: int) -> None:
    numbers = [queues.wish(rows, each, b"{}") for each in (group, other, group)]
    assert queues.wished(rows, group) == {numbers[0], numbers[2]}
    queues.unwish(rows, numbers[:1])
    assert queues.wished(rows, group) == {numbers[2]}


def test_a_place_is_not_taken_again(rows: Rows, group: int) -> None:
    """Whoever waits for what another process has sent looks whether its place is passed."""
    queues.say(rows, group, b"1", b"")
    place = queues.place_of(rows, group, b"1")
    sent = queues.first(rows, group)
    assert place is not None
    assert sent is not None
    queues.done(rows, sent)
    queues.say(rows, group, b"2", b"")
    later = queues.first_place(rows, group)
    assert later is not None
    assert later > place
