"""Turns of groups around a table: talk, races, crashes, absence, coming back."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from covey.access.member import envelopes
from covey.access.refusals import Code
from covey.access.signing import public_key
from covey.access.structs.log import NextEpoch
from covey.access.structs.sealed import Purpose
from covey.client import events
from covey.client.sync.asking import append
from covey.client.sync.effects import Lane, Use
from covey.client.sync.log import turning
from covey.client.sync.rows import wishes
from covey.client.sync.rows.groups import Status
from covey.errors import BrokerError
from covey.lab.simulate.broker import Copy

if TYPE_CHECKING:
    from collections.abc import Generator

    from client.table import Someone, Table


def test_two_people_talk(table: Table) -> None:
    alice, bob = table.sit("alice"), table.sit("bob")
    alice.create()
    alice.invite("bob")
    table.settle(alice, bob)
    alice.say("hello")
    bob.say("hi")
    table.settle(alice, bob)
    assert sorted(alice.texts()) == ["hello", "hi"]
    assert alice.texts() == bob.texts()
    assert alice.authenticator == bob.authenticator
    assert not [each for each in bob.news() if isinstance(each, events.Unreadable)]


def test_a_name_that_both_change_is_the_same_in_the_end(table: Table) -> None:
    alice, bob = table.sit("alice"), table.sit("bob")
    alice.create()
    alice.wish(wishes.Describe(roles={"bob": 2}))
    alice.invite("bob")
    table.settle(alice, bob)
    alice.wish(wishes.Describe(roles={"bob": 2}))
    table.settle(alice, bob)
    alice.wish(wishes.Describe(name="hers"))
    bob.wish(wishes.Describe(name="his"))
    table.settle(alice, bob)
    assert alice.place.seat.look().name == bob.place.seat.look().name
    assert alice.place.seat.row.name in ("hers", "his")
    assert alice.authenticator == bob.authenticator


@pytest.mark.parametrize("lost", ["request", "answer"])
def test_a_lost_append_happens_once(table: Table, lost: str) -> None:
    alice, bob = table.sit("alice"), table.sit("bob")
    alice.create()
    alice.invite("bob")
    table.settle(alice, bob)
    alice.cut = lambda ask: lost if ask.operation == "append" else ""
    alice.say("once")
    alice.turn()
    alice.cut = lambda _: ""
    alice.start()  # as after a crash
    table.settle(alice, bob)
    assert alice.texts() == bob.texts() == ["once"]


@pytest.mark.parametrize("lost", ["request", "answer"])
def test_a_commit_whose_answer_is_lost_leaves_nobody_in_limbo(table: Table, lost: str) -> None:
    alice, bob, carol = (table.sit(name) for name in ("alice", "bob", "carol"))
    alice.create()
    alice.invite("bob")
    table.settle(alice, bob)
    alice.invite("carol")
    alice.cut = lambda ask: lost if ask.operation == "append" else ""
    alice.turn()
    alice.cut = lambda _: ""
    alice.start()
    table.settle(alice, bob, carol)
    assert alice.authenticator == bob.authenticator == carol.authenticator


def test_who_leaves_is_let_go_by_another(table: Table) -> None:
    people = [table.sit(name) for name in ("alice", "bob", "carol")]
    alice, bob, carol = people
    alice.create()
    alice.invite("bob", "carol")
    table.settle(*people)
    bob.leave()
    table.settle(*people)
    assert bob.place.seat.look().status is Status.left
    assert [each.identity for each in alice.place.seat.group.members] == [b"alice", b"carol"]
    assert alice.authenticator == carol.authenticator
    with bob.store.reading() as rows:
        assert rows.one("SELECT count(*) FROM group_rows") == (0,)


def test_who_is_removed_learns_of_it_and_keeps_no_secret(table: Table) -> None:
    alice, bob = table.sit("alice"), table.sit("bob")
    alice.create()
    alice.invite("bob")
    table.settle(alice, bob)
    alice.wish(wishes.Expel((b"bob",)))
    table.settle(alice, bob)
    assert bob.place.seat.look().status is Status.removed
    assert any(isinstance(each, events.RemovedFromGroup) for each in bob.news())


def test_who_was_away_longer_than_the_log_is_kept_comes_back(table: Table) -> None:
    alice, bob = table.sit("alice"), table.sit("bob")
    alice.create()
    alice.invite("bob")
    table.settle(alice, bob)
    alice.say("before")
    table.settle(alice, bob)
    for _ in range(8):
        table.passes(8 * 86_400)
        table.settle(alice, rounds=3)
        table.copies[0].sweep()
    alice.say("while away")
    table.settle(alice, rounds=3)
    table.settle(bob, alice, bob, alice, rounds=20, step=20)
    assert bob.place.seat.look().status is Status.active
    alice.say("again")
    table.settle(alice, bob)
    assert bob.texts()[-1] == "again"
    assert alice.authenticator == bob.authenticator
    assert any(isinstance(each, events.Rejoining) for each in bob.news())


def test_a_copied_store_notices_at_its_first_contact(table: Table) -> None:
    alice, bob = table.sit("alice"), table.sit("bob")
    alice.create()
    alice.invite("bob")
    table.settle(alice, bob)
    copy = table.sit("copy", enrolled=False)
    alice.store._connection.backup(copy.store._connection)  # noqa: SLF001 - as a thief copies a file
    copy.start()
    alice.say("the real one")
    alice.turn()
    copy.say("the copy")
    copy.turn()
    assert copy.place.seat.look().status is Status.copy
    table.settle(alice, bob)
    assert bob.texts() == ["the real one"]


def _close_with_rubbish(someone: Someone) -> None:
    """A member closes the epoch with a commit that is none."""
    seat = someone.place.seat
    access, entropy = seat.access, someone.table.entropy
    idem = access.idem(3, 17, 4)
    body = envelopes.seal(access, Purpose.commit, idem, b"rubbish", entropy)
    key = public_key(entropy(32))
    request = access.append(idem, body, NextEpoch(key, (), b"", (), (), ()))
    someone.run(append(Lane(Use.speak, seat.row.gid), request))


def test_after_an_invalid_commit_the_members_branch(table: Table) -> None:
    people = [table.sit(name) for name in ("alice", "bob", "carol")]
    alice, bob, carol = people
    alice.create()
    alice.invite("bob", "carol")
    table.settle(*people)
    bob.say("before")
    table.settle(*people)
    _close_with_rubbish(carol)
    carol.say("waits")
    table.settle(*people, rounds=30)
    bob.say("after")
    table.settle(*people, rounds=10)
    assert {each.place.seat.look().status for each in people} == {Status.active}
    assert len({each.place.seat.row.gid for each in people}) == 1
    assert alice.authenticator == bob.authenticator == carol.authenticator
    for each in people:
        assert sorted(each.texts()) == ["after", "before", "waits"]
        assert len([row for row in each.peer.places() if row.seat.look().status.is_in]) == 1


def _snapshot(table: Table) -> Copy:
    """The broker as it is now, on a copy of its database."""
    return Copy(table.identity, table.copies[0].store.copy(), 30)


def test_a_broker_that_was_set_back_gets_again_what_it_lost(table: Table) -> None:
    people = [table.sit(name) for name in ("alice", "bob", "carol")]
    alice, bob, carol = people
    alice.create()
    alice.invite("bob")
    table.settle(*people)
    backup = _snapshot(table)
    alice.say("lost one")
    bob.say("lost two")
    table.settle(*people)
    alice.invite("carol")
    table.settle(*people)
    bob.say("lost three")
    table.settle(*people)
    table.copies[0] = backup
    table.settle(*people, rounds=30, step=10)
    carol.say("after")
    table.settle(*people)
    assert any(isinstance(each, events.RolledBack) for each in alice.news())
    assert alice.authenticator == bob.authenticator == carol.authenticator
    assert sorted(alice.texts()) == ["after", "lost one", "lost three", "lost two"]
    assert sorted(alice.texts()) == sorted(bob.texts())
    assert {each.place.seat.look().status for each in people} == {Status.active}
    assert not [each for each in bob.news() if isinstance(each, events.Rejoining)]


def test_who_was_shown_a_fork_comes_back(table: Table) -> None:
    people = [table.sit(name) for name in ("alice", "bob", "carol")]
    alice, bob, carol = people
    alice.create()
    alice.wish(wishes.Describe(roles={"bob": 2}))
    alice.invite("bob", "carol")
    table.settle(*people)
    alice.wish(wishes.Describe(roles={"bob": 2}))
    table.settle(*people)
    table.copies.append(_snapshot(table))
    bob.copy = 1
    bob.say("into the fork")
    bob.wish(wishes.Describe(name="forked"))
    alice.say("into the true one")
    alice.wish(wishes.Describe(name="true"))
    table.settle(*people)
    assert alice.authenticator != bob.authenticator
    bob.copy = 0
    table.settle(*people, rounds=40, step=10)
    assert {each.place.seat.look().status for each in people} == {Status.active}
    assert alice.authenticator == bob.authenticator == carol.authenticator
    assert sorted(alice.texts()) == ["into the fork", "into the true one"]
    assert any(isinstance(each, events.ForkFound) for each in bob.news())
    dave = table.sit("dave")
    bob.invite("dave")
    dave.forgets_key_packages()  # that broker may hand out those of its other log
    table.settle(*people, dave, rounds=80, step=30)
    assert dave.authenticator == bob.authenticator


def test_who_was_shown_another_log_of_the_epoch_gets_over_it(table: Table) -> None:
    people = [table.sit(name) for name in ("alice", "bob")]
    alice, bob = people
    alice.create()
    alice.invite("bob")
    table.settle(*people)
    table.copies.append(_snapshot(table))
    bob.copy = 1
    bob.say("hidden from alice")
    alice.say("hidden from bob")
    table.settle(*people)
    bob.copy = 0
    table.settle(*people, rounds=20, step=10)
    assert sorted(alice.texts()) == sorted(bob.texts()) == ["hidden from alice", "hidden from bob"]
    assert any(isinstance(each, events.ForkFound) for each in bob.news())
    assert alice.authenticator == bob.authenticator


def test_a_commit_that_the_broker_never_takes_is_not_sent_again_at_once(
    table: Table, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nobody has wished for it, so nothing ends with it: it is due as before."""
    alice, bob = people = table.team("alice", "bob")
    bob.leave()
    bob.turn()
    sent: list[int] = []

    def refused(*_: object) -> Generator[object, object, None]:
        sent.append(1)
        assert len(sent) < 50, "it never ends"
        raise BrokerError(Code.too_large.value, "for this test")
        yield

    with monkeypatch.context() as changed:
        changed.setattr(turning, "append", refused)
        for _ in range(20):
            table.passes(1)
            alice.turn()
    assert 1 <= len(sent) <= 4
    table.passes(3_600)
    table.settle(*people)
    assert bob.place.seat.look().status is Status.left
