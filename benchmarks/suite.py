"""What is measured, in which order: everything, or what ``--only`` and ``--quick`` leave of it."""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from time import perf_counter
from typing import TYPE_CHECKING, Final

from benchmarks import catching_up, churn, memory, primitives, quantum, store
from benchmarks.groups import TREES, founded
from benchmarks.operations import HANDSHAKES, OPERATIONS, Scene
from benchmarks.timing import Effort, Figure, measure, say

if TYPE_CHECKING:
    from collections.abc import Iterator

    from benchmarks.catching_up import CaughtUp
    from benchmarks.churn import Series
    from benchmarks.groups import WholeGroup
    from benchmarks.memory import Memory
    from benchmarks.operations import Operation
    from benchmarks.quantum import Quantum
    from benchmarks.store import Durable, Kept, Opening

EFFORT: Final = Effort(rounds=100, least=3, seconds=1.5)
"""How much time a figure may take."""

COUNTS: Final = (2, 10, 100, 1_000, 10_000)
"""How many members the groups have."""

CHURN_COUNT: Final = 1_000
"""How many members a group has before it is changed so many times."""

OPENED: Final = (100, 1_000)
"""How many groups a store is opened with, and how many members each has."""

MISSED: Final = 5_000
"""How many messages a client has missed that reads them all."""

MISSED_BY: Final = (2, 1_000)
"""How many members its groups have."""

POST_QUANTUM: Final = "post-quantum"
"""The name of all that is measured of the post-quantum suites."""

QUANTUM_COUNTS: Final = (10, 100, 1_000)
"""How many members the groups of all suites have."""

QUANTUM_EFFORT: Final = Effort(rounds=60, least=3, seconds=0.5)
"""How much time a figure of one suite may take, its preparation and its floor included."""

MEMORY_FROM: Final = 100
"""From how many members on the memory of one can be told from the noise."""


@dataclass
class Plan:
    """What is to be done.

    Attributes:
        only: A regular expression for the names of figures; None for all.
        counts: How many members the groups have.
        churn: How many members the group has that changes.
        changes: How often it changes.
        opened: How many groups a store is opened with, and how many members each has.
        missed: How many messages a client has missed, in groups of how many members.
        effort: How much time a figure may take.
        quantum: How many members the groups of all suites have.
        quantum_effort: How much time a figure of theirs may take.
    """

    only: str | None = None
    counts: tuple[int, ...] = COUNTS
    churn: int = CHURN_COUNT
    changes: int = 1_000
    opened: tuple[int, int] = OPENED
    missed: tuple[int, tuple[int, ...]] = (MISSED, MISSED_BY)
    effort: Effort = EFFORT
    quantum: tuple[int, ...] = QUANTUM_COUNTS
    quantum_effort: Effort = QUANTUM_EFFORT

    @classmethod
    def quick(cls, only: str | None) -> Plan:
        """A plan for a minute; its figures only show that everything works."""
        effort = Effort(10, 3, 0.2)
        missed = 300, (2, 100)
        return cls(only, (2, 10, 100), 50, 50, (10, 100), missed, effort, (10,), effort)

    def wants(self, name: str) -> bool:
        """Whether a name is to be measured."""
        return self.only is None or re.search(self.only, name) is not None


@dataclass
class Results:
    """What was found.

    Attributes:
        figures: One for each operation, tree, handshake and number of members.
        memories: What a member takes, by kind of tree and number of members.
        series: The long runs of changes.
        kept: What groups take in a client's store.
        durable: What it takes to send and to receive with one.
        opening: What it takes to open one.
        caught_up: What it takes to read what was missed.
        prices: Seconds of one call of each primitive.
        quantum: The post-quantum suites beside suite 1.
        seconds: How long it all took.
    """

    figures: list[Figure] = field(default_factory=list)
    memories: dict[tuple[str, int], Memory] = field(default_factory=dict)
    series: list[Series] = field(default_factory=list)
    kept: list[Kept] = field(default_factory=list)
    durable: list[Durable] = field(default_factory=list)
    opening: Opening | None = None
    caught_up: list[CaughtUp] = field(default_factory=list)
    prices: dict[str, float] = field(default_factory=dict)
    quantum: Quantum | None = None
    seconds: float = 0.0


