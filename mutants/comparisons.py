"""The comparisons of a source file, each of which can be turned round.

``==`` becomes ``!=``, ``<`` becomes ``>=``, ``is`` becomes ``is not``, ``in`` becomes
``not in``, and the other way about.
"""

from __future__ import annotations

import ast
from collections import Counter
from typing import TYPE_CHECKING, Final, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_TURNED: Final[dict[type[ast.cmpop], type[ast.cmpop]]] = {
    ast.Eq: ast.NotEq,
    ast.NotEq: ast.Eq,
    ast.Lt: ast.GtE,
    ast.GtE: ast.Lt,
    ast.Gt: ast.LtE,
    ast.LtE: ast.Gt,
    ast.Is: ast.IsNot,
    ast.IsNot: ast.Is,
    ast.In: ast.NotIn,
    ast.NotIn: ast.In,
}


class Comparison(NamedTuple):
    """One comparison of a source file.

    Attributes:
        path: The file.
        line: Where it begins.
        number: Which one it is in its file.
        owner: The functions and classes around it, joined by dots.
        text: Its source.
        alike: How many before it have the same owner and text.
    """

    path: Path
    line: int
    number: int
    owner: str
    text: str
    alike: int = 0

    @property
    def key(self) -> str:
        """What it is called in lists: its file, its owner, its text, and which one if alike."""
        again = f" #{self.alike + 1}" if self.alike else ""
        return f"{self.path.parent.name}/{self.path.name}:{self.owner}: {self.text}{again}"


def comparisons(path: Path) -> list[Comparison]:
    """All comparisons of a file, in order."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    before = Counter[tuple[str, str]]()
    found = []
    for number, (node, _, owner) in enumerate(_operators(tree)):
        text = ast.unparse(node)
        found.append(Comparison(path, node.lineno, number, owner, text, before[owner, text]))
        before[owner, text] += 1
    return found


def turned(comparison: Comparison) -> ast.Module:
    """The syntax tree of a file with one of its comparisons turned round."""
    tree = ast.parse(comparison.path.read_text(encoding="utf-8"))
    for number, (node, position, _) in enumerate(_operators(tree)):
        if number == comparison.number:
            node.ops[position] = _TURNED[type(node.ops[position])]()
    return tree


def _operators(tree: ast.Module) -> Iterator[tuple[ast.Compare, int, str]]:
    """Each operator of each comparison, with what is around it."""
    yield from _below(tree, ())


def _below(node: ast.AST, owners: tuple[str, ...]) -> Iterator[tuple[ast.Compare, int, str]]:
    if isinstance(node, ast.FunctionDef | ast.ClassDef):
        owners = (*owners, node.name)
    if isinstance(node, ast.Compare):
        for position in range(len(node.ops)):
            yield node, position, ".".join(owners)
    for child in ast.iter_child_nodes(node):
        yield from _below(child, owners)
