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
from difflib import get_close_matches
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click
import msgspec

from covey.cli.inputs import is_stdin, read_input
from covey.cli.paths import GivenPath
from covey.client.words import suites
from covey.errors import StateError, StorageError
from covey.lab.inspect import telling
from covey.lab.inspect.diff import compare
from covey.lab.inspect.encodings import candidates, complaint
from covey.lab.inspect.examine import FOLD, group_of
from covey.lab.inspect.inspected import Inspected
from covey.lab.inspect.judging.verdicts import Surroundings
from covey.lab.inspect.kinds import KINDS, a, guess
from covey.lab.inspect.opening import Unopened, open_input
from covey.lab.inspect.vector_file import VectorFile
from covey.mls.picture import drawing
from covey.mls.picture.layout import ROWS
from covey.mls.picture.names import ranges

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from covey.mls.tree.ratchet_tree import RatchetTree

_STYLE: Final[dict[telling.Tone, Callable[[str], str]]] = {
    "plain": str,
    "head": partial(click.style, bold=True),
    "good": partial(click.style, fg="green"),
    "bad": partial(click.style, fg="red"),
    "faint": partial(click.style, dim=True),
}
_INPUT: Final = GivenPath(dir_okay=False)
_COMPARED: Final = frozenset({"RatchetTree", "GroupInfo", "GroupContext"})


def _kind(_: click.Context, __: click.Parameter, text: str | None) -> str | None:
    """A kind by its name in the RFC, in letters of any case."""
    names = {name.lower(): name for name in sorted(KINDS)}
    if text is None or text.lower() in names:
        return text and names[text.lower()]
    near = [names[each] for each in get_close_matches(text.lower(), names)]
    meant = f"did you mean {' or '.join(near)}? There are " if near else ""
    msg = f"{text!r} is nothing that can be inspected: {meant}{', '.join(names.values())}"
    raise click.BadParameter(msg)


def _suite(_: click.Context, __: click.Parameter, given: str | None) -> int | None:
    """A cipher suite that is known here, by its name or number."""
    try:
        return None if given is None else suites.parse(given)
    except StateError as error:
        raise click.BadParameter(str(error)) from None


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
        case: Which case of a file of vectors; None opens the first.
        everything: Nothing is folded, and rules that hold are told.
        as_json: JSON in place of text.
        svg: Where to draw the tree.
        leaf: Whose keys the drawings show.
    """

    kind: str | None
    case: int | None
    everything: bool
    as_json: bool
    svg: Path | None
    leaf: int | None

    @property
    def fold(self) -> int | None:
        """Elements of a vector that are told one by one."""
        return None if self.everything else FOLD

    @property
    def rows(self) -> int | None:
        """Rows of a drawing."""
        return None if self.everything else ROWS


@click.command()
@click.argument("file", metavar="FILE|-", required=False, type=_INPUT)
@click.option(
    "--as",
    "kind",
    callback=_kind,
    metavar="TYPE",
    help="What it is: MLSMessage, KeyPackage, RatchetTree, LeafNode … Guessed by default.",
)
@click.option(
    "--case",
    metavar="N",
    type=click.IntRange(0),
    help="Which case of a file of test vectors. The first, 0, by default.",
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
    "--suite",
    callback=_suite,
    metavar="N",
    help="The suite, such as x-wing or 0xfc01, where nothing says it.",
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
    vectors or other JSON; - is standard input. Shown are its fields, each with its offset and
    its size in bytes and the section of RFC 9420, its ratchet tree, and which rules it breaks,
    as far as that can be known without secrets.

    Exits with 1 if it does not decode or breaks a rule, with 2 if the command is wrong.
    """
    file, diff = asked.pop("file"), asked.pop("diff")
    if (file is None) == (diff is None):
        msg = "give either FILE or --diff A B"
        raise click.UsageError(msg)
    group_info, tree = asked.pop("group_info"), asked.pop("tree")
    if sum(map(is_stdin, (file, *(diff or ()), group_info, tree))) > 1:
        msg = "standard input can be read once: only one of the inputs can be -"
        raise click.UsageError(msg)
    suite, at = asked.pop("suite"), asked.pop("at")
    options = Options(**asked)
    if diff is not None:
        _refuse_what_compares_nothing(options)
    around = _surroundings(suite, at, group_info, tree)
    if diff is not None:
        good = _show_difference(diff, around, options)
    else:
        good = _show(file, around, options)
    context.exit(0 if good else 1)


def _refuse_what_compares_nothing(options: Options) -> None:
    given = {
        "--svg": options.svg is not None,
        "--leaf": options.leaf is not None,
        "--case": options.case is not None,
        "--all": options.everything,
    }
    useless = [name for name, is_given in given.items() if is_given]
    if useless:
        msg = f"--diff draws nothing and opens no vectors: leave out {', '.join(useless)}"
        raise click.UsageError(msg)


def _surroundings(
    suite: int | None, at: int | None, group_info: Path | None, tree: Path | None
) -> Surroundings:
    data = None if tree is None else _tree(tree)
    group = None
    if group_info is not None:
        given = read_input(group_info)
        problem = complaint(given)
        if problem:
            msg = f"{group_info}: a GroupInfo is needed, and {problem}"
            raise StateError(msg)
        try:
            group = group_of(given, data)
        except StateError as error:
            msg = f"{group_info}: {error}"
            raise StateError(msg).of(rule=error.rule, section=error.section) from error
    return Surroundings(
        suite=suite,
        now=int(time.time()) if at is None else at,
        group=group,
        tree=data,
        threads=os.cpu_count() or 1,
    )


