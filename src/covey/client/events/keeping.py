"""Events in the store, each under a durable number until every consumer has acknowledged it.

May import the store's port, the kinds and the history. What a message says stands in the history
alone, so that it is gone from here, too, when it disappears.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import msgspec

from covey.client import history
from covey.client.events.kinds import decode, encode
from covey.client.events.messages import MessageArrived, MessageSent

if TYPE_CHECKING:
    from covey.client.events.kinds import Event
    from covey.store.port import Rows

WEEK: Final = 7 * 86_400
"""For how long an event is kept at least, in seconds."""


def add(rows: Rows, group: int | None, event: Event, now: int) -> int:
    """Keep an event.

    Args:
        rows: The transaction of what it tells of.
        group: The number of the group, or None when it is about none.
        event: The event; of what is said, no more is kept than by which id to find it.
        now: In seconds since the epoch.

    Returns:
        Its number, which is higher than that of every event before.
    """
    kept = event
    if isinstance(event, MessageArrived | MessageSent):
        kept = type(event)(event.group, id=event.id, seq=event.seq)
    return rows.insert(
        "INSERT INTO events (group_, event, happened_at) VALUES (?, ?, ?)", group, encode(kept), now
    )


def after(rows: Rows, number: int, limit: int = 100) -> list[tuple[int, Event]]:
    """The events after a number, in order.

    Raises:
        StorageError: A later covey has written one of them.
    """
    found = rows.all(
        "SELECT number, group_, event FROM events WHERE number > ? ORDER BY number LIMIT ?",
        number,
        limit,
    )
    events = []
    for place, group, encoded in found:
        assert isinstance(place, int)
        assert isinstance(encoded, bytes)
        event = decode(encoded)
        if isinstance(event, MessageArrived | MessageSent) and isinstance(group, int):
            event = _filled(rows, group, event)
        events.append((place, event))
    return events


def latest(rows: Rows) -> int:
    """The number of the last event; 0 when there is none."""
    row = rows.one("SELECT max(number) FROM events")
    assert row is not None
    number = row[0] or 0
    assert isinstance(number, int)
    return number


def acknowledge(rows: Rows, consumer: str, number: int) -> None:
    """A consumer has dealt with all events up to a number, and sees none of them again."""
    rows.do(
        "INSERT INTO consumers (name, acknowledged) VALUES (?, ?) ON CONFLICT (name) DO UPDATE"
        " SET acknowledged = max(acknowledged, excluded.acknowledged)",
        consumer,
        number,
    )


def acknowledged(rows: Rows, consumer: str) -> int:
    """The number up to which a consumer has dealt with events; 0 when it is new."""
    row = rows.one("SELECT acknowledged FROM consumers WHERE name = ?", consumer)
    if row is None:
        return 0
    [number] = row
    assert isinstance(number, int)
    return number


def forget(rows: Rows, consumer: str) -> None:
    """Wait no longer for a consumer."""
    rows.do("DELETE FROM consumers WHERE name = ?", consumer)


def trim(rows: Rows, now: int) -> int:
    """Drop what all consumers have acknowledged and is older than a week; how many that were."""
    return rows.do(
        "DELETE FROM events WHERE happened_at < ?"
        " AND number <= coalesce((SELECT min(acknowledged) FROM consumers), number)",
        now - WEEK,
    )


def _filled(rows: Rows, group: int, event: MessageArrived | MessageSent) -> Event:
    """An event with what the history says of its message."""
    name = bytes.fromhex(event.id)
    message = history.find(rows, group, name) or history.find_after_branch(rows, group, name)
    if message is None:
        return event
    fields = {
        name: getattr(message, name)
        for name in event.__struct_fields__
        if name not in {"group", "id"}
    }
    return msgspec.structs.replace(event, **fields)
