"""A group is moved to another suite: by whoever lives, once, and with everybody."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

import pytest
from msgspec.structs import replace

from client.table import Table, end
from covey.access.member import addresses, envelopes, links
from covey.access.refusals import Code, refused
from covey.access.structs.extensions import Right
from covey.access.structs.log import NextEpoch
from covey.access.structs.sealed import Link, Purpose, Successor
from covey.client import events
from covey.client.roles import GroupPolicy
from covey.client.sync.asking import alone, append
from covey.client.sync.group import capabilities, devices
from covey.client.sync.group.devices import device_of
from covey.client.sync.group.seat import Seat
from covey.client.sync.log import entering
from covey.client.sync.log.moving import kept
from covey.client.sync.rows import queues, wishes
from covey.client.sync.rows.groups import Status
from covey.client.words import profile, safety, same_device
from covey.client.words.same_device import SAME_DEVICE, SameDevice
from covey.mls import Extension, Group, Member, Policy
from covey.store import settings
from lengths import only_in_full

if TYPE_CHECKING:
    from collections.abc import Callable

    from client.table import Someone
    from covey.client.sync.effects import Ask

    Begin = Callable[..., list[Someone]]

OLD, SAME_KEYS, OTHER_KEYS = 1, 3, 2
"""Suites: the last one has another signature scheme than the first."""

HOUR, DAY = 3_600, 86_400


@pytest.fixture
def table() -> Table:
    """A table at which all can be moved to both."""
    table = Table()
    table.upgrades = (SAME_KEYS, OTHER_KEYS)
    return table


def suites(*people: Someone) -> set[int]:
    return {each.place.seat.look().suite for each in people}


def agree(*people: Someone) -> bool:
    """Whether all are in the same epoch of the same group."""
    return len({each.authenticator for each in people}) == 1


def lost(someone: Someone) -> list[events.Event]:
    kinds = events.MessagesLost | events.Unreadable | events.WishRefused | events.Rejoining
    return [each for each in someone.news() if isinstance(each, kinds)]


@pytest.mark.parametrize("suite", [SAME_KEYS, OTHER_KEYS])
def test_all_go_on_in_the_other_suite_with_all_that_they_said(table: Table, suite: int) -> None:
    alice, bob, carol = people = table.team("alice", "bob", "carol")
    bob.say("before")
    table.settle(*people)
    before = {each.index: each.signature_key for each in alice.place.seat.group.members}
    alice.upgrade(suite)
    bob.say("meanwhile")
    table.settle(*people)
    carol.say("after")
    table.settle(*people)
    assert suites(*people) == {suite}
    assert agree(*people)
    for each in people:
        assert each.texts() == ["before", "meanwhile", "after"]
        assert lost(each) == []
        assert each.place.seat.look().epoch > each.place.seat.group.epoch
    after = {each.signature_key for each in alice.place.seat.group.members}
    assert (set(before.values()) == after) is (suite == SAME_KEYS)
    told = [each for each in alice.news() if isinstance(each, events.Upgraded)]
    assert told == []  # it was read above


def test_it_is_moved_again_and_back(table: Table) -> None:
    alice, bob = people = table.team("alice", "bob")
    for suite in (SAME_KEYS, OTHER_KEYS, OLD, OTHER_KEYS):
        alice.upgrade(suite)
        table.settle(*people)
        bob.say(f"in {suite}")
        table.settle(*people)
    assert suites(*people) == {OTHER_KEYS}
    assert agree(*people)
    assert alice.texts() == bob.texts() == [f"in {each}" for each in (3, 2, 1, 2)]
    number = alice.place.seat.number
    with alice.store.reading() as rows:
        assert kept.every(rows) == []
        assert kept.successor(rows, number) is None


def test_epochs_are_told_by_their_number_in_the_log(table: Table) -> None:
    alice, bob, _ = people = table.team("alice", "bob", "carol")
    alice.upgrade(SAME_KEYS)
    table.settle(*people)
    alice.wish(wishes.Expel((b"carol",)))
    alice.news()
    before = alice.place.seat.look().epoch
    table.settle(alice, bob)
    [told] = [each for each in alice.news() if isinstance(each, events.MembersChanged)]
    assert told.epoch == before + 1


def test_who_was_offline_comes_along_when_it_is_back(table: Table) -> None:
    alice, bob, carol = people = table.team("alice", "bob", "carol")
    alice.say("one")
    table.settle(alice, bob)
    alice.upgrade(OTHER_KEYS)
    table.settle(alice, bob)
    alice.upgrade(SAME_KEYS)
    bob.say("two")
    table.settle(alice, bob)
    carol.say("three")
    table.settle(*people)
    assert suites(*people) == {SAME_KEYS}
    assert agree(*people)
    assert lost(carol) == []
    assert sorted(carol.texts()) == sorted(alice.texts()) == ["one", "three", "two"]


def has_to_say(someone: Someone) -> bool:
    number = someone.place.seat.number
    with someone.store.reading() as rows:
        return queues.waits(rows, number) > 0


def moves_until_it_dies(table: Table, at: int, how: str) -> tuple[list[Someone], bool]:
    """Alice moves the group, and dies at a request; or just has moved it, if there are fewer."""
    people = table.team("alice", "bob", "carol")
    people[0].upgrade(OTHER_KEYS)
    return people, people[0].dies(partial(table.settle, people[0], rounds=3), at, how)


def until_it_has_said(table: Table, someone: Someone) -> None:
    rounds = 0
    while has_to_say(someone) and rounds < 20:
        table.settle(someone, rounds=1)
        rounds += 1


@pytest.mark.parametrize("comes_back", [True, False], ids=["back", "gone"])
@pytest.mark.parametrize("how", ["killed", "answer", "request"])
def test_a_death_at_every_request_is_survived(how: str, *, comes_back: bool) -> None:
    if how == "request":
        only_in_full("much like a lost answer")
    at, died = 0, True
    while died:
        table = Table()
        table.upgrades = (SAME_KEYS, OTHER_KEYS)
        at += 1
        people, died = moves_until_it_dies(table, at, how)
        alice, bob, carol = people
        bob.say("meanwhile")
        table.settle(bob, carol, rounds=20)
        if comes_back:
            alice.start()
            table.settle(*people, rounds=20)
        else:
            people = [bob, carol]
        carol.say("after")
        table.settle(*people, rounds=20)
        assert agree(*people), at
        assert len(suites(*people)) == 1
        if comes_back:
            assert suites(*people) == {OTHER_KEYS}, at
        for each in people:
            assert sorted(each.texts()) == ["after", "meanwhile"], at
            assert lost(each) == [], at
    assert at > 4


def ended_by(table: Table, *names: str) -> list[Someone]:
    """A group that its first member has ended by a ReInit, and gone."""
    people = table.team(*names)
    end(people[0], OTHER_KEYS)
    return people


def moved_by(table: Table, *names: str) -> list[Someone]:
    """A group that its first member has moved, and then gone; the others know nothing of it."""
    people = table.team(*names)
    people[0].upgrade(OTHER_KEYS)
    table.settle(people[0], rounds=3)
    assert suites(people[0]) == {OTHER_KEYS}
    return people


@pytest.mark.parametrize("begin", [ended_by, moved_by], ids=["who finishes", "who follows"])
@pytest.mark.parametrize("how", ["killed", "answer", "request"])
def test_a_death_at_every_request_of_another(how: str, begin: Begin) -> None:
    if how == "request":
        only_in_full("much like a lost answer")
    at, died = 0, True
    while died:
        table = Table()
        table.upgrades = (SAME_KEYS, OTHER_KEYS)
        at += 1
        _, bob, carol = begin(table, "alice", "bob", "carol")
        bob.say("meanwhile")
        died = bob.dies(partial(until_it_has_said, table, bob), at, how)
        bob.start()
        table.settle(bob, carol, rounds=10)
        carol.say("after")
        table.settle(bob, carol, rounds=6)
        assert suites(bob, carol) == {OTHER_KEYS}, at
        assert agree(bob, carol), at
        for each in (bob, carol):
            assert sorted(each.texts()) == ["after", "meanwhile"], at
            assert lost(each) == [], at
    assert at > 4


def test_any_member_finishes_it(table: Table) -> None:
    _, bob, carol = ended_by(table, "alice", "bob", "carol")
    carol.say("waits")
    table.settle(carol, rounds=20)
    assert suites(carol) == {OTHER_KEYS}
    table.settle(bob, carol)
    assert agree(bob, carol)
    assert bob.texts() == ["waits"]


def test_two_who_finish_it_at_once_come_into_the_same_group(table: Table) -> None:
    alice, bob, carol = people = ended_by(table, "alice", "bob", "carol")
    for each in (bob, carol):
        each.cut = lambda ask: "request" if ask.operation == "append" else ""
        table.settle(each, rounds=20)
        assert queues_commit(each)
    for each in people:
        each.cut = lambda _: ""
    table.settle(*people)
    assert suites(*people) == {OTHER_KEYS}
    assert agree(alice, bob, carol)


def queues_commit(someone: Someone) -> bool:
    number = someone.place.seat.number
    with someone.store.reading() as rows:
        return queues.under_way(rows, number) is not None


def test_two_who_want_other_suites_both_get_their_way_one_after_the_other(table: Table) -> None:
    alice, bob = people = table.team("alice", "bob")
    alice.wish(wishes.Describe(roles={"bob": 3}))
    table.settle(*people)
    alice.upgrade(SAME_KEYS)
    bob.upgrade(OTHER_KEYS)
    table.settle(*people, rounds=20)
    assert agree(*people)
    seen = [each.suite for each in alice.news() if isinstance(each, events.Upgraded)]
    assert sorted(seen) == [OTHER_KEYS, SAME_KEYS]


def test_who_wants_two_suites_gets_one_after_the_other(table: Table) -> None:
    alice, bob = people = table.team("alice", "bob")
    alice.upgrade(SAME_KEYS)
    alice.upgrade(OTHER_KEYS)
    before = alice.place.seat.look().epoch
    table.settle(*people, rounds=20)
    assert suites(*people) == {OTHER_KEYS}
    assert alice.place.seat.look().epoch - before < 10
    assert agree(alice, bob)


def test_what_else_is_wished_for_comes_first_and_who_goes_is_not_carried(table: Table) -> None:
    alice, bob, carol = table.team("alice", "bob", "carol")
    alice.upgrade(OTHER_KEYS)
    alice.wish(wishes.Expel(identities=(b"carol",)))
    table.settle(alice, bob, carol)
    assert suites(alice, bob) == {OTHER_KEYS}
    assert carol.place.seat.look().status is Status.removed
    assert [each.identity for each in alice.place.seat.group.members] == [b"alice", b"bob"]


def test_who_wants_to_leave_meanwhile_leaves_then(table: Table) -> None:
    alice, bob, carol = people = ended_by(table, "alice", "bob", "carol")
    bob.leave()
    alice.cut = lambda _: ""
    table.settle(*people, rounds=20)
    assert bob.place.seat.look().status is Status.left
    assert suites(alice, carol) == {OTHER_KEYS}
    assert agree(alice, carol)


def test_who_came_meanwhile_is_not_left_behind(table: Table) -> None:
    """The wish has keys of those who were there: it is refused, and nothing has happened."""
    alice, bob = table.team("alice", "bob")
    carol = table.sit("carol")
    alice.upgrade(OTHER_KEYS)
    alice.invite("carol")
    table.settle(alice, bob, carol)
    assert suites(alice, bob, carol) == {OLD}
    [told] = [each for each in alice.news() if isinstance(each, events.WishRefused)]
    assert "carol cannot be carried along" in told.why
    alice.upgrade(OTHER_KEYS)
    table.settle(alice, bob, carol)
    assert suites(alice, bob, carol) == {OTHER_KEYS}


def test_who_lacks_the_suite_is_named_and_nothing_happens(table: Table) -> None:
    alice, bob = table.sit("alice"), table.sit("bob")
    table.upgrades = ()
    carol = table.sit("carol")
    alice.create()
    alice.invite("bob", "carol")
    people = alice, bob, carol
    table.settle(*people)
    packages = alice.run(alice.peer.claim("bob", OTHER_KEYS))
    with pytest.raises(devices.LackingError, match="carol cannot be carried along") as told:
        devices.carried(alice.place.seat.group, packages, OTHER_KEYS)
    assert [each.identity for each in told.value.devices] == [b"carol"]
    alice.wish(wishes.Upgrade(OTHER_KEYS, packages))
    table.settle(*people)
    assert suites(*people) == {OLD}
    [told] = [each for each in alice.news() if isinstance(each, events.WishRefused)]
    assert "carol" in told.why


def test_each_device_comes_along(table: Table) -> None:
    alice, bob = table.team("alice", "bob")
    phone = table.second_device(bob)
    alice.invite("bob")
    table.settle(alice, bob, phone)
    alice.upgrade(OTHER_KEYS)
    table.settle(alice, bob, phone)
    assert suites(alice, bob, phone) == {OTHER_KEYS}
    assert agree(alice, bob, phone)
    assert len(alice.place.seat.group.members) == 3


def test_whom_we_have_verified_stays_so_with_its_new_key(table: Table) -> None:
    alice, bob = table.team("alice", "bob")
    [before] = [e.signature_key for e in alice.place.seat.group.members if e.identity == b"bob"]
    with alice.store.transaction() as rows:
        safety.mark(rows, b"bob", before, 1)
    alice.upgrade(OTHER_KEYS)
    table.settle(alice, bob)
    [after] = [e.signature_key for e in alice.place.seat.group.members if e.identity == b"bob"]
    assert after != before
    with alice.store.reading() as rows:
        assert safety.is_verified(rows, b"bob", after)


def test_a_link_of_before_leads_in_afterwards(table: Table) -> None:
    alice, bob = people = table.team("alice", "bob")
    seed = table.entropy(32)
    alice.wish(wishes.OpenDoor(seed, Right.join, int(table.now) // HOUR + 48))
    table.settle(*people)
    link = fragment(alice, seed, OLD)
    alice.upgrade(OTHER_KEYS)
    table.settle(*people)
    carol = table.sit("carol")
    carol.run(carol.peer.knock(link))
    table.settle(*people, carol)
    assert suites(alice, bob, carol) == {OTHER_KEYS}
    assert agree(alice, bob, carol)
    table.upgrades = ()
    dora = table.sit("dora")  # knows the old suite only
    dora.run(dora.peer.knock(link))
    table.settle(*people, dora)
    turned_away = [e for e in alice.news() if isinstance(e, events.Knocked) and not e.accepted]
    assert "this group has suite 0x0002" in turned_away[0].why


@pytest.mark.parametrize("right", [Right.join, Right.recover])
def test_a_door_of_before_falls_with_who_opened_it(table: Table, right: Right) -> None:
    alice, bob, carol = people = table.team("alice", "bob", "carol")
    seed = table.entropy(32)
    bob.wish(wishes.OpenDoor(seed, right, int(table.now) // HOUR + 48))
    table.settle(*people)
    alice.upgrade(OTHER_KEYS)
    table.settle(*people)
    assert opener(alice, seed) == bob.peer.home.opener
    alice.wish(wishes.Expel((b"bob",)))
    table.settle(*people)
    heir = None if right is Right.join else alice.peer.home.opener
    assert opener(alice, seed) == opener(carol, seed) == heir


def test_a_door_of_before_outlasts_who_moved_the_group(table: Table) -> None:
    alice, bob, carol = people = table.team("alice", "bob", "carol")
    seed = table.entropy(32)
    bob.wish(wishes.OpenDoor(seed, Right.join, int(table.now) // HOUR + 48))
    alice.wish(wishes.Describe(roles={"bob": profile.Role.owner}))
    table.settle(*people)
    alice.upgrade(OTHER_KEYS)
    table.settle(*people)
    alice.leave()
    table.settle(*people)
    assert alice.place.seat.look().status.is_out
    dora = table.sit("dora")
    dora.run(dora.peer.knock(fragment(bob, seed, OLD)))
    table.settle(bob, carol, dora)
    assert agree(bob, carol, dora)


def opener(someone: Someone, seed: bytes) -> bytes | None:
    """Who has opened a door, as somebody's group says; None if there is none any more."""
    stated = addresses.capabilities_of(someone.place.seat.group.extensions).capabilities
    key = capabilities.key(seed)
    return next((each.creator for each in stated if each.key == key), None)


