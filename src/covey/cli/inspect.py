"""``covey inspect``: what bytes of MLS are, what they hold, and which rules they break.

May import :mod:`covey.lab.inspect` and the drawing of trees. Everything goes to standard
output; it exits with 1 if something does not decode or breaks a rule.
"""

from __future__ import annotations

import datetime as dt
import io
import os
import shutil
import sys
import time
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click
import msgspec

from covey.cli.paths import GivenPath
from covey.errors import StorageError
from covey.lab.inspect import telling
from covey.lab.inspect.diff import compare
from covey.lab.inspect.encodings import is_json
from covey.lab.inspect.examine import FOLD, group_of, inspect, tree_of
from covey.lab.inspect.judging.verdicts import Surroundings
from covey.lab.inspect.kinds import KINDS
from covey.lab.inspect.vector_file import VectorFile, inspect_vectors
from covey.mls.picture import drawing

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from covey.lab.inspect.inspected import Inspected
    from covey.mls.tree.ratchet_tree import RatchetTree

_STYLE: Final[dict[telling.Tone, Callable[[str], str]]] = {
    "plain": str,
    "head": partial(click.style, bold=True),
    "good": partial(click.style, fg="green"),
    "bad": partial(click.style, fg="red"),
    "faint": partial(click.style, dim=True),
}
_INPUT: Final = GivenPath(dir_okay=False)


def _moment(_: click.Context, __: click.Parameter, text: str | None) -> int | None:
    """A time as seconds since the epoch: given so, or as a date that ISO 8601 writes."""
    if text is None:
        return None
    if text.isdecimal():
        return int(text)
    try:
        moment = dt.datetime.fromisoformat(text)
    except ValueError:
        msg = f"{text!r} is neither seconds since the epoch nor a date like 2031-05-01"
        raise click.BadParameter(msg) from None
    return int((moment if moment.tzinfo else moment.replace(tzinfo=dt.UTC)).timestamp())


class Options(msgspec.Struct, frozen=True):
    """What was asked for, besides the input.

    Attributes:
        kind: What the input is; None guesses.
        case: Which case of a file of vectors.
        everything: Nothing is folded, and rules that hold are told.
        as_json: JSON in place of text.
        svg: Where to draw the tree.
        leaf: Whose keys the drawings show.
    """

    kind: str | None
    case: int
    everything: bool
    as_json: bool
    svg: Path | None
    leaf: int | None

    @property
    def fold(self) -> int | None:
        """Elements of a vector that are told one by one."""
        return None if self.everything else FOLD


@click.command()
@click.argument("file", metavar="FILE|-", required=False, type=_INPUT)
@click.option(
    "--as",
    "kind",
    type=click.Choice(list(KINDS), case_sensitive=False),
    metavar="TYPE",
    help="What it is: MLSMessage, KeyPackage, RatchetTree, LeafNode … Guessed by default.",
)
@click.option(
    "--case",
    default=0,
    show_default=True,
    metavar="N",
    type=click.IntRange(0),
    help="Which case of a file of test vectors.",
)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
@click.option("--all", "everything", is_flag=True, help="Fold nothing, and list what holds.")
@click.option("--svg", type=_INPUT, metavar="OUT.svg", help="Draw the ratchet tree into a file.")
@click.option(
    "--leaf", type=click.IntRange(0), metavar="N", help="Draw which keys this leaf holds."
)
@click.option(
    "--group-info", type=_INPUT, metavar="FILE", help="The GroupInfo of its epoch, to judge more."
)
@click.option(
    "--tree", type=_INPUT, metavar="FILE", help="The tree, where a GroupInfo does not carry it."
)
@click.option(
    "--suite", type=click.IntRange(1, 7), metavar="N", help="The suite, where nothing says it."
)
@click.option(
    "--at", callback=_moment, metavar="TIME", help="Judge lifetimes by this time. Now by default."
)
@click.option(
    "--diff",
    type=(_INPUT, _INPUT),
    metavar="A B",
    help="Show what changed between two trees or GroupInfos.",
)
@click.pass_context
def command(context: click.Context, /, **asked: Any) -> None:  # noqa: ANN401 - one value for each option
    """Explain an MLS message, KeyPackage, Welcome, GroupInfo, ratchet tree or test vector.

    FILE holds it raw, in hexadecimal digits, in base64 or in PEM, or it is a file of test
    vectors; - is standard input. Shown are its fields, each with its offset and its size in
    bytes and the section of RFC 9420, its ratchet tree, and which rules it breaks, as far as
    that can be known without secrets.

    Exits with 1 if it does not decode or breaks a rule, with 2 if the command is wrong.
    """
    file, diff = asked.pop("file"), asked.pop("diff")
    if (file is None) == (diff is None):
        msg = "give either FILE or --diff A B"
        raise click.UsageError(msg)
    around = _surroundings(
        asked.pop("suite"), asked.pop("at"), asked.pop("group_info"), asked.pop("tree")
    )
    options = Options(**asked)
    if diff is not None:
        good = _show_difference(diff, around, options)
    else:
        good = _show(file, around, options)
    context.exit(0 if good else 1)


