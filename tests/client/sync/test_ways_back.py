"""The ways back into a group, and who may use them: hostile members, and who was removed."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from client.table import only_commits
from covey.access.member import knocks, links
from covey.access.member.addresses import extension
from covey.access.structs.basics import Nothing, Signed
from covey.access.structs.extensions import GroupCapability, Right
from covey.access.structs.joining import Knock, WaitingKnock
from covey.access.structs.sealed import Link
from covey.client import events
from covey.client.sync.asking import alone, ask
from covey.client.sync.group import capabilities, commits
from covey.client.sync.group.inviting import key_package
from covey.client.sync.log import hearing
from covey.client.sync.rows import groups, wishes
from covey.client.sync.rows.groups import Status
from covey.client.words import profile
from covey.client.words.contents import Recovery
from covey.errors import BrokerError, PolicyError
from covey.mls import Group, Policy, Ports

if TYPE_CHECKING:
    from collections.abc import Callable

    from client.table import Someone, Table
    from covey.client.sync.effects import Ask


def way_in(someone: Someone) -> Link:
    """What a member can make of what it has: the link of the group's recovery capability."""
    row = someone.place.seat.look()
    suite = someone.peer.home.member.suite.code
    return Link(links.VERSION, row.broker_id, row.gid, suite, capabilities.seeds(row)[0])


def knock_with(someone: Someone, link: Link, package: bytes) -> None:
    """Leave a KeyPackage at the door, whosever it is."""
    signed = knocks.knock(link, package, someone.table.entropy, recovers=True).encode()
    world = someone.peer.home.world
    request = Signed.decode(signed)
    someone.run(alone(world, lambda lane: ask(lane, "knock", request, Nothing)))


def lose(someone: Someone) -> None:
    """Somebody finds that its place in the log is lost."""
    seat = someone.place.seat
    with seat.change():
        seat.replace(status=Status.lost, trouble="lost")


def index(someone: Someone, name: str) -> tuple[int, bytes]:
    """The leaf of a member, and its encryption key."""
    group = someone.place.seat.group
    [found] = [each.index for each in group.members if each.identity == name.encode()]
    leaf = group.tree.leaf(found)
    assert leaf is not None
    return found, leaf.encryption_key


def refusals(someone: Someone) -> list[str]:
    """Why those were not let in who knocked."""
    return [
        each.why for each in someone.news() if isinstance(each, events.Knocked) if not each.accepted
    ]


def published(someone: Someone) -> bytes:
    """A KeyPackage like those that it has published, and that anybody may have."""
    assert someone.peer.inbox is not None
    inbox = [extension(someone.peer.inbox.address)]
    return someone.peer.home.member.key_package(extensions=inbox, now=int(someone.now())).message


def test_who_was_removed_throws_nobody_out_with_a_keypackage_of_theirs(table: Table) -> None:
    alice, bob, carol = people = table.team("alice", "bob", "carol")
    link, theirs = way_in(carol), published(bob)
    before = index(alice, "bob")
    alice.wish(wishes.Expel((b"carol",)))
    table.settle(*people)
    knock_with(carol, link, theirs)
    table.settle(alice, bob, rounds=20)
    assert index(alice, "bob") == before
    assert bob.place.seat.look().status is Status.active
    assert any("made for something else" in each for each in refusals(alice) + refusals(bob))


def test_a_way_back_that_was_used_is_none_for_anybody_else(table: Table) -> None:
    alice, bob, carol = people = table.team("alice", "bob", "carol")
    knocked = come_back(table, bob, *people)
    before = index(alice, "bob")
    knock_with(carol, way_in(carol), opened(carol, knocked))
    table.settle(*people, rounds=20)
    assert index(alice, "bob") == before
    assert any("before the member was last here" in each for each in refusals(alice))


