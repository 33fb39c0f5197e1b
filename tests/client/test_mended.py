"""What seeds of the simulator have shown, and how it ends since: flows around a table."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from covey.access.member.addresses import extension
from covey.access.structs.basics import Signed
from covey.access.structs.extensions import Right
from covey.access.structs.log import Append
from covey.client import events
from covey.client.sync.group import capabilities
from covey.client.sync.log import entering
from covey.client.sync.rows import groups, queues, wishes
from covey.client.sync.rows.groups import Status
from covey.client.words.profile import first_profile
from covey.mls import Member, Policy
from covey.store import settings

if TYPE_CHECKING:
    from collections.abc import Callable

    from client.table import Someone, Table
    from covey.access.structs.identity import Claimed
    from covey.client.sync.effects import Ask, Flow


def told(someone: Someone, *kinds: type[events.Event]) -> list[events.Event]:
    """The events of some kinds since the last call."""
    return [each for each in someone.news() if isinstance(each, kinds)]


def test_what_was_taken_and_lost_before_it_was_read_is_noticed_and_said_again(
    table: Table,
) -> None:
    """The broker is set back between its answer and our next look, and others go on."""
    alice, bob = table.team("alice", "bob")
    backup = table.snapshot()
    bob.say("taken")
    bob.turn()
    table.copies[0] = backup
    alice.say("in its place")
    alice.turn()
    table.settle(alice, bob, rounds=30, step=10)
    assert told(bob, events.ForkFound, events.RolledBack)
    assert sorted(alice.texts()) == sorted(bob.texts()) == ["in its place", "taken"]


def test_who_sleeps_between_two_looks_offers_again_before_it_branches(table: Table) -> None:
    """A day between the first contradiction and the second is no day of contradictions."""
    alice, bob = table.team("alice", "bob")
    backup = table.snapshot()
    alice.wish(wishes.Describe(name="lost"))
    table.settle(alice, bob)
    table.copies[0] = backup
    for _ in range(2):
        bob.turn()
        alice.turn()
        table.passes(86_400)
    table.settle(alice, bob, rounds=30, step=10)
    assert not told(alice, events.Branching)
    assert not told(bob, events.Branching)
    assert alice.authenticator == bob.authenticator
    assert alice.place.seat.row.name == bob.place.seat.row.name == "lost"


def test_who_never_came_is_invited_again(table: Table) -> None:
    """Its parcels are not kept any more; its leaf stands, and does not keep it out."""
    alice, bob = table.team("alice", "bob")
    carol = table.sit("carol")
    alice.invite("carol")
    table.settle(alice, bob)
    table.passes(40 * 86_400)
    table.copies[0].sweep()
    table.settle(alice, bob, carol)
    assert not carol.peer.places()
    bob.invite("carol")
    table.settle(alice, bob, carol)
    assert carol.authenticator == alice.authenticator
    assert len(alice.place.seat.group.members) == 3


def test_two_who_invite_somebody_at_once_let_it_in_once(table: Table) -> None:
    alice, bob = table.team("alice", "bob")
    carol = table.sit("carol")
    alice.invite("carol")
    bob.invite("carol")
    table.settle(alice, bob, carol)
    assert carol.authenticator == alice.authenticator
    assert not told(carol, events.RemovedFromGroup)


def test_who_has_come_is_not_invited_again(table: Table) -> None:
    alice, bob = table.team("alice", "bob")
    alice.say("so that bob comes")
    table.settle(alice, bob)
    bob.news()
    alice.invite("bob")
    table.settle(alice, bob)
    assert not told(bob, events.RemovedFromGroup)


def away(table: Table, someone: Someone, *others: Someone) -> None:
    """Let the broker throw away what somebody has not read."""
    others[0].wish(wishes.Renew())
    table.settle(*others)
    table.passes(40 * 86_400)
    others[0].wish(wishes.Renew())
    table.settle(*others)
    table.copies[0].sweep()
    someone.turn()
    assert someone.place.seat.look().status is Status.lost


def test_who_leaves_and_is_alone_with_those_who_are_lost_lets_them_in_first(table: Table) -> None:
    alice, bob = table.team("alice", "bob")
    alice.wish(wishes.Describe(roles={"bob": 3}))
    table.settle(alice, bob)
    away(table, bob, alice)
    alice.leave()
    table.settle(alice)
    table.settle(alice, bob, rounds=40)
    assert alice.place.seat.look().status is Status.left
    assert bob.place.seat.look().status is Status.active
    assert [each.identity for each in bob.place.seat.group.members] == [b"bob"]


@pytest.mark.parametrize("lost_first", [False, True])
def test_who_has_to_come_back_to_leave_comes_back_and_leaves(
    table: Table, *, lost_first: bool
) -> None:
    alice, bob = table.team("alice", "bob")
    if not lost_first:
        bob.leave()
    away(table, bob, alice)
    if lost_first:
        bob.leave()
    table.settle(alice, bob, rounds=40)
    assert bob.place.seat.look().status is Status.left
    assert [each.identity for each in alice.place.seat.group.members] == [b"alice"]


def test_who_was_let_in_by_a_pointer_that_got_lost_knocks_anew(table: Table) -> None:
    alice, bob = table.team("alice", "bob")
    away(table, bob, alice)
    bob.turn()
    for _ in range(3):
        alice.run(alice.place.turns.turn())
        table.passes(5)
    with alice.store.transaction() as rows:
        for due in queues.postings(rows):
            queues.posted(rows, due)
    table.settle(alice, bob)
    assert bob.place.seat.look().status is Status.lost
    table.settle(alice, bob, rounds=20, step=300)
    assert bob.authenticator == alice.authenticator


def test_who_branches_from_a_group_that_is_well_comes_back(table: Table) -> None:
    """Nobody who could follow was there to let it in, and it has made a branch alone."""
    alice, bob, carol = table.team("alice", "bob", "carol")
    seat = alice.place.seat
    with seat.change() as rows:
        entering.broke(seat, rows, "nobody can follow the commit")
    table.settle(alice, rounds=60)
    assert len(alice.peer.places()) == 2
    alice.say("in the branch")
    table.settle(alice)
    table.settle(alice, bob, carol, rounds=60)
    assert alice.peer.places()[0].seat.look().status is Status.active
    assert alice.peer.places()[1].seat.look().status is Status.branched
    assert bob.texts() == carol.texts() == ["in the branch"]
    assert alice.texts_of(alice.peer.places()[0]) == ["in the branch"]


def test_who_is_the_last_one_in_a_group_that_is_well_follows_into_the_branch(
    table: Table,
) -> None:
    alice, bob = table.team("alice", "bob")
    seat = alice.place.seat
    with seat.change() as rows:
        entering.broke(seat, rows, "nobody can follow the commit")
    table.settle(alice, rounds=60)
    alice.say("in the branch")
    bob.say("in the group")
    table.settle(alice)
    table.settle(alice, bob, rounds=60)
    for each in (alice, bob):
        first, second = each.peer.places()
        assert first.seat.look().status is Status.branched
        assert second.seat.look().status is Status.active
    assert alice.authenticator == bob.authenticator
    assert "in the group" in alice.texts()
    assert "in the group" in bob.texts()


def test_who_slept_waits_for_others_before_it_branches(table: Table) -> None:
    alice, bob = table.team("alice", "bob")
    seat = alice.place.seat
    with seat.change() as rows:
        entering.broke(seat, rows, "nobody can follow the commit")
    alice.turn()
    table.passes(86_400)
    table.settle(alice, bob)
    assert len(alice.peer.places()) == 1
    assert alice.authenticator == bob.authenticator


def test_who_misses_what_a_commit_is_about_is_let_in_by_those_who_have_it(table: Table) -> None:
    """A proposal is not kept as long as the commit that takes it up: others could follow."""
    people = alice, bob, carol = table.team("alice", "bob", "carol")
    table.settle(*people)
    carol.leave()
    carol.turn()
    bob.run(bob.place.turns.speaker.catch_up())
    table.passes(40 * 86_400)
    table.copies[0].sweep()
    table.settle(bob, rounds=20)
    table.settle(*people, rounds=40, step=10)
    assert not told(alice, events.Branching)
    assert carol.place.seat.look().status is Status.left
    assert alice.authenticator == bob.authenticator
    assert len(alice.place.seat.group.members) == 2


def test_who_finds_nobody_behind_one_door_tries_another(table: Table) -> None:
    """Whoever opened the last way back has told nobody else."""
    alice, bob = table.team("alice", "bob")
    alice.wish(wishes.OpenDoor(table.entropy(32), Right.recover, 1 << 20))
    table.settle(alice, bob)
    away(table, alice, bob)
    seed = capabilities.seeds(alice.place.seat.row)[0]
    key = capabilities.key(seed)
    with bob.store.transaction() as rows:
        groups.keep_doors(rows, 1, {each.capability for each in groups.doors(rows, 1)} - {key})
    table.settle(alice, bob, rounds=30, step=30)
    assert alice.authenticator == bob.authenticator


def test_who_branches_from_behind_is_invited_by_those_who_are_ahead(table: Table) -> None:
    """It has missed a removal, so nobody follows it; and it cannot follow the others."""
    people = alice, bob, carol, dave = table.team("alice", "bob", "carol", "dave")
    table.settle(*people)
    alice.wish(wishes.Expel((b"carol",)))
    table.settle(alice, bob, carol)
    for each in (alice, bob, dave):
        seat = each.place.seat
        with seat.change() as rows:
            entering.broke(seat, rows, "nobody can follow the commit")
    dave.turn()
    table.settle(alice, bob, rounds=30)
    table.settle(dave, rounds=40)
    dave.say("from behind")
    table.settle(*people, rounds=60)
    there = [
        row.seat for each in (alice, bob, dave) for row in each.peer.places() if row.seat.is_in
    ]
    assert len({each.row.gid for each in there}) == 1
    assert len({each.group.epoch_authenticator for each in there}) == 1
    assert sorted(each.identity for each in there[0].group.members) == [b"alice", b"bob", b"dave"]
    assert [each.texts_of(each.place) for each in (alice, bob)] == [["from behind"]] * 2


def test_who_is_given_somebody_else_s_welcome_asks_again(table: Table) -> None:
    """Parcels that do not fit the pointer are the broker's fault, and may be others tomorrow."""
    alice, bob = table.sit("alice"), table.sit("bob")
    alice.create()
    alice.invite("bob")
    table.settle(alice, rounds=3)
    database = table.copies[0].store._database  # noqa: SLF001
    kept = database.execute("SELECT id, body FROM parcel").fetchall()
    database.execute("UPDATE parcel SET body = zeroblob(length(body))")
    bob.turn()
    assert not bob.peer.places()
    assert not told(bob, events.InvitationFailed)
    database.executemany("UPDATE parcel SET body = ?2 WHERE id = ?1", kept)
    table.passes(60)
    table.settle(alice, bob)
    assert bob.authenticator == alice.authenticator


