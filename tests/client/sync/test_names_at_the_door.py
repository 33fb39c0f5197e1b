"""Who comes by a link or a card says its name itself: nobody gets a role by saying another's."""

from __future__ import annotations

import pytest

from client.table import Someone, Table
from covey.access.member import links
from covey.access.structs.extensions import Right
from covey.access.structs.sealed import Link
from covey.client import events
from covey.client.conversing import wanted
from covey.client.sync.group import commits
from covey.client.sync.rows import wishes
from covey.client.sync.rows.wishes import Invite, OpenDoor
from covey.client.words import cards, profile
from covey.client.words.cards import Card
from covey.client.words.profile import Role
from covey.errors import PolicyError
from covey.store.memory import memory_store


def link_of(someone: Someone) -> bytes:
    """A link to the group of somebody, who answers there."""
    seed = someone.table.entropy(32)
    someone.wish(OpenDoor(seed, Right.join, int(someone.table.now) // 3600 + 48))
    someone.turn()
    someone.table.passes(3)
    someone.turn()
    row, suite = someone.place.seat.look(), someone.peer.home.member.suite.code
    return links.encode(Link(links.VERSION, row.broker_id, row.gid, suite, seed))


def called(table: Table, name: str, account: str) -> Someone:
    """Somebody with an account and keys of its own, whose credential says another name."""
    stranger = Someone(table, name, memory_store())
    stranger.run(stranger.peer.enrol(table.identity.broker_id, account))
    return stranger


def names(someone: Someone) -> list[str]:
    return sorted(each.identity.decode() for each in someone.place.seat.group.members)


def refusals(someone: Someone) -> list[str]:
    """Why those were not let in who knocked."""
    found = [each for each in someone.news() if isinstance(each, events.Knocked)]
    return [each.why for each in found if not each.accepted]


def card(someone: Someone) -> bytes:
    """The KeyPackage of a card."""
    return someone.peer.home.member.key_package(now=int(someone.now())).message


def whys(someone: Someone) -> list[str]:
    """Why wishes were refused."""
    return [each.why for each in someone.news() if isinstance(each, events.WishRefused)]


@pytest.mark.parametrize("name", ["alice", "bob", "carol"])
def test_a_link_lets_nobody_in_under_the_name_of_a_member(table: Table, name: str) -> None:
    """Whether it is the owner who answers, another owner, or a mere member."""
    alice, bob, _ = people = table.team("alice", "bob", "carol")
    alice.wish(wishes.Describe(roles={"bob": Role.owner}))
    table.settle(*people, rounds=3)
    link = link_of(alice)
    mallory = called(table, name, "mallory")
    mallory.run(mallory.peer.knock(link))
    table.settle(alice, bob, mallory)
    assert names(alice) == ["alice", "bob", "carol"]
    assert not any(each.seat.look().status.is_in for each in mallory.peer.places())
    why = [each for each in refusals(alice) + refusals(bob) if name in each]
    assert why
    assert all("add_device" in each for each in why)


@pytest.mark.parametrize(
    "name",
    ["alice ", "bo\u0062\ufe0f", "jose\u0301", "", "n" * 5_000, "zoe\n23:59  bob: hello", "You"],
)
def test_a_link_lets_nobody_in_who_has_no_name(table: Table, name: str) -> None:
    alice, bob = table.team("alice", "bob")
    link = link_of(alice)
    mallory = called(table, name, "mallory")
    mallory.run(mallory.peer.knock(link))
    table.settle(alice, bob, mallory)
    assert names(alice) == ["alice", "bob"]
    assert all("is no name" in each for each in refusals(alice) + refusals(bob))
    with pytest.raises(PolicyError, match="is no name"):
        wanted.require_stranger(
            Card(cards.VERSION, card(mallory)), alice.place, alice.place.seat.group
        )


def test_a_link_of_who_is_alone_lets_nobody_in_as_its_maker(table: Table) -> None:
    [alice] = table.team("alice")
    link = link_of(alice)
    mallory = called(table, "alice", "mallory")
    mallory.run(mallory.peer.knock(link))
    table.settle(alice, mallory)
    assert names(alice) == ["alice"]
    assert any("add_device" in each for each in refusals(alice))


def test_a_link_lets_in_who_has_a_name_of_its_own(table: Table) -> None:
    [alice, bob] = table.team("alice", "bob")
    link = link_of(alice)
    dan = called(table, "dan", "dan")
    dan.run(dan.peer.knock(link))
    table.settle(alice, bob, dan)
    assert names(dan) == ["alice", "bob", "dan"]
    stated = profile.profile_of(dan.place.seat.group.extensions)
    assert stated is not None
    assert profile.role_of(stated, b"dan") is Role.member


def test_a_link_lets_nobody_in_under_a_name_that_has_a_role(table: Table) -> None:
    alice, bob, carol = people = table.team("alice", "bob", "carol")
    alice.wish(wishes.Describe(roles={"carol": Role.owner}))
    table.settle(*people, rounds=3)
    carol.leave()
    table.settle(*people)
    stated = profile.profile_of(alice.place.seat.group.extensions)
    assert stated is not None
    assert profile.role_of(stated, b"carol") is Role.owner
    link = link_of(alice)
    mallory = called(table, "carol", "mallory")
    mallory.run(mallory.peer.knock(link))
    table.settle(alice, bob, mallory)
    assert names(alice) == ["alice", "bob"]
    assert any("has a role" in each for each in refusals(alice))


def test_a_device_of_ones_own_still_comes_in(table: Table) -> None:
    [alice, bob] = table.team("alice", "bob")
    second = table.second_device(alice)
    bob_tells = alice.peer.claim("alice")
    alice.wish(Invite(alice.run(bob_tells)))
    table.settle(alice, bob, second)
    assert names(bob) == ["alice", "alice", "bob"]


def strange(table: Table, name: str, *, by_card: bool) -> Invite:
    """The wish to let somebody in by a card, or by a link."""
    package = card(called(table, name, f"account of {name} {table.now}"))
    answered = () if by_card else (table.entropy(16),)
    return Invite((package,), answered=answered, by_card=by_card)


@pytest.mark.parametrize("by_card", [False, True])
def test_a_name_that_has_come_in_meanwhile_is_seen_when_the_commit_is_made(
    table: Table, *, by_card: bool
) -> None:
    alice, bob = table.team("alice", "bob")
    carol = table.sit("carol")
    wish = strange(table, "carol", by_card=by_card)
    assert len(commits.merge(alice.place.seat, (wish,)).add) == 1
    bob.invite("carol")
    table.settle(alice, bob, carol)
    with pytest.raises(PolicyError, match="carol is in this group already"):
        commits.merge(alice.place.seat, (wish,))
    alice.wish(wish)
    alice.wish(wishes.Describe(name="renamed"))
    alice.news()
    table.settle(alice, bob, carol)
    assert names(alice) == ["alice", "bob", "carol"]
    [why] = whys(alice)
    assert "add_device" in why
    stated = profile.profile_of(bob.place.seat.group.extensions)
    assert stated is not None
    assert stated.name == b"renamed"  # nothing else is held up


@pytest.mark.parametrize("by_card", [False, True])
def test_a_role_given_in_the_same_commit_counts(table: Table, *, by_card: bool) -> None:
    [alice] = table.team("alice")
    wish = strange(table, "dan", by_card=by_card)
    made = wishes.Describe(roles={"dan": Role.owner})
    with pytest.raises(PolicyError, match="has a role"):
        commits.merge(alice.place.seat, (wish, made))


def test_two_of_one_name_do_not_come_at_once(table: Table) -> None:
    [alice] = table.team("alice")
    one = strange(table, "dan", by_card=False)
    table.passes(1)
    other = strange(table, "dan", by_card=True)
    with pytest.raises(PolicyError, match="two come at once"):
        commits.merge(alice.place.seat, (one, other))
    alice.wish(one)
    alice.wish(other)
    alice.turn()
    assert names(alice) == ["alice", "dan"]
    assert any("dan is in this group already" in each for each in whys(alice))
