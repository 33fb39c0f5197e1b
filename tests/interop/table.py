"""The table of the matrix, for the terminal and for ``docs/interop.md``.

A cell is one scenario in one suite, played in four ways: covey or the other stack first, with
public or private handshakes. It says ``✓`` when all four passed; else it names the bugs that they
show, ``–`` for what the other stack does not offer, or ``FAIL``.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

import msgspec

from covey.lab.interop.play.runner import Outcome
from covey.lab.interop.play.scenarios.catalogue import ALL
from covey.mls.crypto.suites import SUITES
from interop.matrix import AGAIN, Matrix

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from interop.bugs import Bug, Known

PASSED: Final = "✓"
UNOFFERED: Final = "–"
FAIL: Final = "FAIL"
AGAIN_MARK: Final = "↻"

Company = tuple[str, ...]
"""The folders of stacks that play with covey."""

_TITLES: Final = {each.id: each.title for each in ALL}


class Cell(msgspec.Struct, frozen=True):
    """One cell of the table.

    Attributes:
        marks: What it says: PASSED, ids of bugs, UNOFFERED, FAIL.
        failures: The failed plays that no bug explains.
    """

    marks: tuple[str, ...]
    failures: tuple[Outcome, ...]

    def __str__(self) -> str:
        return " ".join(self.marks)


class Judged(msgspec.Struct, frozen=True):
    """The matrix as the named bugs explain it.

    Attributes:
        matrix: What was found.
        cells: The cells by company, scenario and suite.
        shown: The ids of the bugs that were seen.
        unoffered: Why something is not offered, and the scenarios it is seen in, by company.
    """

    matrix: Matrix
    cells: dict[tuple[Company, str, int], Cell]
    shown: frozenset[str]
    unoffered: dict[Company, dict[str, list[str]]]

    def vanished(self, known: Known) -> list[str]:
        """The bugs and gaps that did not show, in a run of everything."""
        details = [each.detail for found in self.matrix.found for each in found.outcomes]
        gone = [each.id for each in known.bug if each.id not in self.shown]
        return gone + [
            f"the gap {each.said!r}"
            for each in known.gap
            if not any(re.search(each.said, detail) for detail in details)
        ]

    @property
    def failures(self) -> list[Outcome]:
        """The failed plays that no bug explains."""
        return [each for cell in self.cells.values() for each in cell.failures]


def judge(matrix: Matrix, known: Known) -> Judged:
    """Explain failures by bugs that have a name, and what is not offered by known gaps."""
    cells: dict[tuple[Company, str, int], Cell] = {}
    unoffered: dict[Company, dict[str, list[str]]] = {}
    shown: set[str] = set()
    for found in matrix.found:
        company, suite = found.part.company, found.part.suite
        for scenario in dict.fromkeys(each.scenario for each in found.outcomes):
            outcomes = [each for each in found.outcomes if each.scenario == scenario]
            cell = _cell(company, outcomes, known)
            cells[company, scenario, suite] = cell
            shown.update(cell.marks)
            for reason in _reasons(outcomes):
                where = unoffered.setdefault(company, {}).setdefault(reason, [])
                where.extend([scenario] * (scenario not in where))
    return Judged(matrix, cells, frozenset(shown), unoffered)


def _cell(company: Company, outcomes: Sequence[Outcome], known: Known) -> Cell:
    marks: set[str] = set()
    failures = []
    for each in outcomes:
        if each.ending == "pass":
            marks.add(PASSED)
            marks.update(_left_out(each))
            if any(note.startswith(AGAIN) for note in each.left_out):
                marks.add(AGAIN_MARK)
        elif each.ending == "not offered" and known.is_gap(company, each.detail):
            marks.add(UNOFFERED)
        elif (bug := _explained(company, each, known.bug)) is not None:
            marks.add(bug.id)
        else:
            marks.add(FAIL)
            failures.append(each)
    return Cell(tuple(sorted(marks, key=_place)), tuple(failures))


def _left_out(outcome: Outcome) -> set[str]:
    """The bugs because of which a random story did without something, in brackets."""
    return {f"({each})" for each in re.findall(r"left out \((.*?)\)", " ".join(outcome.left_out))}


def _explained(company: Company, outcome: Outcome, known: Sequence[Bug]) -> Bug | None:
    return next((each for each in known if each.explains(company, outcome)), None)


def _place(mark: str) -> tuple[int, str]:
    order = {PASSED: 0, UNOFFERED: 2, FAIL: 3}
    return order.get(mark, 1), mark


def _reasons(outcomes: Iterable[Outcome]) -> Iterable[str]:
    for each in outcomes:
        if each.ending == "not offered":
            yield each.detail.partition("UNIMPLEMENTED: ")[2] or each.detail
        yield from each.left_out


# --- on the terminal ---------------------------------------------------------------------------


def lines(judged: Judged) -> Iterable[str]:
    """The table for people at a terminal."""
    width = max(map(len, _TITLES))
    for company in _companies(judged):
        suites = _suites(judged, company)
        shown = [str(cell) for key, cell in judged.cells.items() if key[0] == company]
        column = max(map(len, (*shown, *map(number, suites))))
        yield ""
        yield _title(judged, company)
        yield f"{'':{width}}  " + "  ".join(f"{number(suite):<{column}}" for suite in suites)
        for scenario in _scenarios(judged, company):
            cells = (str(judged.cells[company, scenario, suite]) for suite in suites)
            row = "  ".join(f"{each:<{column}}" for each in cells)
            yield f"{scenario:<{width}}  {row}".rstrip()


def number(suite: int) -> str:
    """A suite as people write it: those that are not of the RFC in hex."""
    return str(suite) if suite in SUITES else f"0x{suite:04x}"


def _companies(judged: Judged) -> list[Company]:
    return list(dict.fromkeys(company for company, _, _ in judged.cells))


def _title(judged: Judged, company: Company) -> str:
    """A stack with its version, or the names of several."""
    names = judged.matrix.names
    if len(company) == 1:
        return names[company[0]]
    return "covey, " + " and ".join(_short(judged, company).rsplit(", ", 1)) + " in one group"


def _short(judged: Judged, company: Company) -> str:
    return ", ".join(judged.matrix.names[each].split()[0] for each in company)


def _suites(judged: Judged, company: Company) -> list[int]:
    return sorted({suite for each, _, suite in judged.cells if each == company})


def _scenarios(judged: Judged, company: Company) -> list[str]:
    played = {scenario for each, scenario, _ in judged.cells if each == company}
    return [each.id for each in ALL if each.id in played]


# --- in the documentation ----------------------------------------------------------------------

_HEAD: Final = """\
# Interoperability

