"""Subgroups: bound to their parent, made wholly or not at all, found by who was offline."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from client.table import Someone, Table, end
from covey.client import events
from covey.client.sync import subgroups
from covey.client.sync.group import commits, parentage
from covey.client.sync.group.inviting import invitation, key_package
from covey.client.sync.rows import memberships, parents, wishes
from covey.client.sync.rows.groups import Status
from covey.client.words import profile
from covey.errors import BrokerError, StateError
from covey.mls import CipherSuite
from covey.mls.group import psks
from covey.mls.wire.code_points import ResumptionPSKUsage
from covey.store.memory import memory_store
from lengths import only_in_full

if TYPE_CHECKING:
    from covey.client.sync.log.place import Place
    from covey.mls import Group

OTHER = CipherSuite.MLS_128_DHKEMP256_AES128GCM_SHA256_P256
DAY = 86_400


def agree(*people: Someone, name: str = "sub") -> bool:
    """Whether all are in the subgroup, in the same epoch, and know the same parent of it."""
    places = [each.called(name) for each in people]
    states = {(each.seat.group.epoch_authenticator, parent_of(each)) for each in places if each}
    return None not in places and len(states) == 1


def parent_of(place: Place) -> bytes | None:
    with place.seat.home.store.reading() as rows:
        return parents.of(rows, place.seat.row)


def failures(someone: Someone) -> list[str]:
    """Why it could not come in, as it was told."""
    return [each.why for each in someone.news() if isinstance(each, events.InvitationFailed)]


def rotates(someone: Someone, times: int = 1) -> None:
    for _ in range(times):
        someone.wish_in(0, wishes.Renew())
        someone.turn()


def state(someone: Someone) -> list[Any]:
    """All that its store has of groups."""
    with someone.store.reading() as rows:
        return [rows.all(f"SELECT * FROM {table}") for table in ("groups", "group_rows")]  # noqa: S608


def test_it_begins_with_all_of_its_members(table: Table) -> None:
    alice, bob, carol, dave = table.team("alice", "bob", "carol", "dave")
    place = carol.subgroup("sub", "alice", "bob")
    table.settle(alice, bob, carol, dave)
    assert agree(alice, bob, carol)
    assert dave.called("sub") is None
    assert parent_of(place) == carol.peer.places()[0].seat.row.gid
    stated = profile.profile_of(place.seat.group.extensions)
    assert stated is not None
    assert profile.names(stated) == {"carol": "owner"}
    assert stated.goes_on_from == b""  # the GroupContext says nothing of the parent


def test_its_name_and_its_parent_outlast_that_it_breaks(table: Table) -> None:
    """It goes on in a branch, which is a subgroup of the same group."""
    people = table.team("alice", "bob")
    first = people[0].subgroup("sub", "bob")
    table.settle(*people)
    parent = parent_of(first)
    for each in people:
        place = each.called("sub")
        assert place is not None
        each.breaks(place)
    table.settle(*people, rounds=40, step=10.0)
    assert agree(*people)
    found = people[1].called("sub")
    assert found is not None
    assert found.seat.row.gid != first.seat.row.gid
    assert parent_of(found) == parent


def test_who_is_alone_in_one_that_breaks_keeps_its_history(table: Table) -> None:
    """What it goes on in is a group of one in epoch 0; nothing was refused that it could be of."""
    alice, bob = table.team("alice", "bob")
    alice.subgroup("sub", "bob")
    table.settle(alice, bob)
    alice.say_in(1, "kept")
    alice.wish_in(1, wishes.Expel((b"bob",)))
    table.settle(alice, bob)
    place = alice.called("sub")
    assert place is not None
    alice.breaks(place)
    table.settle(alice, rounds=40, step=10.0)
    after = alice.called("sub")
    assert after is not None
    assert after.seat.row.gid != place.seat.row.gid
    assert alice.texts_of(after) == ["kept"]


def test_who_is_let_in_again_like_anybody_else_knows_of_no_parent(table: Table) -> None:
    alice, bob = table.team("alice", "bob")
    alice.subgroup("sub", "bob")
    table.settle(alice, bob)
    for index in (1, 0):
        alice.wish_in(index, wishes.Expel((b"bob",)))
        table.settle(alice, bob)
    packages = alice.run(alice.peer.claim("bob"))
    place = alice.called("sub")
    assert place is not None
    alice.wish_in(1, invitation(place.seat.group, packages))
    table.settle(alice, bob)
    found = bob.called("sub")
    assert found is not None
    assert parent_of(found) is None


# --- made wholly, or not at all -------------------------------------------------------------


def makes_until_it_dies(table: Table, at: int, how: str) -> tuple[list[Someone], bool]:
    """Alice makes a subgroup, and dies at a request; or just has made it, if there are fewer."""
    people = table.team("alice", "bob", "carol")

    def makes() -> None:
        people[0].subgroup("sub", "bob", "carol")
        table.settle(people[0], rounds=3)

    return people, people[0].dies(makes, at, how)


@pytest.mark.parametrize("how", ["killed", "answer", "request"])
def test_a_death_at_every_request_of_its_maker(how: str) -> None:
    if how == "request":
        only_in_full("much like a lost answer")
    at, died, made = 0, True, 0
    while died:
        table = Table()
        at += 1
        people, died = makes_until_it_dies(table, at, how)
        people[0].start()
        table.settle(*people, rounds=20)
        if any(each.called("sub") for each in people):
            assert agree(*people), at
            made += 1
        assert agree(*people, name="team"), at
    assert at > 5
    assert made > 3


def test_whoever_left_the_parent_before_it_began_is_not_in_it(table: Table) -> None:
    """And it begins in the epoch in which the parent is then."""
    alice, bob, carol = table.team("alice", "bob", "carol")
    alice.subgroup("sub", "bob", "carol")
    alice.start()  # killed, and gone for a while
    bob_and_alice = [bob, alice]
    carol.leave()
    table.settle(bob, carol, rounds=20)
    for _ in range(10):
        bob.wish_in(0, wishes.Renew())
        table.settle(bob, rounds=1)
    table.settle(*bob_and_alice, carol)
    assert agree(*bob_and_alice)
    place = alice.called("sub")
    assert place is not None
    assert {each.identity for each in place.seat.group.members} == {b"alice", b"bob"}


def test_who_is_removed_from_the_parent_before_it_began_makes_none(table: Table) -> None:
    alice, bob, carol = table.team("alice", "bob", "carol")
    bob.subgroup("sub", "carol")
    alice.wish(wishes.Expel((b"bob",)))
    table.settle(alice, rounds=3)
    bob.peer.places()[1].turns.turn = lambda **_: iter(())  # type: ignore[method-assign]
    bob.turn()
    bob.start()
    table.settle(alice, bob, carol)
    assert [each.seat.look().name for each in bob.peer.places()] == ["team"]
    assert any("make this subgroup" in str(each) for each in bob.news())
    assert carol.called("sub") is None


def test_one_of_which_all_others_have_left_the_parent_is_not_made(table: Table) -> None:
    alice, bob, carol = table.team("alice", "bob", "carol")
    alice.subgroup("sub", "bob")
    alice.start()
    bob.leave()
    table.settle(bob, carol, rounds=20)
    table.settle(alice, bob, carol)
    assert alice.called("sub") is None
    assert any("make this subgroup: nobody is in the group" in str(each) for each in alice.news())


def test_of_one_whose_first_commit_is_refused_nothing_stays(table: Table) -> None:
    alice, bob = table.team("alice", "bob")
    place = alice.subgroup("sub", "bob")
    held = alice.hold(place.turns.turn(), "append")
    held.fails(BrokerError("too_large"))
    alice.turn()
    assert [each.seat.look().name for each in alice.peer.places()] == ["team"]
    with alice.store.reading() as rows:
        assert rows.all("SELECT * FROM settings WHERE name GLOB 'subgroup *'") == []
        assert rows.all("SELECT * FROM wishes") == []
    [told] = [each for each in alice.news() if isinstance(each, events.WishRefused)]
    assert told.what == "make this subgroup"
    assert "larger than the broker takes" in told.why
    table.settle(alice, bob)
    assert bob.called("sub") is None


def test_a_group_that_is_being_moved_has_none(table: Table) -> None:
    table.upgrades = (OTHER,)
    alice, _ = table.team("alice", "bob")
    end(alice, OTHER)
    alice.cut = lambda _: ""
    with pytest.raises(StateError, match="is being moved"):
        alice.subgroup("sub", "bob")
    assert [each.seat.look().name for each in alice.peer.places()] == ["team"]


# --- who was offline ------------------------------------------------------------------------


@pytest.mark.parametrize("epochs", [1, 3, 9, 40])
def test_who_was_offline_comes_in_after_however_many_epochs(table: Table, epochs: int) -> None:
    alice, bob, carol, dave = table.team("alice", "bob", "carol", "dave")
    rotates(alice, epochs)
    alice.subgroup("sub", "bob", "carol", "dave")
    table.settle(alice, bob, rounds=4)
    alice.wish_in(0, wishes.Expel((b"dave",)))
    rotates(alice, epochs)
    table.settle(alice, bob, carol, dave)
    assert agree(alice, bob, carol)
    assert failures(carol) == []
    assert dave.called("sub") is None  # it was removed from the parent before it looked
    assert ["a subgroup of team" in each for each in failures(dave)] == [True]


def test_who_was_removed_from_the_parent_reads_that_first(table: Table) -> None:
    """Also when the epoch in which it begins is the one in which we were last."""
    alice, bob = table.team("alice", "bob")
    alice.subgroup("sub", "bob")
    table.settle(alice, rounds=3)
    alice.wish_in(0, wishes.Expel((b"bob",)))
    table.settle(alice, rounds=3)
    bob.run(bob.peer.look_into_inbox())
    assert bob.peer.places()[0].seat.look().status is Status.removed
    assert bob.called("sub") is None
    assert ["a subgroup of team" in each for each in failures(bob)] == [True]


def test_who_was_removed_from_the_parent_brings_nobody_into_one(table: Table) -> None:
    """It keeps the secrets of the epochs in which it was, and reads no more of the parent."""
    alice, bob, mallory = table.team("alice", "bob", "mallory")
    mallory.subgroup("sub", "bob")
    mallory.peer.places()[0].turns.turn = lambda **_: iter(())  # type: ignore[method-assign]
    alice.wish(wishes.Expel((b"mallory",)))
    table.settle(alice, bob)
    bob.news()
    table.settle(mallory, bob)
    assert bob.called("sub") is None
    assert ["not in that any more" in each for each in failures(bob)] == [True]


def test_who_had_read_on_long_before_the_pointer_came_comes_in(table: Table) -> None:
    alice, bob = table.team("alice", "bob")
    alice.subgroup("sub", "bob")
    alice.cut = lambda asked: "request" if asked.operation == "post" else ""
    table.settle(alice, rounds=2)
    for _ in range(20):
        alice.wish_in(0, wishes.Renew())
        table.settle(alice, bob, rounds=1)
    assert bob.called("sub") is None
    alice.cut = lambda _: ""
    table.settle(alice, bob, rounds=100)
    assert agree(alice, bob)


@pytest.mark.parametrize("after", [True, False], ids=["after the move", "before the move"])
def test_who_was_offline_while_the_parent_was_moved_comes_in(table: Table, *, after: bool) -> None:
    table.upgrades = (OTHER,)
    alice, bob, carol = table.team("alice", "bob", "carol")
    if not after:
        alice.subgroup("sub", "bob", "carol")
        table.settle(alice, bob, rounds=3)
    seat = alice.peer.places()[0].seat
    alice.upgrade_in(0, OTHER)
    table.settle(alice, bob, rounds=6)
    assert seat.look().suite == OTHER, alice.news()
    if after:
        alice.subgroup("sub", "bob", "carol")
        table.settle(alice, bob, rounds=6)
        rotates(alice, 10)
    table.settle(alice, bob, carol, rounds=20)
    assert agree(alice, bob, carol)
    assert failures(carol) == []


def test_what_lets_in_later_is_kept_for_a_day_and_not_by_who_is_out(table: Table) -> None:
    alice, bob = table.team("alice", "bob")
    rotates(alice, 5)
    table.settle(alice, bob, rounds=2)
    number = bob.place.seat.number

    def kept(someone: Someone) -> int:
        with someone.store.reading() as rows:
            return len(memberships.latest_first(rows, number))

    assert kept(bob) >= 5
    assert repr(memberships.Over(1, 2, b"g", 1, 1, b"secret")) == "<Over 1>"
    bob.leave()
    table.settle(alice, bob, rounds=10)
    assert bob.place.seat.look().status is Status.left
    assert kept(bob) == 0
    assert kept(alice) >= 5
    table.passes(2 * DAY)
    alice.turn()
    assert kept(alice) == 0


def test_a_gap_in_what_is_kept_lets_in_nobody_whom_we_do_not_know(table: Table) -> None:
    alice, bob = table.team("alice", "bob")
    alice.subgroup("sub", "bob")
    table.settle(alice, rounds=3)
    rotates(alice, 10)
    bob.run(bob.place.turns.turn())
    number, epoch = bob.place.seat.number, bob.place.seat.epoch
    with bob.store.transaction() as rows:
        rows.do("DELETE FROM settings WHERE name = ?", f"was in {number} {epoch - 2:020}")
    table.settle(alice, bob)
    assert bob.called("sub") is None
    assert ["too long ago" in each for each in failures(bob)] == [True]


# --- makers that break the rules ------------------------------------------------------------


def rogues(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let makers put in whom they like."""
    monkeypatch.setattr(subgroups, "_try", lambda *_: None)
    monkeypatch.setattr(
        parentage, "coming", lambda _, wish: [key_package(each) for each in wish.packages]
    )