def run(plan: Plan) -> Results:
    """Measure what the plan says."""
    began = perf_counter()
    results = Results(prices=primitives.prices())
    for count in plan.counts:
        _of_count(plan, count, results)
    _changes(plan, results)
    if plan.only is None or plan.wants(POST_QUANTUM):
        results.quantum = run_quantum(replace(plan, only=None))
    results.seconds = perf_counter() - began
    return results


def run_quantum(plan: Plan) -> Quantum:
    """Measure what the plan says of the post-quantum suites."""
    return quantum.run(plan.quantum, plan.quantum_effort, plan.wants)


def _of_count(plan: Plan, count: int, results: Results) -> None:
    """All figures for groups of one size; the groups are made only if they are needed."""
    base: WholeGroup | None = None
    for tree, make in TREES.items():
        wanted = [each for each in _figures(count, tree) if plan.wants(each[1].name)]
        name = f"memory / {tree} / {count}"
        memory_wanted = count >= MEMORY_FROM and plan.wants(name)
        store_wanted = tree == "full" and plan.wants(f"store / {count}")
        if not wanted and not memory_wanted and not store_wanted:
            continue
        if base is None:
            say(f"{count} members come together")
            base = founded(count)
        say(f"{count} members: the {tree} tree")
        group = make(base)
        for operation, figure in wanted:
            scene = Scene(count, tree, group, figure.handshake or None)
            measure(figure, operation, scene, plan.effort)
            results.figures.append(figure)
            say(f"  {figure.name}: {figure.time * 1e3:.3f} ms, {figure.efficiency:.2f}")
        if memory_wanted:
            results.memories[tree, count] = found = memory.of_a_member(group)
            say(f"  {name}: {found.resident / (count + 1):.0f} B for each member")
        if store_wanted:
            _store(plan, group, results)


def _store(plan: Plan, group: WholeGroup, results: Results) -> None:
    """All figures about a group in a client's store."""
    kept, durable = store.of_group(group, plan.effort)
    results.kept.append(kept)
    results.durable += durable
    for each in durable:
        say(f"  {each.name}: {each.beyond * 1e3:.3f} ms beyond {each.sync * 1e3:.3f} of the disk")
    missed, counts = plan.missed
    if kept.members in counts:
        results.caught_up.append(found := catching_up.of_group(group, missed))
        say(f"  {missed} messages read: {found.rate:.0f} each second, {found.efficiency:.2f}")
    number, members = plan.opened
    if kept.members == members:
        results.opening = store.opening(group, number)
        say(f"  {number} groups listed in {results.opening.listed * 1e3:.3f} ms")


def _figures(count: int, tree: str) -> Iterator[tuple[Operation, Figure]]:
    for operation in OPERATIONS:
        if count < operation.members or (not operation.on_tree and tree != next(iter(TREES))):
            continue
        for handshake in HANDSHAKES if operation.handshake else ("",):
            yield (
                operation,
                Figure(
                    operation.name,
                    tree if operation.on_tree else "",
                    handshake,
                    count,
                    operation.aim,
                    operation.constant,
                ),
            )


def _changes(plan: Plan, results: Results) -> None:
    base: WholeGroup | None = None
    for name, changes in (
        ("random changes", churn.random_changes),
        ("successive adds", churn.successive_adds),
    ):
        if not plan.wants(f"churn / {name}"):
            continue
        say(f"{plan.changes} {name} in a group of {plan.churn}")
        base = base or TREES["full"](founded(plan.churn))
        group = base.copy()
        series = churn.Series(name)
        for step in changes(group, plan.changes):
            series.steps.append(step)
            if len(series.steps) % 100 == 0:
                say(f"  {len(series.steps)}: {step.kind}, {step.commit * 1e3:.3f} ms")
        assert churn.still_valid(group)
        results.series.append(series)
