"""The plots of docs/performance.md."""

from __future__ import annotations

from statistics import median
from typing import TYPE_CHECKING, Any, Final

import matplotlib as mpl
from matplotlib.figure import Figure as Sheet

from benchmarks.quantum_page import label

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from benchmarks.quantum import Quantum
    from benchmarks.suite import Results
    from benchmarks.timing import Figure

_STYLE: Final[Any] = {"svg.hashsalt": "covey", "svg.fonttype": "none", "font.size": 9}
_PANELS: Final = (
    ("Handshakes, full tree, private", ("empty commit", "process it", "add one", "remove one")),
    ("In and out of a group", ("build by one commit", "join")),
    ("Messages, full tree", ("protect, first", "protect, later", "unprotect, later")),
)
_WINDOW: Final = 25
_QUANTUM: Final = ("empty commit", "process it", "join")
_DRAWN: Final = (1, 0xFC01, 0xFC05, 0xFC09, 0xFC0A, 0xFC0B)
"""The suites whose lines can be told apart."""


def draw(results: Results, path: Path) -> None:
    """Draw what the results have, as SVG."""
    with mpl.rc_context(_STYLE):
        sheet = Sheet(figsize=(10, 7.5), layout="constrained")
        panels = sheet.subplots(2, 2).flat
        for panel, (title, operations) in zip(panels, _PANELS, strict=False):
            _by_count(panel, title, [_line(results, each) for each in operations])
        _over_time(panels[3], results)
        sheet.savefig(path, format="svg", metadata={"Date": None})


def draw_quantum(found: Quantum, path: Path) -> None:
    """Draw how long some operations take, suite by suite, and how long the tree is, as SVG."""
    with mpl.rc_context(_STYLE):
        sheet = Sheet(figsize=(10, 7.5), layout="constrained")
        *panels, last = sheet.subplots(2, 2).flat
        for number, suite in enumerate(_DRAWN):
            color, name = f"C{number}", label(suite).replace("`", "")
            for panel, operation in zip(panels, _QUANTUM, strict=True):
                line = [each for each in found.figures[suite] if each.operation == operation]
                counts = [each.count for each in line]
                times, floors = [e.time * 1e3 for e in line], [e.floor * 1e3 for e in line]
                panel.loglog(counts, times, "o-", color=color, label=name)
                panel.loglog(counts, floors, ":", color=color)
            trees = {count: each.tree for (of, count), each in found.lengths.items() if of == suite}
            last.loglog(trees.keys(), trees.values(), "o-", color=color, label=name)
        for panel, operation in zip(panels, _QUANTUM, strict=True):
            _label(panel, operation, "members (dotted: the floor)", "ms")
        _label(last, "The tree", "members", "bytes")
        sheet.legend(*last.get_legend_handles_labels(), loc="outside lower center", ncols=2)
        sheet.savefig(path, format="svg", metadata={"Date": None})


def _label(panel: Any, title: str, across: str, upwards: str) -> None:  # noqa: ANN401
    panel.set_title(title)
    panel.set_xlabel(across)
    panel.set_ylabel(upwards)
    panel.grid(which="major", alpha=0.3)


def _line(results: Results, operation: str) -> list[Figure]:
    return sorted(
        (
            figure
            for figure in results.figures
            if figure.operation == operation
            and figure.tree in {"full", ""}
            and figure.handshake != "public"
        ),
        key=lambda figure: figure.count,
    )


def _by_count(panel: Any, title: str, lines: Sequence[Sequence[Figure]]) -> None:  # noqa: ANN401
    for number, line in enumerate(each for each in lines if each):
        counts = [figure.count for figure in line]
        color = f"C{number}"
        times = [figure.time * 1e3 for figure in line]
        panel.loglog(counts, times, "o-", color=color, label=line[0].operation)
        panel.loglog(counts, [figure.floor * 1e3 for figure in line], ":", color=color)
    _label(panel, title, "members (dotted: the floor)", "ms")
    panel.legend()


def _over_time(panel: Any, results: Results) -> None:  # noqa: ANN401 - matplotlib's Axes has no types
    panel.set_title("Change after change: the commit")
    for number, series in enumerate(results.series):
        steps = series.steps
        chunks = [steps[at : at + _WINDOW] for at in range(0, len(steps), _WINDOW)]
        places = [at * _WINDOW + len(chunk) / 2 for at, chunk in enumerate(chunks)]
        times = [median(step.commit for step in chunk) * 1e3 for chunk in chunks]
        floors = [median(step.commit_floor for step in chunk) * 1e3 for chunk in chunks]
        panel.plot(places, times, "-", color=f"C{number}", label=series.name)
        panel.plot(places, floors, ":", color=f"C{number}")
    panel.set_ylim(bottom=0)
    panel.set_xlabel(f"changes, medians of {_WINDOW} (dotted: the floor)")
    panel.set_ylabel("ms")
    panel.grid(alpha=0.3)
    if results.series:
        panel.legend()