def refused(table: Table, maker: Someone, victim: Someone) -> str:
    """Why a victim does not come in, whose groups stay as they were, byte for byte."""
    table.settle(maker, rounds=4)
    assert maker.called("sub") is not None
    before = state(victim)
    victim.run(victim.peer.look_into_inbox())
    assert state(victim) == before
    [why] = failures(victim)
    return why


def test_a_stranger_in_it(table: Table, monkeypatch: pytest.MonkeyPatch) -> None:
    mallory, bob = table.team("mallory", "bob")
    table.sit("eve")
    rogues(monkeypatch)
    mallory.subgroup("sub", "bob", "eve")
    assert "VAL-208" in refused(table, mallory, bob)


def test_a_stranger_who_is_called_like_a_member(
    table: Table, monkeypatch: pytest.MonkeyPatch
) -> None:
    mallory, bob, carol = table.team("mallory", "bob", "carol")
    false = Someone(table, "carol", memory_store())
    package = false.peer.home.member.key_package(lifetime=30 * DAY, now=int(table.now))
    rogues(monkeypatch)
    seat = mallory.peer.places()[0].seat
    stated = profile.first_profile("sub", b"mallory")
    packages = [*mallory.run(mallory.peer.claim("bob")), package.message]
    subgroups.begin(mallory.peer, seat, stated, packages)
    assert "VAL-208" in refused(table, mallory, bob)
    assert carol.called("sub") is None


