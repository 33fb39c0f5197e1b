"""Many seeds, in several processes. May import this folder."""

from __future__ import annotations

import multiprocessing
from contextlib import nullcontext
from functools import partial
from typing import TYPE_CHECKING, Final

from covey.lab.simulate import bugs
from covey.lab.simulate.running import run

if TYPE_CHECKING:
    from collections.abc import Generator, Sequence

    from covey.lab.simulate.running import Run, Size

_AT_ONCE: Final = 4  # seeds that a worker is given at once


def played(seeds: Sequence[int], size: Size, bug: str | None, workers: int) -> Generator[Run]:
    """Play seeds, in their order.

    Args:
        seeds: Which.
        size: How large.
        bug: Which bug is planted; None for none.
        workers: In how many processes.
    """
    play = partial(_play, size=size, bug=bug)
    if workers == 1:
        yield from map(play, seeds)
        return
    context = multiprocessing.get_context("spawn")
    with context.Pool(workers) as pool:
        yield from pool.imap(play, seeds, _AT_ONCE)


def played_with(bug: str | None, seed: int, size: Size, *, fine: bool = False) -> Run:
    """Play a seed, with a bug or without."""
    with nullcontext() if bug is None else bugs.BUGS[bug].planted():
        return run(seed, size, fine=fine)


def _play(seed: int, size: Size, bug: str | None) -> Run:
    return played_with(bug, seed, size)
