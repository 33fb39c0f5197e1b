"""An ordinary Welcome into a group that says it is a branch of ours: who follows, and who does not.

Anybody can say so of a group; a branch that is let in to with a secret of the old one needs none
of this.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from client.table import SUITE
from covey.access.member import addresses
from covey.client import events
from covey.client.sync.branches import winning
from covey.client.sync.group.inviting import invitation
from covey.client.sync.rows import groups, queues, wishes
from covey.client.sync.rows.groups import Status
from covey.client.words import profile
from covey.client.words.profile import DeviceOf, Role
from covey.mls import Member

if TYPE_CHECKING:
    from collections.abc import Sequence

    from client.table import Someone, Table
    from covey.client.sync.log.place import Place
    from covey.client.words.profile import GroupProfile


def breaks(*people: Someone) -> None:
    """Nobody of them can follow the commit that closes the epoch of their group."""
    for each in people:
        each.breaks(each.peer.places()[0])


def stated(someone: Someone) -> GroupProfile:
    """What the first group of somebody says of itself."""
    found = profile.profile_of(someone.peer.places()[0].seat.group.extensions)
    assert found is not None
    return found


def claims(
    maker: Someone,
    ours: Someone,
    epoch: int,
    given: GroupProfile,
    first: Sequence[Someone] = (),
    beside: Sequence[bytes] = (),
) -> Place:
    """Make a group that says that it goes on from the first one of somebody, and invite there.

    Args:
        maker: Who makes it.
        ours: Who is invited.
        epoch: From which epoch it says that it goes on.
        given: Its profile, but for that.
        first: Who else is invited, and comes, before.
        beside: KeyPackages of others who are let in before.
    """
    gid = ours.peer.places()[0].seat.row.gid
    given = given.replace(goes_on_from=gid, place=winning.order(epoch, 1))
    place = maker.peer.create(given)
    maker.turn()
    if first:
        maker.invite(*(each.name for each in first))
        maker.table.settle(maker, *first, rounds=6)
    if beside:
        maker.wish(invitation(place.seat.group, beside))
        maker.table.settle(maker, rounds=3)
    maker.invite(ours.name)
    maker.table.settle(maker, rounds=3)
    return place


def statuses(someone: Someone) -> list[Status]:
    """How it stands to its groups, in the order in which it came to know them."""
    return [each.seat.look().status for each in someone.peer.places()]


def comes(someone: Someone, *others: Someone) -> list[events.Event]:
    """Let somebody read its inbox; what it is told."""
    someone.news()
    someone.table.settle(someone, *others, rounds=3)
    return [
        each for each in someone.news() if isinstance(each, events.Joined | events.InvitationFailed)
    ]


# --- members -------------------------------------------------------------------------------


def test_who_thinks_its_group_well_waits_until_all_others_have_come_into_the_branch(
    table: Table,
) -> None:
    alice, bob, carol = table.team("alice", "bob", "carol")
    carol.forgets_key_packages()
    carol.cut = lambda asked: "request" if asked.operation == "knocks" else ""  # lets nobody in
    breaks(alice, bob)
    table.settle(alice, rounds=20)
    table.settle(carol, rounds=3)
    table.settle(alice, rounds=40)
    assert comes(carol) == []
    assert statuses(carol) == [Status.active]
    table.settle(bob, alice, rounds=50)  # and carol is let in once more, now that bob is there
    assert statuses(carol) == [Status.active]
    table.settle(carol, rounds=3)
    assert statuses(carol) == [Status.branched, Status.active]
    table.settle(alice, bob, carol)
    assert alice.authenticator == bob.authenticator == carol.authenticator


@pytest.mark.parametrize(
    ("maker", "bob", "follows"),
    [
        ("alice", Role.member, True),
        ("alice", Role.owner, True),
        ("dave", Role.member, True),
        ("dave", Role.admin, True),
        ("dave", Role.owner, False),
        ("erin", Role.member, False),
    ],
)
def test_who_is_not_in_a_branch_may_have_been_removed_by_who_could_do_that(
    table: Table, maker: str, bob: Role, *, follows: bool
) -> None:
    names = ("alice", "bob", "carol", "dave", "erin")
    people = dict(zip(names, table.team(*names), strict=True))
    roles = {"bob": bob, "dave": Role.admin, "erin": Role.member}
    people["alice"].wish(wishes.Describe(roles=roles))
    table.settle(*people.values())
    carol, given = people["carol"], stated(people["alice"])
    there = [each for name, each in people.items() if name not in {"bob", "carol", maker}]
    breaks(people[maker], *there)
    claims(people[maker], carol, carol.place.seat.row.epoch + 1, given, first=there)
    table.settle(carol, rounds=3)
    expected = [Status.branched, Status.active] if follows else [Status.active]
    assert statuses(carol) == expected


def test_a_wish_to_leave_goes_along_into_a_branch(table: Table) -> None:
    alice, bob = table.team("alice", "bob")
    given, epoch = stated(alice), alice.place.seat.look().epoch
    bob.leave()
    claims(alice, bob, epoch, given)
    bob.turn()
    assert statuses(bob) == [Status.branched, Status.leaving]
    table.settle(alice, bob)
    assert statuses(bob) == [Status.branched, Status.left]
    assert [each.identity for each in alice.place.seat.group.members] == [b"alice"]


def test_who_goes_on_from_a_group_that_is_well_says_what_was_not_heard_and_stays(
    table: Table,
) -> None:
    """Alice, who owns it, could not read on; she goes on without bob, whom she might remove."""
    alice, bob, carol = table.team("alice", "bob", "carol")
    given, epoch = stated(alice), alice.place.seat.look().epoch
    carol.say("not heard")
    table.settle(carol, bob)
    alice.breaks(alice.place)
    hers = claims(alice, carol, epoch, given).seat
    broken = alice.peer.places()[0].seat
    with alice.store.transaction() as rows:
        winning.go_on(rows, broken, hers, hers.row.branched_by)
    table.settle(carol, rounds=3)
    assert statuses(carol) == [Status.branched, Status.active]
    table.asked.clear()
    table.settle(alice, carol, rounds=20)
    assert alice.texts_of(alice.peer.places()[-1]) == ["not heard"]
    assert ("carol", "knock") not in table.asked
    assert statuses(carol) == [Status.branched, Status.active]


def test_who_has_left_is_not_brought_back_by_what_had_waited(table: Table) -> None:
    alice, bob, carol = table.team("alice", "bob", "carol")
    given, epoch = stated(alice), alice.place.seat.look().epoch
    claims(carol, bob, epoch, given)
    table.settle(bob, rounds=3)
    assert statuses(bob) == [Status.active]  # it waits, for alice is not there
    bob.leave()
    table.settle(alice, bob, rounds=20)
    assert statuses(bob) == [Status.left]
    claims(carol, bob, epoch, given)  # who is invited after that comes
    table.settle(bob, rounds=10)
    assert statuses(bob) == [Status.left, Status.active]


def test_a_wish_to_leave_outlives_a_broken_group(table: Table) -> None:
    alice, bob = table.team("alice", "bob")
    bob.leave()
    for each in (alice, bob):
        each.breaks(each.place)
    table.settle(alice, bob, rounds=40)
    assert statuses(bob)[-1] is Status.left
    assert [each.identity for each in alice.place.seat.group.members] == [b"alice"]


# --- strangers -----------------------------------------------------------------------------


def stranger(table: Table, alice: Someone, who: str) -> Someone:
    """Somebody who is not in the first group of alice, and may have been."""
    if who == "stranger":
        return table.sit("mallory")
    mallory = table.sit("mallory")
    alice.invite("mallory")
    table.settle(alice, mallory)
    if who == "has spoken":
        mallory.say("that was all")
        table.settle(mallory, alice)
    alice.wish(wishes.Expel((b"mallory",)))
    table.settle(alice, mallory)
    return mallory


STRANGERS = ["stranger", "removed", "has spoken"]


@pytest.mark.parametrize("who", STRANGERS)
def test_a_stranger_s_branch_of_a_group_that_is_well_is_refused(table: Table, who: str) -> None:
    alice, bob = table.team("alice", "bob")
    mallory = stranger(table, alice, who)
    epoch = alice.place.seat.look().epoch
    claims(mallory, alice, epoch, profile.first_profile("team", b"mallory"))
    [told] = comes(alice)
    assert isinstance(told, events.InvitationFailed)
    assert "no member of a group of ours" in told.why
    assert statuses(alice) == [Status.active]
    alice.say("here")
    table.settle(alice, bob)
    assert "here" in bob.texts()


@pytest.mark.parametrize("who", STRANGERS)
def test_a_stranger_s_branch_of_a_broken_group_is_a_group_like_any_other(
    table: Table, who: str
) -> None:
    alice, _ = table.team("alice", "bob")
    mallory = stranger(table, alice, who)
    given, epoch = stated(alice), alice.place.seat.look().epoch
    alice.say("not for mallory")
    breaks(alice)
    claims(mallory, alice, epoch, profile.changed(given, roles={"mallory": 1}))
    [told] = comes(alice)
    assert isinstance(told, events.Joined)
    assert told.how == "welcome"
    assert statuses(alice) == [Status.broken, Status.active]
    table.settle(alice, mallory, rounds=4)
    assert "not for mallory" not in mallory.texts()


# --- rights --------------------------------------------------------------------------------


@pytest.mark.parametrize("is_owner", [False, True])
def test_with_other_rights_only_an_owner_s_branch_is_followed(
    table: Table, *, is_owner: bool
) -> None:
    """Such as of somebody who was owner in an earlier epoch, and has been told so never since."""
    alice, bob = table.team("alice", "bob")
    if is_owner:
        alice.wish(wishes.Describe(roles={"bob": 3}))
        table.settle(alice, bob)
    alice.say("before")
    table.settle(alice, bob)
    epoch = alice.place.seat.look().epoch
    breaks(alice)
    claims(bob, alice, epoch, profile.changed(stated(alice), roles={"bob": 3, "alice": 1}))
    [told] = comes(alice)
    assert isinstance(told, events.Joined)
    assert told.how == ("branched" if is_owner else "welcome")
    assert statuses(alice) == [Status.branched if is_owner else Status.broken, Status.active]


def test_with_the_same_rights_any_member_s_branch_is_followed(table: Table) -> None:
    alice, bob = table.team("alice", "bob")
    given, epoch = stated(alice), alice.place.seat.look().epoch
    breaks(alice)
    claims(bob, alice, epoch, given)
    [told] = comes(alice)
    assert isinstance(told, events.Joined)
    assert told.how == "branched"


def test_a_branch_without_its_owner_knows_by_which_devices_it_may_come(table: Table) -> None:
    alice, bob, carol = table.team("alice", "bob", "carol")
    key = alice.peer.home.member.signature_key
    alice.forgets_key_packages()
    breaks(alice, bob, carol)
    table.settle(bob, carol, rounds=40)
    assert statuses(bob) == statuses(carol) == [Status.branched, Status.active]
    branch = profile.profile_of(bob.peer.places()[-1].seat.group.extensions)
    assert branch is not None
    assert branch.known == (DeviceOf(b"alice", key),)
    for _ in range(3):
        alice.turn()
    table.settle(bob, carol, alice, rounds=60)
    assert alice.authenticator == bob.authenticator == carol.authenticator


@pytest.mark.parametrize("how", ["is in it", "may come"])
def test_a_branch_with_another_owner_of_the_same_name_is_not_followed(
    table: Table, how: str
) -> None:
    """Whoever makes a branch could be its owner else, where credentials are taken at their word."""
    _, bob, carol = table.team("alice", "bob", "carol")
    given, epoch = stated(carol), carol.place.seat.look().epoch
    impostor = Member.basic(b"alice", SUITE, policy=bob.peer.home.member.policy)
    breaks(carol)
    beside: list[bytes] = []
    if how == "is in it":
        assert bob.peer.inbox is not None
        address = addresses.extension(bob.peer.inbox.address)
        beside = [impostor.key_package(extensions=[address]).message]
    else:
        given = given.replace(known=(DeviceOf(b"alice", impostor.signature_key),))
    claims(bob, carol, epoch, given, beside=beside)
    [told] = comes(carol)
    assert isinstance(told, events.Joined)
    assert told.how == "welcome"
    assert statuses(carol) == [Status.broken, Status.active]


# --- earlier epochs ------------------------------------------------------------------------


def test_the_maker_of_a_branch_from_an_epoch_that_was_over_is_invited_into_ours(
    table: Table,
) -> None:
    alice, bob, carol = table.team("alice", "bob", "carol")
    given, epoch = stated(alice), alice.place.seat.look().epoch
    bob.forgets_key_packages()
    breaks(bob)
    alice.wish(wishes.Renew())
    table.settle(alice, carol)
    breaks(alice, carol)
    table.settle(alice, carol, rounds=20)
    assert statuses(alice) == statuses(carol) == [Status.branched, Status.active]
    theirs = claims(bob, carol, epoch, given).seat.row.gid
    table.asked.clear()
    carol.turn()
    assert all(each.seat.row.gid != theirs for each in carol.peer.places())
    assert ("carol", "claim") in table.asked
    ours = carol.place.seat
    with carol.store.reading() as rows:
        wished = [wishes.decode(each) for each in queues.wishes(rows, ours.number).values()]
    done = [each for each in carol.news() if isinstance(each, events.MembersChanged)]
    assert wished or any("bob" in each.added for each in done if each.by == "carol")


@pytest.mark.parametrize("removed", [(), ("dave",)])
def test_who_is_left_alone_in_a_branch_follows_all_others_into_one_of_an_earlier_epoch(
    table: Table, removed: tuple[str, ...]
) -> None:
    """They know that the broker was set back, so they could; and it does not (seed 10003833).

    Not so if somebody is there who had been removed.
    """
    alice, bob, carol, *others = table.team("alice", "bob", "carol", *removed)
    given, epoch = stated(alice), alice.place.seat.look().epoch
    bob.forgets_key_packages()
    breaks(bob)
    alice.wish(wishes.Expel((b"dave",)) if removed else wishes.Renew())
    table.settle(alice, carol)
    breaks(alice, carol)
    table.settle(alice, carol, rounds=20)
    with alice.store.transaction() as rows:
        groups.update(rows, groups.every(rows)[0].replaced(seq=-1))
    theirs = claims(bob, carol, epoch, given, first=(alice, *others))
    assert statuses(alice) == [Status.branched, Status.branched, Status.active]
    table.settle(carol, rounds=3)
    followed = [Status.branched, Status.branched, Status.active]
    assert statuses(carol) == ([Status.branched, Status.active] if removed else followed)
    assert (carol.place.seat.row.gid == theirs.seat.row.gid) != bool(removed)
