"""The section of docs/performance.md about the post-quantum suites, and its place in the page."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from benchmarks.quantum import CLASSICAL, MEASURED, SUITES
from benchmarks.tables import milliseconds, table
from covey.mls.crypto.dialects import get_suite

if TYPE_CHECKING:
    from collections.abc import Iterator

    from benchmarks.quantum import Quantum

HEADING: Final = "## Post-quantum suites"
"""Where the section begins; it ends where the next one of its kind begins."""

_TEXT: Final = """
The suites of draft-ietf-mls-pq-ciphersuites, under covey's own numbers, beside suite 1. Every
member has committed, sender and receiver are random, commits are PrivateMessages. Times are the
processor's, on one thread: medians of {rounds} rounds, the fewest where a round takes seconds. The
suites took turns round by round, between the same members of trees of the same shape, so that the
machine was as busy for each of them: how many times as long as in suite 1 is the figure that
counts. Its load was {before} before and {after} after the
{minutes} minutes that it took.
`python -m benchmarks --post-quantum` writes this section alone.

![Time and bytes by number of members, suite by suite](performance-pq.svg)

A floor has keys that are ready; the engine has to make ready each public key that it seals to, and
the private key by which it opens. Two threads verify the signatures of a tree in about half of the
time; they gain little in sealing, since ML-KEM holds the interpreter's lock.

### One call

In µs. "Private key": to make a key of the KEM ready, its public key known. "Check": of a public key
that somebody has sent.

"""


def section(found: Quantum) -> str:
    """The section, its last line ended."""
    before, after = (" / ".join(f"{load:.1f}" for load in loads) for loads in found.loads)
    rounds = sorted(len(each.times) for figures in found.figures.values() for each in figures)
    text = _TEXT.format(
        before=before,
        after=after,
        minutes=f"{found.seconds / 60:.1f}",
        rounds=f"{rounds[0]} to {rounds[-1]}",
    )
    parts = [HEADING + "\n" + text + _prices(found), *_times(found), _bytes(found)]
    return "\n".join(parts)


def placed(page: str, new: str) -> str:
    """A page with its section replaced.

    Raises:
        ValueError: The page has no such section.
    """
    start = page.index(f"{HEADING}\n")
    end = page.find("\n## ", start) + 1
    return page[:start] + new + ("\n" + page[end:] if end else "")


def label(suite: int) -> str:
    """What a suite is called in tables: its number, KEM, AEAD and signatures."""
    _, _, kem, aead, _, signature = get_suite(suite).name.split("_")
    return f"`0x{suite:04x}` {kem} {aead} {signature}"


def _prices(found: Quantum) -> str:
    names = tuple(found.prices[CLASSICAL])
    rows = [
        (label(suite), *(f"{prices[name] * 1e6:,.0f}" for name in names))
        for suite, prices in found.prices.items()
    ]
    return table(("", *names), rows)


def _counts(found: Quantum) -> list[int]:
    return sorted({count for _, count in found.lengths})


def _times(found: Quantum) -> Iterator[str]:
    """A table for each operation: suite by suite, a column for each number of members."""
    counts = _counts(found)
    note = "Time and floor in ms; how many times as long as in suite 1.\n\n"
    for operation in MEASURED:
        rows = [
            (label(suite), *(_cell(found, suite, operation, count) for count in counts))
            for suite in SUITES
            if found.figure(suite, operation, counts[-1])
        ]
        if rows:
            head = ("", *(f"n = {count:,}" for count in counts))
            yield f"### {operation[0].upper()}{operation[1:]}\n\n{note}" + table(head, rows)
            note = ""


def _cell(found: Quantum, suite: int, operation: str, count: int) -> str:
    figure = found.figure(suite, operation, count)
    classical = found.figure(CLASSICAL, operation, count)
    if figure is None or classical is None:
        return "–"
    times = "" if suite == CLASSICAL else f" / ×{figure.time / classical.time:.2f}"
    return f"{milliseconds(figure.time)} / {milliseconds(figure.floor)}{times}"


def _bytes(found: Quantum) -> str:
    """What does not depend on the number of members, then what does."""
    counts = _counts(found)
    small = counts[0]
    sent = [
        (label(suite), *(f"{length:,}" for length in found.lengths[suite, small][:3]))
        for suite in SUITES
    ]
    text = "### Bytes\n\nA message of 100 bytes; a GroupInfo to join by, without the tree:\n\n"
    text += table(("", "KeyPackage", "message", "GroupInfo"), sent)
    text += "\nThe commit of an add, its Welcome without the tree, an empty commit, the tree:\n\n"
    rows = [(label(suite), *(_sizes(found, suite, count) for count in counts)) for suite in SUITES]
    return text + table(("", *(f"n = {count:,}" for count in counts)), rows)


def _sizes(found: Quantum, suite: int, count: int) -> str:
    add = found.figure(suite, "add one", count)
    empty = found.figure(suite, "empty commit", count)
    sizes = [
        *((add.sizes["commit"], add.sizes["Welcome"]) if add else ()),
        *((empty.sizes["commit"],) if empty else ()),
        found.lengths[suite, count].tree,
    ]
    return " + ".join(f"{size:,}" for size in sizes)