def fragment(someone: Someone, seed: bytes, suite: int) -> str:
    row = someone.place.seat.row
    return links.encode(Link(links.VERSION, row.broker_id, row.gid, suite, seed))


def test_who_was_away_for_longer_than_the_log_is_kept_comes_back_into_the_new_suite(
    table: Table,
) -> None:
    alice, bob, carol = people = table.team("alice", "bob", "carol")
    alice.upgrade(OTHER_KEYS)
    table.settle(alice, bob)
    for _ in range(8):
        table.passes(5 * DAY)
        alice.say("still here")
        table.settle(alice, bob, rounds=3)
    table.settle(*people, rounds=40, step=30)
    assert suites(*people) == {OTHER_KEYS}
    assert carol.place.seat.look().status is Status.active
    assert agree(*people)


def test_if_nobody_can_finish_it_the_group_goes_on_in_a_branch(table: Table) -> None:
    """Somebody's KeyPackage has gone meanwhile: all others have tried for an hour."""
    _, bob, carol = people = ended_by(table, "alice", "bob", "carol")
    people[0].start()
    with people[0].store.transaction() as rows:
        rows.do("DELETE FROM settings WHERE name LIKE 'moving %' OR name LIKE 'successor %'")
        rows.do("DELETE FROM pending")
    table.copies[0].store._database.execute(  # noqa: SLF001
        "DELETE FROM key_package WHERE cipher_suite = ?", (OTHER_KEYS,)
    )
    for each in (bob, carol):
        each.peer.home.pace = each.peer.home.pace._replace(stock=1)
    bob.say("waits")
    table.settle(bob, carol, rounds=200, step=60)
    assert agree(bob, carol)
    assert suites(bob, carol) == {OLD}
    assert bob.place.seat.look().predecessor is not None
    assert carol.texts() == ["waits"]


