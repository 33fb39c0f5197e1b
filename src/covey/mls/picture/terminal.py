"""A ratchet tree as lines of text, for a terminal (RFC 9420 §4.1, Appendix C).

May import this folder. A row is a node, in the order of the array form, its array index first;
the root is on the left, the leaves are on the right.
"""

from __future__ import annotations

import textwrap
from typing import TYPE_CHECKING, Final

from covey.mls.picture import facts, holding
from covey.mls.picture.holding import Mark
from covey.mls.picture.layout import ROWS, layout
from covey.mls.picture.names import clipped, clipped_list, columns, padded
from covey.mls.structs.tree import ParentNode

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from covey.mls.picture.facts import Facts
    from covey.mls.picture.layout import Shape
    from covey.mls.tree.ratchet_tree import RatchetTree

MEMBER: Final = "■"
BLANK_LEAF: Final = "□"
PARENT: Final = "●"
UNMERGED: Final = "◐"
BLANK: Final = "○"
FOLDED: Final = "▒"

_LEGEND: Final = {
    MEMBER: "member",
    BLANK_LEAF: "blank leaf",
    PARENT: "parent with a key",
    UNMERGED: "with unmerged leaves, which do not hold it",
    BLANK: "blank parent",
    FOLDED: "folded subtree",
}
_MARKS: Final = {
    Mark.own: "▶",
    Mark.holds: "✓",
    Mark.lacks: "✗",
    Mark.blank: "·",
    Mark.copath: "+",
}
_MARK_LEGEND: Final = {
    Mark.own: "this leaf",
    Mark.holds: "on its path, holds the key",
    Mark.lacks: "on its path, does not hold it",
    Mark.blank: "on its path, blank",
    Mark.copath: "on its copath",
}
_NARROW: Final = 7  # height from which on a level takes two columns, and not three
_NAMES: Final = 16  # columns that the longest name is left
_BESIDE: Final = 46  # columns for what is said beside a name
_LEAST: Final = 40
_ENDLESS: Final = 1 << 40  # columns
_LEGEND_ENDS: Final = 100  # columns of the legend, where there are more


def text(
    tree: RatchetTree,
    *,
    width: int | None = 100,
    highlight: int | None = None,
    rows: int | None = ROWS,
) -> str:
    """Draw a ratchet tree for a terminal.

    Args:
        tree: The tree.
        width: Columns that there are; less than 40 are taken for 40. None cuts nothing off.
        highlight: A leaf index whose direct path, copath and private keys are marked.
        rows: How many rows there may be, before subtrees are folded; None folds nothing.

    Returns:
        Lines, none of them wider than that, without a newline after the last.

    Raises:
        ValueError: Nobody is at the leaf to be highlighted.
    """
    whole, width = width is None, _ENDLESS if width is None else max(width, _LEAST)
    holding.require_member(tree, highlight)
    shape = layout(tree, highlight, rows)
    drawn = list(shape.rows())
    marks = [holding.mark(each, highlight, tree.height) for each in drawn]
    lines = [*textwrap.wrap(facts.heading(tree), width), ""]
    lines += _rows(tree, shape, drawn, marks, width)
    lines += ["", *_legend(drawn, marks, min(width, _LEGEND_ENDS))]
    lines += textwrap.wrap(facts.folding(shape, tree), width)
    if highlight is not None:
        lines += textwrap.wrap(facts.highlighted(tree, highlight, whole=whole), width)
    return "\n".join(clipped(line.rstrip(), width) for line in lines)


def _rows(
    tree: RatchetTree, shape: Shape, rows: list[Shape], marks: list[Mark | None], width: int
) -> Iterator[str]:
    said = [facts.facts(tree, each) for each in rows]
    drawn = list(_drawn(shape, 4 if tree.height < _NARROW else 3))
    digits = len(str(rows[-1].index))
    graph = max(map(columns, drawn))
    gutter = 0 if not any(marks) else 2
    room = max(_NAMES, width - digits - gutter - graph - _BESIDE)
    names = min(room, max(columns(_named(each)) for each in said))
    for each, mark, line, words in zip(rows, marks, drawn, said, strict=True):
        marked = _MARKS.get(mark, "") if mark is not None else ""
        place = f"{each.index:>{digits}} {padded(marked, gutter)}"
        start = f"{place} {padded(line, graph)}  "
        yield start + _words(words, names, width - columns(start))


def _named(said: Facts) -> str:
    """What stands in the column of names."""
    return f"{said.what}  {said.name}" if said.name else ""


def _words(said: Facts, names: int, room: int) -> str:
    """What is said beside a node, in so many columns; lists end after a whole item."""
    if said.what and not said.name:
        start = f"{said.what}  "
    else:
        start = f"{padded(clipped(_named(said), names), names)}  {said.key}  "
    return (start + clipped_list(said.more, max(1, room - columns(start)))).rstrip()


def _drawn(shape: Shape, step: int, before: str = "", corner: str = "") -> Iterator[str]:
    """The lines and symbols of a subtree, a line for each row.

    Args:
        shape: The subtree.
        step: Columns from the line of a node's parent to the node, both included.
        before: What the lines to the left draw in the row of its topmost node.
        corner: How the topmost node is joined to its parent: from below, from above, or not.
    """
    over = before + _beside("┌", corner, step)
    under = before + _beside("└", corner, step)
    arm = corner and corner + "─" * (step - 2)
    if shape.left is not None:
        yield from _drawn(shape.left, step, over, "┌")
    yield before + arm + _symbol(shape)
    if shape.right is not None:
        yield from _drawn(shape.right, step, under, "└")


def _beside(side: str, corner: str, step: int) -> str:
    """What continues the line from a node's parent, above (``┌``) or below (``└``) the node."""
    if not corner:
        return ""
    return ("│" if corner != side else " ").ljust(step - 1)


def _symbol(shape: Shape) -> str:
    if shape.is_folded:
        return FOLDED
    node = shape.node
    if shape.is_leaf:
        return BLANK_LEAF if node is None else MEMBER
    if isinstance(node, ParentNode):
        return UNMERGED if node.unmerged_leaves else PARENT
    return BLANK


def _legend(rows: list[Shape], marks: list[Mark | None], width: int) -> list[str]:
    """What the symbols and the marks that were used mean."""
    used = {_symbol(each) for each in rows}
    kinds = [f"{symbol} {said}" for symbol, said in _LEGEND.items() if symbol in used]
    marked = [f"{_MARKS[mark]} {said}" for mark, said in _MARK_LEGEND.items() if mark in marks]
    return [*_filled(kinds, width), *_filled(marked, width)]


def _filled(words: Iterable[str], width: int) -> list[str]:
    lines: list[str] = []
    for each in words:
        if lines and columns(lines[-1]) + 3 + columns(each) <= width:
            lines[-1] += "   " + each
        else:
            lines.append(each)
    return lines
