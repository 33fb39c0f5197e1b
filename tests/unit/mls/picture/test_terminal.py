"""Trees drawn for a terminal."""

from __future__ import annotations

import time

import pytest

from covey.mls.picture.drawing import text
from covey.mls.picture.names import columns
from covey.mls.structs.credentials import BasicCredential
from covey.mls.structs.tree import ParentNode
from tree_samples import grown_tree, leaf, special_trees, tree_from, tree_of

ALICE, BOB, CAROL = (leaf(name) for name in ("alice", "bob", "carol"))
TREE = tree_from(
    ALICE, ParentNode(b"\x01" * 32, b""), BOB, ParentNode(b"\x03" * 32, b"", (2,)), CAROL
)

DRAWN = """\
Ratchet tree: 3 members, 4 leaves; 2 of 3 parents with keys, 1 with unmerged leaves

0     ┌──■  leaf 0  alice  key 6b657920…
1  ┌──●                    key 01010101…  held by leaves 0, 1
2  │  └──■  leaf 1  bob    key 6b657920…
3  ◐                       key 03030303…  held by leaves 0, 1; unmerged 2
4  │  ┌──■  leaf 2  carol  key 6b657920…
5  └──○     blank  resolution: node 4
6     └──□  leaf 3  blank

■ member   □ blank leaf   ● parent with a key   ◐ with unmerged leaves, which do not hold it
○ blank parent"""

HIGHLIGHTED = """\
0 +     ┌──■  leaf 0  alice  key 6b657920…
1 ✓  ┌──●                    key 01010101…  held by leaves 0, 1
2 ▶  │  └──■  leaf 1  bob    key 6b657920…
3 ✓  ◐                       key 03030303…  held by leaves 0, 1; unmerged 2
4    │  ┌──■  leaf 2  carol  key 6b657920…
5 +  └──○     blank  resolution: node 4
6       └──□  leaf 3  blank"""


def test_a_tree_is_drawn() -> None:
    assert text(TREE) == DRAWN


def test_a_leaf_is_highlighted() -> None:
    lines = text(TREE, highlight=1)
    assert HIGHLIGHTED in lines
    assert "▶ this leaf   ✓ on its path, holds the key   + on its copath" in lines
    assert lines.endswith(
        "Leaf 1 holds the private keys of nodes 2, 1, 3. To renew its path, it encrypts to "
        "nodes 0, 4."
    )


def test_a_leaf_that_is_unmerged_holds_nothing_above_it() -> None:
    lines = text(TREE, highlight=2).splitlines()
    assert lines[5].startswith("3 ✗")
    assert lines[7].startswith("5 ·")
    assert lines[-1].startswith("Leaf 2 holds the private keys of node 4.")


def test_a_tree_of_one_is_a_leaf() -> None:
    assert text(tree_of(1)).splitlines()[2] == "0  ■  leaf 0  0  key 6b657920…"
    assert text(tree_of(1), highlight=0).endswith("Leaf 0 holds the private keys of node 0.")


def test_a_tree_of_nobody_is_a_blank_leaf() -> None:
    assert text(tree_from()).splitlines()[2] == "0  □  leaf 0  blank"


def test_a_tree_that_breaks_the_rules_is_drawn_as_well() -> None:
    """It is looked at before anybody has verified it."""
    odd = ParentNode(b"", b"", (7, 2, 2, 99))
    drawn = text(tree_from(None, odd, None, ALICE, BOB, odd, BOB))
    assert "unmerged 7, 2, 2, 99" in drawn
    assert "key   held by nobody" in drawn


@pytest.mark.parametrize("width", [40, 60, 100, 200])
@pytest.mark.parametrize("size", [1, 2, 8, 19, 32, 33, 300])
def test_no_line_is_wider_than_the_terminal(width: int, size: int) -> None:
    for line in text(tree_of(size), width=width, highlight=size - 1).splitlines():
        assert columns(line) <= width


def test_long_and_wide_names_are_clipped() -> None:
    long = leaf("x").replace(credential=BasicCredential("雪".encode() * 80))
    lines = text(tree_from(ALICE, None, long), width=60).splitlines()
    assert all(columns(line) <= 60 for line in lines)
    assert "雪…" in lines[4]
    assert "key 6b657920…" in lines[4]


def test_a_terminal_that_is_very_narrow_is_taken_for_a_wider_one() -> None:
    assert text(TREE, width=10) == text(TREE, width=40)


def test_a_blank_leaf_is_not_highlighted() -> None:
    with pytest.raises(ValueError, match="leaf 3 is blank"):
        text(TREE, highlight=3)


def test_a_name_cannot_break_the_drawing() -> None:
    evil = ALICE.replace(credential=BasicCredential(b"\x1b[31m\nred"))
    drawn = text(tree_from(evil, None, BOB))
    assert "\x1b" not in drawn
    assert "\\x1b[31m\\x0ared" in drawn


def test_every_node_is_in_the_drawing_of_a_small_tree() -> None:
    for name, grown in special_trees().items():
        lines = text(grown.tree).splitlines()[2:17]
        assert [int(line.split()[0]) for line in lines] == list(range(15)), name


def test_a_big_tree_is_folded_and_says_so() -> None:
    lines = text(tree_of(10_000)).splitlines()
    assert len(lines) < 70
    assert lines[-1] == "Folded: 43 rows stand for 32,767 nodes."
    assert any(
        "leaves 0–511  512 members; 0 of 511 parents with keys  (0 … 511)" in x for x in lines
    )
    assert any("all blank" in line for line in lines)


def test_a_folded_subtree_tells_what_is_in_it() -> None:
    tree = (
        grown_tree(40).tree.edited(removed=[9], added=[leaf("new")]).tree.edited(removed=[2]).tree
    )
    drawn = text(tree, width=140)
    assert "leaves 2–3  1 member, 1 blank; 0 of 1 parent with keys" in drawn
    assert "leaves 8–9  2 members; 0 of 1 parent with keys" in drawn
    assert ", new)" in drawn


def test_lists_are_cut_off_after_a_whole_item() -> None:
    tree = tree_of(32).edited(removed=list(range(1, 31, 2))).tree
    whole, cut = text(tree, width=None), text(tree, width=70)
    held = next(line for line in whole.splitlines() if line.startswith("31 "))
    assert held.endswith(
        "17 nodes (0, 4, 8, 12, 16, 20, 24, 28, 32, 36, 40, 44, 48, 52, 56, 60, 62)"
    )
    row = next(line for line in cut.splitlines() if line.startswith("31 "))
    assert row.endswith(", …")
    assert held.startswith(row.removesuffix(" …"))


def test_nothing_is_folded_where_there_are_rows_enough() -> None:
    assert "Folded" not in text(tree_of(100), rows=None)
    assert len(text(tree_of(100), rows=None).splitlines()) > 2 * 128


def test_ten_thousand_members_are_drawn_in_a_moment() -> None:
    tree = tree_of(10_000)
    begun = time.perf_counter()
    text(tree, highlight=4321)
    assert time.perf_counter() - begun < 2
