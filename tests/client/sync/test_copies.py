"""Copies of a store: believed when our own key has made what they sent, and never otherwise."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from covey.access.member import envelopes
from covey.access.member.epochs import EpochAccess
from covey.access.signing import public_key
from covey.access.structs.basics import Signed
from covey.access.structs.log import Append, NextEpoch
from covey.access.structs.sealed import Purpose
from covey.client import events
from covey.client.sync.asking import append
from covey.client.sync.coming import returning
from covey.client.sync.effects import Lane, Use
from covey.client.sync.group.own_idems import AHEAD
from covey.client.sync.log import entering
from covey.client.sync.rows import wishes
from covey.client.sync.rows.groups import Status
from covey.client.words import profile
from covey.errors import BrokerError, StateError
from covey.mls import ContentType, Group, Policy, Ports

if TYPE_CHECKING:
    from client.table import Someone, Table
    from covey.client.sync.effects import Ask


HOUR = 3_600


def twin(table: Table, of: Someone) -> Someone:
    """A copy of somebody's store, as it is now."""
    copy = table.sit("copy", enrolled=False)
    of.store._connection.backup(copy.store._connection)  # noqa: SLF001 - as a thief copies a file
    copy.start()
    return copy


def forged(mallory: Someone, victim: Someone, kind: ContentType) -> bytes:
    """A message whose sender is somebody else's leaf: sender data are sealed for all members."""
    own = mallory.place.seat.group
    theirs = victim.place.seat.group
    lenient = Ports(
        Policy(extension_types=profile.EXTENSION_TYPES),
        entropy=mallory.table.entropy,
        now=lambda: int(mallory.table.now),
    )
    assert own.epoch == theirs.epoch
    double = Group.restore(theirs.snapshot(), lenient)
    if kind is ContentType.commit:
        message = double.commit(path=True).message
    else:
        message = double.protect(b"forged", b"")
    spoiled = bytearray(message)
    spoiled[-40] ^= 1  # who has the keys of the sender data only cannot seal what is in it
    return bytes(spoiled)


def put(mallory: Someone, message: bytes, idem: bytes, *, commits: bool = False) -> None:
    """Append something to the group's log, as every member can."""
    seat = mallory.place.seat
    access, entropy = seat.access, mallory.table.entropy
    purpose = Purpose.commit if commits else Purpose.other
    body = envelopes.seal(access, purpose, idem, message, entropy)
    key = public_key(entropy(32))
    following = NextEpoch(key, (), b"", (), (), ()) if commits else None
    request = access.append(idem, body, following)
    mallory.run(append(Lane(Use.speak, seat.row.gid), request))


def next_idem(of: Someone, kind: ContentType) -> bytes:
    """The next idem of somebody, as all members could work it out if it were made of pk_n."""
    seat = of.place.seat
    group = seat.group
    return seat.access.idem(kind, group.own_index, group.next_generation(kind))


def test_nobody_else_makes_a_member_believe_that_it_was_copied(table: Table) -> None:
    alice, bob, mallory = people = table.team("alice", "bob", "mallory")
    said = forged(mallory, alice, ContentType.application)
    put(mallory, said, next_idem(alice, ContentType.application))
    put(mallory, said, table.entropy(16))
    alice.say("still there")
    table.settle(*people)
    assert alice.place.seat.look().status is Status.active
    assert bob.texts() == alice.texts() == ["still there"]
    news = alice.news()
    assert not any(isinstance(each, events.CopyFound) for each in news)
    assert [each.why for each in news if isinstance(each, events.Unreadable)] == [
        "it says that it is of us, and is not: a member, whoever that may be, has forged it"
    ] * 2