def test_who_was_invited_where_the_log_is_taken_back_comes_back_by_an_older_way(
    table: Table,
) -> None:
    """It had left there, too: others hold it for a member, and do not know the last way back."""
    people = alice, bob, carol = table.team("alice", "bob", "carol")
    table.settle(*people)
    backup = table.snapshot()
    bob.leave()
    table.settle(alice, bob)
    alice.invite("bob")
    table.settle(alice, bob)
    assert alice.authenticator == bob.authenticator
    table.copies[0] = backup
    for _ in range(3):
        carol.wish(wishes.Renew())
        table.settle(carol)
    table.settle(*people, rounds=60, step=30)
    assert len(bob.peer.places()) == 1
    assert alice.authenticator == bob.authenticator == carol.authenticator


def test_what_a_broker_took_and_denies_is_said_again_by_who_comes_back_by_the_door(
    table: Table,
) -> None:
    """It denies two epochs, and others have closed the one before: nothing can be offered there."""
    alice, bob = table.team("alice", "bob")
    table.settle(alice, bob)
    dave, backup = table.sit("dave"), table.snapshot()
    alice.wish(wishes.Renew())
    table.settle(alice)
    alice.invite("dave")
    table.settle(alice)
    alice.say("denied")
    table.settle(alice)
    table.copies[0] = backup
    bob.wish(wishes.Renew())
    table.settle(bob)
    table.settle(alice, bob, dave, rounds=60, step=30)
    assert alice.authenticator == bob.authenticator
    assert alice.texts() == bob.texts() == ["denied"]
    assert [each for each in told(alice, events.WishRefused) if "dave" in str(each)] == []
    assert dave.authenticator == alice.authenticator  # it was invited again