def _surroundings(
    suite: int | None, at: int | None, group_info: Path | None, tree: Path | None
) -> Surroundings:
    data = None if tree is None else _read(tree)
    return Surroundings(
        suite=suite,
        now=int(time.time()) if at is None else at,
        group=None if group_info is None else group_of(_read(group_info), data),
        tree=None if data is None else tree_of(data),
        threads=os.cpu_count() or 1,
    )


def _show(file: Path, around: Surroundings, options: Options) -> bool:
    """Show one input; returns whether all is well with it."""
    given = _read(file)
    found: Inspected | VectorFile
    if options.kind is None and is_json(given):
        found = inspect_vectors(
            given, file.name, case=options.case, around=around, fold=options.fold
        )
    else:
        found = inspect(given, kind=options.kind, around=around, fold=options.fold)
    if options.svg is not None:
        _draw_into(options.svg, found, options)
    if options.as_json:
        shown = (
            telling.vectors_as_json(found)
            if isinstance(found, VectorFile)
            else telling.as_json(found)
        )
        click.echo(msgspec.json.encode(shown))
    elif isinstance(found, VectorFile):
        _print(telling.vector_lines(found, everything=options.everything, draw=_drawer(options)))
    else:
        _print(telling.lines(found, everything=options.everything, draw=_drawer(options)))
    return found.good


def _show_difference(paths: tuple[Path, Path], around: Surroundings, options: Options) -> bool:
    """Show what changed between two inputs; returns whether both could be read."""
    before, after = (
        inspect(_read(path), kind=options.kind, around=around, fold=0) for path in paths
    )
    try:
        difference = compare(before, after)
    except ValueError as error:
        raise click.ClickException(str(error)) from None
    if options.as_json:
        click.echo(msgspec.json.encode(difference))
    else:
        _print(telling.Line(line) for line in difference.lines())
    return True


def _drawer(options: Options) -> Callable[[Inspected], str]:
    """Draws trees for the width of the terminal."""
    width = shutil.get_terminal_size((100, 24)).columns

    def draw(found: Inspected) -> str:
        if found.tree is None:
            return ""
        highlight = _present(options.leaf, found.tree)
        return drawing.text(found.tree, width=width, highlight=highlight)

    return draw


def _draw_into(path: Path, found: Inspected | VectorFile, options: Options) -> None:
    """Draw the tree of an object, or the first one of a case, into a file."""
    objects = [each for _, each in found.opened] if isinstance(found, VectorFile) else [found]
    trees = [each.tree for each in objects if each.tree is not None]
    if not trees:
        msg = "there is no ratchet tree to draw"
        raise click.ClickException(msg)
    picture = drawing.svg(trees[0], highlight=_present(options.leaf, trees[0]))
    try:
        path.write_text(picture, encoding="utf-8")
    except OSError as error:
        msg = f"cannot write {path}: {error.strerror}"
        raise StorageError(msg) from error


def _present(leaf: int | None, tree: RatchetTree) -> int | None:
    """The leaf to highlight, which has to be there."""
    if leaf is not None and tree.leaf(leaf) is None:
        msg = f"leaf {leaf} is blank, or the tree has none"
        raise click.BadParameter(msg, param_hint="--leaf")
    return leaf


def _read(path: Path) -> bytes:
    if str(path) == "-":
        return sys.stdin.buffer.read()
    try:
        return path.read_bytes()
    except OSError as error:
        msg = f"{path} cannot be read: {error.strerror}"
        raise StorageError(msg) from error


def _print(rows: Iterable[telling.Line]) -> None:
    """Print lines; colours are for terminals only, and what an encoding lacks is replaced."""
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="replace")
    for row in rows:
        click.echo(_STYLE[row.tone](row.text))
