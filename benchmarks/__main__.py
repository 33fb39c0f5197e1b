"""``python -m benchmarks``: measure, print which aims are met, write docs/performance.md.

Progress goes to stderr. The page is written only by a whole run; ``--quick`` and ``--only``
print their tables instead. Figures that miss an aim do not make the command fail.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from benchmarks import export, plot, report
from benchmarks.suite import Plan, run

_DOCS = Path(__file__).parent.parent / "docs"


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--only", metavar="REGEX", help="figures with such a name, no page")
    parser.add_argument("--quick", action="store_true", help="small groups, few rounds, no page")
    parser.add_argument("--json", metavar="FILE", type=Path, help="write pyperf's JSON, too")
    return parser.parse_args()


def main() -> None:
    """Do what the command line says."""
    arguments = _arguments()
    plan = Plan.quick(arguments.only) if arguments.quick else Plan(arguments.only)
    results = run(plan)
    text = report.page(results, plan.effort.rounds)
    if arguments.quick or arguments.only:
        sys.stdout.write(f"{text}\n")
    else:
        (_DOCS / "performance.md").write_text(text, encoding="utf-8")
        plot.draw(results, _DOCS / "performance.svg")
    if arguments.json:
        export.write(results, arguments.json)
    sys.stdout.write(f"{report.summary(results)}\n")


if __name__ == "__main__":
    main()
