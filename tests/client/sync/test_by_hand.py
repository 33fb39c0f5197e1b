"""What was begun and came to nothing does not stay in the store: invitations, knocks."""

from __future__ import annotations

from typing import TYPE_CHECKING

from client.table import Table
from covey.access.structs.extensions import Right
from covey.access.structs.sealed import Link, Posting
from covey.client.sync.coming import returning
from covey.client.sync.rows import by_hand
from covey.client.sync.rows.wishes import OpenDoor
from covey.store import settings

if TYPE_CHECKING:
    from covey.store.port import Rows

NOW = 1_800_000_000
POSTING = Posting(bytes(32), bytes(range(32)), b"sealed")


def test_a_pointer_is_fetched_once(rows: Rows) -> None:
    by_hand.keep(rows, POSTING, NOW)
    by_hand.drop_old(rows, NOW + by_hand.KEPT)
    assert by_hand.fetch(rows, POSTING.key_package_ref) == POSTING
    assert by_hand.fetch(rows, POSTING.key_package_ref) is None


def test_a_pointer_that_nobody_fetches_is_dropped(rows: Rows) -> None:
    by_hand.keep(rows, POSTING, NOW)
    settings.put(rows, "by handwriting", b"of another")
    by_hand.drop_old(rows, NOW + by_hand.KEPT + 1)
    assert settings.beginning(rows, "by hand") == [("by handwriting", b"of another")]


def test_a_knock_that_nobody_answers_is_dropped() -> None:
    table = Table()
    alice, bob = table.sit("alice"), table.sit("bob")
    place = alice.create()
    seed = table.entropy(32)
    alice.wish(OpenDoor(seed, Right.join, int(table.now) // 3600 + 48))
    alice.turn()
    assert bob.peer.inbox is not None
    row = place.seat.row
    link = Link(1, row.broker_id, row.gid, alice.peer.home.member.suite.code, seed)
    bob.run(returning.knock(bob.peer.home, bob.peer.inbox, link))
    for days, kept in ((29, 1), (2, 0)):
        table.passes(days * 86_400)
        bob.start()
        bob.run(bob.peer.attend(None))
        with bob.store.reading() as rows:
            assert len(settings.beginning(rows, "knock ")) == kept
