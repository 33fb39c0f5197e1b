"""Measure what can be guessed: ``python -m covey.lab.analyst {rest,watch} [--seeds N]``.

May import everything beside it. It prints the tables of docs/explanation/what-the-broker-sees.md,
as Markdown; each number is a mean over the seeds, with its 95 % confidence interval.
"""

from __future__ import annotations

import argparse
import asyncio
import sys
import tempfile
import time
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Final

from covey.broker.operations.ports import Clock
from covey.lab.analyst import guessing, places, remains, scoring, watching
from covey.lab.analyst.blurring import blur
from covey.lab.analyst.life import Habits
from covey.lab.analyst.script import Pace, Script
from covey.lab.analyst.tap import Time

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from covey.lab.analyst.life import Stage
    from covey.lab.analyst.places import Kind
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
    with _played(habits, seed) as stage:
        return scoring.scored(watching.guess(stage.tap.seen), stage.truth, _gids(stage), seed)


@contextmanager
def _played(habits: Habits, seed: int) -> Iterator[Stage]:
    """A run whose broker lives in the script's time."""
    clock = Time(time.time())  # KeyPackages begin today
    with (
        tempfile.TemporaryDirectory() as folder,
        places.empty("sqlite", Path(folder)) as empty,
        places.thread(empty, Clock(clock, clock)) as place,
    ):
        yield Script(place.url, clock, seed, habits, PACE).play()


def _at_rest(kinds: Sequence[Kind], seeds: Sequence[int]) -> Iterator[tuple[str, list[Scored]]]:
    """The rows alone, and with each of the orders that files give away."""
    for kind in kinds:
        taken: dict[str, list[Scored]] = {}
        for seed in seeds:
            for what, scored in at_rest(kind, seed).items():
                taken.setdefault(f"{kind}: {what}", []).append(scored)
        yield from taken.items()


def at_rest(kind: Kind, seed: int) -> dict[str, Scored]:
    """One run, after which everything at rest is taken; how good each part's guesses are."""
    clock = Time(time.time())  # KeyPackages begin today
    with (
        tempfile.TemporaryDirectory() as folder,
        places.empty(kind, Path(folder)) as empty,
        places.thread(empty, Clock(clock, clock)) as place,
    ):
        stage = Script(place.url, clock, seed, pace=PACE).play()
        found = remains.of(place)
        parts = {"rows": found._replace(orders={}), "rows, and all orders": found}
        for name, marks in found.orders.items():
            parts[f"rows, and the order of {name}"] = found._replace(orders={name: marks})
        if place.server is not None:
            asyncio.run(blur(place.server.dsn))
            parts["rows, and the order of xid, once blurred"] = remains.of(place)
        return {
            what: scoring.scored(guessing.guess(part), stage.truth, guessing.gids(found), seed)
            for what, part in parts.items()
        }


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
