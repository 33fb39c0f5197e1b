"""Inboxes at a broker that has gone back: what is new is read, what comes again does no harm."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from client.table import Someone
from covey.access.member.addresses import inbox_of
from covey.access.structs.basics import Nothing
from covey.access.structs.joining import Fetch, Post
from covey.broker.transactions import birth
from covey.client.events import InvitationFailed
from covey.client.sync.asking import alone, ask
from covey.client.sync.group.inviting import invitation, key_package
from covey.client.sync.rows import wishes
from covey.client.sync.rows.groups import Status
from covey.lab.simulate.broker import done
from covey.mls.group.member import key_package_ref
from covey.store import settings
from covey.store.faulty import Died

if TYPE_CHECKING:
    import sqlite3

    from client.table import Table
    from covey.client.sync.effects import Ask

MANY = 30
"""More KeyPackages than wait at the broker: the last one is of last resort."""


def claim(someone: Someone, name: str) -> bytes:
    [package] = someone.run(someone.peer.claim(name))
    return package


def invite(someone: Someone, package: bytes) -> None:
    """Invite into the last group by a KeyPackage that was claimed before."""
    someone.wish(invitation(someone.place.seat.group, [package]))


def leave_rubbish(someone: Someone, package: bytes, rubbish: bytes) -> None:
    """Leave something in the inbox of whoever has made a KeyPackage that was claimed before."""
    home, found = someone.peer.home, key_package(package)
    address, ref = inbox_of(found), key_package_ref(home.member.suite, found)
    assert address is not None
    request = Post(address.inbox, ref, rubbish)
    someone.run(alone(home.world, lambda lane: ask(lane, "post", request, Nothing)))


def set_back(table: Table, *, admitted: bool) -> None:
    """The broker is what it was when the last copy was made; it may say so."""
    table.copies[0] = table.copies.pop()
    if admitted:
        fresh = table.entropy(16)
        done(table.copies[0].store.write(None, lambda: birth.begin_anew(fresh)))


def database(table: Table) -> sqlite3.Connection:
    """That of the broker."""
    return table.copies[0].store._database  # noqa: SLF001


def comes_again(table: Table, *people: Someone) -> None:
    """What waits in the inboxes now is taken out, and then lies there once more."""
    waiting = database(table).execute("SELECT * FROM inbox_entry").fetchall()
    assert waiting
    table.settle(*people)
    assert database(table).execute("SELECT * FROM inbox_entry").fetchall() == []
    marks = ", ".join("?" * len(waiting[0]))
    database(table).executemany(f"INSERT INTO inbox_entry VALUES ({marks})", waiting)  # noqa: S608


def let_in_twice_by_one_pointer(table: Table) -> tuple[Someone, Someone]:
    """Alice, and bob, whom she let in by his KeyPackage of last resort; its pointer comes again."""
    alice, bob = table.sit("alice"), table.sit("bob")
    last_resort = [claim(alice, "bob") for _ in range(MANY)][-1]
    alice.create()
    invite(alice, last_resort)
    table.settle(alice, rounds=2)
    comes_again(table, alice, bob)
    return alice, bob


@pytest.mark.parametrize("admitted", [True, False])
@pytest.mark.parametrize("lost", [1, 2, 5])
def test_who_is_in_no_group_is_invited_at_a_broker_that_was_set_back(
    table: Table, lost: int, *, admitted: bool
) -> None:
    alice, bob, mallory = (table.sit(name) for name in ("alice", "bob", "mallory"))
    theirs = [claim(mallory, "bob") for _ in range(lost)]
    ours = [claim(alice, "bob") for _ in range(2)]
    table.copies.append(table.snapshot())
    for number, package in enumerate(theirs):
        leave_rubbish(mallory, package, b"rubbish %d" % number)
    table.settle(bob, rounds=2)
    set_back(table, admitted=admitted)
    for number, package in enumerate(ours):
        alice.create(f"team {number}")
        invite(alice, package)
        alice.turn()
    table.settle(alice, bob)
    assert [place.seat.look().status for place in bob.peer.places()] == [Status.active] * 2


def reads(table: Table, someone: Someone) -> int:
    """How often it reads a log, in a minute in which nothing happens."""
    table.asked.clear()
    table.settle(someone, rounds=20)
    return sum(each == (someone.name, "read") for each in table.asked)


def test_a_pointer_that_comes_again_costs_nothing_more(table: Table) -> None:
    _, bob = let_in_twice_by_one_pointer(table)
    bob.news()
    assert reads(table, bob) == reads(table, bob) == 20  # one in each turn
    assert bob.news() == []
    with bob.store.reading() as rows:
        assert settings.get(rows, "pointers that wait") is None


def test_who_does_not_know_that_he_was_removed_waits_and_costs_no_turns(table: Table) -> None:
    alice, bob = table.team("alice", "bob")
    bob.cut = lambda asked: "answer" if asked.operation == "read" else ""
    before = reads(table, bob)
    alice.wish(wishes.Expel((b"bob",)))
    table.settle(alice)
    alice.invite("bob")
    table.settle(alice)
    bob.turn()
    assert reads(table, bob) == reads(table, bob) == before
    bob.cut = lambda _: ""
    table.settle(alice, bob)
    assert bob.place.seat.look().status is Status.active
    assert bob.authenticator == alice.authenticator


def test_who_has_left_is_not_let_in_by_a_pointer_that_comes_again(table: Table) -> None:
    alice, bob = let_in_twice_by_one_pointer(table)
    bob.cut = lambda asked: "request" if asked.operation == "fetch" else ""
    bob.leave()
    table.settle(alice, bob)
    assert bob.place.seat.look().status is Status.left
    bob.cut = lambda _: ""
    bob.news()
    table.settle(bob, alice)
    assert bob.place.seat.look().status is Status.left
    assert bob.news() == []


def named(someone: Someone) -> list[int]:
    """How many entries each fetch from now on names, as a list that grows."""
    found: list[int] = []

    def note(asked: Ask) -> str:
        if isinstance(asked.request, Fetch):
            found.append(len(asked.request.taken))
        return ""

    someone.cut = note
    return found


def test_what_was_taken_out_is_named_until_that_was_answered(table: Table) -> None:
    alice, bob = table.sit("alice"), table.sit("bob")
    alice.create()
    alice.invite("bob")
    table.settle(alice, rounds=2)
    bob.turn()
    bob.cut = lambda asked: "killed" if asked.operation == "fetch" else ""
    with pytest.raises(Died):
        bob.turn()
    bob.start()
    found = named(bob)
    bob.turn()
    bob.turn()
    assert found == [1, 0]


def test_what_another_process_has_dealt_with_is_not_dealt_with_again(table: Table) -> None:
    alice, bob = table.sit("alice"), table.sit("bob")
    alice.create()
    alice.invite("bob")
    table.settle(alice, rounds=2)
    database(table).execute("DELETE FROM parcel")
    other = Someone(table, "bob", bob.store)
    late = bob.hold(bob.peer.look_into_inbox(), "fetch")
    other.run(other.peer.look_into_inbox())
    assert late.go() == []
    [told] = bob.news()
    assert isinstance(told, InvitationFailed)
    found = named(bob)
    bob.run(bob.peer.look_into_inbox())
    other.run(other.peer.look_into_inbox())
    assert found == [1]
    assert database(table).execute("SELECT * FROM inbox_entry").fetchall() == []


def test_what_is_at_the_broker_is_renewed_once_an_hour_at_most(table: Table) -> None:
    """Whoever claims a KeyPackage can leave a pointer that is for none."""
    mallory, bob = table.sit("mallory"), table.sit("bob")

    def is_renewed() -> bool:
        leave_rubbish(mallory, claim(mallory, "bob"), b"rubbish")
        with bob.store.transaction() as rows:
            rows.do("DELETE FROM packages WHERE published = 1")
        table.asked.clear()
        table.settle(bob, rounds=3)
        return ("bob", "remove_device") in table.asked

    assert [is_renewed() for _ in range(5)] == [True, *[False] * 4]
    table.passes(3_600)
    assert is_renewed()