def _tree(path: Path) -> bytes:
    """The bytes of a ratchet tree in a file.

    Raises:
        StateError: There is none in it.
    """
    given = read_input(path)
    found = guess(candidates(given), "RatchetTree")
    if not found.fits:
        problem = complaint(given) or found.reason.partition("; ")[2]
        msg = f"{path}: a ratchet tree is needed, and {problem}"
        raise StateError(msg)
    return found.candidate.data


def _show(file: Path, around: Surroundings, options: Options) -> bool:
    """Show one input; returns whether all is well with it."""
    found = open_input(
        read_input(file),
        file.name,
        kind=options.kind,
        case=options.case or 0,
        around=around,
        fold=options.fold,
    )
    if options.case is not None and isinstance(found, Inspected):
        msg = f"--case is for files of test vectors, and this is {a(found.kind)}"
        raise click.UsageError(msg)
    _check_leaf(found, options.leaf)
    if options.svg is not None:
        _draw_into(options.svg, found, options)
    if options.as_json:
        _print_json(found, options)
    else:
        everything, draw = options.everything, _drawer(options)
        match found:
            case Unopened():
                _print(telling.unopened_lines(found))
            case VectorFile():
                _print(telling.vector_lines(found, everything=everything, draw=draw))
            case _:
                _print(telling.lines(found, everything=everything, draw=draw))
    return found.good


def _print_json(found: Inspected | VectorFile | Unopened, options: Options) -> None:
    match found:
        case Unopened():
            shown = telling.unopened_as_json(found)
        case VectorFile():
            shown = telling.vectors_as_json(found, options.leaf)
        case _:
            shown = telling.as_json(found, options.leaf)
    click.echo(msgspec.json.encode(shown))


def _show_difference(paths: tuple[Path, Path], around: Surroundings, options: Options) -> bool:
    """Show what changed between two inputs; returns whether both could be read."""
    before, after = (_comparable(path, around, options) for path in paths)
    try:
        difference = compare(before, after)
    except ValueError as error:
        raise click.ClickException(str(error)) from None
    if options.as_json:
        click.echo(msgspec.json.encode(difference))
    else:
        _print(telling.Line(line) for line in difference.lines())
    return True


def _comparable(path: Path, around: Surroundings, options: Options) -> Inspected:
    """An input to be compared; what it is not is said with its name."""
    found = open_input(read_input(path), path.name, kind=options.kind, around=around, fold=0)
    if isinstance(found, Unopened):
        problem = found.problem
    elif isinstance(found, VectorFile):
        problem = "this is JSON; two ratchet trees or GroupInfos can be compared"
    elif found.stop is not None:
        read = f"{found.stop.reached:,} of {len(found.raw):,} bytes could be read"
        problem = f"this does not decode as {a(found.kind)}: {read}; {found.stop}"
    elif found.kind not in _COMPARED:
        problem = f"two ratchet trees or GroupInfos can be compared, and this is {a(found.kind)}"
    else:
        return found
    msg = f"{path}: {problem}"
    raise click.ClickException(msg)


def _drawer(options: Options) -> Callable[[Inspected], str]:
    """Draws trees for the width of the terminal; elsewhere nothing is cut off."""
    width = shutil.get_terminal_size((100, 24)).columns if sys.stdout.isatty() else None

    def draw(found: Inspected) -> str:
        tree = found.tree
        if tree is None:
            return ""
        leaf = options.leaf
        highlight = leaf if leaf is not None and tree.leaf(leaf) is not None else None
        return drawing.text(tree, width=width, highlight=highlight, rows=options.rows)

    return draw


def _draw_into(path: Path, found: Inspected | VectorFile | Unopened, options: Options) -> None:
    """Draw the tree of an object, or the first one of a case, into a file."""
    leaf = options.leaf
    trees = [each for each in _trees(found) if leaf is None or each.leaf(leaf) is not None]
    if not trees:
        msg = "there is no ratchet tree to draw"
        raise click.ClickException(msg)
    picture = drawing.svg(trees[0], highlight=leaf, rows=options.rows)
    try:
        path.write_text(picture, encoding="utf-8")
    except OSError as error:
        msg = f"cannot write {path}: {error.strerror}"
        raise StorageError(msg) from error


def _trees(found: Inspected | VectorFile | Unopened) -> list[RatchetTree]:
    match found:
        case Unopened():
            return []
        case VectorFile():
            return [each.tree for _, each in found.opened if each.tree is not None]
        case _:
            return [] if found.tree is None else [found.tree]


def _check_leaf(found: Inspected | VectorFile | Unopened, leaf: int | None) -> None:
    """Refuse a leaf at which nobody is, in what could be opened."""
    trees = _trees(found)
    if leaf is None or any(tree.leaf(leaf) is not None for tree in trees):
        return
    if isinstance(found, Unopened) or (isinstance(found, Inspected) and found.stop is not None):
        return
    if isinstance(found, VectorFile) and found.problem:
        return
    if trees:
        members = ranges([index for index, _ in trees[0].members()], whole=True)
        msg = f"nobody is at leaf {leaf} of this tree; its members are at leaves {members}"
    else:
        msg = f"there is no ratchet tree with a leaf {leaf} in this, nor any that can be drawn"
    raise click.BadParameter(msg, param_hint="--leaf")


def _print(rows: Iterable[telling.Line]) -> None:
    """Print lines; colours are for terminals only, and what an encoding lacks is replaced."""
    encoding = "utf-8"
    if isinstance(sys.stdout, io.TextIOWrapper):
        encoding = sys.stdout.encoding
    is_coloured = not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"
    for row in rows:
        text = telling.plain(row.text, encoding)
        click.echo(_STYLE[row.tone](text) if is_coloured else text)