def test_a_member_that_commits_it_anyway_is_followed_by_nobody(table: Table) -> None:
    alice, bob, carol = people = table.team("alice", "bob", "carol")
    knocked = come_back(table, bob, *people)
    package = key_package(opened(carol, knocked))
    lenient = Ports(
        Policy(extension_types=profile.EXTENSION_TYPES),
        entropy=table.entropy,
        now=lambda: int(table.now),
    )
    cheat = Group.restore(carol.place.seat.group.snapshot(), lenient)
    pending = cheat.commit(add=[package], remove=[index(carol, "bob")[0]])
    with pytest.raises(PolicyError, match="may not remove bob"):
        alice.place.seat.group.stage(pending.message)


def come_back(table: Table, lost: Someone, *people: Someone) -> bytes:
    """Somebody is lost, knocks, and is let in; what it left at the door."""
    left: set[bytes] = set()

    def note(asked: Ask) -> str:
        if asked.operation == "knock":
            left.add(asked.request.encode())
        return ""

    lost.cut = note
    lose(lost)
    table.settle(*people, rounds=20)
    assert lost.place.seat.look().status is Status.active
    [knocked] = left
    return knocked


def opened(someone: Someone, knocked: bytes) -> bytes:
    """The KeyPackage in a knock, which every member can read."""
    seat = someone.place.seat
    left = Knock.decode(Signed.decode(knocked).request)
    waiting = WaitingKnock(left.id, left.capability, left.sealed)
    with someone.store.reading() as rows:
        doors = groups.doors(rows, seat.number)
    row = seat.row
    return knocks.open_knock(row.broker_id, row.gid, doors, waiting).key_package


# --- after a removal -----------------------------------------------------------------------


def ways(someone: Someone) -> list[tuple[bytes, int]]:
    """The group's ways back, and for how many hours each is good from now on."""
    seat = someone.place.seat
    standing = capabilities.standing(seat, Right.recover)
    return [(each.key, each.not_after - seat.home.world.hour) for each in standing]


@pytest.mark.parametrize("leaves", [False, True])
def test_who_goes_does_not_know_the_way_back_for_long(table: Table, *, leaves: bool) -> None:
    alice, bob, carol = people = table.team("alice", "bob", "carol")
    link = way_in(carol)
    if leaves:
        carol.leave()
    else:
        alice.wish(wishes.Expel((b"carol",)))
    table.settle(*people)
    assert carol.place.seat.look().status in (Status.left, Status.removed)
    assert way_in(alice).seed == way_in(bob).seed != link.seed
    (_, short), (_, long) = sorted(ways(alice), key=lambda each: each[1])
    assert short <= 30 * 24 < long
    package = published(carol)
    knock_with(carol, link, package)
    table.passes(31 * 86_400)
    table.settle(alice, bob, rounds=2)
    with pytest.raises(BrokerError, match="capability_refused"):
        knock_with(carol, link, package)


def test_who_was_away_when_somebody_went_comes_back_by_the_old_way(table: Table) -> None:
    alice, bob, carol = people = table.team("alice", "bob", "carol")
    lose(bob)
    alice.wish(wishes.Expel((b"carol",)))
    table.settle(alice, carol, rounds=2)
    table.settle(*people, rounds=20)
    assert bob.place.seat.look().status is Status.active
    assert alice.authenticator == bob.authenticator
    assert way_in(alice).seed == way_in(bob).seed


def test_who_has_told_nobody_of_a_new_way_back_knocks_where_the_others_hear_it(
    table: Table,
) -> None:
    alice, bob, _ = table.team("alice", "bob", "carol")
    alice.wish(wishes.Expel((b"carol",)))
    alice.cut = only_commits
    table.settle(alice, bob, rounds=2)
    assert (len(ways(bob)), way_in(alice).seed) == (2, way_in(bob).seed)
    lose(alice)
    alice.cut = lambda _: ""
    table.settle(alice, bob, rounds=8)
    assert alice.place.seat.look().status is Status.active
    assert alice.authenticator == bob.authenticator


def test_coming_back_makes_no_new_way_back(table: Table) -> None:
    alice, bob, carol = people = table.team("alice", "bob", "carol")
    before = ways(alice)
    for each in (alice, bob):  # the maker of the way back, too
        come_back(table, each, *people)
    assert [key for key, _ in ways(carol)] == [key for key, _ in before]
    assert all(hours > 365 * 24 for _, hours in ways(carol))


