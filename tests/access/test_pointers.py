"""Letting in: from a commit to the joiner's group, by parcels and pointers only."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from access_samples import (
    ALL_SUITES,
    BROKER,
    GID,
    RANDOM,
    Person,
    access_of,
    begun,
    changed,
    person,
)
from covey import mls
from covey.access.member.knocks import capability_keys
from covey.access.member.pointers import (
    LettingIn,
    let_in,
    letting_in,
    open_pointer,
    open_pointer_list,
)
from covey.access.structs.sealed import SealedPointer
from covey.errors import AuthenticationError, DecodeError, StateError

if TYPE_CHECKING:
    from covey.access.structs.sealed import Door

IDEM = bytes(range(16))


def invite(
    group: mls.Group, people: list[Person], doors: tuple[Door, ...] = ()
) -> tuple[mls.PendingCommit, LettingIn]:
    pending = group.commit(add=[each.package for each in people], welcome_tree=False)
    packages = [each.package.package for each in people]
    return pending, letting_in(pending, packages, access_of(pending), doors, IDEM, RANDOM)


@pytest.mark.parametrize("suite", ALL_SUITES, ids=lambda suite: f"suite{suite.value}")
@pytest.mark.parametrize("names", [["bob"], ["bob", "carol", "dave"]], ids=["one", "three"])
def test_joiners_come_in_by_their_pointers(suite: int, names: list[str]) -> None:
    alice, people = begun(suite), [person(name, suite) for name in names]
    doors = (capability_keys(bytes(range(32)), alice.suite).door,)
    pending, made = invite(alice, people, doors)
    alice.accept(pending)
    assert len(made.parcels) == 2
    assert [each.inbox for each in made.postings] == [each.address.inbox for each in people]
    for one, posting in zip(people, made.postings, strict=True):
        assert posting.key_package_ref == one.package.reference
        pointer = open_pointer(one.package, one.address, posting.pointer)
        assert (pointer.broker_id, pointer.gid, pointer.epoch) == (BROKER, GID, 1)
        assert pointer.doors == doors
        staged = let_in(one.member, one.package, pointer, made.parcels)
        assert {each.identity for each in staged.members} == {
            b"alice",
            *(name.encode() for name in names),
        }
        assert access_of(staged.accept()) == access_of(alice)


def test_any_member_can_post_what_the_committer_could_not() -> None:
    alice, people = begun(), [person(name) for name in ("bob", "carol")]
    pending, made = invite(alice, people)
    alice.accept(pending)
    assert open_pointer_list(access_of(alice), IDEM, made.pointers) == made.postings
    bob = people[0]
    pointer = open_pointer(bob.package, bob.address, made.postings[0].pointer)
    group = let_in(bob.member, bob.package, pointer, made.parcels).accept()
    assert open_pointer_list(access_of(group), IDEM, made.pointers) == made.postings
    with pytest.raises(AuthenticationError):
        open_pointer_list(access_of(group), bytes(16), made.pointers)
    with pytest.raises(AuthenticationError):
        open_pointer_list(access_of(begun()), IDEM, made.pointers)


def test_a_commit_that_adds_nobody_leaves_nothing() -> None:
    alice = begun()
    pending = alice.commit()
    made = letting_in(pending, [], access_of(pending), (), IDEM, RANDOM)
    assert made == LettingIn((), b"", ())
    assert open_pointer_list(access_of(pending), IDEM, b"") == ()
    with pytest.raises(StateError, match="adds nobody"):
        letting_in(pending, [person("x").package.package], access_of(pending), (), IDEM, RANDOM)


def test_a_pointer_hardly_tells_how_many_doors_there_are() -> None:
    suite = begun().suite
    doors = tuple(capability_keys(RANDOM(32), suite).door for _ in range(7))
    lengths = []
    for count in range(8):
        _, made = invite(begun(), [person("bob")], doors[:count])
        lengths.append(len(SealedPointer.decode(made.postings[0].pointer).ciphertext) - suite.Nt)
    assert lengths == [512] * 3 + [1024] * 5


def test_a_pointer_holds_so_many_doors_and_no_more() -> None:
    door = capability_keys(RANDOM(32), begun().suite).door
    _, made = invite(begun(), [person("bob")], (door,) * 100)
    assert len(made.postings[0].pointer) <= 8 << 10
    with pytest.raises(ValueError, match="too many for a pointer"):
        invite(begun(), [person("bob")], (door,) * 200)


def test_parcels_and_postings_tell_nothing() -> None:
    alice, bob = begun(), person("bob")
    pending, made = invite(alice, [bob])
    outside = b"".join(each.encode() for each in (*made.parcels, *made.postings))
    for told in (alice.group_id, GID, b"alice", b"bob", pending.epoch_authenticator):
        assert told not in outside + made.pointers


def test_a_pointer_is_for_one_key_package_in_one_inbox() -> None:
    people = [person(name) for name in ("bob", "carol")]
    _, made = invite(begun(), people)
    bob, carol = people
    sealed = made.postings[0].pointer
    with pytest.raises(AuthenticationError):
        open_pointer(carol.package, bob.address, sealed)
    with pytest.raises(AuthenticationError):
        open_pointer(bob.package, carol.address, sealed)
    with pytest.raises(DecodeError, match="another broker"):
        open_pointer(bob.package, bob.address.replace(broker_id=bytes(32)), sealed)
    for at in range(0, len(sealed), 7):
        with pytest.raises((AuthenticationError, DecodeError)):
            open_pointer(bob.package, bob.address, changed(sealed, at))


def test_a_joiner_needs_both_parcels_as_they_were() -> None:
    bob = person("bob")
    _, made = invite(begun(), [bob])
    pointer = open_pointer(bob.package, bob.address, made.postings[0].pointer)
    for parcels in ((), made.parcels[:1], made.parcels[1:]):
        with pytest.raises(StateError, match="is missing"):
            let_in(bob.member, bob.package, pointer, parcels)
    welcome, tree = made.parcels
    for parcels in (
        (welcome.replace(body=tree.body), tree),
        (welcome, tree.replace(body=changed(tree.body, 9))),
    ):
        with pytest.raises(AuthenticationError):
            let_in(bob.member, bob.package, pointer, parcels)
    with pytest.raises(DecodeError, match="says epoch 5, the Welcome 1"):
        let_in(bob.member, bob.package, pointer.replace(epoch=5), made.parcels)


def test_nobody_joins_twice() -> None:
    alice, bob = begun(), person("bob")
    _, made = invite(alice, [bob])
    pointer = open_pointer(bob.package, bob.address, made.postings[0].pointer)
    with pytest.raises(StateError, match="already in a group"):
        let_in(bob.member, bob.package, pointer, made.parcels, groups=[alice.group_id])


def test_who_has_no_inbox_here_is_not_invited() -> None:
    nowhere = mls.Member.basic(b"bob", 1, policy=begun().ports.policy).key_package()
    elsewhere = person("bob", broker=bytes(32)).package
    for package in (nowhere, elsewhere):
        alice = begun()
        pending = alice.commit(add=[package], welcome_tree=False)
        with pytest.raises(StateError, match="names no inbox at this broker"):
            letting_in(pending, [package.package], access_of(pending), (), IDEM, RANDOM)


def test_whom_the_commit_does_not_add_gets_no_pointer() -> None:
    bob, carol = person("bob"), person("carol")
    pending = begun().commit(add=[bob.package], welcome_tree=False)
    with pytest.raises(StateError, match="does not add the KeyPackage"):
        letting_in(pending, [carol.package.package], access_of(pending), (), IDEM, RANDOM)
