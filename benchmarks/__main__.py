"""``python -m benchmarks``: measure, print which aims are met, write docs/performance.md.

Progress goes to stderr. The page is written only by a whole run, and its section about the
post-quantum suites by one with ``--post-quantum``; ``--quick`` and ``--only`` print their tables
instead. Figures that miss an aim do not make the command fail.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from benchmarks import export, plot, quantum_page, report
from benchmarks.suite import Plan, Results, run, run_quantum

_DOCS = Path(__file__).parent.parent / "docs"
_PAGE = _DOCS / "performance.md"


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--only", metavar="REGEX", help="figures with such a name, no page")
    parser.add_argument("--quick", action="store_true", help="small groups, few rounds, no page")
    parser.add_argument(
        "--post-quantum", action="store_true", help="only these suites, and their part of the page"
    )
    parser.add_argument("--json", metavar="FILE", type=Path, help="write pyperf's JSON, too")
    return parser.parse_args()


def main() -> None:
    """Do what the command line says."""
    arguments = _arguments()
    plan = Plan.quick(arguments.only) if arguments.quick else Plan(arguments.only)
    results = Results(quantum=run_quantum(plan)) if arguments.post_quantum else run(plan)
    if arguments.quick or arguments.only:
        sys.stdout.write(f"{report.page(results, plan.effort.rounds)}\n")
    else:
        _write(results, plan, whole=not arguments.post_quantum)
    if arguments.json:
        export.write(results, arguments.json)
    sys.stdout.write(f"{report.summary(results)}\n")


def _write(results: Results, plan: Plan, *, whole: bool) -> None:
    """Write the page and its plots, or what of both is about the post-quantum suites."""
    quantum = results.quantum
    assert quantum is not None
    if whole:
        text = report.page(results, plan.effort.rounds)
        plot.draw(results, _DOCS / "performance.svg")
    else:
        old = _PAGE.read_text(encoding="utf-8")
        text = quantum_page.placed(old, quantum_page.section(quantum))
    plot.draw_quantum(quantum, _DOCS / "performance-pq.svg")
    _PAGE.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
