"""The table of the matrix, for the terminal and for ``docs/interop.md``.

A cell is one scenario in one suite, played in four ways: covey or the other stack first, with
public or private handshakes. It says ``✓`` when all four passed; else it names the bugs that they
show, ``–`` for what the other stack does not offer, or ``FAIL``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import msgspec

from covey.lab.interop.play.runner import Outcome
from covey.lab.interop.play.scenarios.catalogue import ALL
from interop.matrix import EVERYBODY, Matrix

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from interop.bugs import Bug

PASSED: Final = "✓"
UNOFFERED: Final = "–"
FAIL: Final = "FAIL"

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
        cells: The cells by stack, scenario and suite.
        shown: The ids of the bugs that were seen.
        unoffered: Why something is not offered, and the scenarios it is seen in, by stack.
    """

    matrix: Matrix
    cells: dict[tuple[str, str, int], Cell]
    shown: frozenset[str]
    unoffered: dict[str, dict[str, list[str]]]

    @property
    def failures(self) -> list[Outcome]:
        """The failed plays that no bug explains."""
        return [each for cell in self.cells.values() for each in cell.failures]


def judge(matrix: Matrix, known: Sequence[Bug]) -> Judged:
    """Explain failures by bugs that have a name."""
    cells: dict[tuple[str, str, int], Cell] = {}
    unoffered: dict[str, dict[str, list[str]]] = {}
    shown: set[str] = set()
    for found in matrix.found:
        peer, suite = found.part.peer, found.part.suite
        for scenario in dict.fromkeys(each.scenario for each in found.outcomes):
            outcomes = [each for each in found.outcomes if each.scenario == scenario]
            cell = _cell(peer, outcomes, known)
            cells[peer, scenario, suite] = cell
            shown.update(cell.marks)
            for reason in _reasons(outcomes):
                where = unoffered.setdefault(peer, {}).setdefault(reason, [])
                where.extend([scenario] * (scenario not in where))
    return Judged(matrix, cells, frozenset(shown), unoffered)


def _cell(peer: str, outcomes: Sequence[Outcome], known: Sequence[Bug]) -> Cell:
    marks: set[str] = set()
    failures = []
    for each in outcomes:
        if each.ending == "pass":
            marks.add(PASSED)
        elif each.ending == "not offered":
            marks.add(UNOFFERED)
        elif (bug := _explained(peer, each, known)) is not None:
            marks.add(bug.id)
        else:
            marks.add(FAIL)
            failures.append(each)
    return Cell(tuple(sorted(marks, key=_place)), tuple(failures))


def _explained(peer: str, outcome: Outcome, known: Sequence[Bug]) -> Bug | None:
    return next((each for each in known if each.explains(peer, outcome)), None)


def _place(mark: str) -> tuple[int, str]:
    order = {PASSED: 0, UNOFFERED: 2, FAIL: 3}
    return order.get(mark, 1), mark


def _reasons(outcomes: Iterable[Outcome]) -> Iterable[str]:
    for each in outcomes:
        if each.ending == "not offered":
            yield each.detail.partition("UNIMPLEMENTED: ")[2]
        yield from each.left_out


# --- on the terminal ---------------------------------------------------------------------------


def lines(judged: Judged) -> Iterable[str]:
    """The table for people at a terminal."""
    width = max(map(len, _TITLES))
    for peer, name in _peers(judged.matrix):
        suites = _suites(judged, peer)
        column = max(
            (len(str(cell)) for key, cell in judged.cells.items() if key[0] == peer), default=1
        )
        yield ""
        yield f"{name}"
        yield f"{'':{width}}  " + "  ".join(f"{suite:<{column}}" for suite in suites)
        for scenario in _scenarios(judged, peer):
            cells = (str(judged.cells[peer, scenario, suite]) for suite in suites)
            yield (
                f"{scenario:<{width}}  " + "  ".join(f"{each:<{column}}" for each in cells)
            ).rstrip()