def test_who_was_moved_in_a_log_that_was_taken_back_comes_back_to_those_who_were_not(
    table: Table,
) -> None:
    alice, bob, carol = people = table.team("alice", "bob", "carol")
    backup = table.snapshot()
    alice.upgrade(OTHER_KEYS)
    table.settle(alice, bob)
    table.copies[0] = backup
    carol.say("here")
    table.settle(carol, rounds=4)
    carol.wish(wishes.Renew())
    table.settle(carol, rounds=4)
    seat = alice.place.seat
    with seat.change() as rows:
        entering.fell_behind(seat, rows, "the log was taken back")
    table.settle(alice, carol, rounds=40, step=30)
    assert suites(alice, carol) == {OLD}
    assert alice.place.seat.look().status is Status.active
    assert agree(alice, carol)
    assert people


def test_a_way_back_of_before_is_known_by_the_same_key(table: Table) -> None:
    alice, bob = people = table.team("alice", "bob")
    [seed, *_] = capabilities.seeds(alice.place.seat.look())
    before = capabilities.keys_of(alice.place.seat, seed)
    alice.upgrade(OTHER_KEYS)
    table.settle(*people)
    after = capabilities.keys_of(bob.place.seat, seed)
    assert before.key == after.key
    assert before.door_key != after.door_key


