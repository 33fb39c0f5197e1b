"""Who looks at the door, and when."""

from __future__ import annotations

from client.table import PACE, Table
from covey.access.structs.extensions import Right
from covey.client.sync.wishes import OpenDoor


def test_who_knows_of_a_new_link_looks_more_often_for_a_while() -> None:
    table = Table()
    alice = table.sit("alice")
    alice.create()
    alice.turn()
    keeper = alice.place.turns.doorkeeper
    began = table.now
    assert keeper.due() == began + PACE.knocks  # somebody may come back
    alice.wish(OpenDoor(table.entropy(32), Right.join, int(table.now) // 3600 + 48))
    alice.turn()
    assert keeper.due() == began + PACE.knocks / 8
    table.passes(60)
    alice.turn()
    assert keeper.due() == table.now + PACE.knocks / 8
    table.passes(600)
    alice.turn()
    assert keeper.due() == table.now + PACE.knocks
