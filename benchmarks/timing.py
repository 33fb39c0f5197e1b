"""Medians of warm calls, each beside its floor; then its bytes, memory and primitive calls."""

from __future__ import annotations

import gc
import sys
import tracemalloc
from collections import Counter
from dataclasses import dataclass, field, replace
from statistics import median
from time import perf_counter, perf_counter_ns
from typing import TYPE_CHECKING, NamedTuple

from benchmarks.counting import counting

if TYPE_CHECKING:
    from benchmarks.operations import Operation, Sample, Scene
    from benchmarks.primitives import Clock


class Effort(NamedTuple):
    """How much time a figure may take.

    Attributes:
        rounds: At most so many rounds.
        least: At least so many.
        seconds: No further round after that.
    """

    rounds: int
    least: int
    seconds: float


@dataclass
class Figure:
    """What was found about an operation.

    Attributes:
        operation: Its name.
        tree: The kind of tree, or "" if it does not matter.
        handshake: Likewise.
        count: How many members.
        aim: The least efficiency that we want.
        constant: Whether it may not grow with n.
        times: In seconds, of every round.
        floors: In seconds, of the same rounds.
        sizes: Bytes that came out, by name.
        peak: Bytes that were allocated at once on top of what there was before.
        made: Primitive calls that the engine made in one round.
        needed: Those that the floor of this round has.
    """

    operation: str
    tree: str
    handshake: str
    count: int
    aim: float | None
    constant: bool
    times: list[float] = field(default_factory=list)
    floors: list[float] = field(default_factory=list)
    sizes: dict[str, int] = field(default_factory=dict)
    peak: int = 0
    made: dict[str, int] = field(default_factory=dict)
    needed: dict[str, int] = field(default_factory=dict)

    @property
    def name(self) -> str:
        """What ``--only`` looks at."""
        parts = (self.operation, self.tree, self.handshake, str(self.count))
        return " / ".join(part for part in parts if part)

    @property
    def time(self) -> float:
        """The median, in seconds."""
        return median(self.times)

    @property
    def floor(self) -> float:
        """The median of the floors, in seconds."""
        return median(self.floors)

    @property
    def efficiency(self) -> float:
        """Floor by time."""
        return self.floor / self.time

    @property
    def beyond(self) -> dict[str, int]:
        """Primitive calls that were made beyond the floor; negative where there were less."""
        difference = Counter(self.made)
        difference.subtract(self.needed)
        return {name: count for name, count in difference.items() if count}


def say(text: str) -> None:
    """Tell how far we are."""
    sys.stderr.write(f"{text}\n")
    sys.stderr.flush()


def measure(figure: Figure, operation: Operation, scene: Scene, effort: Effort) -> None:
    """Fill in a figure: one round to warm up, the timed ones, one for memory, one for calls."""
    operation.prepare(scene).call()
    gc.collect()
    gc.freeze()  # what the benchmark itself keeps is nothing that an application would have
    began = perf_counter()
    sizes: list[dict[str, int]] = []
    while len(figure.times) < effort.rounds:
        if len(figure.times) >= effort.least and perf_counter() - began > effort.seconds:
            break
        sizes.append(timed_round(figure, operation.prepare(scene), scene.policy.threads))
    figure.sizes = {name: round(median(each[name] for each in sizes)) for name in sizes[0]}
    figure.peak = _peak(operation.prepare(scene))
    alone = replace(scene, policy=replace(scene.policy, threads=1))
    sample = operation.prepare(alone)
    with counting() as counts:
        result = sample.call()
    figure.made = dict(counts)
    figure.needed = dict(sample.explain(result).calls.counts())
    gc.unfreeze()


def timed_round(
    figure: Figure, sample: Sample, threads: int, clock: Clock = perf_counter_ns
) -> dict[str, int]:
    """Time a call and its floor by a clock of nanoseconds; the bytes that came out, by name."""
    start = clock()
    result = sample.call()
    figure.times.append((clock() - start) / 1e9)
    explained = sample.explain(result)
    figure.floors.append(explained.calls.seconds(threads, clock))
    return dict(explained.sizes)


def _peak(sample: Sample) -> int:
    tracemalloc.start()
    sample.call()
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    return peak
