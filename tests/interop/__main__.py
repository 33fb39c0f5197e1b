"""``make interop``: plays the matrix, prints its table, and writes ``docs/interop.md``.

Exits with 1 when a play failed that no named bug explains, or a named bug does not show any more.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Final

from covey.errors import CoveyError
from covey.lab.interop.play.scenarios import catalogue
from interop import bugs, building, matrix, table

if TYPE_CHECKING:
    from collections.abc import Iterable

PAGE: Final = Path(__file__).parents[2] / "docs" / "interop.md"


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="make interop", description=__doc__)
    names = [each.name for each in building.ALL]
    suites = sorted(set().union(*bugs.read_all().suites.values()))
    parser.add_argument("peers", nargs="*", metavar="PEER", help=f"of {', '.join(names)}")
    parser.add_argument(
        "--suite", type=_number, action="append", choices=suites, help="only this one"
    )
    parser.add_argument(
        "--scenario", action="append", help=f"an id, or one of {', '.join(catalogue.KINDS)}"
    )
    parser.add_argument("--build", action="store_true", help="only build the stacks")
    chosen = parser.parse_args()
    if unknown := set(chosen.peers) - set(names):
        parser.error(f"no peer {', '.join(sorted(unknown))}; there are {', '.join(names)}")
    try:
        catalogue.chosen(tuple(chosen.scenario or ()))
    except LookupError as error:
        parser.error(error.args[0])
    return chosen


def _number(text: str) -> int:
    """A code point, decimal or with 0x."""
    return int(text, 0)


def _say(line: str) -> None:
    sys.stderr.write(line + "\n")
    sys.stderr.flush()


def _show(lines: Iterable[str]) -> None:
    sys.stdout.writelines(line + "\n" for line in lines)


def main() -> int:
    """Play; returns the exit code."""
    chosen = _arguments()
    peers = [each for each in building.ALL if not chosen.peers or each.name in chosen.peers]
    if chosen.build:
        for each in peers:
            each.command(_say)
        return 0
    suites, scenarios = chosen.suite or (), chosen.scenario or ()
    played = matrix.play(peers, _say, suites=suites, scenarios=scenarios)
    known = bugs.read_all()
    judged = table.judge(played, known)
    _show(table.lines(judged))
    whole = not (chosen.peers or chosen.suite or chosen.scenario)
    if whole:
        PAGE.write_text(table.markdown(judged, known.bug))
    return _verdict(judged, judged.vanished(known) if whole else [])


def _verdict(judged: table.Judged, vanished: list[str]) -> int:
    for each in judged.failures:
        form = "private" if each.encrypt else "public"
        who = ", ".join(each.clients)
        _show([f"FAIL {each.scenario}, suite {each.suite}, {form}, {who}: {each.detail}"])
    for gone in vanished:
        _show([f"{gone} does not show any more: take it out of bugs.toml if that is mended"])
    return 1 if judged.failures or vanished else 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except CoveyError as error:
        sys.exit(f"Error: {error}")
