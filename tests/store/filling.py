"""Rows for every table of a store: for backups, fixtures and thieves."""

from __future__ import annotations

from typing import TYPE_CHECKING

from covey.store import settings

if TYPE_CHECKING:
    from covey.store import Rows

STATUSES = (
    "active", "leaving", "left", "removed", "broken", "branched", "lost", "restored", "forked",
    "copy",
)  # fmt: skip
"""A group of each: their numbers count from 1."""

MESSAGES = 150
"""How many there are in each of the first two groups."""


def fill(rows: Rows) -> None:
    """Put something into every table."""
    for name in ("device", "inbox seed", "store.place", "knock 00ff", "by hand 00ff", "restored"):
        settings.put(rows, name, f"value of {name}".encode())
    for status in STATUSES:
        _group(rows, status)
    rows.many(
        "INSERT INTO outbox (group_, message, content, epoch, idem, request, queued_at)"
        " VALUES (1, ?, ?, 4, x'1d', x'5e', 1700000000)",
        [(b"m9", b"waiting"), (b"m8", b"waiting too")],
    )
    rows.insert("INSERT INTO wishes (group_, wish, asked_at) VALUES (1, x'aa', 1700000000)")
    rows.do("INSERT INTO pending VALUES (1, 4, x'1d', x'5e', x'', x'')")
    rows.insert(
        "INSERT INTO postings (inbox, reference, pointer, due_at) VALUES (x'', x'', x'', 0)"
    )
    rows.many(
        "INSERT INTO events (group_, event, happened_at) VALUES (1, ?, 1700000000)",
        [(f"event {number}".encode(),) for number in range(100)],
    )
    rows.do("DELETE FROM events WHERE number > 90")
    rows.do("INSERT INTO consumers VALUES ('terminal', 95)")
    rows.do("INSERT INTO packages VALUES (x'0f', x'5ec7', 1, 0, 1, 1700000000, 1800000000)")
    rows.do("INSERT INTO slots VALUES (x'70', 1)")
    rows.do("INSERT INTO verified VALUES (?, x'ab', 1700000000)", b"bob")


def _group(rows: Rows, status: str) -> None:
    group = rows.insert(
        "INSERT INTO groups (gid, broker_id, group_id, status, trouble, name, version, epoch, seq,"
        " hash, head, counter, recovery, joined_at, renewed_at, sent)"
        " VALUES (?, x'b0', ?, ?, '', ?, 3, 4, 9, x'ac', x'ad', 7, x'5eed', 1, 2, 3)",
        f"gid {status}".encode(), f"group {status}".encode(), status, f"the {status} one",
    )  # fmt: skip
    rows.do("INSERT INTO group_rows VALUES (?, x'01', x'5ec2e7')", group)
    rows.do("INSERT INTO places VALUES (?, 9, x'ac')", group)
    rows.do("INSERT INTO doors VALUES (?, x'ca', x'd002')", group)
    rows.do("INSERT INTO sent VALUES (?, x'1d')", group)
    rows.do("INSERT INTO counters VALUES (?, 2, x'ab', 11)", group)
    if group <= 2:
        rows.many(
            "INSERT INTO messages (group_, message, seq, epoch, sender, leaf, kind, text, content,"
            " sent_at, received_at) VALUES (?, ?, ?, 4, x'b0b0', 2, 'text', ?, ?, 5, 6)",
            [
                (group, f"m{number}".encode(), number, f"word{number} in {status}", bytes(1000))
                for number in range(MESSAGES)
            ],
        )