def idems_made(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Of which generation each idem is that anybody works out from now on."""
    made: list[int] = []
    real = EpochAccess.idem

    def counted(
        access: EpochAccess, kind: int, leaf: int, generation: int, own: bytes | None = None
    ) -> bytes:
        made.append(generation)
        return real(access, kind, leaf, generation, own)

    monkeypatch.setattr(EpochAccess, "idem", counted)
    return made


def test_entries_in_our_name_cost_no_more_the_more_there_are(
    table: Table, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Who forges them pays for each one; whom they name works out its idems once in an epoch."""
    alice, bob, mallory = table.team("alice", "bob", "mallory")
    said = forged(mallory, alice, ContentType.application)
    made = idems_made(monkeypatch)
    for _ in range(40):
        put(mallory, said, table.entropy(16))
    made.clear()
    alice.turn()
    assert 3 * AHEAD <= len(made) < 3 * (AHEAD + 100)
    made.clear()
    for _ in range(40):
        put(mallory, said, table.entropy(16))
    alice.say("meanwhile")
    alice.turn()
    alice.turn()
    assert len(made) < 100
    whys = [each.why for each in alice.news() if isinstance(each, events.Unreadable)]
    assert len(whys) == 80
    assert not any(isinstance(each, events.CopyFound) for each in alice.news())
    bob.turn()
    assert bob.texts() == ["meanwhile"]


def test_a_copy_is_found_behind_entries_in_our_name(table: Table) -> None:
    """What was worked out for those before does not hide what a copy has sent meanwhile."""
    alice, _, mallory = table.team("alice", "bob", "mallory")
    copy = twin(table, alice)
    put(mallory, forged(mallory, alice, ContentType.application), table.entropy(16))
    copy.turn()
    assert copy.place.seat.look().status is Status.active
    for number in range(3):
        alice.say(f"the real one, {number}")
    alice.turn()
    copy.turn()
    assert copy.place.seat.look().status is Status.copy
    assert any(isinstance(each, events.CopyFound) for each in copy.news())


def test_a_copy_is_known_as_far_ahead_of_where_we_are_by_now(table: Table) -> None:
    """Our generations have grown since our idems were worked out, and so has what is looked for."""
    alice, _, mallory = table.team("alice", "bob", "mallory")
    put(mallory, forged(mallory, alice, ContentType.application), table.entropy(16))
    alice.turn()
    seat = alice.place.seat
    group, kind = seat.group, ContentType.application
    last = group.next_generation(kind) + AHEAD - 1

    def idem(generation: int) -> bytes:
        return seat.access.idem(kind, group.own_index, generation, seat.home.mark)

    assert seat.could_make(idem(last))
    assert not seat.could_make(idem(last + 1))
    alice.say("one more")
    alice.turn()
    assert seat.could_make(idem(last + 1))
    assert not seat.could_make(seat.access.idem(kind, group.own_index, 0))  # as others know it


def test_what_an_epoch_had_for_idems_is_nothing_to_the_next_one(table: Table) -> None:
    alice, bob, mallory = people = table.team("alice", "bob", "mallory")
    seat = alice.place.seat
    put(mallory, forged(mallory, alice, ContentType.application), table.entropy(16))
    alice.turn()
    before = seat.idem(ContentType.application)
    assert seat.could_make(before)
    bob.wish(wishes.Renew())
    table.settle(*people)
    assert not seat.could_make(before)
    assert seat.could_make(seat.idem(ContentType.application))


def test_a_commit_in_our_name_is_one_that_nobody_can_follow(table: Table) -> None:
    alice, bob, mallory = people = table.team("alice", "bob", "mallory")
    commit = forged(mallory, alice, ContentType.commit)
    put(mallory, commit, next_idem(alice, ContentType.commit), commits=True)
    alice.say("still there")
    table.settle(*people, rounds=30)
    assert not any(isinstance(each, events.CopyFound) for each in alice.news())
    assert alice.place.seat.look().status is Status.active
    assert alice.authenticator == bob.authenticator
    assert bob.texts() == ["still there"]


@pytest.mark.parametrize("commits", [False, True])
def test_a_copy_is_found_by_what_only_its_key_can_have_made(table: Table, *, commits: bool) -> None:
    alice, bob = people = table.team("alice", "bob")
    copy = twin(table, alice)
    if commits:
        alice.wish(wishes.Renew())
    else:
        alice.say("the real one")
    alice.turn()
    copy.say("the copy")
    copy.turn()
    assert copy.place.seat.look().status is Status.copy
    assert any(isinstance(each, events.CopyFound) for each in copy.news())
    table.settle(*people)
    assert alice.place.seat.look().status is Status.active
    assert bob.texts() == ([] if commits else ["the real one"])


@pytest.mark.parametrize("commits", [False, True])
def test_a_copy_that_has_begun_to_send_finds_the_other_one_in_the_log(
    table: Table, *, commits: bool
) -> None:
    """Both have read the log; both send under the same idem, and the broker takes one of them."""
    alice, bob = people = table.team("alice", "bob")
    copy = twin(table, alice)
    for each, word in ((copy, "the copy"), (alice, "the real one")):
        if commits:
            each.wish(wishes.Describe(name=word))
        else:
            each.say(word)
    held = copy.hold(copy.place.turns.turn(), "append")
    alice.turn()
    held.go()
    assert copy.place.seat.look().status is Status.copy
    table.settle(*people)
    assert bob.texts() == ([] if commits else ["the real one"])
    assert alice.place.seat.look().status is Status.active


@pytest.mark.parametrize("commits", [False, True])
def test_a_broker_alone_makes_nobody_a_copy(table: Table, *, commits: bool) -> None:
    alice, bob = people = table.team("alice", "bob")
    refused: list[Ask] = []

    def lies(asked: Ask) -> str:
        if asked.operation == "append" and len(refused) < 3:
            refused.append(asked)
            code = "idem_mismatch"
            raise BrokerError(code)
        return ""

    alice.cut = lies
    if commits:
        alice.wish(wishes.Describe(name="another"))
    else:
        alice.say("taken in the end")
    table.settle(*people, rounds=20)
    assert alice.place.seat.look().status is Status.active
    assert len(refused) == 3
    if commits:
        assert bob.place.seat.look().name == "another"
    else:
        assert bob.texts() == ["taken in the end"]
    assert alice.authenticator == bob.authenticator


def test_what_no_member_has_sealed_under_our_idem_makes_no_copy_and_costs_no_message(
    table: Table,
) -> None:
    """A broker can put anything in the place of what it was sent; it cannot seal it."""
    alice, bob = people = table.team("alice", "bob")

    def replaces(asked: Ask) -> str:
        if asked.operation == "append" and isinstance(asked.request, Signed):
            alice.cut = lambda _: ""
            wanted = Append.decode(asked.request.request)
            access = bob.place.seat.access
            garbage = access.append(wanted.idem, bytes(len(wanted.body)))
            bob.run(append(Lane(Use.speak, bob.place.seat.row.gid), garbage))
        return ""

    alice.cut = replaces
    alice.say("all the same")
    table.settle(*people, rounds=20)
    assert alice.place.seat.look().status is Status.active
    assert bob.texts() == alice.texts() == ["all the same"]
    assert any(isinstance(each, events.Unreadable) for each in alice.news())


def test_who_has_only_the_copy_left_comes_back_with_it(table: Table) -> None:
    alice, bob = people = table.team("alice", "bob")
    copy = twin(table, alice)
    alice.say("the real one")
    alice.turn()
    copy.turn()
    assert copy.place.seat.look().status is Status.copy
    table.settle(copy, bob, rounds=20)
    assert copy.place.seat.look().status is Status.copy  # not by itself
    returning.from_copy(copy.place.seat)
    table.settle(copy, bob, rounds=20)
    assert copy.place.seat.look().status is Status.active
    copy.say("goes on")
    table.settle(copy, bob)
    assert bob.texts() == ["the real one", "goes on"]
    assert copy.authenticator == bob.authenticator
    with pytest.raises(StateError, match="no copy"):
        returning.from_copy(copy.place.seat)
    table.settle(*people, rounds=3)
    assert alice.place.seat.look().status is Status.copy  # and not removed by bob


def test_whoever_is_replaced_by_its_copy_reads_no_more_what_comes_for_that(table: Table) -> None:
    """Two stores have one inbox: what the first one takes out, and cannot open, is lost."""
    alice, bob = table.team("alice", "bob")
    copy = twin(table, bob)
    seat = copy.place.seat
    with seat.change() as rows:
        entering.fell_behind(seat, rows, "it comes from a backup")
    copy.turn()
    table.settle(alice, rounds=3)
    for _ in range(3):
        bob.turn()
    seat = bob.place.seat
    assert seat.look().status is Status.copy
    assert [each for each in bob.news() if isinstance(each, events.CopyFound)]
    table.passes(HOUR)
    for _ in range(6):
        table.settle(copy, alice, bob, bob, rounds=1)  # so that it could take out what comes
    assert copy.place.seat.look().status is Status.active
    assert copy.authenticator == alice.authenticator
    assert seat.look().status is Status.copy
