"""The outcomes of a run, gathered into cells: one scenario in one suite (imports the runner)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from covey.lab.interop.play.runner import Outcome

if TYPE_CHECKING:
    from collections.abc import Iterable


class Cell(msgspec.Struct, frozen=True):
    """How one scenario went in one suite, in all ways in which it was played.

    Attributes:
        passed: How many times.
        failed: The outcomes that failed.
        unoffered: The outcomes that ended because a client does not offer a call.
    """

    passed: int
    failed: tuple[Outcome, ...]
    unoffered: tuple[Outcome, ...]

    @property
    def mark(self) -> str:
        """One character for people."""
        if self.failed:
            return "✗"
        return "✓" if self.passed and not self.unoffered else "–" if self.unoffered else " "


def cells(outcomes: Iterable[Outcome]) -> dict[tuple[str, int], Cell]:
    """The cells by scenario and suite, in the order in which they came."""
    gathered: dict[tuple[str, int], list[Outcome]] = {}
    for each in outcomes:
        gathered.setdefault((each.scenario, each.suite), []).append(each)
    return {key: _cell(group) for key, group in gathered.items()}


def _cell(group: list[Outcome]) -> Cell:
    return Cell(
        sum(each.ending == "pass" for each in group),
        tuple(each for each in group if each.ending == "fail"),
        tuple(each for each in group if each.ending == "not offered"),
    )
