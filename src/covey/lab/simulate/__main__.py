"""Many clients on virtual time, from the command line: ``python -m covey.lab.simulate``.

``--seed 17`` plays one seed and tells its story; ``--seeds 1000`` plays many, and counts. The exit
code is 1 when something was wrong. ``--bug all --seeds 1000`` says of each planted bug how many
seeds it takes to find it; here the exit code is 1 when one is not found.
"""

from __future__ import annotations

import argparse
import json
import sys
from time import perf_counter
from typing import TYPE_CHECKING, Final

from rich.console import Console
from rich.progress import track

from covey.lab.simulate import bugs, hunting
from covey.lab.simulate.many import played, played_with
from covey.lab.simulate.running import Run, Size
from covey.lab.simulate.tallying import Tally

if TYPE_CHECKING:
    from collections.abc import Sequence


_ALL: Final = "all"


def main(arguments: Sequence[str] | None = None) -> int:
    """Play what is asked for; returns the exit code."""
    options = _parser().parse_args(arguments)
    size = Size(options.clients, options.steps, options.moves)
    if options.bug == _ALL:
        return _hunt(options, size)
    if options.seed is not None and options.seeds == 1:
        return _one(options.seed, size, options.bug, as_json=options.json, fine=options.fine)
    return _many(options, size)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m covey.lab.simulate", description="Many clients on virtual time."
    )
    parser.add_argument("--seed", type=int, help="the seed to play, or the first of many")
    parser.add_argument("--seeds", type=int, default=1, help="how many to play")
    parser.add_argument("--clients", type=int, default=5, choices=range(2, 9), metavar="2-8")
    parser.add_argument("--steps", type=int, default=100)
    moves = "groups are moved to other cipher suites, too"
    parser.add_argument("--moves", action="store_true", help=moves)
    planted = "a bug to be planted; all: how many seeds does it take to find each?"
    parser.add_argument("--bug", choices=[*sorted(bugs.BUGS), _ALL], help=planted)
    parser.add_argument("--json", action="store_true", help="for programs, a line for each seed")
    parser.add_argument("--fine", action="store_true", help="tell of each request, too")
    parser.add_argument("--stop", action="store_true", help="stop at the first seed that fails")
    parser.add_argument("--workers", type=int, default=2, help="processes")
    return parser


def _one(seed: int, size: Size, bug: str | None, *, as_json: bool, fine: bool) -> int:
    run = played_with(bug, seed, size, fine=fine)
    if as_json:
        _say(json.dumps(run.as_tree()))
    else:
        _say(run.story.as_text(), "", *_verdict(run, bug))
    return 1 if run.findings else 0


def _many(options: argparse.Namespace, size: Size) -> int:
    first = options.seed or 0
    tally, began = Tally(), perf_counter()
    seeds = range(first, first + options.seeds)
    runs = track(
        played(seeds, size, options.bug, options.workers),
        description="seeds",
        total=len(seeds),
        console=Console(stderr=True),
        transient=True,
        disable=not sys.stderr.isatty(),
    )
    for run in runs:
        tally.add(run)
        if options.json:
            _say(json.dumps(run.as_tree(story=bool(run.findings))))
        elif run.findings:
            _say(*_verdict(run, options.bug))
        if run.findings and options.stop:
            break
    if not options.json:
        _say("", *tally.lines(perf_counter() - began))
    return 1 if tally.failed else 0


def _hunt(options: argparse.Namespace, size: Size) -> int:
    """Look for each bug until it is found."""
    first = options.seed or 0
    seeds, missed = range(first, first + options.seeds), 0
    for bug in bugs.NAMES:
        run = hunting.found(bug, seeds, size, options.workers)
        _say(hunting.line(bug, run, seeds))
        missed += run is None
    return 1 if missed else 0


def _verdict(run: Run, bug: str | None) -> list[str]:
    """What was wrong, and how to see it again."""
    size, planted = run.size, f" --bug {bug}" if bug else ""
    moves = " --moves" if size.moves else ""
    if not run.findings:
        return [f"seed {run.seed}: all agree ({run.mark})"]
    again = (
        f"python -m covey.lab.simulate --seed {run.seed} --clients {size.clients}"
        f" --steps {size.steps}{moves}{planted}"
    )
    return [
        f"seed {run.seed}: {len(run.findings)} findings; again: {again}",
        *(f"  {each}" for each in run.findings),
    ]


def _say(*lines: str) -> None:
    for line in lines:
        sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
