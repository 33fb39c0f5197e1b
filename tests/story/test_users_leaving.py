"""What users ask for, 10: leaving a group.

Nobody can remove itself by a commit of its own (RFC 9420 §12.4), so whoever leaves proposes it,
and another member has to commit that. Others report members who can never get out, who come back
with another device, or whose leaving wedges the group.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from covey.client import events
from covey.client.conversing import wanted
from covey.client.sync.rows import wishes
from covey.client.sync.rows.groups import Status
from covey.client.words.profile import Role

if TYPE_CHECKING:
    from client.table import Someone, Table


def _team(table: Table, *names: str, owners: tuple[str, ...] = ()) -> list[Someone]:
    people = [table.sit(name) for name in names]
    people[0].create()
    people[0].invite(*names[1:])
    table.settle(*people, rounds=20)
    if owners:
        people[0].wish(wishes.Describe(roles=dict.fromkeys(owners, Role.owner)))
        table.settle(*people)
    for each in people:
        each.news()
    return people


def _status(someone: Someone) -> Status:
    return someone.place.seat.look().status


def _members(someone: Someone) -> list[str]:
    return [each.identity.decode() for each in someone.place.seat.group.members]


def _nothing_is_left(someone: Someone) -> bool:
    """Whether the store has no secret of the group any more; the history stays."""
    with someone.store.reading() as rows:
        tables = ("group_rows", "sent", "doors", "outbox", "wishes", "pending")
        return all(rows.one(f"SELECT 1 FROM {each}") is None for each in tables)  # noqa: S608 - names of our own


def test_users_10_who_leaves_is_out_and_keeps_its_history(table: Table) -> None:
    """Asked for: leaving, as one call.

    Shown: what bob said before goes out first; another member commits his leaving soon; he has no
    secret left, and still his history. The others are told that he left, not that he was removed.
    """
    alice, bob, carol = _team(table, "alice", "bob", "carol")
    bob.say("goodbye")
    bob.leave()
    table.settle(alice, bob, carol)
    assert _status(bob) is Status.left
    assert _nothing_is_left(bob)
    assert alice.texts() == bob.texts() == ["goodbye"]
    assert _members(alice) == _members(carol) == ["alice", "carol"]
    [told] = [each for each in carol.news() if isinstance(each, events.MembersChanged)]
    assert (told.left, told.removed) == (("bob",), ())


@pytest.mark.parametrize("first", ["commit", "proposal"])
def test_users_10_leaving_wins_in_the_end_against_a_racing_commit(table: Table, first: str) -> None:
    """Asked for: a proposal to leave is lost when a commit closes its epoch without it.

    Shown: whichever of the two reaches the broker first, bob proposes it again in the next epoch
    when it has to be; nothing is left to do for him but to wait.
    """
    alice, bob, carol = _team(table, "alice", "bob", "carol")
    alice.wish(wishes.Describe(name="at the same time"))
    bob.leave()
    commit = alice.hold(alice.place.turns.turn(), "append")
    proposal = bob.hold(bob.place.turns.turn(), "append")
    for each in (commit, proposal) if first == "commit" else (proposal, commit):
        each.go()
    assert _status(bob) is Status.leaving
    table.settle(alice, bob, carol, rounds=20)
    assert _status(bob) is Status.left
    assert alice.place.seat.look().name == carol.place.seat.look().name == "at the same time"
    assert _members(alice) == _members(carol) == ["alice", "carol"]
    assert alice.authenticator == carol.authenticator


def test_users_10_who_leaves_is_out_when_somebody_comes_back(table: Table) -> None:
    """Asked for: nobody is there to commit it, for days.

    Shown: bob's wish waits in the log, he may be gone for good; alice commits it when she is back.
    """
    alice, bob = _team(table, "alice", "bob")
    bob.leave()
    table.settle(bob, rounds=3)
    assert _status(bob) is Status.leaving
    table.passes(5 * 86_400)
    table.settle(alice, rounds=20)
    assert _members(alice) == ["alice"]
    bob.start()
    table.settle(bob, rounds=2)
    assert _status(bob) is Status.left


def test_users_10_who_leaves_and_is_invited_meanwhile_is_out_and_then_in_again(
    table: Table,
) -> None:
    alice, bob, carol = people = _team(table, "alice", "bob", "carol")
    alice.invite("bob")
    bob.leave()
    bob.turn()
    carol.run(carol.place.turns.speaker.catch_up())
    group = carol.place.seat.group
    assert len(group.proposals) == 1
    there, keys = wanted.devices_of("bob", False, carol.place, group)  # noqa: FBT003 - as it is bound
    assert (there, len(keys)) == (True, 2)  # bob is in, and can be invited
    table.settle(*people)
    assert _status(bob) is Status.active
    assert _members(carol) == ["alice", "bob", "carol"]
    assert bob.authenticator == carol.authenticator
    told = bob.news()
    assert [type(each) for each in told if isinstance(each, events.MemberLeft | events.Joined)] == [
        events.MemberLeft,
        events.Joined,
    ]
    assert not any(isinstance(each, events.WishRefused) for each in alice.news())


def test_users_10_the_last_owner_hands_over_first(table: Table) -> None:
    """Asked for: a group must not be left without anybody who may manage it.

    Shown: it is refused with a sentence that says what to do first, nothing was sent, and alice is
    in as before. Once bob is an owner, she may go.
    """
    alice, bob = _team(table, "alice", "bob")
    seq = alice.place.seat.row.seq
    alice.leave()
    table.settle(alice, bob)
    assert _status(alice) is Status.active
    [refused] = [each for each in alice.news() if isinstance(each, events.WishRefused)]
    assert refused.what == "leave"
    assert "first has to make somebody else owner" in refused.why
    assert alice.place.seat.row.seq == bob.place.seat.row.seq == seq
    alice.wish(wishes.Describe(roles={"bob": Role.owner}))
    table.settle(alice, bob)
    alice.leave()
    table.settle(alice, bob)
    assert _status(alice) is Status.left
    assert _members(bob) == ["bob"]
    bob.wish(wishes.Describe(name="his"))
    table.settle(bob)
    assert bob.place.seat.look().name == "his"


def test_users_10_all_owners_who_leave_at_once_do_not_wedge_the_group(table: Table) -> None:
    """Asked for: proposals that are right one by one, and wrong together, freeze other clients.

    Shown: both owners propose to leave in one epoch. Nobody may commit both, for the group would
    have no owner; so one of them goes, the other one is told why not, and the talk goes on.
    """
    alice, bob, carol, david = _team(table, "alice", "bob", "carol", "david", owners=("bob",))
    alice.leave()
    bob.leave()
    proposals = [each.hold(each.place.turns.turn(), "append") for each in (alice, bob)]
    for each in proposals:
        each.go()
    carol.say("can you hear me?")
    table.settle(alice, bob, carol, david, rounds=40)
    gone, stays = (alice, bob) if _status(alice) is Status.left else (bob, alice)
    assert _status(gone) is Status.left
    assert _status(stays) is Status.active
    assert [each.what for each in stays.news() if isinstance(each, events.WishRefused)] == ["leave"]
    assert david.texts() == stays.texts() == ["can you hear me?"]
    assert stays.authenticator == carol.authenticator == david.authenticator


def test_users_10_who_is_alone_just_goes(table: Table) -> None:
    """Asked for: a group of one has nobody to commit that its last member leaves.

    Shown: it is over at once, even without the broker; no secret stays.
    """
    alice, bob = _team(table, "alice", "bob")
    bob.leave()
    table.settle(alice, bob)
    alice.cut = lambda _: "request"
    alice.leave()
    assert _status(alice) is Status.left
    assert _nothing_is_left(alice)
    assert [type(each) for each in alice.news()][-1] is events.MemberLeft


def _devices(table: Table) -> tuple[Someone, Someone, Someone, Someone]:
    """Alice and carol, and two devices of bob, in one group."""
    alice, phone, carol = (table.sit(name) for name in ("alice", "bob", "carol"))
    laptop = table.second_device(phone)
    alice.create()
    alice.invite("bob", "carol")
    table.settle(alice, phone, laptop, carol, rounds=20)
    assert _members(alice) == ["alice", "bob", "bob", "carol"]
    return alice, phone, laptop, carol


def test_users_10_one_device_leaves_and_the_other_one_stays(table: Table) -> None:
    """Asked for: to take one device out of a group, and stay with the other one."""
    alice, phone, laptop, carol = _devices(table)
    phone.leave()
    table.settle(alice, phone, laptop, carol)
    assert (_status(phone), _status(laptop)) == (Status.left, Status.active)
    assert _members(alice) == ["alice", "bob", "carol"]
    alice.say("to the laptop")
    table.settle(alice, laptop)
    assert laptop.texts() == ["to the laptop"]


def test_users_10_somebody_leaves_with_all_devices(table: Table) -> None:
    """Asked for: who leaves means to be out, with all clients, also those that are switched off.

    Shown: the device at hand removes the other one, which takes no admin since it is bob's own, and
    then leaves; the laptop learns of it when it is switched on, and has nothing of the group left.
    """
    alice, phone, laptop, carol = _devices(table)
    other = laptop.place.seat.home.member.signature_key
    phone.wish(wishes.Expel(keys=(other,)))
    phone.leave()
    table.settle(alice, phone, carol)
    assert _members(alice) == _members(carol) == ["alice", "carol"]
    assert _status(phone) is Status.left
    table.settle(laptop, rounds=2)
    assert _status(laptop) is Status.removed
    assert _nothing_is_left(phone)
    assert _nothing_is_left(laptop)
