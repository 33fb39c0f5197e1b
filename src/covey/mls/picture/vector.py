"""A ratchet tree as SVG: one file, no script, nothing loaded (RFC 9420 §4.1, Appendix C).

May import this folder. It says what the drawing for a terminal says, in the same rows; what does
not fit there is in the tooltip of a node. Colours follow the reader's preference for light or
dark, and mean nothing that a shape or a word does not say as well.
"""

from __future__ import annotations

import textwrap
from html import escape
from typing import TYPE_CHECKING, Final, NamedTuple

from covey.mls.picture import facts, holding
from covey.mls.picture.holding import Mark
from covey.mls.picture.layout import ROWS, layout
from covey.mls.picture.names import clipped, clipped_list, columns
from covey.mls.picture.style import STYLE
from covey.mls.structs.tree import ParentNode

if TYPE_CHECKING:
    from collections.abc import Iterator

    from covey.mls.picture.facts import Facts
    from covey.mls.picture.layout import Shape
    from covey.mls.tree.ratchet_tree import RatchetTree

_ROW: Final = 22  # pixels, as all lengths here
_TOP: Final = 58
_LEFT: Final = 32
_STEP: Final = 46  # from a node to its child; in a tall tree:
_TALL_STEP: Final = 30
_TALL: Final = 7  # height from which on a tree is tall
_LETTER: Final = 7.8  # width of a letter, rather more than less
_BOLD: Final = 9
_KEY: Final = 124
_MORE: Final = 62  # columns of what is said beside a key
_NAMES: Final = 32  # columns of names
_SAYS: Final = 190
_LINE: Final = 20
_HALF: Final = 9  # half the height of a node

_SAID: Final = {
    Mark.own: "▶ this leaf",
    Mark.holds: "✓ holds this key",
    Mark.lacks: "✗ does not hold it",
    Mark.blank: "· on its path",
    Mark.copath: "+ on its copath",
}
_LEGEND: Final = {
    "leaf": "member",
    "leaf blank": "blank leaf",
    "parent": "parent with a key",
    "parent unmerged": "with so many unmerged leaves",
    "parent blank": "blank parent",
    "folded": "folded subtree",
    "folded blank": "blank subtree",
}


class _Item(NamedTuple):
    """A node of the picture: where it is, what it is, and what is said about it."""

    shape: Shape
    x: int
    y: int
    kind: str
    mark: Mark | None
    said: Facts

    @property
    def on_path(self) -> bool:
        """Whether it is the highlighted leaf, or above it."""
        return self.mark is not None and self.mark is not Mark.copath


class _Table(NamedTuple):
    """The x of each column of words, and where the last one ends."""

    what: int
    name: int
    key: int
    more: int
    end: int


def svg(tree: RatchetTree, *, highlight: int | None = None, rows: int | None = ROWS) -> str:
    """Draw a ratchet tree as SVG.

    Args:
        tree: The tree.
        highlight: A leaf index whose direct path, copath and private keys are marked.
        rows: How many rows there may be, before subtrees are folded; None folds nothing.

    Returns:
        An ``<svg>`` element, to be put into a page as it is, or to be kept as a file.

    Raises:
        ValueError: Nobody is at the leaf to be highlighted.
    """
    holding.require_member(tree, highlight)
    shape = layout(tree, highlight, rows)
    items = [_item(tree, row, each, highlight) for row, each in enumerate(shape.rows())]
    table = _table(items)
    width = table.end + (_LEFT if highlight is None else _SAYS)
    notes = [facts.folding(shape, tree)]
    if highlight is not None:
        notes.append(facts.highlighted(tree, highlight, whole=False))
    letters = int((width - 2 * _LEFT) / _LETTER)
    lines = [line for note in notes for line in textwrap.wrap(note, letters)]
    legend, bottom = _legend(items, _TOP + _ROW * len(items) + 14, width)
    height = bottom + _LINE * len(lines) + 4
    body = [
        _text("head", _LEFT - 12, 30, facts.heading(tree)),
        *_edges(items),
        *(_node(tree, each, table) for each in items),
        *legend,
        *(_text("", _LEFT - 12, bottom + _LINE * row, line) for row, line in enumerate(lines)),
    ]
    return "\n".join((*_opening(tree, notes, width, height), *body, "</svg>")) + "\n"


def _opening(tree: RatchetTree, notes: list[str], width: int, height: int) -> Iterator[str]:
    """What comes before the picture itself, with its words for those who cannot see it."""
    yield (
        '<svg xmlns="http://www.w3.org/2000/svg" class="covey-tree" role="img" '
        f'viewBox="0 0 {width} {height}" width="{width}" style="max-width: 100%">'
    )
    yield f"<title>{escape(facts.heading(tree))}</title>"
    members = ", ".join(f"leaf {index} {name}" for index, name in facts.first_members(tree))
    described = " ".join((f"Members: {members}.", *(note for note in notes if note)))
    yield f"<desc>{escape(described)}</desc>"
    yield f"<style>{STYLE}</style>"
    yield f'<rect class="paper" width="{width}" height="{height}" rx="8"/>'


def _item(tree: RatchetTree, row: int, shape: Shape, highlight: int | None) -> _Item:
    step = _STEP if tree.height < _TALL else _TALL_STEP
    return _Item(
        shape,
        _LEFT + step * (tree.height - shape.height),
        _TOP + _ROW * row,
        _kind(shape),
        holding.mark(shape, highlight, tree.height),
        facts.facts(tree, shape),
    )