def brings(someone: Someone, body: bytes, *, closes: bool = True) -> None:
    """A member brings something into the log, with code of its own."""
    seat = someone.place.seat
    access, idem = seat.access, someone.table.entropy(16)
    purpose = Purpose.successor if closes else Purpose.other
    sealed = envelopes.seal(access, purpose, idem, body, someone.table.entropy)
    following = NextEpoch(access.access_key, (), b"", (), (), ()) if closes else None
    signed = access.append(idem, sealed, following)
    someone.run(alone(someone.peer.home.world, lambda lane: append(lane, signed)))


def test_what_nobody_can_come_into_breaks_the_group_and_it_goes_on_in_a_branch(
    table: Table,
) -> None:
    _, bob, carol = ended_by(table, "alice", "bob", "carol")
    table.settle(bob, carol, rounds=1)
    brings(bob, b"nonsense")
    table.settle(bob, carol, rounds=100, step=10)
    assert agree(bob, carol)
    assert suites(bob, carol) == {OLD}
    assert carol.place.seat.look().predecessor is not None
    assert [e for e in carol.news() if isinstance(e, events.Branching)]


def test_nothing_is_said_between_the_end_and_the_next_group(table: Table) -> None:
    alice, bob, carol = people = ended_by(table, "alice", "bob", "carol")
    table.settle(bob, carol, rounds=1)
    brings(bob, b"nonsense", closes=False)
    alice.cut = lambda _: ""
    table.settle(*people, rounds=20)
    assert suites(*people) == {OTHER_KEYS}
    [told] = [e for e in carol.news() if isinstance(e, events.Unreadable)]
    assert "being moved" in told.why


