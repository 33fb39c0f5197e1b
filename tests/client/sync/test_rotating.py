"""Keys are renewed without anybody asking for it: by age, and by how much was sent with them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import pytest

if TYPE_CHECKING:
    from client.table import Someone, Table

DAY: Final = 86_400.0
USES: Final = 5
AGEING: Final = 7 * DAY


@pytest.fixture
def people(table: Table) -> list[Someone]:
    """Alice and bob, whose keys are new; hers age far more slowly."""
    alice, bob = table.team("alice", "bob")
    alice.pace = alice.pace._replace(ageing=1000 * DAY)
    bob.pace = bob.pace._replace(uses=USES, ageing=AGEING)
    for each in (alice, bob):
        each.start()
    bob.place.seat.look()
    assert bob.place.seat.row.sent == 0
    return [alice, bob]


def _keys(someone: Someone) -> tuple[bytes, ...]:
    """The encryption keys of all members, as one of them sees them; alice first."""
    tree = someone.place.seat.group.tree
    leaves = [tree.leaf(each) for each in range(len(someone.place.seat.group.members))]
    return tuple(leaf.encryption_key for leaf in leaves if leaf is not None)


def _speaks(table: Table, bob: Someone, alice: Someone, times: int) -> None:
    for _ in range(times):
        bob.say(f"said at {table.now}")
        table.settle(bob, alice, rounds=2, step=1.0)


def test_keys_are_renewed_by_count(table: Table, people: list[Someone]) -> None:
    alice, bob = people
    before = _keys(alice)
    _speaks(table, bob, alice, USES - 1)
    assert _keys(alice) == before
    _speaks(table, bob, alice, 1)
    after = _keys(alice)
    assert (after[0], after[1] != before[1]) == (before[0], True)  # his, and not hers
    assert _keys(bob) == after
    _speaks(table, bob, alice, USES - 1)  # it is counted from the beginning
    assert _keys(alice) == after
    _speaks(table, bob, alice, 1)
    assert _keys(alice)[1] != after[1]
    assert len(alice.texts()) == 2 * USES
    assert alice.texts() == bob.texts()


def test_what_was_sent_is_counted_across_restarts(table: Table, people: list[Someone]) -> None:
    alice, bob = people
    before = _keys(alice)
    for _ in range(USES):
        bob.start()
        _speaks(table, bob, alice, 1)
    assert _keys(alice)[1] != before[1]


def test_keys_are_renewed_by_age(table: Table, people: list[Someone]) -> None:
    alice, bob = people
    before = _keys(alice)
    table.passes(AGEING - 3600)
    table.settle(bob, alice, rounds=4)
    assert _keys(alice) == before
    table.passes(AGEING / 4 + 3600)  # each at another moment, so as not to come all at once
    table.settle(bob, alice, rounds=4)
    after = _keys(alice)
    assert (after[0], after[1] != before[1]) == (before[0], True)
    table.passes(AGEING - 3600)  # their age is counted from here
    table.settle(bob, alice, rounds=4)
    assert _keys(alice) == after


def test_any_commit_of_ones_own_renews_them(table: Table, people: list[Someone]) -> None:
    alice, bob = people
    table.sit("carol")
    _speaks(table, bob, alice, USES - 1)
    before = _keys(alice)
    bob.invite("carol")
    table.settle(bob, alice, rounds=2, step=1.0)
    after = _keys(alice)
    assert after[1] != before[1]
    _speaks(table, bob, alice, 1)
    assert _keys(alice)[1] == after[1]