def linking(monkeypatch: pytest.MonkeyPatch, usage: ResumptionPSKUsage) -> None:
    """Let makers link their subgroups in another way."""

    def linked(seat: Any, merged: Any) -> Any:  # noqa: ANN401
        if merged.branches is None:
            return {}
        parent, nonce = parentage.linked(seat), seat.home.world.entropy(seat.group.suite.Nh)
        psk = psks.resumption_id(usage, parent.group_id, parent.epoch, nonce)
        return {"psks": (psk,), "successor": True}

    monkeypatch.setattr(commits, "_linked", linked)


@pytest.mark.parametrize(
    ("usage", "rule"),
    [(ResumptionPSKUsage.application, "VAL-184"), (ResumptionPSKUsage.reinit, "VAL-204")],
)
def test_a_link_of_another_usage(
    table: Table, monkeypatch: pytest.MonkeyPatch, usage: ResumptionPSKUsage, rule: str
) -> None:
    mallory, bob = table.team("mallory", "bob")
    linking(monkeypatch, usage)
    mallory.subgroup("sub", "bob")
    assert rule in refused(table, mallory, bob)


def test_without_a_link_it_is_a_group_like_any_other(
    table: Table, monkeypatch: pytest.MonkeyPatch
) -> None:
    mallory, bob = table.team("mallory", "bob")
    monkeypatch.setattr(commits, "_linked", lambda *_: {})
    mallory.subgroup("sub", "bob")
    table.settle(mallory, bob)
    place = bob.called("sub")
    assert place is not None
    assert parent_of(place) is None
    [told] = [each for each in bob.news() if isinstance(each, events.Joined) and each.name == "sub"]
    assert (told.how, told.parent) == ("welcome", "")


