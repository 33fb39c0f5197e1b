"""Coming into groups by the inbox: what is of no use is told."""

from __future__ import annotations

from client.table import Table
from covey.client.events import InvitationFailed


def test_a_welcome_that_is_of_no_use_is_told() -> None:
    table = Table()
    alice, bob = table.sit("alice"), table.sit("bob")
    alice.create()
    alice.invite("bob")
    table.settle(alice, rounds=3)
    table.copies[0].store._database.execute("DELETE FROM parcel")  # noqa: SLF001
    bob.turn()
    [told] = bob.news()
    assert isinstance(told, InvitationFailed)
    assert told.group == alice.place.seat.hex
    assert "not kept any more" in str(told)
    assert "ask to be invited again" in str(told)
    table.settle(alice, bob, rounds=2)
    assert bob.news() == []
