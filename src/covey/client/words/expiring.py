"""Messages that disappear: when they do, and what is known of them then: their ids.

May import the contents and the store's port. A message disappears so many seconds after it came,
or was said by us, by our clock; its sender says how many. A reaction goes with its message at the
latest. Of what has disappeared, and of what was ephemeral, the id is kept for a while: it may be
said again in another epoch, and is not told twice.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, cast

from covey.client.words.contents import Reaction

if TYPE_CHECKING:
    from covey.client.words.contents import Content
    from covey.store.port import Rows

DAY: Final = 86_400
"""For how long the id of what was ephemeral is kept, in seconds."""

MONTH: Final = 30 * DAY
"""For how long the id of a message is kept that has disappeared."""

MOST: Final = 100_000
"""How many ids are kept at most."""

BATCH: Final = 100
"""How many messages are deleted at once: it takes a millisecond each to overwrite their words."""


def due(rows: Rows, group: int, content: Content, now: int) -> int | None:
    """When a message disappears, in seconds since the epoch; None for never.

    Args:
        rows: The transaction.
        group: The number of its group.
        content: The message.
        now: When it came, or is said, in seconds since the epoch.
    """
    own = now + content.expires_after if content.expires_after else None
    body = content.body
    if not isinstance(body, Reaction):
        return own
    found = rows.one(
        "SELECT expires_at FROM messages WHERE group_ = ? AND message = ?", group, body.about
    )
    if found is None:
        return now if was_heard(rows, body.about) else own
    its = cast("int | None", found[0])
    return min((each for each in (own, its) if each is not None), default=None)


def was_heard(rows: Rows, message: bytes) -> bool:
    """Whether something was told that stands in no history, by its id."""
    return rows.one("SELECT 1 FROM heard WHERE message = ?", message) is not None


def note_heard(rows: Rows, message: bytes, until: int) -> bool:
    """Take note of something that is told and stands in no history; whether it is new.

    Args:
        rows: The transaction.
        message: Its id.
        until: When that may be forgotten, in seconds since the epoch.
    """
    return bool(
        rows.do("INSERT OR IGNORE INTO heard (message, until) VALUES (?, ?)", message, until)
    )


def expire(rows: Rows, now: int) -> int:
    """Delete messages that have disappeared, for good, no more than :data:`BATCH`; how many."""
    going = rows.all(
        "SELECT id, message FROM messages WHERE expires_at <= ? ORDER BY expires_at, id LIMIT ?",
        *(now, BATCH),
    )
    rows.many(
        "INSERT OR REPLACE INTO heard (message, until) VALUES (?, ?)",
        [(message, now + MONTH) for _, message in going],
    )
    rows.many("DELETE FROM messages WHERE id = ?", [(number,) for number, _ in going])
    return len(going)


def next_expiry(rows: Rows) -> int | None:
    """When the next message disappears, in seconds since the epoch; None when none does."""
    row = rows.one("SELECT min(expires_at) FROM messages WHERE expires_at IS NOT NULL")
    assert row is not None
    return cast("int | None", row[0])


def forget(rows: Rows, now: int) -> None:
    """Let go of ids whose time is over, and of those that are too many."""
    rows.do("DELETE FROM heard WHERE until <= ?", now)
    rows.do(
        "DELETE FROM heard WHERE message IN"
        " (SELECT message FROM heard ORDER BY until DESC LIMIT -1 OFFSET ?)",
        MOST,
    )
