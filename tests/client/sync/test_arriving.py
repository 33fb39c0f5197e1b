"""Coming into groups by the inbox: what is of no use is told."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec
import pytest

from client.table import Table
from covey.access.member import pointers, sealing
from covey.access.structs.sealed import PointerContext, Posting, SealedPointer
from covey.client.events import InvitationFailed, MessagesLost, Rejoining, WishRefused
from covey.client.sync.coming import waiting
from covey.client.sync.group.inviting import invitation, key_package
from covey.client.sync.identity import key_packages
from covey.client.sync.rows import queues, wishes
from covey.client.sync.rows.groups import Status
from covey.client.words.profile import first_profile
from covey.mls.crypto import dialects
from covey.mls.crypto.dialects import get_suite
from covey.mls.group.member import key_package_ref

if TYPE_CHECKING:
    from client.table import Someone

HOUR, DAY = 3_600, 86_400  # seconds


def test_one_of_last_resort_that_somebody_has_is_replaced_also_when_we_cannot_come_in(
    table: Table,
) -> None:
    """Else it is all that others can claim, and it stands in a tree already."""
    table.upgrades = (3,)
    alice, bob = (table.sit(name) for name in ("alice", "bob"))
    alice.create()
    alice.upgrade(3)
    table.settle(alice, bob, rounds=4)
    [claimed] = alice.run(alice.peer.claim("bob", 3))
    assert alice.run(alice.peer.claim("bob", 3)) == (claimed,)
    alice.wish(invitation(alice.place.seat.group, [claimed]))
    table.settle(alice, rounds=2)
    bob.cut = lambda each: "refused" if each.operation == "parcels" else ""
    table.settle(bob, rounds=2)
    assert [each for each in bob.news() if isinstance(each, InvitationFailed)]
    assert bob.peer.places() == []
    table.passes(HOUR)
    table.settle(bob, rounds=1)
    [other] = alice.run(alice.peer.claim("bob", 3))
    assert other != claimed
    with bob.store.reading() as rows:  # others may have claimed it, too
        assert key_packages.find(rows, key_package_ref(get_suite(3), key_package(claimed)))


def pour(mallory: Someone, bob: Someone, count: int) -> list[bytes]:
    """Leave pointers that bob can open, and that lead to what opens nothing.

    Returns:
        The KeyPackageRefs that they are for.
    """
    mallory.create("a group of her own")
    mallory.invite(bob.name)
    mallory.run(mallory.place.turns.turn())
    with mallory.store.transaction() as rows:
        [due] = queues.postings(rows)
        queues.posted(rows, due)
    with bob.store.reading() as rows:
        package = key_packages.find(rows, due.posting.key_package_ref)
    assert package is not None
    assert bob.peer.inbox is not None
    address, entropy = bob.peer.inbox.address, mallory.table.entropy
    sound = pointers.open_pointer(package, address, due.posting.pointer)
    spoilt = msgspec.structs.replace(sound.welcome, key=entropy(len(sound.welcome.key)))
    pointer = msgspec.structs.replace(sound, welcome=spoilt).encode()
    suite, poured = mallory.place.seat.group.suite, []
    for _ in range(count):
        [claimed] = mallory.run(mallory.peer.claim(bob.name))
        key, reference = key_package(claimed).init_key, key_package_ref(suite, key_package(claimed))
        context = PointerContext(address.inbox, reference)
        sealed = SealedPointer(
            *sealing.seal(suite, key, sealing.POINTER, context, pointer, entropy)
        )
        with mallory.store.transaction() as rows:
            queues.post_later(rows, Posting(address.inbox, reference, sealed.encode()), 0)
        poured.append(reference)
    mallory.run(mallory.peer.attend())
    return poured


def test_who_left_keys_in_a_dialect_that_is_not_spoken_any_more_is_invited_as_before(
    table: Table,
) -> None:
    """As where another program, or the command line, opens the store: it speaks the usual ones."""
    dialects.speak(*dialects.SPOKEN[:1], dialects.DIALECTS["openmls-0.9"])
    try:
        table.upgrades = (0x004D,)
        alice = table.sit("alice")
        with alice.store.reading() as rows:
            assert key_packages.of_suite(rows, 0x004D)
    finally:
        dialects.speak(*dialects.SPOKEN)
    table.upgrades = alice.upgrades = ()
    bob = table.sit("bob")
    alice.start()
    bob.create("friends")
    bob.invite("alice")
    table.settle(bob, alice)
    assert alice.place.seat.row.name == "friends"
    with alice.store.reading() as rows:
        assert key_packages.of_suite(rows, 0x004D) == []


def test_an_invitation_by_keys_that_are_not_spoken_waits_for_who_speaks_them(table: Table) -> None:
    """The command line may read the inbox before the program does that left the keys."""
    dialects.speak(*dialects.SPOKEN[:1], dialects.DIALECTS["openmls-0.9"])
    try:
        table.upgrades = (0x004D,)
        alice, bob = (table.sit(name) for name in ("alice", "bob"))
        bob.peer.create(first_profile("odd", b"bob"), suite=0x004D)
        bob.turn()
        bob.wish(invitation(bob.place.seat.group, bob.run(bob.peer.claim("alice", 0x004D))))
        table.settle(bob)
        dialects.speak(*dialects.SPOKEN)
        alice.upgrades = ()
        for _ in range(2):  # also when it is begun anew
            alice.start()
            table.settle(alice)
            table.passes(2 * DAY)
            assert alice.peer.places() == []
            with alice.store.reading() as rows:
                assert len(waiting.unread(rows)) == 1
        dialects.speak(*dialects.SPOKEN[:1], dialects.DIALECTS["openmls-0.9"])
        alice.upgrades = table.upgrades
        alice.start()
        table.settle(alice, bob)
        assert alice.place.seat.row.name == "odd"
        with alice.store.reading() as rows:
            assert waiting.unread(rows) == []
    finally:
        dialects.speak(*dialects.SPOKEN)


def test_what_nothing_opens_makes_room_for_what_is_newer(table: Table) -> None:
    alice = table.sit("alice")
    bodies = [b"%d" % number for number in range(20)]
    with alice.store.transaction() as rows:
        for each in (*bodies, bodies[-1]):
            waiting.keep_unread(rows, each)
        assert waiting.unread(rows) == bodies[4:]
        for each in bodies:
            waiting.let_go_unread(rows, each)
        assert waiting.unread(rows) == []


def kept(someone: Someone) -> list[bytes]:
    """For which KeyPackages pointers wait."""
    with someone.store.reading() as rows:
        return [each.reference for each in waiting.every(rows)]


def names(someone: Someone) -> list[str]:
    return sorted(each.identity.decode() for each in someone.place.seat.group.members)


def test_what_leads_nowhere_keeps_out_nobody_who_is_invited_into_a_group_that_it_knows(
    table: Table,
) -> None:
    alice, bob = people = table.team("alice", "bob")
    mallory = table.sit("mallory")
    alice.wish(wishes.Expel((b"bob",)))
    alice.turn()
    alice.invite("bob")
    table.settle(alice, rounds=3)
    bob.cut = lambda each: "request" if each.operation == "read" else ""
    bob.turn()
    assert "bob" in names(alice)
    assert bob.place.seat.look().status.is_in  # as far as it knows
    pour(mallory, bob, 80)
    bob.turn()
    told = [each for each in bob.news() if isinstance(each, InvitationFailed)]
    assert len(told) == 80 - 16
    assert "ask to be invited again" in str(told[0])
    bob.cut = lambda _: ""
    table.settle(*people, rounds=30)
    assert bob.authenticator == alice.authenticator


def test_of_the_key_package_for_which_most_came_the_oldest_goes(table: Table) -> None:
    bob, mallory = table.sit("bob"), table.sit("mallory")
    for _ in range(2):
        mallory.run(mallory.peer.claim("bob"))
    poured = pour(mallory, bob, 60)
    last_resort = poured[-1]
    others = [each for each in poured if each != last_resort]
    assert 5 < len(others) < 16
    bob.turn()
    assert kept(bob) == [*others, *[last_resort] * (16 - len(others))]


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


@pytest.mark.parametrize("away", [0, 2 * DAY])
def test_who_was_leaving_when_it_was_invited_is_told_so_and_stays_out(
    table: Table, away: int
) -> None:
    """It was removed, and invited again, before it could read that, or say that it leaves."""
    alice, bob = table.team("alice", "bob")
    bob.leave()
    alice.wish(wishes.Expel(identities=(b"bob",)))
    table.settle(alice)
    alice.invite("bob")
    table.settle(alice)
    bob.news()
    bob.cut = lambda asked: "request" if asked.operation == "read" else ""
    table.settle(bob)
    bob.cut = lambda _: ""
    table.passes(away)
    table.settle(bob, alice)
    assert bob.peer.places()[0].seat.look().status is Status.left
    [failed] = [each for each in bob.news() if isinstance(each, InvitationFailed)]
    assert "while you were leaving" in failed.why
    alice.wish(wishes.Expel(identities=(b"bob",)))
    table.settle(alice)
    alice.invite("bob")
    table.settle(alice, bob)
    assert bob.authenticator == alice.authenticator


@pytest.mark.parametrize("days", [0, 2])
def test_who_looks_for_the_first_time_long_after_it_came_in_may_miss_what_was_said(
    table: Table, days: int
) -> None:
    """The broker may not keep the beginning any more, and nobody else knows where that was."""
    alice, bob = table.sit("alice"), table.sit("bob")
    alice.create()
    alice.invite("bob")
    table.settle(alice, rounds=3)
    bob.run(bob.peer.attend())
    assert bob.place.seat.look().seq < 0
    table.passes(days * DAY)
    table.settle(alice, bob, rounds=2)
    told = [each for each in bob.news() if isinstance(each, MessagesLost)]
    assert [each.count for each in told] == ([0] if days else [])