def _peers(matrix: Matrix) -> list[tuple[str, str]]:
    listed = list(matrix.names.items())
    if any(each.part.peer == EVERYBODY for each in matrix.found):
        listed.append((EVERYBODY, "all of them in one group"))
    return listed


def _suites(judged: Judged, peer: str) -> list[int]:
    return sorted({suite for each, _, suite in judged.cells if each == peer})


def _scenarios(judged: Judged, peer: str) -> list[str]:
    played = {scenario for each, scenario, _ in judged.cells if each == peer}
    return [each.id for each in ALL if each.id in played]


# --- in the documentation ----------------------------------------------------------------------

_HEAD: Final = """\
# Interoperability

covey in live groups with the other MLS stacks, in every cipher suite that both have. `make interop`
builds their published packages, plays everything below, and writes this page.

{versions}

Each cell is one scenario in one suite. It is played in four ways: covey creates the group or the
other stack does, with public or with private handshakes; the members are of both stacks in turn.
After every commit all members must have the same epoch authenticator and the same exported secret.

| | |
|---|---|
| ✓ | passed, in all four ways if it stands alone |
| TS-1, … | a bug of the other stack, [named below](#named-bugs), shows in at least one way |
| – | needs something that the other stack [does not offer](#not-offered), in at least one way |

"""


def markdown(judged: Judged, known: Sequence[Bug]) -> str:
    """The page."""
    versions = "\n".join(f"- {name}" for name in judged.matrix.names.values())
    parts = [_HEAD.format(versions=versions)]
    parts += [_section(judged, peer, name, known) for peer, name in _peers(judged.matrix)]
    parts.append(_bugs(judged, known))
    parts.append(_unoffered(judged))
    return "\n".join(parts).rstrip() + "\n"


def _section(judged: Judged, peer: str, name: str, known: Sequence[Bug]) -> str:
    suites = _suites(judged, peer)
    ids = {each.id for each in known}
    made = [f"## {name[0].upper()}{name[1:]}" if peer == EVERYBODY else f"## {name}", ""]
    if peer == EVERYBODY:
        made += [_TOGETHER, ""]
    made += [
        "| | " + " | ".join(f"suite {suite}" for suite in suites) + " |",
        "|---" * (len(suites) + 1) + "|",
    ]
    for scenario in _scenarios(judged, peer):
        title = f"**{scenario.replace('/', ' / ')}**: {_TITLES[scenario]}"
        cells = (_linked(judged.cells[peer, scenario, suite], ids) for suite in suites)
        made.append(f"| {title} | " + " | ".join(cells) + " |")
    return "\n".join(made) + "\n"


_TOGETHER: Final = """\
One group with members of all stacks, eight at most, and 200 random operations from a fixed seed:
Adds, Updates, Removes, external joins and resyncs, PSKs of both kinds, extensions, and messages
that arrive up to three epochs late. Each stack creates the group once. What a stack does not offer,
or does wrong by a bug named below, is not asked of it here."""


def _linked(cell: Cell, ids: set[str]) -> str:
    return " ".join(f"[{each}](#{each.lower()})" if each in ids else each for each in cell.marks)


def _bugs(judged: Judged, known: Sequence[Bug]) -> str:
    made = ["## Named bugs", ""]
    for each in known:
        name = judged.matrix.names.get(each.peer, each.peer)
        made += [f"### {each.id}", "", f"{name}: {each.title} (RFC 9420 §{each.section})", ""]
        made += [each.evidence.strip(), ""]
    return "\n".join(made)


def _unoffered(judged: Judged) -> str:
    made = ["## Not offered", ""]
    for peer, reasons in judged.unoffered.items():
        if peer == EVERYBODY:
            continue
        made += [f"### {judged.matrix.names[peer].split()[0]}", ""]
        for reason, where in sorted(reasons.items()):
            made.append(f"- {reason}: {', '.join(where)}")
        made.append("")
    return "\n".join(made)