def test_an_old_way_back_is_closed_when_it_is_crowded(table: Table) -> None:
    alice, bob, carol = people = table.team("alice", "bob", "carol")
    link = way_in(carol)
    alice.wish(wishes.Expel((b"carol",)))
    table.settle(*people)
    assert len(ways(alice)) == 2
    for _ in range(8):
        knock_with(carol, link, published(carol))
    table.settle(alice, bob, rounds=6)
    assert len(ways(alice)) == 1
    with pytest.raises(BrokerError, match="capability_refused"):
        knock_with(carol, link, published(carol))
    assert come_back(table, bob, alice, bob)


def test_who_knocks_again_and_again_beside_a_closed_way_back_leaves_one_knock(table: Table) -> None:
    """Else the door is full before anybody opens it (seed 1009643)."""
    alice, bob, _ = table.team("alice", "bob", "carol")
    seat = bob.place.seat
    closed = bytes(32)  # such as one that members have closed while he was away
    with seat.change():
        seat.replace(recovery=closed + (seat.row.recovery or b""))
    lose(bob)
    left: list[bytes] = []

    def noted(asked: Ask) -> str:
        if asked.operation == "knock":
            left.append(asked.request.encode())
        return ""

    bob.cut = noted
    for _ in range(4):
        bob.start()  # also if it dies in between
        table.settle(bob, rounds=2, step=320.0)
    assert len(left) >= 8
    assert len(set(left)) == 2
    table.settle(alice, bob, rounds=20)
    assert bob.place.seat.look().status is Status.active


def test_of_two_seeds_the_one_that_lasts_is_kept(table: Table) -> None:
    people = table.team("alice", "bob", "carol")
    alice, bob, _ = people
    old = way_in(bob).seed
    alice.wish(wishes.Expel((b"carol",)))
    table.settle(*people)
    new = way_in(bob).seed
    seat = alice.place.seat
    with seat.change() as rows:
        told = Recovery(capabilities.key(old), old)
        hearing.say(seat, rows, told, kept=False)
    table.settle(alice, bob)
    assert way_in(bob).seed == new != old


def test_a_way_back_that_a_broker_took_back_is_not_the_only_one(table: Table) -> None:
    people = table.team("alice", "bob", "carol")
    alice, bob, _ = people
    before = way_in(alice)
    table.copies.append(table.snapshot())
    alice.copy = 1  # a fork, in which she removes carol and opens another way back
    alice.wish(wishes.Expel((b"carol",)))
    table.settle(*people, rounds=3)
    assert way_in(alice).seed != before.seed
    alice.copy = 0
    bob.wish(wishes.Renew())
    table.settle(*people, rounds=40, step=10)
    assert alice.place.seat.look().status is Status.active
    assert alice.authenticator == bob.authenticator
    assert any(isinstance(each, events.Rejoining) for each in alice.news())


# --- false groups --------------------------------------------------------------------------


def impostor(table: Table, victim: Someone, copy: int, group_id: bytes) -> Someone:
    """Somebody makes a group of the same number, at a broker that lets it, and invites there."""
    mallory = table.sit("mallory")
    row = victim.place.seat.look()
    mallory.copy = victim.copy = copy
    victim.start()
    mallory.run(mallory.peer.enrol(table.identity.broker_id, "mallory"))
    seat = mallory.peer.create(profile.first_profile("team", b"mallory")).seat
    leaf = seat.group.tree.leaf(seat.group.own_index)
    assert leaf is not None
    home = mallory.peer.home
    false = Group.create(
        home.member,
        group_id=group_id,
        extensions=seat.group.extensions,
        leaf_extensions=leaf.extensions,
        ports=home.ports,
    )
    with mallory.store.transaction() as rows:
        groups.forget_engine(rows, seat.number)
        groups.apply(rows, seat.number, false.changes())
        groups.update(rows, seat.row.replaced(gid=row.gid, group_id=group_id, version=9))
    mallory.start()
    mallory.turn()
    mallory.run(mallory.peer.claim(victim.name))  # the one that was used at the other broker
    mallory.invite(victim.name)
    return mallory


