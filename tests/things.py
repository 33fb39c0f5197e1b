"""A schema of one table, and scripts on it, for tests of the stores."""

from __future__ import annotations

from typing import TYPE_CHECKING

from covey.broker.script import Many, Query, Script, Statement

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from covey.broker.script import Row

SCHEMA = {
    "sqlite": (
        "CREATE TABLE thing (gid BLOB NOT NULL PRIMARY KEY, number INTEGER NOT NULL, note TEXT,\n"
        "  other BLOB REFERENCES thing (gid) DEFERRABLE INITIALLY DEFERRED) STRICT;\n"
        "CREATE TABLE event (gid BLOB NOT NULL, number INTEGER NOT NULL, week INTEGER NOT NULL,\n"
        "  PRIMARY KEY (gid, number, week)) STRICT, WITHOUT ROWID;\n"
    ),
    "postgres": (
        "CREATE TABLE thing (gid BYTEA NOT NULL PRIMARY KEY, number BIGINT NOT NULL, note TEXT,\n"
        "  other BYTEA REFERENCES thing (gid) DEFERRABLE INITIALLY DEFERRED);\n"
        "CREATE TABLE event (gid BYTEA NOT NULL, number BIGINT NOT NULL, week INTEGER NOT NULL,\n"
        "  PRIMARY KEY (gid, number, week)) PARTITION BY RANGE (week);\n"
        "CREATE INDEX event_by_number ON event (number);\n"
    ),
}

PUT = Statement("INSERT INTO thing (gid, number, note) VALUES ($1, $2, $3)")
LOOK = Statement("SELECT number FROM thing WHERE gid = $1", lock="FOR NO KEY UPDATE")
SET = Statement("UPDATE thing SET number = $2 WHERE gid = $1")
FIND = Statement("SELECT gid, number, note FROM thing WHERE gid IN $1 ORDER BY gid")
POINT = Statement("UPDATE thing SET other = $2 WHERE gid = $1")
EVENT = Statement("INSERT INTO event (gid, number, week) VALUES ($1, $2, $3)")
EVENTS = Statement("SELECT number, week FROM event WHERE gid = $1 ORDER BY number")


def write_schema(folder: Path) -> Path:
    """Lay out the migrations of both engines; the folder of each has its name."""
    for engine, text in SCHEMA.items():
        (folder / engine).mkdir(parents=True, exist_ok=True)
        (folder / engine / "0001_things.sql").write_text(text, encoding="utf-8")
    return folder


def put(gid: bytes, number: int, note: str | None = None) -> Callable[[], Script[None]]:
    """Add a thing."""

    def script() -> Script[None]:
        yield PUT.of(gid, number, note)

    return script


def put_all(*rows: tuple[bytes, int, str | None]) -> Callable[[], Script[list[Row]]]:
    """Add many things at once."""

    def script() -> Script[list[Row]]:
        return (yield Many(PUT, rows))

    return script


def add(gid: bytes, error: Exception | None = None) -> Callable[[], Script[int]]:
    """Count one further at a thing that is there, and return the count; then raise an error."""

    def script() -> Script[int]:
        [(number,)] = yield LOOK.of(gid)
        yield SET.of(gid, number + 1)
        if error is not None:
            raise error
        count: int = number + 1
        return count

    return script


def find(*gids: bytes) -> Callable[[], Script[list[Row]]]:
    """The things with these keys."""

    def script() -> Script[list[Row]]:
        return (yield FIND.of(gids))

    return script


def point(gid: bytes, other: bytes) -> Callable[[], Script[None]]:
    """Let a thing point at another one, which has to be there when it is committed."""

    def script() -> Script[None]:
        yield POINT.of(gid, other)

    return script


def note(gid: bytes, number: int, week: int) -> Callable[[], Script[None]]:
    """Add an event."""

    def script() -> Script[None]:
        yield EVENT.of(gid, number, week)

    return script


def events(gid: bytes) -> Callable[[], Script[list[Row]]]:
    """The events of a group."""

    def script() -> Script[list[Row]]:
        return (yield EVENTS.of(gid))

    return script


def asking(text: str) -> Callable[[], Script[list[Row]]]:
    """One statement, whatever it is."""

    def script() -> Script[list[Row]]:
        return (yield Query(Statement(text)))

    return script