def test_a_group_in_which_somebody_was_alone_for_long_is_begun_anew(table: Table) -> None:
    """A broker does not keep a log for more than a day that no second epoch has confirmed."""
    alice, bob = table.sit("alice"), table.sit("bob")
    alice.create()
    alice.say("alone")
    table.settle(alice)
    table.passes(2 * 86_400)
    table.copies[0].sweep()
    alice.invite("bob")
    table.settle(alice, bob)
    assert alice.authenticator == bob.authenticator
    alice.say("together")
    table.settle(alice, bob)
    assert not told(alice, events.RolledBack, events.ForkFound, events.MessagesLost)
    assert alice.texts() == ["alone", "together"]
    assert bob.texts() == ["together"]


def test_a_group_of_which_a_broker_that_was_set_back_knows_nothing_goes_on_in_a_branch(
    table: Table,
) -> None:
    alice, bob = table.forgotten("alice", "bob")
    alice.say("here")
    table.settle(alice, bob)
    assert told(alice, events.RolledBack)
    assert alice.authenticator == bob.authenticator
    assert bob.texts() == ["here"]
    assert len(alice.peer.places()) == 2


def knows_nothing(mallory: Someone) -> bytes:
    """A KeyPackage of its own keys, of a client that supports nothing which a group here needs."""
    with mallory.store.reading() as rows:
        kept = settings.get(rows, "member")
    assert kept is not None
    assert mallory.peer.inbox is not None
    poor = Policy(extension_types=frozenset({0xF0C1}))
    member = Member.decode(kept, policy=poor, entropy=mallory.table.entropy)
    address = extension(mallory.peer.inbox.address)
    return member.key_package(extensions=[address], now=int(mallory.table.now)).message