covey in live groups with the other MLS stacks, in the cipher suites that both have. `make interop`
builds their published packages, plays everything below, and writes this page.

{versions}

Suites 1 to 7 are those of RFC 9420. The others are post-quantum, by the numbers that each stack has
[given them](how-to/post-quantum.md#talk-with-other-implementations).

Each cell is one scenario in one suite. It is played in four ways: covey creates the group or the
other stack does, with public or with private handshakes; the members are of both stacks in turn.
After every commit all members must have the same epoch authenticator and the same exported secret.

| | |
|---|---|
| ✓ | passed, in all four ways if it stands alone |
| TS-1, … | a bug or limit of the other stack, [named below](#named-bugs), in at least one way |
| (TS-1) | because of that, the random story leaves some of it out |
| ↻ | a play failed, and passed when it was played again: [see below](#not-offered) |
| – | needs something that the other stack [does not offer](#not-offered), in at least one way |

"""


def markdown(judged: Judged, known: Sequence[Bug]) -> str:
    """The page."""
    versions = "\n".join(f"- {name}" for name in judged.matrix.names.values())
    parts = [_HEAD.format(versions=versions)]
    alone = [each for each in _companies(judged) if len(each) == 1]
    together = [each for each in _companies(judged) if len(each) > 1]
    parts += [_section(judged, each, known) for each in alone]
    if together:
        parts.append(f"## Several stacks in one group\n\n{_TOGETHER}\n")
        parts += [_section(judged, each, known, "###") for each in together]
    parts.append(_bugs(judged, known))
    parts.append(_unoffered(judged))
    return "\n".join(parts).rstrip() + "\n"


def _section(judged: Judged, company: Company, known: Sequence[Bug], level: str = "##") -> str:
    suites = _suites(judged, company)
    ids = {each.id for each in known}
    made = [
        f"{level} {_title(judged, company)}",
        "",
        "| | " + " | ".join(f"suite {number(suite)}" for suite in suites) + " |",
        "|---" * (len(suites) + 1) + "|",
    ]
    for scenario in _scenarios(judged, company):
        title = f"**{scenario.replace('/', ' / ')}**: {_TITLES[scenario]}"
        cells = (_linked(judged.cells[company, scenario, suite], ids) for suite in suites)
        made.append(f"| {title} | " + " | ".join(cells) + " |")
    return "\n".join(made) + "\n"


_TOGETHER: Final = """\
Members of all these stacks, eight at most, and 200 random operations from fixed seeds: Adds,
Updates, Removes, external joins and resyncs, PSKs of both kinds, extensions, and messages that
arrive up to three epochs late. Each stack creates the group once with public and once with private
handshakes. What a stack does not offer, or does wrong by a bug named below, is not asked of it
here; and stacks that cannot be in one group, by such a bug, play once more without each other."""


def _linked(cell: Cell, ids: set[str]) -> str:
    return " ".join(_link(each, ids) for each in cell.marks)


def _link(mark: str, ids: set[str]) -> str:
    bare = mark.strip("()")
    return mark.replace(bare, f"[{bare}](#{bare.lower()})") if bare in ids else mark


def _bugs(judged: Judged, known: Sequence[Bug]) -> str:
    made = ["## Named bugs", ""]
    for each in known:
        name = judged.matrix.names.get(each.peer, each.peer)
        made += [f"### {each.id}", "", f"{name}: {each.title} (RFC 9420 §{each.section})", ""]
        made += [each.evidence.strip(), ""]
    return "\n".join(made)


_UNOFFERED_HEAD: Final = """\
What the other stacks say they do not offer, what random stories leave out because of a bug, and
what was said when a play passed only at the second try."""


def _unoffered(judged: Judged) -> str:
    made = ["## Not offered", "", _UNOFFERED_HEAD, ""]
    for company, reasons in judged.unoffered.items():
        if len(company) > 1 and not any(each.startswith(AGAIN) for each in reasons):
            continue
        made += [f"### {_short(judged, company)}", ""]
        for reason, where in sorted(reasons.items()):
            made.append(f"- {reason}: {', '.join(where)}")
        made.append("")
    return "\n".join(made)
