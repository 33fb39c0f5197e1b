"""What users ask for, 11 and 12: KeyPackages that run out or are used twice, and clocks.

Somebody who is away can be added as long as a KeyPackage of theirs waits at the broker. When they
run out, or are used twice, or expire, other systems lose people, secrecy, or whole groups.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from client.table import PACE
from covey.access.refusals import Code
from covey.client import events
from covey.client.sync.group.inviting import key_package
from covey.client.sync.identity import key_packages
from covey.client.sync.identity.key_packages import Where
from covey.client.sync.rows import wishes
from covey.client.sync.rows.groups import Status
from covey.errors import BrokerError
from covey.mls.group.identity import identity

if TYPE_CHECKING:
    from client.table import Someone, Table

DAY = 86_400
YEAR = 365 * DAY


def _pair(table: Table) -> tuple[Someone, Someone]:
    alice, bob = table.sit("alice"), table.sit("bob")
    alice.create()
    alice.invite("bob")
    table.settle(alice, bob)
    return alice, bob


def _kept(someone: Someone, where: Where, *, last_resort: bool) -> int:
    """How many KeyPackages the store holds of a kind."""
    with someone.store.reading() as rows:
        found = rows.one(
            "SELECT count(*) FROM packages WHERE published = ? AND last_resort = ?",
            *(int(where), int(last_resort)),
        )
    assert found is not None
    return int(str(found[0]))


def _stock(someone: Someone) -> tuple[int, int]:
    """KeyPackages that wait at the broker: for one use, and of last resort."""
    assert someone.peer.device is not None
    found = someone.run(someone.peer.device.stock())
    return found.waiting, found.last_resorts


def _claims(someone: Someone, name: str, times: int) -> list[bytes]:
    return [each for _ in range(times) for each in someone.run(someone.peer.claim(name))]


# --- 11 -------------------------------------------------------------------------------------


def test_users_11_no_key_package_is_handed_out_twice(table: Table) -> None:
    """Asked for: two groups that add somebody by the same KeyPackage share its keys.

    Shown: as long as there are some, each claim gets another one, whoever claims.
    """
    alice, bob, carol = (table.sit(name) for name in ("alice", "bob", "carol"))
    claimed = _claims(alice, "carol", PACE.stock) + _claims(bob, "carol", PACE.stock)
    assert len(set(claimed)) == 2 * PACE.stock
    assert {identity(key_package(each).leaf_node.credential) for each in claimed} == {b"carol"}
    assert _stock(carol) == (0, 1)


def test_users_11_whoever_ran_out_is_added_by_last_resort_and_restocks(table: Table) -> None:
    """Asked for: somebody whose KeyPackages were all taken can still be added, and recovers.

    Shown: the one of last resort lets bob in. When he looks, his stock is filled, and there is a
    new one of last resort; the old one's keys stay for a while, since others may have claimed it
    too, and are then deleted.
    """
    alice, bob, thief = (table.sit(name) for name in ("alice", "bob", "thief"))
    _claims(thief, "bob", 2 * PACE.stock)
    assert _stock(bob) == (0, 1)
    [package] = alice.run(alice.peer.claim("bob"))
    assert package == thief.run(thief.peer.claim("bob"))[0]
    alice.create()
    alice.wish(wishes.Invite((package,)))
    table.settle(alice, bob)
    assert alice.authenticator == bob.authenticator

    table.passes(3600)
    bob.turn()
    assert _stock(bob) == (2 * PACE.stock, 1)
    assert _kept(bob, Where.broker, last_resort=True) == 1
    assert _kept(bob, Where.replaced, last_resort=True) == 1
    assert alice.run(alice.peer.claim("bob")) != (package,)

    table.passes(key_packages.GRACE + DAY)
    bob.turn()
    assert _kept(bob, Where.replaced, last_resort=True) == 0


def test_users_11_two_groups_by_one_last_resort_are_both_joined(table: Table) -> None:
    """Asked for: when two people use the same last resort, neither invitation may be lost."""
    alice, bob, carol = (table.sit(name) for name in ("alice", "bob", "carol"))
    _claims(alice, "bob", 2 * PACE.stock)
    for each in (alice, carol):
        each.create(f"{each.name}'s")
        each.invite("bob")
    table.settle(alice, carol, bob)
    assert sorted(each.seat.row.name for each in bob.peer.places()) == ["alice's", "carol's"]
    assert all(each.seat.look().status is Status.active for each in bob.peer.places())


def test_users_11_the_private_keys_go_when_a_key_package_is_used(table: Table) -> None:
    """Asked for: forward secrecy of joining; a second Welcome for the same keys must not work.

    Shown: with the group, in one transaction, the KeyPackage's private keys are gone. Somebody who
    uses it in another group reaches nobody; bob stays as he is. The broker takes no pointer for it,
    and so her client sees that it takes another KeyPackage.
    """
    alice, bob, carol = (table.sit(name) for name in ("alice", "bob", "carol"))
    packages = _claims(alice, "bob", 1)
    reference = packages[0]
    before = _kept(bob, Where.broker, last_resort=False)
    for each in (alice, carol):
        each.create(f"{each.name}'s")
        each.wish(wishes.Invite((reference,)))
    table.settle(alice, bob)
    assert _kept(bob, Where.broker, last_resort=False) == before - 1
    table.settle(carol, bob, rounds=4)
    assert [each.seat.row.name for each in bob.peer.places()] == ["alice's"]
    assert alice.authenticator == bob.authenticator
    table.settle(carol, bob)
    assert [each.seat.row.name for each in bob.peer.places()] == ["alice's", "carol's"]
    assert _kept(bob, Where.broker, last_resort=False) == before - 2


def test_users_11_a_lost_race_takes_no_second_key_package(table: Table) -> None:
    """Asked for: retries exhaust KeyPackages.

    Shown: whoever loses a race commits the same KeyPackage again; a claim whose answer got lost
    and is asked again, under the same idem, gets the same one for a day.
    """
    alice, bob = _pair(table)
    carol = table.sit("carol")
    alice.wish(wishes.Describe(roles={"bob": 2}))
    table.settle(alice, bob)
    alice.invite("carol")
    bob.wish(wishes.Describe(name="faster"))
    held = alice.hold(alice.place.turns.turn(), "append")
    bob.turn()
    held.go()
    table.settle(alice, bob, carol)
    assert carol.authenticator == alice.authenticator
    assert _stock(carol) == (2 * PACE.stock - 1, 1)

    lost = [True]
    alice.cut = lambda ask: "answer" if ask.operation == "claim" and lost and lost.pop() else ""
    alice.run(alice.peer.claim("carol"))
    assert _stock(carol) == (2 * PACE.stock - 2, 1)


# --- 12 -------------------------------------------------------------------------------------


def test_users_12_members_whose_lifetimes_have_expired_stay_members(table: Table) -> None:
    """Asked for: a member whose leaf has expired bricks the group, for nobody can commit or join.

    Shown: bob never renews his leaf, for two years. The group commits, takes in a newcomer, whose
    client verifies the tree with the expired leaf, and bob comes back and speaks.
    """
    alice, bob = table.sit("alice"), table.sit("bob")
    alice.create()
    alice.invite("bob")
    table.settle(alice, rounds=2)
    bob.turn()  # he has joined, and his KeyPackage's leaf is in the tree
    leaf = next(each for each in alice.place.seat.group.members if each.identity == b"bob")
    table.passes(2 * YEAR)
    found = alice.place.seat.group.tree.leaf(leaf.index)
    assert found is not None
    assert found.lifetime is not None
    assert found.lifetime.not_after < table.now
    alice.wish(wishes.Describe(name="two years later"))
    carol = table.sit("carol")
    alice.invite("carol")
    table.settle(alice, carol)
    assert carol.authenticator == alice.authenticator
    bob.say("still here")
    table.settle(bob, alice, carol, rounds=20)
    assert alice.texts() == carol.texts() == ["still here"]
    assert alice.authenticator == bob.authenticator == carol.authenticator


@pytest.mark.parametrize("years", [-20, -3, 3, 20])
def test_users_12_a_clock_that_is_wrong_by_years_is_said_and_splits_nobody(
    table: Table, years: int
) -> None:
    """Asked for: members whose clocks differ must not disagree about a commit.

    Shown: bob's clock is wrong by years. He is told so where it matters: his KeyPackages are
    refused, and he cannot add anybody, since by his clock what others published is not good. What
    he says and commits for the rest is taken by all, what they commit is taken by him; nobody is
    in another epoch than the others.
    """
    alice, bob, carol = (table.sit(name) for name in ("alice", "bob", "carol"))
    _claims(alice, "bob", 2 * PACE.stock)
    bob.skew = years * YEAR
    with pytest.raises(BrokerError, match="clock") as refused:
        bob.run(bob.peer.attend())
    assert refused.value.code == Code.bad_key_package
    alice.create()
    alice.invite("bob")
    alice.wish(wishes.Describe(roles={"bob": 2}))
    table.settle(alice, bob)
    bob.news()
    bob.invite("carol")
    table.settle(alice, bob, rounds=3)
    [told] = [each for each in bob.news() if isinstance(each, events.WishRefused)]
    assert "have expired, or are not good yet" in told.why
    bob.wish(wishes.Describe(name="his"))
    bob.say("what day is it?")
    alice.invite("carol")
    table.settle(alice, bob, carol, rounds=20)
    assert {each.place.seat.look().name for each in (alice, bob, carol)} == {"his"}
    assert alice.authenticator == bob.authenticator == carol.authenticator
    assert alice.texts() == bob.texts() == ["what day is it?"]
