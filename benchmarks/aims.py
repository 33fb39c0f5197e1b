"""The aims, and which of them are met."""

from __future__ import annotations

from statistics import median
from typing import TYPE_CHECKING, Final, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator

    from benchmarks.suite import Results
    from benchmarks.timing import Figure

EFFICIENCY_FROM: Final = 100
"""From how many members on the aims for the efficiency hold."""

GROWTH: Final = 1.5
"""How much slower an operation may get as a group grows tenfold."""

GROWTH_BETWEEN: Final = (1_000, 10_000)
"""The numbers of members that are compared."""

BYTES_PER_MEMBER: Final = 2_560
"""How much memory a member of a group may take for each of the others."""


SEND: Final = 1e-3
"""How long a durable send may take beyond the disk's sync, in seconds."""

RECEIVE: Final = 1.2e-3
"""Likewise, a durable receive."""

LISTED: Final = 0.15
"""How long it may take to open a store with many groups and to list them, in seconds."""

CAUGHT_UP: Final = 3_000
"""How many missed messages are to be read each second."""

LOADED: Final = 0.02
"""How long it may take to make a group of a thousand members of its rows, in seconds."""


class Aim(NamedTuple):
    """One aim, and what was found.

    Attributes:
        statement: What we want.
        met: Whether it is so.
        found: The figures; the worst one if it is met, else all that miss it.
    """

    statement: str
    met: bool
    found: str


def judge(results: Results) -> list[Aim]:
    """All aims about which the results say something."""
    return [*_efficiencies(results), *_growth(results), *_memory(results), *_store(results)]


def _efficiencies(results: Results) -> Iterator[Aim]:
    by_aim: dict[tuple[str, float], list[Figure]] = {}
    for figure in results.figures:
        if figure.aim is not None and figure.count >= EFFICIENCY_FROM:
            by_aim.setdefault((figure.operation, figure.aim), []).append(figure)
    for (operation, aim), figures in by_aim.items():
        worst = min(figures, key=lambda figure: figure.efficiency)
        low = [figure for figure in figures if figure.efficiency < aim]
        yield Aim(
            f"{operation}: at least {aim} of its floor",
            not low,
            f"worst {worst.efficiency:.2f} ({_where(worst)})"
            + (f", {len(low)} of {len(figures)} miss it" if low else ""),
        )


def _growth(results: Results) -> Iterator[Aim]:
    small, large = GROWTH_BETWEEN
    at = {(f.operation, f.tree, f.handshake, f.count): f for f in results.figures if f.constant}
    pairs = [
        (at[*key, small], at[*key, large])
        for key in dict.fromkeys(key[:3] for key in at)
        if (*key, small) in at and (*key, large) in at
    ]
    held = [(large.time / small.time, large) for small, large in pairs if not _must(small, large)]
    if not held:
        return
    high = [(ratio, figure) for ratio, figure in held if ratio > GROWTH]
    shown = sorted(high or [max(held, key=_first)], key=_first, reverse=True)
    yield Aim(
        f"From {small:,} to {large:,} members at most {GROWTH} times as long, but for build, join"
        " and the tree in a Welcome, and where the floor or the message grows by more",
        not high,
        "; ".join(f"{ratio:.2f} {each.operation} ({_where(each)})" for ratio, each in shown),
    )


def _must(small: Figure, large: Figure) -> bool:
    """Whether the protocol itself asks for more: many members take part in a sparse tree."""
    sizes = max(size / small.sizes[name] for name, size in large.sizes.items() if name != "tree")
    return max(large.floor / small.floor, sizes) > GROWTH


def _first(pair: tuple[float, Figure]) -> float:
    return pair[0]


def _memory(results: Results) -> Iterator[Aim]:
    found = {
        (tree, count): memory.resident / (count + 1)
        for (tree, count), memory in results.memories.items()
        if count >= 1_000
    }
    if not found:
        return
    (tree, count), worst = max(found.items(), key=lambda item: item[1])
    yield Aim(
        f"At most {BYTES_PER_MEMBER / 1024} KiB of memory for each member",
        worst <= BYTES_PER_MEMBER,
        f"at most {worst / 1024:.2f} KiB ({tree} tree, {count:,})",
    )


def _store(results: Results) -> Iterator[Aim]:
    for name, aim in (("durable send", SEND), ("durable receive", RECEIVE)):
        found = {each.members: median(each.off) for each in results.durable if each.name == name}
        if not found:
            continue
        members, worst = max(found.items(), key=lambda item: item[1])
        yield Aim(
            f"{name}: at most {aim * 1e3} ms without waiting for the disk, whatever the size",
            worst <= aim,
            f"at most {worst * 1e3:.2f} ms ({members:,})",
        )
    loads = [each.load for each in results.kept if each.members == GROWTH_BETWEEN[0]]
    for load in loads:
        text = f"A group of {GROWTH_BETWEEN[0]:,} from its rows in at most {LOADED * 1e3:.0f} ms"
        yield Aim(text, load <= LOADED, f"{load * 1e3:.1f} ms")
    if results.caught_up:
        slow = min(results.caught_up, key=lambda each: each.rate)
        yield Aim(
            f"Missed messages: at least {CAUGHT_UP:,} each second",
            slow.rate >= CAUGHT_UP,
            f"{slow.rate:,.0f}, {slow.efficiency:.2f} of decryption alone ({slow.members:,})",
        )
    opening = results.opening
    if opening is not None:
        yield Aim(
            f"A store with {opening.groups} groups of {opening.members:,} is opened, and they are"
            f" listed, in at most {LISTED * 1e3:.0f} ms",
            opening.listed <= LISTED,
            f"{opening.listed * 1e3:.1f} ms",
        )


def _where(figure: Figure) -> str:
    parts = (f"{figure.tree} tree" if figure.tree else "", figure.handshake, f"{figure.count:,}")
    return ", ".join(part for part in parts if part)