@pytest.mark.parametrize("knows_the_group", [False, True])
@pytest.mark.parametrize("status", [Status.lost, Status.restored, Status.copy])
def test_a_false_group_gets_nothing_that_waits(
    table: Table, status: Status, *, knows_the_group: bool
) -> None:
    alice, bob = table.sit("alice"), table.sit("bob")
    table.copies.append(table.snapshot())  # a broker that does not know the group
    alice.create()
    alice.invite("bob")
    table.settle(alice, bob)
    bob.cut = lambda each: "request" if each.operation in ("append", "knock") else ""
    bob.say("for alice only")
    bob.turn()
    seat = bob.place.seat
    with seat.change() as rows:
        seat.replace(status=status, trouble="")
        if status is Status.restored:
            rows.do("DELETE FROM group_rows")
    bob.news()
    group_id = seat.row.group_id if knows_the_group else table.entropy(32)
    mallory = impostor(table, bob, 1, group_id)
    for _ in range(4):
        mallory.turn()
        bob.turn()
        table.passes(3)
    assert bob.place.seat.look().status is status
    assert mallory.texts() == []
    [told] = [each for each in bob.news() if isinstance(each, events.InvitationFailed)]
    assert ("was not there" if knows_the_group else "another group") in told.why
    bob.copy, bob.cut = 0, lambda _: ""
    bob.start()
    if status is not Status.copy:
        table.settle(alice, bob, rounds=25)
        assert alice.texts() == ["for alice only"]


def test_who_is_lost_comes_back_by_an_invitation_of_who_was_there(table: Table) -> None:
    alice, bob = people = table.team("alice", "bob")
    bob.cut = lambda each: "request" if each.operation == "knock" else ""
    lose(bob)
    alice.wish(wishes.Expel((b"bob",)))
    table.settle(alice, rounds=2)
    alice.invite("bob")
    table.settle(*people)
    assert bob.place.seat.look().status is Status.active
    assert alice.authenticator == bob.authenticator


def test_a_removed_member_is_invited_again(table: Table) -> None:
    people = table.team("alice", "bob", "carol")
    alice, bob, carol = people
    alice.wish(wishes.Expel((b"bob",)))
    table.settle(*people)
    carol.invite("bob")
    table.settle(*people)
    assert bob.place.seat.look().status is Status.active
    assert alice.authenticator == bob.authenticator


# --- who is removed while it comes back ----------------------------------------------------


def by_name(_: Someone) -> wishes.Expel:
    return wishes.Expel((b"bob",))


def by_key(alice: Someone) -> wishes.Expel:
    group = alice.place.seat.group
    return wishes.Expel(
        keys=tuple(each.signature_key for each in group.members if each.identity == b"bob")
    )


@pytest.mark.parametrize("expelling", [by_name, by_key])
def test_who_knocks_while_a_removal_waits_is_removed(
    table: Table, expelling: Callable[[Someone], wishes.Expel]
) -> None:
    alice, bob, carol = people = table.team("alice", "bob", "carol")
    lose(bob)
    bob.turn()
    table.passes(30)
    held = alice.hold(alice.place.turns.turn(), "knocks")
    alice.wish(expelling(alice))
    held.go()
    assert [each.identity for each in alice.place.seat.group.members] == [b"alice", b"carol"]
    table.settle(*people, rounds=20)
    assert [each.identity for each in carol.place.seat.group.members] == [b"alice", b"carol"]
    assert not bob.place.seat.look().status.is_in
    told = [each for each in alice.news() if isinstance(each, events.Knocked)]
    assert [each.accepted for each in told if each.name == "bob"] in ([], [False])


