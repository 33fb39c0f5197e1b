"""What a thief finds who copies everything that a broker keeps: no secret, no name, no exact time.

A scripted run of 5 groups and 20 people on the real program, on both stores; then all files, the
log, the counters and the rows are searched in every form. The search is proved: what is put
into each of the places is found there.
"""

from __future__ import annotations

import asyncio
import sqlite3
import time
from contextlib import ExitStack, closing, contextmanager
from typing import TYPE_CHECKING

import asyncpg
import pytest

from covey.lab.analyst import guessing, places, remains, scoring
from covey.lab.analyst.script import GROUPS, PEOPLE, SHORT, Pace, Script
from covey.lab.analyst.searching import Search, Sighting, outside
from covey.lab.analyst.tap import Time
from lengths import is_full, is_soak, not_on_each

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from covey.lab.analyst.life import Stage
    from covey.lab.analyst.places import Kind, Place
    from covey.lab.analyst.remains import Remains

SEED = 4
PLANT = "the planted secret"
PLANTED = bytes(range(100, 132))
DAYS = 2 * 86_400
UNITS = {"minutes": 1 / 60, "seconds": 1, "milliseconds": 10**3, "µs": 10**6, "ns": 10**9}

EVERYTHING = {
    "group founded", "KeyPackages claimed", "KeyPackage from a shelf", "knock",
    "let in at the door", "refused at the door", "recovered", "removed", "SelfRemove", "race lost",
    "answer lost", "committer died", "pointers posted by another", "attachment", "note", "message",
    "second device", "state lost",
}  # fmt: skip


def pace(kind: Kind) -> Pace:
    """Everything happens, with fewer visits than `.ci/run` has on SQLite, and the soak on both."""
    many = is_soak() or (is_full() and kind == "sqlite")
    return SHORT if many else Pace(visits=0, messages=1)


@pytest.mark.parametrize("kind", places.KINDS)
def test_nothing_is_at_rest_that_says_who_is_where_or_what(kind: Kind, tmp_path: Path) -> None:
    not_on_each(kind)
    with places.empty(kind, tmp_path) as empty:
        known = remains.before(empty)
        with places.process(empty) as place:
            stage = Script(place.url, Time(time.time()), SEED, pace=pace(kind)).play()
            assert {each for each, times in stage.incidents.items() if times} >= EVERYTHING
            assert stage.incidents["group founded"] == GROUPS
            assert len(stage.truth) == PEOPLE

            assert exact_times_of_blobs(place) == []
            search = Search(stage.known)
            for checkpoint in (False, True) if place.server else (False,):
                found = remains.of(place, known, checkpoint=checkpoint)
                assert sightings(search, found, stage) == []
                assert times_finer_than_an_hour(found) == []
                assert len(found.files["log"]) > 1000
                assert b"covey_requests" in found.files["metrics"]
                guesses_are_no_better_than_chance(found, stage)
            assert Search({PLANT: PLANTED}).everywhere(found.files) == []
            plant(place, known)


def all_values(found: Remains) -> bytes:
    """All that a query says, one value after the other."""
    values = [
        value if isinstance(value, bytes) else str(value).encode()
        for rows in found.tables.values()
        for row in rows
        for value in row.values()
    ]
    return bytes(8).join(values)


def sightings(search: Search, found: Remains, stage: Stage) -> list[Sighting]:
    """What is where it must not be. Names may stand in KeyPackages, but not in hex or base64."""
    at_rest = {**found.files, "rows": all_values(found)}
    return [
        each
        for each in search.everywhere(at_rest)
        if (piece := stage.known[each.what]) not in stage.known.public
        or each.form != "as it is"
        or outside(at_rest[each.place], piece, stage.packages)
    ]


def times_finer_than_an_hour(found: Remains) -> list[tuple[str, str, str]]:
    now = time.time()
    return [
        (table, column, unit)
        for table, rows in found.tables.items()
        for row in rows
        for column, value in row.items()
        if isinstance(value, int)
        for unit, factor in UNITS.items()
        if abs(value - now * factor) < DAYS * factor
    ]


def exact_times_of_blobs(place: Place) -> list[Path]:
    """What was changed or read at another time than a whole hour.

    A folder's time of reading is left out: to look at what is in it changes that.
    """
    files = [path for path in place.blobs.rglob("*") if path.is_file()]
    assert files
    read = [path for path in files if path.stat().st_atime % 3600]
    return read + [path for path in place.blobs.rglob("*") if path.stat().st_mtime % 3600]


def guesses_are_no_better_than_chance(found: Remains, stage: Stage) -> None:
    """By the rows alone; what orders give away is compared in test_analyst.py.

    So much better than chance is luck once in ten thousand times.
    """
    guesses = guessing.guess(found._replace(orders={}))
    scored = scoring.scored(guesses, stage.truth, guessing.gids(found), SEED)
    assert scored.lift < 0.4


# --- does the search find anything at all? --------------------------------------------------


def plant(place: Place, known: frozenset[bytes]) -> None:
    """Put a secret into each of the places, one after the other, and see it found there."""
    search = Search({PLANT: PLANTED})
    with place.log.open("ab") as log:
        log.write(b"INFO " + PLANTED.hex().upper().encode() + b"\n")
    (place.blobs / "00" / ("00" * 32)).write_bytes(b"before " + PLANTED)
    (place.blobs / "01" / PLANTED.hex()).write_bytes(b"")
    with ExitStack() as until_read:
        if place.server is None:
            in_database = {"broker.db-wal", "broker.db"}
            until_read.enter_context(_into_sqlite(place))
        else:
            in_database = {"postgres/base", "postgres/pg_wal"}
            asyncio.run(_into_postgres(place.server.dsn))
        found = remains.of(place, known, checkpoint=True)
    metrics = found.files["metrics"] + b'{gid="' + PLANTED.hex().encode() + b'"}'
    sightings = search.everywhere({**found.files, "metrics": metrics})
    seen = {each.place for each in sightings}
    assert {"log", f"blobs/00/{'00' * 32}", "names", "metrics"} <= seen
    for name in in_database:
        assert any(each.startswith(name) for each in seen), name
    assert search.of("rows", all_values(found))


@contextmanager
def _into_sqlite(place: Place) -> Iterator[None]:
    """Into a row, and onto a page that is then free; both in the log, the latter in the file.

    Until the end of the block somebody reads, so that the broker does not cut the log.
    """
    with closing(sqlite3.connect(place.database, isolation_level=None)) as database:
        database.execute("PRAGMA secure_delete = OFF")
        database.execute("CREATE TABLE dropped (content BLOB)")
        database.execute("INSERT INTO dropped VALUES (?)", (PLANTED + bytes(9_000),))
        database.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        database.execute("DROP TABLE dropped")
        database.execute(
            "INSERT INTO invite VALUES (?, 'enrol', 1)", (PLANTED,)
        )  # into the log beside the file
        database.execute("BEGIN")
        database.execute("SELECT count(*) FROM invite").fetchall()
        yield


async def _into_postgres(dsn: str) -> None:
    connection = await asyncpg.connect(dsn)
    try:
        await connection.execute("INSERT INTO invite VALUES ($1, 'enrol', 1)", PLANTED)
    finally:
        await connection.close()
