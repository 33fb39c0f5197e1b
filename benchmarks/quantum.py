"""The suites of draft-ietf-mls-pq-ciphersuites beside suite 1.

All suites take turns: each round of an operation is made once in every suite, between the same
members of trees of the same shape. What is measured is the processor's time, on one thread. So
whatever else the machine does meets all of them, and how many times as long as in suite 1 an
operation takes can be told even on a busy one.
"""

from __future__ import annotations

import gc
import os
import timeit
from dataclasses import dataclass, field
from functools import partial
from statistics import median
from time import perf_counter, thread_time, thread_time_ns
from typing import TYPE_CHECKING, Final, NamedTuple

from benchmarks.groups import SUITE, founded, full_tree
from benchmarks.operations import DATA, OPERATIONS, Scene
from benchmarks.primitive_names import DECAP, DERIVE, ENCAP, SIGN, VERIFY
from benchmarks.primitives import Calls
from benchmarks.timing import Figure, say, timed_round
from covey.mls import Policy
from covey.mls.crypto.dialects import PRIVATE, get_suite

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from benchmarks.operations import Operation
    from benchmarks.timing import Effort

CLASSICAL: Final[int] = SUITE
"""What the others stand beside."""

SUITES: Final = (CLASSICAL, *PRIVATE.suites)
"""The code points that are measured."""

MEASURED: Final = (
    *("build by one commit", "empty commit", "process it", "add one", "process the add"),
    *("remove one", "process the remove", "join", "protect, later", "unprotect, later"),
)
"""The operations that are measured; commits are PrivateMessages, every member has committed."""

PRICED: Final = {
    DERIVE: "DeriveKeyPair",
    ENCAP: "Encap",
    DECAP: "Decap",
    SIGN: "sign",
    VERIFY: "verify",
}
"""The primitives of which one call is measured, and their names there."""

_PRICINGS: Final = 200


class Lengths(NamedTuple):
    """Bytes of what is sent, but for what operations tell.

    Attributes:
        key_package: A KeyPackage.
        message: An application message.
        group_info: A GroupInfo by which one can join, without the tree.
        tree: The ratchet tree.
    """

    key_package: int
    message: int
    group_info: int
    tree: int


@dataclass
class Quantum:
    """What was found.

    Attributes:
        figures: By suite, in the order of the numbers of members and of ``OPERATIONS``.
        lengths: By suite and number of members.
        prices: Seconds of one call of each primitive, by suite; "private key" is to make a private
            key ready, "check" to check a public key.
        loads: The machine's load before and after.
        seconds: How long it all took.
    """

    figures: dict[int, list[Figure]] = field(default_factory=dict)
    lengths: dict[tuple[int, int], Lengths] = field(default_factory=dict)
    prices: dict[int, dict[str, float]] = field(default_factory=dict)
    loads: tuple[tuple[float, ...], ...] = ()
    seconds: float = 0.0

    def figure(self, suite: int, operation: str, count: int) -> Figure | None:
        """One of the figures."""
        found = (f for f in self.figures[suite] if (f.operation, f.count) == (operation, count))
        return next(found, None)


def run(
    counts: tuple[int, ...], effort: Effort, wants: Callable[[str], bool] = lambda _name: True
) -> Quantum:
    """Measure all suites.

    Args:
        counts: How many members the groups have.
        effort: How much time a figure may take, of all suites together for each one of them.
        wants: Whether a figure of this name is to be measured.
    """
    began, load = perf_counter(), os.getloadavg()
    found = Quantum({suite: [] for suite in SUITES}, prices=_prices())
    for count in counts:
        scenes = {suite: _scene(count, suite) for suite in SUITES}
        for suite, scene in scenes.items():
            found.lengths[suite, count] = _lengths(scene)
        for operation in OPERATIONS:
            if operation.name in MEASURED and wants(f"{operation.name} / {count}"):
                figures = beside(operation, scenes, effort)
                for suite, figure in figures.items():
                    found.figures[suite].append(figure)
                _tell(figures)
    found.loads = load, os.getloadavg()
    found.seconds = perf_counter() - began
    return found


def _prices() -> dict[int, dict[str, float]]:
    """What one call takes in each suite, in seconds: medians; the suites take turns here too."""
    found: dict[int, dict[str, list[float]]] = {suite: {} for suite in SUITES}
    works = [(suite, name, work) for suite in SUITES for name, work in _priced(suite)]
    for _ in range(_PRICINGS):
        for suite, name, work in works:
            work()  # what the other suites have pushed out of the caches comes back
            found[suite].setdefault(name, []).append(work())
    return {
        suite: {name: median(times) for name, times in prices.items()}
        for suite, prices in found.items()
    }


def _priced(suite: int) -> Iterator[tuple[str, Callable[[], float]]]:
    """Each primitive; then what the engine does that no floor has. All tell their seconds."""
    for primitive, name in PRICED.items():
        calls = Calls(suite)
        calls.add(primitive)
        yield name, partial(calls.seconds, 1, thread_time_ns)
    kem = get_suite(suite).kem
    private = os.urandom(kem.Nsk)
    public = kem.load(private).public
    for name, work in (
        ("private key", partial(kem.load, private, public)),
        ("check", partial(kem.check_public, public)),
    ):
        yield name, partial(timeit.timeit, work, timer=thread_time, number=1)


def _scene(count: int, suite: int) -> Scene:
    say(f"{count} members come together: {get_suite(suite).name}")
    return Scene(count, "full", full_tree(founded(count, suite)), "private", Policy(threads=1))


def _lengths(scene: Scene) -> Lengths:
    member = scene.member(scene.group.members[0])
    return Lengths(
        len(scene.client().package.message),
        len(member.protect(DATA)),
        len(member.group_info(with_tree=False)),
        len(member.ratchet_tree),
    )


def beside(operation: Operation, scenes: dict[int, Scene], effort: Effort) -> dict[int, Figure]:
    """One operation in all suites, which take turns; one round in each to warm up."""
    figures = {}
    for suite, scene in scenes.items():
        operation.prepare(scene).call()
        figures[suite] = Figure(operation.name, "full", "private", scene.count, None, False)  # noqa: FBT003 - no aim
    sizes: dict[int, list[dict[str, int]]] = {suite: [] for suite in scenes}
    gc.collect()
    gc.freeze()  # what the benchmark itself keeps is nothing that an application would have
    began = perf_counter()
    for rounds in range(effort.rounds):
        if rounds >= effort.least and perf_counter() - began > effort.seconds * len(scenes):
            break
        for suite, scene in scenes.items():
            sample = operation.prepare(scene)
            sizes[suite].append(timed_round(figures[suite], sample, 1, thread_time_ns))
    gc.unfreeze()
    for suite, figure in figures.items():
        names = sizes[suite][0]
        figure.sizes = {name: round(median(each[name] for each in sizes[suite])) for name in names}
    return figures


def _tell(figures: dict[int, Figure]) -> None:
    classical = figures[CLASSICAL]
    say(f"  {classical.operation}, {classical.count}: {classical.time * 1e3:.3f} ms")
    for suite, figure in figures.items():
        if suite != CLASSICAL:
            times = figure.time / classical.time
            say(f"    {get_suite(suite).name}: {times:.2f} times, {figure.efficiency:.2f}")
