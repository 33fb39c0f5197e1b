"""Events in the store, each under a durable number until every consumer has acknowledged it.

May import the store, the kinds and the history. What a message says stands in the history
alone, so that it is gone from here, too, when it disappears.

An event is kept for a week, and after that until all consumers have acknowledged it; but no longer
than thirty days, and no more than a hundred thousand of them, whoever has not seen them: a consumer
that comes back later is told that it missed some. What is ephemeral is dropped as soon as all
consumers have acknowledged it, and after ten minutes in any case.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import msgspec

from covey.client.events.kinds import decode, encode
from covey.client.events.messages import MessageArrived, MessageSent
from covey.client.words import history
from covey.errors import StateError
from covey.store import settings

if TYPE_CHECKING:
    from covey.client.events.kinds import Event
    from covey.store.port import Rows

WEEK: Final = 7 * 86_400
"""For how long an event is kept at least, in seconds."""

MONTH: Final = 30 * 86_400
"""For how long it is kept at most."""

MOST: Final = 100_000
"""How many events are kept at most."""

MOMENT: Final = 600
"""For how long what is ephemeral is kept at most, in seconds."""

LINGERS: Final = 2
"""For how long it is kept at least, in seconds: for those who read and do not acknowledge."""

_MISSED: Final = "events missed"  # the setting with the last number that was dropped unseen

_FLEETING: Final = (
    "SELECT number, happened_at + CASE WHEN number <= coalesce((SELECT min(acknowledged)"
    " FROM consumers), 0) THEN ? ELSE ? END, happened_at"
    " FROM events WHERE number > ? AND substr(event, 1, ?) = ?"
)
"""The numbers of what is ephemeral, when each is to be dropped, and when it happened."""

_MARK: Final = (27, b'{"event":"EphemeralArrived"')
"""How the JSON of what is ephemeral begins, and the length of that."""


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


def was_told(rows: Rows, group: int | None, event: Event, since: int) -> bool:
    """Whether the very same was told, by any process, since a time in seconds since the epoch."""
    found = rows.one(
        "SELECT 1 FROM events WHERE group_ IS ? AND event = ? AND happened_at >= ? LIMIT 1",
        *(group, encode(event), since),
    )
    return found is not None


def after(rows: Rows, number: int, limit: int = 100) -> list[tuple[int, Event]]:
    """The events after a number, in order.

    Raises:
        StorageError: A later covey has written one of them.
    """
    return [(place, event) for place, _, event in timed(rows, number, limit)]


def timed(rows: Rows, number: int, limit: int = 100) -> list[tuple[int, int, Event]]:
    """Likewise, each with the time at which it happened, in seconds since the epoch.

    Raises:
        StorageError: A later covey has written one of them.
    """
    found = rows.all(
        "SELECT number, group_, event, happened_at FROM events WHERE number > ?"
        " ORDER BY number LIMIT ?",
        number,
        limit,
    )
    events = []
    for place, group, encoded, happened_at in found:
        assert isinstance(place, int)
        assert isinstance(encoded, bytes)
        assert isinstance(happened_at, int)
        event = decode(encoded)
        if isinstance(event, MessageArrived | MessageSent) and isinstance(group, int):
            event = _filled(rows, group, event)
        events.append((place, happened_at, event))
    return events


def latest(rows: Rows) -> int:
    """The number of the last event; 0 when there is none."""
    row = rows.one("SELECT max(number) FROM events")
    assert row is not None
    number = row[0] or 0
    assert isinstance(number, int)
    return number


def begin(rows: Rows, consumer: str) -> None:
    """From now on events are kept for a consumer; one that is known goes on where it was."""
    rows.do(
        "INSERT INTO consumers (name, acknowledged) VALUES (?, ?) ON CONFLICT (name) DO NOTHING",
        *(consumer, _dropped_up_to(rows)),
    )


def acknowledge(rows: Rows, consumer: str, number: int) -> None:
    """A consumer has dealt with all events up to a number, and sees none of them again.

    Raises:
        StateError: No event has had this number yet: it would miss those to come.
    """
    last = _ever(rows)
    if not 0 <= number <= last:
        msg = f"there is no event {number} to be acknowledged yet: the last one is {last}"
        raise StateError(msg)
    rows.do(
        "INSERT INTO consumers (name, acknowledged) VALUES (?, ?) ON CONFLICT (name) DO UPDATE"
        " SET acknowledged = max(acknowledged, excluded.acknowledged)",
        consumer,
        number,
    )


def _ever(rows: Rows) -> int:
    """The highest number that an event has had, also one that is not kept any more."""
    row = rows.one("SELECT seq FROM sqlite_sequence WHERE name = 'events'")
    if row is None:
        return 0
    [number] = row
    assert isinstance(number, int)
    return number


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


def missed(rows: Rows, consumer: str) -> int:
    """The number of the last event that a consumer can see no more; 0 when it missed none."""
    dropped = _dropped_up_to(rows)
    return dropped if acknowledged(rows, consumer) < dropped else 0


def _dropped_up_to(rows: Rows) -> int:
    return int.from_bytes(settings.get(rows, _MISSED) or b"")


def trim(rows: Rows, now: int) -> int:
    """Drop what is old and no consumer waits for, and what is too old or too much; how many.

    Args:
        rows: The transaction.
        now: In seconds since the epoch.
    """
    seen = rows.do(
        "DELETE FROM events WHERE happened_at < ?"
        " AND number <= coalesce((SELECT min(acknowledged) FROM consumers), number)",
        now - WEEK,
    )
    too_many = rows.one("SELECT number FROM events ORDER BY number DESC LIMIT 1 OFFSET ?", MOST)
    last = rows.one(
        "SELECT max(number) FROM events WHERE happened_at < ? OR number <= ?",
        *(now - MONTH, 0 if too_many is None else too_many[0]),
    )
    if last is None or last[0] is None:
        return seen
    [number] = last
    assert isinstance(number, int)
    settings.put(rows, _MISSED, number.to_bytes(8))
    return seen + rows.do("DELETE FROM events WHERE number <= ?", number)


def next_ephemeral(rows: Rows, since: int, now: int) -> int | None:
    """When what is ephemeral is to be dropped next, in seconds since the epoch; None for never.

    Args:
        rows: The transaction.
        since: The number after which to look.
        now: In seconds since the epoch.
    """
    row = rows.one(f"{_FLEETING} ORDER BY number LIMIT 1", LINGERS, MOMENT, since, *_MARK)
    if row is None:
        return None
    _, due, happened_at = row
    assert isinstance(due, int)
    assert isinstance(happened_at, int)
    return now if happened_at > now else due


def drop_ephemeral(rows: Rows, now: int) -> None:
    """Drop what is ephemeral, and all consumers have acknowledged, or is ten minutes old.

    What is of a time to come, since our clock was ahead when it came, counts as of now.

    Args:
        rows: The transaction.
        now: In seconds since the epoch.
    """
    rows.do(
        "UPDATE events SET happened_at = ? WHERE happened_at > ? AND substr(event, 1, ?) = ?",
        *(now, now, *_MARK),
    )
    found = rows.all(_FLEETING, LINGERS, MOMENT, 0, *_MARK)
    gone = [(number,) for number, due, _ in found if isinstance(due, int) and due <= now]
    rows.many("DELETE FROM events WHERE number = ?", gone)


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