def no_bytes(_: Someone) -> bytes:
    """What is no KeyPackage at all."""
    return b"no KeyPackage"


def hands_out(asked: Someone, mallory: Someone, package: bytes) -> None:
    """The broker answers somebody who asks for mallory's keys by this."""
    device = asked.peer.device
    assert device is not None
    genuine = device.claim

    def claim(name: str, suite: int, idem: bytes) -> Flow[Claimed]:
        claimed = yield from genuine(name, suite, idem)
        if name != mallory.name:
            return claimed
        return claimed.replace(
            key_packages=tuple(each.replace(message=package) for each in claimed.key_packages)
        )

    device.claim = claim  # type: ignore[method-assign]


@pytest.mark.parametrize("made", [knows_nothing, no_bytes])
def test_who_cannot_be_added_keeps_nobody_from_the_branch(
    table: Table, made: Callable[[Someone], bytes]
) -> None:
    """Who has broken the group leaves keys by which no commit can be made."""
    people = alice, bob, carol, mallory = table.team("alice", "bob", "carol", "mallory")
    table.settle(*people)
    honest = alice, bob, carol
    for each in honest:
        hands_out(each, mallory, made(mallory))
        seat = each.place.seat
        with seat.change() as rows:
            entering.broke(seat, rows, "nobody can follow the commit")
    table.settle(*honest, rounds=40, step=5)
    seats = [each.place.seat for each in honest]
    assert len({each.row.gid for each in seats}) == 1
    assert len({each.group.epoch_authenticator for each in seats}) == 1
    assert {each.identity for each in seats[0].group.members} == {b"alice", b"bob", b"carol"}
    refused = [event for each in honest for event in told(each, events.WishRefused)]
    assert {str(each).partition(":")[0] for each in refused} == {"could not go on with mallory"}
    carol.say("on we go")
    table.settle(*honest)
    assert alice.texts() == bob.texts() == ["on we go"]