class Liar:
    """A parent of which somebody claims to have been in an epoch that there never was."""

    def __init__(self, parent: Group) -> None:
        self.group_id = parent.group_id
        self.epoch = parent.epoch + 1000
        self.tree = parent.tree

    def resumption_psk(self, epoch: int) -> bytes:
        assert epoch == self.epoch
        return bytes(32)


def test_a_link_to_an_epoch_that_never_comes(table: Table) -> None:
    """It is waited for, as for one that is ahead of us; but not for ever."""
    mallory, bob = table.team("mallory", "bob")
    place = mallory.subgroup("sub", "bob")
    ports = place.seat.group.ports
    ports.linked = (Liar(mallory.peer.places()[0].seat.group),)  # type: ignore[assignment]
    table.settle(mallory, bob)
    assert mallory.called("sub") is not None
    before = state(bob)
    bob.run(bob.peer.look_into_inbox())
    assert (state(bob), failures(bob)) == (before, [])
    table.passes(DAY)
    table.settle(bob, mallory)
    assert ["have not reached" in each for each in failures(bob)] == [True]
    assert bob.called("sub") is None
    table.passes(DAY)
    table.settle(bob, mallory)
    assert failures(bob) == []


def test_one_of_another_suite(table: Table, monkeypatch: pytest.MonkeyPatch) -> None:
    table.upgrades = (OTHER,)
    mallory, bob = table.team("mallory", "bob")
    rogues(monkeypatch)
    create = mallory.peer.create

    def other(*given: Any, suite: int, **more: Any) -> Place:  # noqa: ANN401
        assert suite != OTHER
        return create(*given, suite=OTHER, **more)

    monkeypatch.setattr(mallory.peer, "create", other)
    seat = mallory.peer.places()[0].seat
    stated = profile.first_profile("sub", b"mallory")
    packages = mallory.run(mallory.peer.claim("bob", OTHER))
    subgroups.begin(mallory.peer, seat, stated, packages)
    assert "VAL-207" in refused(table, mallory, bob)