def test_who_made_the_next_group_and_slept_until_that_epoch_had_gone_goes_on_there(
    table: Table,
) -> None:
    """Nobody else has its keys: without it, all would be lost."""
    [alice] = table.team("alice")
    alice.upgrade(OTHER_KEYS)
    appended = 0

    def cut(ask: Ask) -> str:
        nonlocal appended
        appended += ask.operation == "append"
        lost = appended > 1 or (appended and ask.operation == "read")
        return "answer" if lost else ""

    alice.cut = cut
    table.settle(alice, rounds=2)
    alice.cut = lambda _: ""
    table.passes(40 * DAY)
    alice.start()
    table.settle(alice, rounds=20, step=30)
    assert suites(alice) == {OTHER_KEYS}
    assert alice.place.seat.look().status is Status.active


def test_another_process_reads_on_in_the_next_group(table: Table) -> None:
    alice, bob = table.team("alice", "bob")
    seat = Seat(bob.peer.home, bob.place.seat.look())
    assert seat.group.suite.code == OLD
    alice.upgrade(OTHER_KEYS)
    table.settle(alice, bob)
    with seat.change():
        assert seat.group.suite.code == OTHER_KEYS
    assert seat.group.epoch_authenticator == bob.authenticator
    for suite in (SAME_KEYS, OTHER_KEYS):  # another group of the same suite
        alice.upgrade(suite)
        table.settle(alice, bob)
    with seat.change():
        found = seat.group.epoch_authenticator
    assert found == bob.authenticator


