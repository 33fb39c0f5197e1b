"""How many seeds it takes until a planted bug is found. May import this folder."""

from __future__ import annotations

from contextlib import closing
from typing import TYPE_CHECKING

from covey.lab.simulate.many import played, played_with

if TYPE_CHECKING:
    from collections.abc import Sequence

    from covey.lab.simulate.running import Run, Size


def is_found_by(planted: Run) -> bool:
    """Whether a seed finds the bug that is planted in it: without it, all is well there."""
    return bool(planted.findings) and not played_with(None, planted.seed, planted.size).findings


def found(bug: str, seeds: Sequence[int], size: Size, workers: int) -> Run | None:
    """The first run that finds a bug; None when none of the seeds does.

    Args:
        bug: Its name.
        seeds: Which are played, in their order.
        size: How large.
        workers: In how many processes.
    """
    with closing(played(seeds, size, bug, workers)) as runs:
        return next((each for each in runs if is_found_by(each)), None)


def line(bug: str, run: Run | None, seeds: Sequence[int]) -> str:
    """What came of looking for a bug, as a line of a table."""
    if run is None:
        return f"{bug:<26} not found in {len(seeds)} seeds"
    rules = ", ".join(sorted({each.rule for each in run.findings}))
    return f"{bug:<26} {seeds.index(run.seed) + 1:>5} seeds   {rules}"