def test_a_branch_that_came_to_nothing_is_tried_again(table: Table) -> None:
    """Its first commit could not be made; the same group is used for the next attempt."""
    alice, bob = table.team("alice", "bob")
    table.settle(alice, bob)
    for each in (alice, bob):
        seat = each.place.seat
        with seat.change() as rows:
            entering.broke(seat, rows, "nobody can follow the commit")
    alone = alice.peer.create(first_profile("team", b"alice"), after=alice.place.seat.row)
    table.settle(alice, rounds=2)
    assert alone.seat.row.epoch == 0
    table.settle(alice, bob, rounds=40, step=10)
    assert len(alice.peer.places()) == 2
    assert alice.place.seat.row.gid == bob.place.seat.row.gid == alone.seat.row.gid
    assert alice.authenticator == bob.authenticator


def test_a_way_back_of_which_nobody_was_told_is_not_the_last_one(table: Table) -> None:
    """Who has opened it by removing somebody does not come again; the old one closes."""
    alice, bob, carol, _ = table.team("alice", "bob", "carol", "dave")
    table.settle(alice, bob, carol)
    alice.cut = without_a_word
    alice.wish(wishes.Expel((b"dave",)))
    table.settle(alice, rounds=2)
    table.settle(bob, carol)
    table.passes(2 * 86_400)
    bob.wish(wishes.Renew())
    table.settle(bob, carol)
    standing = capabilities.standing(bob.place.seat, Right.recover)
    away(table, carol, bob)
    table.settle(bob, carol, rounds=40)
    assert carol.authenticator == bob.authenticator
    assert len(standing) == 3
    table.passes(3 * 86_400)
    bob.wish(wishes.Renew())
    table.settle(bob, carol)
    assert len(capabilities.standing(bob.place.seat, Right.recover)) == 2


def without_a_word(asked: Ask) -> str:
    """The network of who gets nothing through but commits."""
    if asked.operation != "append" or not isinstance(asked.request, Signed):
        return ""
    return "" if Append.decode(asked.request.request).next is not None else "request"


def test_who_wakes_waits_for_the_others_to_offer_what_they_have(table: Table) -> None:
    """All slept after the broker was set back: whoever wakes first would else go on alone."""
    people = alice, bob = table.team("alice", "bob")
    backup = table.snapshot()
    for _ in range(2):
        alice.wish(wishes.Renew())
        table.settle(*people)
    table.copies[0] = backup
    table.settle(bob, rounds=10, step=30)  # he is beyond what it has
    table.passes(30 * 86_400)
    table.settle(bob, rounds=2, step=30)
    assert bob.place.seat.look().status is Status.active
    table.settle(*people, rounds=40, step=30)
    assert bob.place.seat.look().status is Status.active
    assert not any(isinstance(each, events.Branching) for each in bob.news())
    assert alice.authenticator == bob.authenticator


def test_who_is_alone_in_a_group_that_the_broker_has_lost_goes_on_alone(table: Table) -> None:
    alice, bob = table.sit("alice"), table.sit("bob")
    backup = table.snapshot()
    old = alice.create()
    alice.invite("bob")
    table.settle(alice, bob)
    alice.say("early")
    alice.wish(wishes.Expel((b"bob",)))
    table.settle(alice, bob)
    table.copies[0] = backup
    table.settle(alice, rounds=80, step=30)
    assert old.seat.look().status is Status.branched
    assert alice.place.seat.look().status is Status.active
    assert alice.texts() == ["early"]
    assert len(alice.peer.places()) == 2
    alice.invite("bob")
    table.settle(alice, bob)
    alice.say("here again")
    table.settle(alice, bob)
    assert bob.texts()[-1:] == ["here again"]
