"""The index of words (FTS5), which follows the table ``messages``.

May import the port. Words go into it many messages at a time, before a search or when there is
time. One by one they cost more than all else of a message: each statement that inserts begins a
segment of its own, which is merged with the others later. They go out of it with their message.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from covey.store.port import Rows

_LATER: Final = "FROM messages WHERE id > (SELECT upto FROM indexed)"


def are_indexed(rows: Rows) -> bool:
    """Whether the words of all messages are in the index."""
    return rows.one(f"SELECT 1 {_LATER} LIMIT 1") is None


def index(rows: Rows) -> None:
    """Put the words into the index that are not there yet."""
    row = rows.one(f"SELECT max(id) {_LATER}")
    if row is None or row[0] is None:
        return
    rows.do(f"INSERT INTO words (rowid, text) SELECT id, text {_LATER} ORDER BY id")
    rows.do("UPDATE indexed SET upto = ?", row[0])
