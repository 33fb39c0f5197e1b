"""Many runs, counted. May import this folder."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from covey.lab.simulate.running import Run

REQUIRED: Final = ("crash", "fork", "rollback", "partition", "race")
"""What a good part of all seeds has to contain."""

_WIDTH: Final = 40


class Tally:
    """What came of many seeds.

    Attributes:
        runs: How many there were.
        failed: The seeds in which something was wrong.
        kinds: In how many seeds each kind of thing has happened.
        rules: In how many seeds each rule was broken.
    """

    def __init__(self) -> None:
        self.runs: int = 0
        self.failed: list[int] = []
        self.kinds: Counter[str] = Counter()
        self.rules: Counter[str] = Counter()
        self._times: Counter[str] = Counter()
        self._virtual = 0.0

    def add(self, run: Run) -> None:
        """Count a run."""
        self.runs += 1
        self.kinds.update(run.kinds.keys())
        self._times.update(run.kinds)
        self._virtual += run.lasted
        if run.findings:
            self.failed.append(run.seed)
            self.rules.update({each.rule for each in run.findings})

    def lines(self, seconds: float) -> list[str]:
        """The histogram, for people."""
        each = seconds / max(self.runs, 1)
        years = self._virtual / (365.25 * 86_400)
        lines = [
            f"{self.runs} seeds in {seconds:.0f} s ({each:.2f} s each), {years:.1f} virtual years",
            "seeds that contain:",
        ]
        for kind, count in self.kinds.most_common():
            share = count / max(self.runs, 1)
            bar = "#" * round(share * _WIDTH)
            lines.append(f"  {kind:<10} {share:6.1%}  {bar:<{_WIDTH}}  {self._times[kind]} times")
        lines.append(f"{len(self.failed)} seeds failed")
        lines += [f"  {rule}: {count}" for rule, count in self.rules.most_common()]
        return lines
