"""Draws the demo on a terminal. May import rich; colours are its business (``NO_COLOR`` too)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.table import Table
from rich.text import Text
from rich.tree import Tree as Branching

from covey.lab.demo.scenes import Act, Agreed, Began, Check, Known, Note, Talk, Tree, Tried

if TYPE_CHECKING:
    from rich.console import Console

    from covey.lab.demo.orders import DrawnNode
    from covey.lab.demo.scenes import Curtain, Scenes

_COLOURS = {
    "alice": "cyan",
    "bruno": "green",
    "carol": "magenta",
    "david": "yellow",
    "mallory": "red",
    "thief": "red",
}


class Screen:
    """A terminal, or what stands in for one.

    Args:
        console: Where to draw.
    """

    def __init__(self, console: Console) -> None:
        self._console = console

    def show(self, scene: Scenes) -> None:
        """Draw a scene."""
        out = self._console
        match scene:
            case Act(title, sentence):
                out.print()
                out.rule(Text(title, style="bold"), align="left", style="dim")
                out.print(Text(sentence, style="italic"))
            case Began(name, pid, note):
                out.print(
                    Text.assemble("  ", _name(f"{name:<8}", name), (f" pid {pid:<8}", "dim"), note)
                )
            case Note(sentence):
                out.print(Text(f"  {sentence}"))
            case Agreed(epoch, _, authenticator):
                out.print(Text(f"  epoch {epoch}, authenticator {authenticator}…", style="dim"))
            case Tree(epoch, root):
                out.print(_drawn(epoch, root))
            case Talk():
                out.print(_side_by_side(scene))
            case Tried():
                self._tried(scene)
            case Known():
                self._known(scene)
            case Check():
                out.print(_checked(scene))
            case _:
                self._curtain(scene)

    def _tried(self, scene: Tried) -> None:
        for tally in scene.tallies:
            what = f"“{tally.text}”" if tally.text else tally.because.partition(":")[0]
            line = Text.assemble(
                "  ",
                _name(scene.who),
                f" {tally.when}: {tally.opened} of {tally.sent} read ({what})",
            )
            self._console.print(line)
        last = scene.tallies[-1]
        tried = f"{scene.by_hand} keys, tried by hand, open no later message either"
        self._console.print(Text(f"  {last.because}; {tried}.", style="dim"))
        asked = (
            f"  asked with them, the broker gives out {scene.given} entries, then {scene.refused}."
        )
        self._console.print(Text(asked, style="dim"))

    def _known(self, scene: Known) -> None:
        for log in scene.logs:
            said = f"  a group {log.gid[:16]}…: {log.epochs} epochs, {log.entries} entries of "
            sizes = ", ".join(f"{size} bytes ({count})" for size, count in log.sizes.items())
            self._console.print(Text(said + sizes))
        times = "; ".join(
            f"{unit} {', '.join(map(str, when))}" for unit, when in scene.times.items()
        )
        self._console.print(Text(f"  times, since the epoch: {times}"))
        rows = ", ".join(f"{count} {table}" for table, count in scene.rows.items())
        self._console.print(Text(f"  rows: {rows}", style="dim"))

    def _curtain(self, scene: Curtain) -> None:
        verdict = "All" if scene.passed else "NOT all"
        style = "bold green" if scene.passed else "bold red"
        self._console.print()
        line = f"{verdict} of {scene.checks} checks passed, in {scene.seconds} s."
        self._console.print(Text(line, style=style))


def _name(shown: str, name: str = "") -> tuple[str, str]:
    """A name in its colour."""
    return shown, _COLOURS.get(name or shown, "bold")


def _checked(check: Check) -> Text:
    mark = ("  ok    ", "green") if check.passed else ("  FAILED ", "bold red")
    detail = (f" ({check.detail})" if check.detail else "", "dim")
    return Text.assemble(mark, check.what, detail)


def _side_by_side(talk: Talk) -> Table:
    table = Table(box=None, padding=(0, 1), pad_edge=True)
    table.add_column("")
    table.add_column("the members read", ratio=1)
    table.add_column("the broker's database holds", style="dim")
    for line in talk.lines:
        readers = [Text(*_name(name)) for name in line.read_by]
        said = Text.assemble(f"{line.text}\n", ("→ ", "dim"), Text(" ").join(readers))
        held = f"…{line.held}\nentry {line.seq}, epoch {line.epoch}, {line.size} bytes"
        table.add_row(Text(*_name(line.who)), said, held)
    return table


def _drawn(epoch: int, root: DrawnNode) -> Branching:
    """The ratchet tree: who shares which node's key."""
    drawing = Branching(_label(root, f"ratchet tree of epoch {epoch}: "), guide_style="dim")
    _grow(drawing, root)
    return drawing


def _grow(branch: Branching, node: DrawnNode) -> None:
    for child in node.children:
        _grow(branch.add(_label(child)), child)


def _label(node: DrawnNode, before: str = "") -> Text:
    if not node.key:
        return Text.assemble(before, ("blank", "dim"))
    unmerged = f" but not {', '.join(node.unmerged)}" if node.unmerged else ""
    name = _name(f"{node.name} ", node.name) if node.name else ""
    return Text.assemble(before, name, (f"{node.key}…{unmerged}", "dim"))
