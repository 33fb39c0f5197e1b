"""A difference as lines."""

from __future__ import annotations

from covey.lab.inspect.diff_found import (
    Change,
    Difference,
    Parents,
    Seat,
    TreeDifference,
    Unmerged,
    Updated,
)

TREE = TreeDifference(
    leaves=(4, 8),
    members=(3, 4),
    added=(Seat(3, "dave"), Seat(4, "erin", 0)),
    removed=(Seat(0, "erin", 4),),
    updated=(
        Updated(1, "bob", (Change("encryption_key", "aa…", "bb…"), Change("signature", "1", "2"))),
        Updated(2, "carol", (Change("signature", "1", "2"),)),
    ),
    parents=Parents((1,), (5,), (3, 7), (9,), (Unmerged(3, (4, 5, 6), ()), Unmerged(7, (), (2,)))),
    committer=Seat(1, "bob"),
)

LINES = """\
GroupInfo → RatchetTree
GroupContext
  epoch                        1 → 2
GroupInfo
  signer                       added: leaf 0
Ratchet tree
  leaves                       4 → 8
  members                      3 → 4
  + leaf 3  dave
  + leaf 4  erin (before at leaf 0)
  - leaf 0  erin (now at leaf 4)
  ~ leaf 1  bob: encryption_key aa… → bb…
  ~ leaf 2  carol: signature
  parents newly blank          node 1
  parents newly with keys      node 5
  parents with other keys      nodes 3, 7
  parents with other hashes    node 9
  unmerged at node 3           + leaves 4–6
  unmerged at node 7           - leaf 2
  All new keys of parents are on one path: as of a commit by leaf 1  bob.
A note."""


def test_a_difference_is_told_line_by_line() -> None:
    difference = Difference(
        ("GroupInfo", "RatchetTree"),
        (Change("epoch", "1", "2"),),
        (Change("signer", "", "leaf 0"),),
        TREE,
        ("A note.",),
    )
    assert difference.lines() == LINES.splitlines()
    assert not difference.same


def test_what_is_the_same_is_told_as_well() -> None:
    difference = Difference(("RatchetTree", "RatchetTree"), tree=TreeDifference((4, 4), (3, 3)))
    assert difference.same
    assert difference.lines()[1:] == ["Nothing differs in what both of them hold."]


def test_many_members_are_counted_not_listed() -> None:
    seats = tuple(Seat(index, f"m{index}") for index in range(1000))
    tree = TreeDifference((1024, 1024), (1000, 0), removed=seats)
    lines = Difference(("RatchetTree", "RatchetTree"), tree=tree).lines()
    assert "  … and 960 more removed" in lines
    assert len(lines) < 60


def test_parents_in_a_row_are_told_as_one() -> None:
    def told(indices: tuple[int, ...]) -> str:
        tree = TreeDifference((8, 8), (8, 8), parents=Parents(blanked=indices))
        return Difference(("", ""), tree=tree).lines()[-1].split("blank")[1].strip()

    assert told((1, 3, 5, 7)) == "nodes 1, 3 … 7 (4 in all)"
    assert told((1, 3)) == "nodes 1, 3"
    assert told(tuple(range(1, 400, 4))).endswith(", … (60 more)")


def test_a_change_says_how() -> None:
    assert str(Change("epoch", "1", "2")) == "epoch 1 → 2"
    assert Change("x", "", "2").values() == "added: 2"
    assert Change("x", "1", "").values() == "removed: 1"
