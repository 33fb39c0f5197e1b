"""What users ask for, 3: forks are found, shown to be forks, and healed; races have one winner.

A broker that shows two logs, members that commit at the same moment, and members that go on from
a broken group in several ways at once: in the end all are in one epoch, and each knows why.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from covey.access import heads
from covey.access.member import envelopes
from covey.access.signing import public_key
from covey.access.structs.heads import SignedHead
from covey.access.structs.log import NextEpoch
from covey.access.structs.sealed import Purpose
from covey.client import events
from covey.client.sync.asking import append
from covey.client.sync.effects import Lane, Use
from covey.client.sync.rows import wishes
from covey.client.sync.rows.groups import Status

if TYPE_CHECKING:
    from client.table import Someone, Table
    from covey.access.structs.heads import Head


def _team(table: Table, *names: str) -> list[Someone]:
    """A group in which all may do much, and nothing is under way."""
    people = [table.sit(name) for name in names]
    first = people[0]
    first.create()
    first.invite(*names[1:])
    table.settle(*people)
    first.wish(wishes.Describe(roles=dict.fromkeys(names[1:], 2)))
    table.settle(*people, rounds=20)
    for each in people:
        each.news()
    return people


def _agree(*people: Someone) -> None:
    assert {each.place.seat.look().status for each in people} == {Status.active}
    assert len({each.authenticator for each in people}) == 1


def _head(someone: Someone, table: Table) -> Head:
    """What the broker has signed to somebody, verified as a third party would."""
    head = someone.place.seat.row.head
    assert head is not None
    return heads.verify(SignedHead.decode(head), table.identity.broker_id)


@pytest.mark.parametrize("true", [0, 1], ids=["her log stays", "his log stays"])
def test_users_03_a_fork_is_found_proven_and_healed(table: Table, true: int) -> None:
    """Asked for: when a delivery service shows two logs, find it, prove it, and get out of it.

    Shown: each side goes on by itself. Heads that the broker has signed, one from each side,
    contradict each other: evidence for anybody. Whichever log the broker then shows to all,
    whoever was on the other one is refused there, is told of the fork, is let in anew, and what
    it had said into the fork, and wished there, is said and done again; nothing is there twice.
    What was said on the other side before it came back is the others' alone: it had no key.
    """
    alice, bob, carol = _team(table, "alice", "bob", "carol")
    table.copies.append(table.snapshot())
    bob.copy = 1
    for each, name in ((alice, "hers"), (bob, "his")):
        each.say(f"into {name}")
        each.wish(wishes.Describe(name=name))
    table.settle(alice, bob, carol)
    assert alice.authenticator == carol.authenticator != bob.authenticator
    common = min(_head(alice, table).position.seq, _head(bob, table).position.seq)
    assert common == _head(alice, table).position.seq == _head(bob, table).position.seq
    assert heads.contradict(_head(alice, table), _head(bob, table))
    assert not heads.contradict(_head(alice, table), _head(carol, table))

    for each in (alice, bob, carol):
        each.copy = true
        each.news()
    table.settle(alice, bob, carol, rounds=40, step=10)
    _agree(alice, bob, carol)
    forked = [bob] if true == 0 else [alice, carol]
    for each in (alice, bob, carol):
        expected = {"into hers", "into his"}
        if each in forked:
            expected = {"into his" if true == 0 else "into hers"}
        assert sorted(each.texts()) == sorted(expected)
        assert each.place.seat.look().name == ("his", "hers")[true]  # the last one to rename it
        told = [type(event) for event in each.news()]
        assert (events.MessagesLost in told) is (each in forked)  # what the others said meanwhile
        assert (events.ForkFound in told) is (each in forked)
        assert told.count(events.Rejoining) == (1 if each in forked else 0)


@pytest.mark.parametrize("first", range(5))
def test_users_03_of_five_who_commit_at_once_the_first_to_arrive_wins(
    table: Table, first: int
) -> None:
    """Asked for: a commit race has one winner, the same one for everybody.

    Shown: five members have made their commits before any of them arrives. The broker's order
    decides, whatever it is; the four others are not errors: what they wanted is done on top, each
    thing once, and no member commits more often than it has to.
    """
    people = _team(table, "alice", "bob", "carol", "david", "erin")
    before = people[0].place.seat.row.epoch
    newcomers = [table.sit(f"new {each.name}") for each in people]
    for each, newcomer in zip(people, newcomers, strict=True):
        each.invite(newcomer.name)
    held = [each.hold(each.place.turns.turn(), "append") for each in people]
    order = held[first:] + held[:first]
    for each in order[:1]:
        each.go()
    winner = people[first]
    table.settle(winner, rounds=1)
    for each in order[1:]:
        each.go()
    table.settle(*people, *newcomers, rounds=20)
    _agree(*people, *newcomers)
    for each in people:
        commits = [event for event in each.news() if isinstance(event, events.MembersChanged)]
        added = [(event.by, event.added) for event in commits]
        assert added[0] == (winner.name, (f"new {winner.name}",))
        assert sorted(added) == sorted((one.name, (f"new {one.name}",)) for one in people)
        assert commits[0].epoch == before + 1


def _close_with_rubbish(someone: Someone) -> None:
    """A member closes the epoch with a commit that is none."""
    seat = someone.place.seat
    access, entropy = seat.access, someone.table.entropy
    idem = access.idem(3, 17, 4)
    body = envelopes.seal(access, Purpose.commit, idem, b"rubbish", entropy)
    request = access.append(idem, body, NextEpoch(public_key(entropy(32)), (), b"", (), (), ()))
    someone.run(append(Lane(Use.speak, seat.row.gid), request))


@pytest.mark.parametrize("order", [(0, 1, 2), (2, 1, 0), (1, 2, 0)])
def test_users_03_of_several_branches_the_same_one_wins_for_all(
    table: Table, order: tuple[int, ...]
) -> None:
    """Asked for: a deterministic resolution, also when members heal a broken group by themselves.

    Shown: a malicious commit has closed the epoch, and all three members begin a branch before
    they hear of another's. In whichever order they meet, the branch of the lowest leaf stays, and
    what was said in the others is not lost.
    """
    people = _team(table, "alice", "bob", "carol")
    _close_with_rubbish(people[2])
    for each in people:
        each.turn()
        assert each.place.seat.look().status is Status.broken
        each.run(each.peer.attend(None))  # it looks when its turn to begin a branch would come
    for _ in range(60):  # who sleeps does not wait
        table.passes(10)
        for number in order:
            people[number].run(people[number].peer.attend(None))
    begun = {each.place.seat.row.gid for each in people}
    assert len(begun) == 3
    lowest = people[0].place.seat.row.gid
    people[2].say("in my own branch")
    table.settle(*(people[number] for number in order), rounds=40)
    standing = [
        [place for place in each.peer.places() if place.seat.look().status.is_in] for each in people
    ]
    assert [[place.seat.row.gid for place in each] for each in standing] == [[lowest]] * 3
    assert len({each[0].seat.group.epoch_authenticator for each in standing}) == 1
    texts = [each.texts_of(places[0]) for each, places in zip(people, standing, strict=True)]
    assert texts == [["in my own branch"]] * 3


def test_users_03_what_was_wanted_when_the_group_broke_is_done_in_its_branch(table: Table) -> None:
    """Asked for: recovery that does not forget what was under way.

    Shown: alice has invited erin, bob has renamed the group, and both have said something, when a
    malicious commit closes the epoch. All of it happens in the branch, once.
    """
    alice, bob, carol = people = _team(table, "alice", "bob", "carol")
    erin = table.sit("erin")
    _close_with_rubbish(carol)
    for each in (alice, bob):
        each.say(f"{each.name} was about to say")
    alice.invite("erin")
    bob.wish(wishes.Describe(name="renamed"))
    table.settle(*people, erin, rounds=40)
    _agree(*people, erin)
    for each in people:
        assert sorted(each.texts()) == ["alice was about to say", "bob was about to say"]
        assert each.place.seat.look().name == "renamed"
        told = [type(event) for event in each.news()]
        assert events.WishRefused not in told
        assert events.MessagesLost not in told


def test_users_03_an_invitation_into_a_branch_that_loses_is_done_again(table: Table) -> None:
    """Asked for: nothing that was done is undone in silence.

    Shown: bob has let erin into his branch before he hears of alice's, which wins. He invites her
    again, by another KeyPackage, and she is in the group with all the others.
    """
    alice, bob, carol = people = _team(table, "alice", "bob", "carol")
    erin = table.sit("erin")
    _close_with_rubbish(carol)
    for each in people:
        each.turn()
        each.run(each.peer.attend(None))
    for _ in range(60):  # who sleeps does not wait
        table.passes(10)
        for each in people[:2]:
            each.run(each.peer.attend(None))
    bob.invite("erin")
    for _ in range(3):
        bob.run(bob.place.turns.turn())
    table.settle(alice, bob, carol, rounds=30)
    _agree(*people)
    assert [each for each in bob.news() if isinstance(each, events.WishRefused)] == []
    table.settle(*people, erin, rounds=20)
    _agree(*people, erin)