@pytest.mark.parametrize("first", ["knock", "removal"])
def test_a_knock_that_was_answered_does_not_outlast_a_removal(table: Table, first: str) -> None:
    alice, bob, carol = people = table.team("alice", "bob", "carol")
    left: set[bytes] = set()

    def note(asked: Ask) -> str:
        if asked.operation == "knock":
            left.add(asked.request.encode())
        return ""

    bob.cut = note
    lose(bob)
    bob.turn()
    [knocked] = left
    answering = wishes.Invite((opened(carol, knocked),), recovers=True, answered=(b"knock" * 3,))
    assert len(commits.merge(alice.place.seat, (answering,)).add) == 1
    expelling = by_name(alice)
    both = (answering, expelling) if first == "knock" else (expelling, answering)
    merged = commits.merge(alice.place.seat, both)
    assert merged.add == ()
    assert merged.remove == (index(alice, "bob")[0],)
    for each in both:
        alice.wish(each)
    table.settle(*people, rounds=20)
    assert [each.identity for each in carol.place.seat.group.members] == [b"alice", b"carol"]


def test_a_removal_that_is_refused_leaves_the_way_back_open(table: Table) -> None:
    _, bob, carol = people = table.team("alice", "bob", "carol")
    lose(bob)
    bob.turn()
    table.passes(30)
    held = carol.hold(carol.place.turns.turn(), "knocks")
    carol.wish(by_name(carol))  # who may not
    held.go()
    table.passes(30)
    table.settle(carol, bob, rounds=20)
    assert any(isinstance(each, events.WishRefused) for each in carol.news())
    assert bob.place.seat.look().status is Status.active
    table.settle(*people)
    assert carol.authenticator == bob.authenticator


def test_who_is_removed_and_invited_at_once_goes_and_comes_in_anew(table: Table) -> None:
    alice, bob, carol = people = table.team("alice", "bob", "carol")
    before = index(alice, "bob")
    alice.wish(by_name(alice))
    alice.invite("bob")
    alice.wish(wishes.Describe(name="renamed"))
    table.settle(*people, rounds=20)
    assert bob.place.seat.look().status is Status.active
    assert index(carol, "bob")[1] != before[1]
    assert alice.authenticator == bob.authenticator == carol.authenticator
    assert not [each for each in alice.news() if isinstance(each, events.WishRefused)]


# --- who is out ----------------------------------------------------------------------------


@pytest.mark.parametrize("how", ["removed", "leaves", "leaves alone"])
def test_who_is_out_keeps_nothing_but_what_was_said(table: Table, how: str) -> None:
    alice, bob, carol = people = table.team("alice", "bob", "carol")
    for each in people:
        each.say(f"from {each.name}")
    table.settle(*people)
    if how == "removed":
        alice.wish(wishes.Expel((b"bob",)))
    else:
        bob.leave()
    table.settle(*people)
    if how == "leaves alone":
        alice.wish(wishes.Expel((b"carol",)))
        table.settle(*people)
        alice.leave()
    out = alice if how == "leaves alone" else bob
    assert out.place.seat.look().status in (Status.left, Status.removed)
    with out.store.reading() as rows:
        tables = rows.all(
            "SELECT DISTINCT m.name FROM sqlite_schema AS m, pragma_table_info(m.name) AS c"
            " WHERE m.type = 'table' AND c.name = 'group_'"
        )
        counts = {
            str(name): rows.one(f"SELECT count(*) FROM {name}")  # noqa: S608 - of the schema
            for (name,) in tables
        }
        assert rows.one("SELECT count(*) FROM groups WHERE recovery IS NOT NULL") == (0,)
        left = rows.all("SELECT name FROM settings WHERE name GLOB 'knock *'")
    kept = {name for name, count in counts.items() if count != (0,)}
    assert kept <= {"messages", "events"}
    assert counts["messages"] == (3,)
    assert len(counts) >= 10
    assert left == []
    assert carol.texts()


def test_a_way_back_outlasts_eight_others_that_take_its_place() -> None:
    """People come and go while somebody is away, or shown another log, who knows no other way."""
    ways: tuple[GroupCapability, ...] = ()
    for number in range(10):
        lasting = GroupCapability(bytes([number]) * 32, bytes(32), 600_000, Right.recover)
        ways = (*capabilities.superseded(ways, 500_000), lasting)
    assert [each.key[0] for each in ways] == list(range(1, 10))
    assert {each.not_after for each in ways[:-1]} == {500_000 + capabilities.OLD_WAY_HOURS}