def false_successor(someone: Someone, **other: object) -> bytes:
    """A group that a member brings in the place of the announced one, with code of its own."""
    seat = someone.place.seat
    group, home = seat.group, seat.home
    assert group.reinit is not None
    packages: list[bytes] = []
    for each in devices.others(group):
        packages += someone.run(someone.peer.claim(each.identity.decode(), OTHER_KEYS))
    given: dict[str, Any] = {
        "group_id": group.reinit.group_id,
        "extensions": group.reinit.extensions,
        "psks": (),
        "ports": home.ports,
        "welcome_tree": False,
        "successor": True,
        **other,
    }
    founded = Group.found(home.member_of(OTHER_KEYS), packages, **given)
    return Successor(founded.welcome, founded.group.ratchet_tree).encode()


def test_a_group_that_is_not_linked_to_the_old_one_is_followed_by_nobody(table: Table) -> None:
    """Whoever could bring any group could make itself its owner."""
    _, bob, carol = ended_by(table, "alice", "bob", "carol")
    table.settle(bob, carol, rounds=1)
    stated = profile.profile_of(bob.place.seat.group.extensions)
    assert stated is not None
    mine = profile.changed(stated, roles={b"bob": 3, b"alice": 1})
    extensions = profile.with_profile(bob.place.seat.group.extensions, mine)
    brings(bob, false_successor(bob, extensions=extensions))
    table.settle(carol, rounds=1)
    assert carol.place.seat.look().status is Status.broken
    assert "VAL-203" in carol.place.seat.row.trouble
    table.settle(bob, carol, rounds=100, step=10)
    found = profile.profile_of(carol.place.seat.group.extensions)
    assert found is not None
    assert profile.role_of(found, b"bob") is profile.Role.member
    assert agree(bob, carol)


def test_who_has_been_opened_without_the_suite_comes_along_as_others_count_on_it(
    table: Table,
) -> None:
    """Its KeyPackages for it are still at the broker."""
    alice, bob = people = table.team("alice", "bob")
    bob.upgrades = (SAME_KEYS,)
    bob.start()
    alice.upgrade(OTHER_KEYS)
    table.settle(*people, rounds=20)
    assert suites(*people) == {OTHER_KEYS}
    assert agree(alice, bob)


