"""Evidence: what a broker has signed and contradicts is in the event, for anybody to verify."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from covey.access import heads
from covey.access.structs.heads import SignedHead
from covey.client import events
from covey.client.events import ForkFound, RolledBack

if TYPE_CHECKING:
    from client.table import Table


def signed(table: Table, told: ForkFound | RolledBack) -> list[tuple[int, bytes]]:
    """The places that the broker has signed."""
    found = [SignedHead.decode(bytes.fromhex(each)) for each in told.heads]
    verified = [heads.verify(each, table.identity.broker_id) for each in found]
    assert all(each.gid.hex() == told.group for each in verified)
    return [(each.position.seq, each.position.hash) for each in verified]


@pytest.mark.parametrize("further", [0, 2])
def test_a_fork_is_told_with_both_heads(table: Table, further: int) -> None:
    alice, bob = people = [table.sit(name) for name in ("alice", "bob")]
    alice.create()
    alice.invite("bob")
    table.settle(*people)
    table.copies.append(table.snapshot())
    bob.copy = 1
    bob.say("hidden from alice")
    alice.say("hidden from bob")
    for number in range(further):
        alice.say(f"and {number}")
    table.settle(*people, rounds=2)
    bob.copy = 0
    bob.news()
    table.settle(*people, rounds=3)
    told = next(each for each in bob.news() if isinstance(each, ForkFound))
    (before, one), (now, other) = signed(table, told)
    assert now == before + further
    assert one != other
    again = events.decode(events.encode(told))
    assert again == told


def test_a_rollback_is_told_with_both_heads(table: Table) -> None:
    alice, bob = people = [table.sit(name) for name in ("alice", "bob")]
    alice.create()
    alice.invite("bob")
    table.settle(*people)
    backup = table.snapshot()
    bob.say("lost")
    table.settle(*people, rounds=2)
    table.copies[0] = backup
    table.settle(*people, rounds=2)
    told = next(each for each in bob.news() if isinstance(each, RolledBack))
    (before, _), (now, _) = signed(table, told)
    assert (told.seq, told.served) == (before, now)
    assert now < before
