"""Measure what can be guessed: ``python -m covey.lab.analyst {rest,watch} [--seeds N]``.

May import everything beside it. It prints the tables of docs/explanation/what-the-broker-sees.md,
as Markdown; each number is a mean over the seeds, with its 95 % confidence interval.
"""

from __future__ import annotations

import argparse
import asyncio
import sqlite3
import sys
import tempfile
import time
from contextlib import closing, contextmanager, nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Final, NamedTuple

from covey.broker.operations.ports import Clock
from covey.broker.stores.postgres import PostgresStore
from covey.broker.stores.sqlite import CHECKPOINT
from covey.lab.analyst import guessing, places, remains, scoring, watching
from covey.lab.analyst.life import Habits
from covey.lab.analyst.script import Pace, Script
from covey.lab.analyst.tap import Time

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from covey.lab.analyst.life import Stage
    from covey.lab.analyst.places import Kind, Place
    from covey.lab.analyst.remains import Remains
    from covey.lab.analyst.scoring import Scored

CLIENTS: Final = {
    "default": Habits(),
    "multiplexed": Habits(multiplexed=True),
    "default, relayed": Habits(relayed=True),
    "multiplexed, relayed": Habits(multiplexed=True, relayed=True),
    "default, relayed, slow": Habits(relayed=True, jitter=3600.0),
    "polling, relayed, slow": Habits(relayed=True, polling=True, jitter=3600.0),
}
"""Clients that are watched, by name."""

PARTS: Final[dict[Kind, tuple[str, str, str]]] = {
    "sqlite": (
        "SQLite: rows alone",
        "SQLite: with the day still in its log",
        "SQLite: 6 s after the last write",
    ),
    "postgres": (
        "PostgreSQL: rows alone",
        "PostgreSQL: before blurring, within the hour",
        "PostgreSQL: after the hourly blurring",
    ),
}
"""What is taken of each store, in the order of `Rest`."""

SETTLED: Final = CHECKPOINT + 1
"""Seconds after a write, when SQLite's log has been cut."""

PACE: Final = Pace(days=1, visits=2, messages=2)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run from a command line."""
    parser = argparse.ArgumentParser(prog="python -m covey.lab.analyst", description=__doc__)
    parser.add_argument("what", choices=("rest", "watch"), help="from what to guess")
    parser.add_argument("--seeds", type=int, default=10, help="how many runs (default: 10)")
    parser.add_argument("--store", choices=places.KINDS, help="look at this one only")
    parser.add_argument("--client", choices=tuple(CLIENTS), help="watch this one only")
    asked = parser.parse_args(arguments)
    seeds = range(1, asked.seeds + 1)
    if asked.what == "rest":
        kinds: tuple[Kind, ...] = (asked.store,) if asked.store else places.KINDS
        _table("what is taken", _at_rest(kinds, seeds))
    else:
        names = [asked.client] if asked.client else list(CLIENTS)
        runs = ((name, [watched(CLIENTS[name], each) for each in seeds]) for name in names)
        _table("client", runs)
    return 0


def watched(habits: Habits, seed: int) -> Scored:
    """One run of the script that is watched, and how good the guesses are."""
    with _begun("sqlite", habits, seed) as (_, script):
        return _seen(script.play(), seed)


def _seen(stage: Stage, seed: int) -> Scored:
    """How good the guesses are of who has watched a run."""
    return scoring.scored(watching.guess(stage.tap.seen), stage.truth, _gids(stage), seed)


@contextmanager
def _begun(kind: Kind, habits: Habits, seed: int) -> Iterator[tuple[Place, Script]]:
    """A broker that lives in the script's time, and the script."""
    clock = Time(time.time())  # KeyPackages begin today
    with (
        tempfile.TemporaryDirectory() as folder,
        places.empty(kind, Path(folder)) as empty,
        places.thread(empty, Clock(clock, clock)) as place,
    ):
        yield place, Script(place.url, clock, seed, habits, PACE)


class Rest(NamedTuple):
    """How good the guesses are from what one run leaves at rest.

    Attributes:
        rows: From the rows alone.
        before: From everything, before the broker has tidied up after any of it.
        after: From everything, once it has.
        left: What still tells an order then.
        watched: Of who has watched the same run.
    """

    rows: Scored
    before: Scored
    after: Scored
    left: tuple[str, ...]
    watched: Scored


def _at_rest(kinds: Sequence[Kind], seeds: Sequence[int]) -> Iterator[tuple[str, list[Scored]]]:
    for kind in kinds:
        runs = [at_rest(kind, seed) for seed in seeds]
        for number, part in enumerate(PARTS[kind]):
            yield part, [(each.rows, each.before, each.after)[number] for each in runs]


def at_rest(kind: Kind, seed: int) -> Rest:
    """One run, after which everything at rest is taken twice.

    Before the broker tidies up, all that happened is in the order that its database keeps for a
    while: as if it had happened since the last time. Then it is tidied up, by the broker itself.
    """
    with _begun(kind, CLIENTS["default"], seed) as (place, script):
        with _uncut(place) if kind == "sqlite" else nullcontext():
            stage = script.play()
            before = remains.of(place)
        _let_tidy_up(place)
        after = remains.of(place)
    gids = guessing.gids(before)

    def scored(part: Remains) -> Scored:
        return scoring.scored(guessing.guess(part), stage.truth, gids, seed)

    rows = scored(before._replace(orders={}))
    left = tuple(after.orders)
    return Rest(rows, scored(before), scored(after), left, _seen(stage, seed))


@contextmanager
def _uncut(place: Place) -> Iterator[None]:
    """Keep SQLite's log from being cut: somebody reads, and takes long."""
    with closing(sqlite3.connect(place.database, isolation_level=None)) as database:
        database.execute("BEGIN")
        database.execute("SELECT count(*) FROM account").fetchall()
        yield


def _let_tidy_up(place: Place) -> None:
    """Wait until SQLite's log is cut; do what a broker on PostgreSQL does each hour."""
    if place.server is None:
        time.sleep(SETTLED)
    else:
        asyncio.run(_forget_order(place.server.dsn))


async def _forget_order(dsn: str) -> None:
    store = await PostgresStore.open(dsn, connections=1, listen=False)
    try:
        await store.forget_order()
    finally:
        await store.close()


def _gids(stage: Stage) -> list[bytes]:
    return sorted({gid for where in stage.truth.values() for gid in where})


def _table(of: str, rows: Iterator[tuple[str, list[Scored]]]) -> None:
    _line(f"| {of} | group of an account | by chance | pairs found | by chance | seeds |")
    _line("|---|---|---|---|---|---|")
    for name, runs in rows:
        fields: tuple[Callable[[Scored], float], ...] = (
            lambda one: one.hits,
            lambda one: one.chance,
            lambda one: one.precision,
            lambda one: one.precision_chance,
        )
        cells = [str(scoring.over([field(one) for one in runs])) for field in fields]
        _line(f"| {name} | {' | '.join(cells)} | {len(runs)} |")


def _line(text: str) -> None:
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    raise SystemExit(main())