def test_who_has_no_keys_for_the_suite_is_lost_and_comes_back_once_it_has(table: Table) -> None:
    alice, bob = people = table.team("alice", "bob")
    with bob.store.transaction() as rows:
        rows.do("DELETE FROM packages WHERE suite = ?", OTHER_KEYS)
        settings.drop(rows, "suites")
    bob.upgrades = (SAME_KEYS,)
    bob.start()
    alice.upgrade(OTHER_KEYS)
    table.settle(*people, rounds=20)
    assert suites(alice) == {OTHER_KEYS}
    assert bob.place.seat.look().status is Status.lost
    [told] = [each for each in bob.news() if isinstance(each, events.Rejoining)]
    assert "opened without it" in told.why
    bob.upgrades = (SAME_KEYS, OTHER_KEYS)
    bob.start()
    table.passes(DAY)
    table.settle(*people, rounds=60, step=120)
    assert suites(*people) == {OTHER_KEYS}
    assert agree(alice, bob)


@pytest.mark.parametrize("said", [SameDevice(OLD, bytes(32), bytes(64)).encode(), b"nonsense"])
def test_whose_leaf_says_what_does_not_hold_is_named_as_one_who_cannot_come_along(
    said: bytes,
) -> None:
    """Its KeyPackage may be good: then it would be found out when the group has ended."""
    bob, again = (Member.basic(b"bob", suite, policy=GroupPolicy()) for suite in (OLD, OTHER_KEYS))
    alice = Group.create(Member.basic(b"alice", OLD, policy=GroupPolicy()))
    package = bob.key_package(leaf_extensions=[Extension(SAME_DEVICE, said)])
    alice.accept(alice.commit(add=[package]))
    [leaf] = devices.others(alice).values()
    assert device_of(leaf) is None
    good = again.key_package(leaf_extensions=same_device.vouched(bob, again))
    assert device_of(good.package.leaf_node) == (b"bob", bob.signature_key)
    with pytest.raises(devices.LackingError, match="bob cannot be carried along"):
        devices.carried(alice, [good.message], OTHER_KEYS)


def test_a_key_package_that_is_of_no_use_is_found_before_the_group_has_ended(table: Table) -> None:
    """Else nobody could say anything until somebody has renewed it."""
    alice, bob, _ = people = table.team("alice", "bob", "carol")
    [good] = alice.run(alice.peer.claim("bob", OTHER_KEYS))
    member = bob.peer.home.member_of(OTHER_KEYS)
    unable = replace(member, policy=Policy(extension_types=frozenset({SAME_DEVICE})))
    bad = unable.key_package(
        leaf_extensions=bob.peer.home.vouched(OTHER_KEYS), now=int(table.now)
    ).message
    others = alice.run(alice.peer.claim("carol", OTHER_KEYS))
    alice.wish(wishes.Upgrade(OTHER_KEYS, (bad, *others)))
    table.settle(*people)
    [told] = [each for each in alice.news() if isinstance(each, events.WishRefused)]
    assert told.why.startswith("bob cannot be carried along")
    alice.wish(wishes.Upgrade(OTHER_KEYS, (good, *others)))
    table.settle(*people)
    assert suites(*people) == {OTHER_KEYS}


def test_a_broker_that_does_not_take_the_next_group_is_not_asked_all_the_time(
    table: Table,
) -> None:
    alice, bob = ended_by(table, "alice", "bob")
    asked = 0

    def refuses(ask: Ask) -> str:
        nonlocal asked
        if ask.operation == "append":
            asked += 1
            raise refused(Code.too_large)
        return ""

    alice.cut = bob.cut = refuses
    table.settle(alice, bob, rounds=60, step=10)
    assert 0 < asked < 12
    alice.cut = bob.cut = lambda _: ""
    table.settle(alice, bob, rounds=300, step=60)
    assert agree(alice, bob)


@pytest.mark.parametrize("suite", [0x9999, SAME_KEYS])
def test_a_door_that_nobody_can_open_keeps_out_who_knocks_and_nobody_else(
    table: Table, suite: int
) -> None:
    alice, bob = people = table.team("alice", "bob")
    seed = table.entropy(32)
    alice.wish(wishes.OpenDoor(seed, Right.join, int(table.now) // HOUR + 48))
    table.settle(*people)
    link = fragment(alice, seed, OLD)
    number = alice.place.seat.number
    for each in people:
        with each.store.transaction() as rows:
            rows.do("UPDATE doors SET suite = ? WHERE group_ = ?", suite, number)
    carol = table.sit("carol")
    carol.run(carol.peer.knock(link))
    alice.say("goes on")
    table.settle(*people, carol)
    assert bob.texts() == ["goes on"]
