"""Draws the demo on a terminal. May import rich; colours are its business (``NO_COLOR`` too)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.table import Table
from rich.text import Text
from rich.tree import Tree as Branching

from covey.lab.demo import dates
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

_INDENT = Text("  ")

_REASONS = {
    "MissingKeyError": "no key for it",
    "AuthenticationError": "the key does not open it",
}
"""What an error of the engine means here."""

_DATES = {"hour": dates.of_hour, "week": dates.of_week}


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
                who = Text.assemble("  ", _name(f"{name:<8}", name), (f" pid {pid:<8}", "dim"))
                self._tell(Text(note), who)
            case Note(sentence):
                self._tell(Text(sentence))
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
                self._tell(*_checked(scene))
            case _:
                self._curtain(scene)

    def _tell(self, said: Text, mark: Text = _INDENT, hang: int | None = None) -> None:
        """Say something behind a mark; where a line is full, the next one begins below it.

        Args:
            said: The text.
            mark: What stands in front of it.
            hang: How far the next lines are indented; as far as the first one, by default.
        """
        width = len(mark) if hang is None else hang
        room = self._console.width - len(mark)
        for number, line in enumerate(said.wrap(self._console, room)):
            line.rstrip()
            self._console.print(Text.assemble(" " * width if number else mark, line))

    def _tried(self, scene: Tried) -> None:
        for tally in scene.tallies:
            what = f"“{tally.text}”" if tally.text else _reason(tally.because)
            read = f" {tally.when}: {tally.opened} of {tally.sent} read ({what})"
            self._tell(Text.assemble(_name(scene.who), read), hang=len("    "))
        tried = f"{scene.by_hand} keys, tried by hand, open no later message either."
        self._tell(Text(tried, style="dim"))
        keys = "the stolen keys" if scene.who == "thief" else f"{scene.who}'s keys"
        given = f"the broker gives out {scene.given} entries, then answers {scene.refused}."
        self._tell(Text(f"asked with {keys}, {given}", style="dim"))

    def _known(self, scene: Known) -> None:
        for log in scene.logs:
            said = f"a group {log.gid[:16]}…: {log.epochs} epochs, {log.entries} entries of "
            sizes = ", ".join(f"{size} bytes ({count})" for size, count in log.sizes.items())
            self._tell(Text(said + sizes), hang=len("    "))
        times = [_DATES[unit](each) for unit, when in scene.times.items() for each in when]
        self._tell(Text(f"times, in UTC: {'; '.join(times)}"), hang=len("    "))
        rows = ", ".join(f"{count} {table}" for table, count in scene.rows.items())
        self._tell(Text(f"rows: {rows}", style="dim"), hang=len("    "))

    def _curtain(self, scene: Curtain) -> None:
        verdict = "All" if scene.passed else "NOT all"
        style = "bold green" if scene.passed else "bold red"
        self._console.print()
        line = f"{verdict} of {scene.checks} checks passed, in {scene.seconds} s."
        self._console.print(Text(line, style=style))


def _name(shown: str, name: str = "") -> tuple[str, str]:
    """A name in its colour."""
    return shown, _COLOURS.get(name or shown, "bold")


def _reason(because: str) -> str:
    """What an error means, and its name; it alone if it is another one."""
    kind = because.partition(":")[0]
    return f"{_REASONS[kind]}: {kind}" if kind in _REASONS else kind


def _checked(check: Check) -> tuple[Text, Text]:
    """What is checked, and the mark in front of it."""
    mark = ("  ok    ", "green") if check.passed else ("  FAILED ", "bold red")
    detail = (f" ({check.detail})" if check.detail else "", "dim")
    return Text.assemble(check.what, detail), Text.assemble(mark)


def _side_by_side(talk: Talk) -> Table:
    table = Table(box=None, padding=(0, 1), pad_edge=True)
    table.add_column("")
    table.add_column("the members read", ratio=1)
    table.add_column("the last bytes that\nthe broker's database holds", style="dim")
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