def _kind(shape: Shape) -> str:
    if shape.is_folded:
        return "folded blank" if shape.subtree is None else "folded"
    place = "leaf" if shape.is_leaf else "parent"
    if shape.node is None:
        return f"{place} blank"
    unmerged = isinstance(shape.node, ParentNode) and shape.node.unmerged_leaves
    return f"{place} unmerged" if unmerged else place


def _table(items: list[_Item]) -> _Table:
    where = max((columns(each.said.what) for each in items if each.said.name), default=0)
    names = min(_NAMES, max(columns(each.said.name) for each in items))
    what = max(each.x + _half_width(each.shape.index) for each in items) + 16
    name = what + round(where * _LETTER) + 8
    key = name + round(names * _BOLD) + 16
    more = key + _KEY
    ends = [
        what + round(columns(_plain(each.said)) * _LETTER)
        if _plain(each.said)
        else more + round(min(columns(each.said.more), _MORE) * _LETTER)
        for each in items
    ]
    return _Table(what, name, key, more, max(more, *ends))


def _plain(said: Facts) -> str:
    """What is said of a node at which there is no key: it fits into no column."""
    if said.key:
        return ""
    return clipped_list(f"{said.what}  {said.name}{said.more}", _NAMES + _MORE)


def _edges(items: list[_Item]) -> Iterator[str]:
    """Lines from each node to its children; those of the highlighted path are drawn last."""
    places = {each.shape.place: each for each in items}
    drawn = []
    for each in items:
        for child in (each.shape.left, each.shape.right):
            if child is not None:
                below = places[child.place]
                turn = 7 if below.y < each.y else -7
                line = f"M{each.x} {each.y}V{below.y + turn}q0 {-turn} 7 {-turn}H{below.x}"
                drawn.append((below.on_path, line))
    for on, line in sorted(drawn):
        yield f'<path class="edge{" on" if on else ""}" d="{line}"/>'


def _node(tree: RatchetTree, item: _Item, table: _Table) -> str:
    """A node with its tooltip, and what is said beside it."""
    tooltip = escape(facts.tooltip(tree, item.shape, item.mark))
    parts = [f"<g><title>{tooltip}</title>", *_symbol(item), *_words(item, table)]
    if item.mark is not None:
        parts.append(_text("said", table.end + 18, item.y + 4, _SAID[item.mark]))
    return "".join((*parts, "</g>"))


def _symbol(item: _Item) -> Iterator[str]:
    x, y, half = item.x, item.y, _half_width(item.shape.index)
    radius = 3 if item.shape.is_leaf or item.shape.is_folded else _HALF
    marks = {Mark.own: " on own", Mark.holds: " on"}
    on = "" if item.mark is None else marks.get(item.mark, "")
    yield (
        f'<rect class="node {item.kind}{on}" x="{x - half}" y="{y - _HALF}" '
        f'width="{2 * half}" height="{2 * _HALF}" rx="{radius}"/>'
    )
    yield _text("number", x, y + 4, str(item.shape.index))
    if isinstance(item.shape.node, ParentNode) and item.kind == "parent unmerged":
        yield from _badge(x + half, y - _HALF + 2, len(item.shape.node.unmerged_leaves))


def _badge(x: int, y: int, count: int) -> Iterator[str]:
    """How many unmerged leaves a parent has."""
    half = 3 + 3 * len(str(count)) if count > 9 else 7
    yield (
        f'<rect class="badge" x="{x - half}" y="{y - 7}" width="{2 * half}" height="14" rx="7"/>'
    )
    yield _text("count", x, y + 4, str(count))


def _words(item: _Item, table: _Table) -> Iterator[str]:
    y, said = item.y + 4, item.said
    start = table.what if said.what else table.key
    node_ends = item.x + _half_width(item.shape.index)
    if start - node_ends > _STEP / 2:
        yield f'<path class="lead" d="M{node_ends + 10} {item.y}H{start - 8}"/>'
    if not said.key:
        yield _text("dim", table.what, y, _plain(said))
        return
    if said.name:
        yield _text("dim", table.what, y, said.what)
        yield _text("name", table.name, y, clipped(said.name, _NAMES))
    yield _text("key", table.key, y, said.key)
    if said.more:
        yield _text("dim", table.more, y, clipped_list(said.more, _MORE))


def _legend(items: list[_Item], y: int, width: int) -> tuple[list[str], int]:
    """What the symbols that were used mean, and where the next line goes."""
    used = {each.kind for each in items}
    drawn, x, row = [], _LEFT, 0
    for kind, said in _LEGEND.items():
        if kind not in used:
            continue
        wide = 54 + round(columns(said) * (_LETTER - 1))
        if x > _LEFT and x + wide > width:
            x, row = _LEFT, row + 1
        drawn.append(_sample(kind, x, y + _LINE * row))
        drawn.append(_text("dim", x + 16, y + _LINE * row + 4, said))
        x += wide
    return drawn, y + _LINE * (row + 1) + 8


def _sample(kind: str, x: int, y: int) -> str:
    radius = 7 if kind.startswith("parent") else 3
    shape = (
        f'<rect class="node {kind}" x="{x - 8}" y="{y - 7}" width="16" height="14" rx="{radius}"/>'
    )
    return shape + ("".join(_badge(x + 5, y - 5, 1)) if "unmerged" in kind else "")


def _half_width(index: int) -> int:
    """Half the width of a node, which its number has to fit into."""
    return max(11, 4 * len(str(index)) + 4)


def _text(kind: str, x: float, y: float, words: str) -> str:
    attribute = f' class="{kind}"' if kind else ""
    return f'<text{attribute} x="{x}" y="{y}" xml:space="preserve">{escape(words)}</text>'
