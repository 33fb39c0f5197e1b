"""Rows for every table of a store: for backups, fixtures and thieves."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from covey.store import settings

if TYPE_CHECKING:
    from covey.store import Rows, Value

STATUSES: Final = (
    "active", "leaving", "left", "removed", "broken", "branched", "lost", "restored", "copy",
)  # fmt: skip
"""A group of each: their numbers count from 1."""

MESSAGES: Final = 70
"""How many there are in each of the first two groups."""

EVENTS: Final = 100
"""How many there were, of which the last ten are gone."""

_NOTHING: Final[dict[str, Value]] = {"TEXT": "", "INTEGER": 0, "BLOB": b""}


def put(rows: Rows, table: str, **columns: Value) -> int:
    """Insert a row; what a column needs that is not given is empty or 0. Its number."""
    found = rows.all(
        "SELECT name, type FROM pragma_table_info(?)"
        " WHERE \"notnull\" AND NOT (pk AND type = 'INTEGER')",
        table,
    )
    values = {str(name): _NOTHING[str(kind)] for name, kind in found} | columns
    places = ", ".join("?" for _ in values)
    insert = f"INSERT INTO {table} ({', '.join(values)}) VALUES ({places})"  # noqa: S608 - a test's
    return rows.insert(insert, *values.values())


def fill(rows: Rows, length: int = 1000) -> None:
    """Put something into every table, with contents of messages of a length."""
    for name in (
        "device",
        "inbox seed",
        "knock 00ff",
        "by hand 00ff",
        "restored",
        "pointers that wait",
    ):
        settings.put(rows, name, f"value of {name}".encode())
    for status in STATUSES:
        _fill_group(rows, status, length)
    for content in (b"waiting", b"waiting too"):
        put(rows, "outbox", group_=1, content=content, epoch=4, idem=b"id", request=b"signed")
    put(rows, "wishes", group_=1, wish=b"add bob")
    put(rows, "pending", group_=1, request=b"signed")
    put(rows, "postings", pointer=b"sealed")
    for number in range(1, EVENTS + 1):
        put(rows, "events", group_=1, event=f"event {number}".encode())
    rows.do("DELETE FROM events WHERE number > ?", EVENTS - 10)
    put(rows, "consumers", name="terminal", acknowledged=EVENTS - 5)
    put(rows, "packages", reference=b"ref", private=b"private")
    put(rows, "slots", token=b"token", group_=1)
    put(rows, "heard", message=b"gone", until=9)
    put(rows, "verified", identity=b"bob", signature_key=b"key")


def _fill_group(rows: Rows, status: str, length: int) -> None:
    group = put(
        rows, "groups", gid=f"gid {status}".encode(), status=status, name=f"the {status} one",
        epoch=4, seq=9, hash=b"hash", head=b"head", counter=7, recovery=b"seed",
        out_since=int(status == "leaving"),
    )  # fmt: skip
    put(rows, "group_rows", group_=group, key=b"secret", value=b"tree")
    put(rows, "places", group_=group, seq=9, hash=b"hash")
    put(rows, "doors", group_=group, capability=b"door", suite=1, private_key=b"private")
    put(rows, "sent", group_=group, idem=b"id")
    put(rows, "accepted", group_=group, idem=b"idem", seq=8, request=b"signed")
    put(rows, "counters", group_=group, signature_key=b"key", next=11)
    if group <= 2:
        for number in range(MESSAGES):
            put(
                rows, "messages", group_=group, message=f"m{number}".encode(), seq=number, epoch=4,
                sender=b"bob", leaf=2, kind="text", text=f"word{number} in {status}",
                content=bytes(length),
            )  # fmt: skip
