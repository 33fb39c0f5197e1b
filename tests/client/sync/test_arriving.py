"""Coming into groups by the inbox: what is of no use is told."""

from __future__ import annotations

from client.table import Table
from covey.client.events import InvitationFailed, Rejoining, WishRefused
from covey.client.sync.groups import Status


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


def test_a_restored_store_says_what_it_waits_for() -> None:
    table = Table()
    alice, bob = table.sit("alice"), table.sit("bob")
    alice.create()
    alice.invite("bob")
    table.settle(alice, bob)
    with bob.store.transaction() as rows:
        rows.do("UPDATE groups SET status = 'restored'")
    bob.start()
    bob.news()
    bob.turn()
    bob.turn()
    [told] = bob.news()
    assert isinstance(told, Rejoining)
    assert "a member who is online lets you in anew" in bob.place.seat.look().trouble
    table.settle(alice, bob)
    assert bob.place.seat.row.status is Status.active
    assert bob.place.seat.row.trouble == ""


def test_who_has_no_way_back_is_told_what_to_do() -> None:
    table = Table()
    alice, bob = table.sit("alice"), table.sit("bob")
    alice.create()
    alice.invite("bob")
    table.settle(alice, bob)
    with bob.store.transaction() as rows:
        rows.do("UPDATE groups SET status = 'lost', recovery = NULL")
    bob.start()
    bob.news()
    for _ in range(3):
        bob.turn()
        table.passes(100)
    [told] = bob.news()
    assert isinstance(told, WishRefused)
    assert "ask a member to remove you" in str(told)
