"""`python -m mutants`: take each rule out, turn each comparison round, and see who notices.

Exit code 1 when a missing rule goes unnoticed, or more than 2 % of the comparisons.
"""

from __future__ import annotations

import argparse
import json
import re
import sys
import time
import tomllib
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Final

import covey
from covey.mls.rules.registry import RULES
from mutants import trials
from mutants.comparisons import comparisons

if TYPE_CHECKING:
    from collections.abc import Container, Sequence

    from mutants.comparisons import Comparison
    from mutants.trials import Outcome

_ENGINE: Final = Path(covey.__file__).parent / "mls"
_ROOT: Final = Path(__file__).parent.parent
_FOLDERS: Final = ("rules", "framing", "schedule")
_HASHES: Final = ("tree/nodes.py", "tree/parent_hashes.py")
_ENOUGH: Final = 0.98


def main() -> None:
    """Run the command."""
    options = _options()
    began = time.monotonic()
    excused = _equivalent()
    try:
        rules = [] if options.comparisons else _rules(options.only)
        flips = [] if options.rules else _comparisons(options.only, options.workers, excused)
    except trials.UselessError as error:
        sys.exit(f"mutants: {error}")
    if not rules and not flips:
        sys.exit(f"mutants: nothing has a name in which {options.only!r} is found")
    report = _report(rules, flips, excused, whole=not options.only)
    report["seconds"] = round(time.monotonic() - began)
    _print(report, as_json=options.json)
    sys.exit(0 if report["good"] else 1)


def _report(
    rules: Sequence[Outcome], flips: Sequence[Outcome], excused: dict[str, str], *, whole: bool
) -> dict[str, object]:
    """All that was found out.

    Args:
        rules: Of the rules.
        flips: Of the comparisons.
        excused: Comparisons that may go unnoticed, and why.
        whole: Whether all comparisons were tried, so that none that is excused may be missing.
    """
    counted = [each for each in flips if each.name not in excused]
    survivors = [each.name for each in counted if not each.noticed]
    missing = [each.name for each in rules if not each.noticed]
    wrong = [each.name for each in flips if each.noticed and each.name in excused]
    if flips and whole:
        wrong += sorted(excused.keys() - {each.name for each in flips})
    return {
        "rules": len(rules),
        "rules_unnoticed": missing,
        "comparisons": len(counted),
        "comparisons_unnoticed": survivors,
        "noticed_by": dict(Counter(each.by for each in counted if each.by)),
        "equivalent": {each.name: excused[each.name] for each in flips if each.name in excused},
        "wrongly_excused": wrong,
        "good": not missing and not wrong and len(survivors) <= (1 - _ENOUGH) * len(counted),
    }


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m mutants", description=__doc__)
    parser.add_argument("--rules", action="store_true", help="only rules")
    parser.add_argument("--comparisons", action="store_true", help="only comparisons")
    parser.add_argument("--only", default="", metavar="REGEX", help="whose name it is found in")
    parser.add_argument("--workers", type=int, default=2, help="processes at a time")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    return parser.parse_args()


def _rules(only: str) -> list[Outcome]:
    outcomes = []
    for rule in RULES:
        name = f"{rule.id} {rule.check.__name__}"
        if re.search(only, name):
            outcomes.append(trials.Outcome(name, "a case" if trials.without(rule) else None))
            _tell(outcomes, None)
    return outcomes


def _comparisons(only: str, workers: int, excused: dict[str, str]) -> list[Outcome]:
    files = [path for folder in _FOLDERS for path in sorted((_ENGINE / folder).glob("*.py"))]
    files += [_ENGINE / name for name in _HASHES]
    chosen = [each for path in files for each in comparisons(path) if re.search(only, each.key)]
    for tests in sorted({_tests(each) for each in chosen}):
        trials.require_baseline(tests)
    outcomes: list[Outcome] = []
    for outcome in trials.in_turn(chosen, _tests, workers):
        outcomes.append(outcome)
        _tell(outcomes, len(chosen), excused)
    return outcomes


def _tests(comparison: Comparison) -> tuple[str, ...]:
    """The tests of the folder that a comparison stands in."""
    return (str(_ROOT / "tests" / "unit" / "mls" / comparison.path.parent.name),)


def _equivalent() -> dict[str, str]:
    """Comparisons that may be turned round without any difference, and why."""
    text = (Path(__file__).parent / "equivalent.toml").read_text(encoding="utf-8")
    listed: dict[str, str] = tomllib.loads(text)
    return listed


def _tell(outcomes: Sequence[Outcome], total: int | None, excused: Container[str] = ()) -> None:
    """Say on standard error how far it is, and whatever went unnoticed at once."""
    last = outcomes[-1]
    if not last.noticed and last.name not in excused:
        print(f"unnoticed: {last.name}", file=sys.stderr)
    elif sys.stderr.isatty():
        print(f"\r{len(outcomes)} of {total or len(RULES)}", end="\r", file=sys.stderr)


def _print(report: dict[str, object], *, as_json: bool) -> None:
    if as_json:
        print(json.dumps(report, indent=2))
        return
    for kind in ("rules", "comparisons"):
        left = report[f"{kind}_unnoticed"]
        assert isinstance(left, list)
        print(f"{kind}: {report[kind]}, unnoticed: {len(left)}")
        for name in left:
            print(f"  {name}")
    equivalent, noticed, wrong = (
        report[name] for name in ("equivalent", "noticed_by", "wrongly_excused")
    )
    assert isinstance(equivalent, dict)
    assert isinstance(noticed, dict)
    assert isinstance(wrong, list)
    print("noticed by " + (", ".join(f"{by}: {n}" for by, n in noticed.items()) or "nobody"))
    print(f"equivalent, with a reason each: {len(equivalent)}")
    for name in wrong:
        print(f"  excused, and noticed or not there: {name}")
    print(f"in {report['seconds']} s")


if __name__ == "__main__":
    main()
