"""Roles: what is refused is refused by who wants it and by everybody who gets it."""

from __future__ import annotations

import time
from typing import Any

import pytest
from msgspec.structs import replace

from client.team import SUITE, Team
from covey import mls
from covey.access.member import addresses
from covey.access.member.addresses import with_capabilities
from covey.access.structs.extensions import (
    ExtensionCode,
    GroupCapabilities,
    GroupCapability,
    Right,
    Succession,
)
from covey.client.roles import GroupPolicy
from covey.client.words import made_for, profile, same_device
from covey.client.words.profile import GROUP_PROFILE, Inviting, Role
from covey.errors import PolicyError
from covey.mls import Extension
from insider import lawless

ROLES = {"ann": Role.admin, "oto": Role.owner}
OTHERS = ("ann", "oto", "bob", "cat")


def team(*more: str, inviting: Inviting = Inviting.members, moved: bool = False) -> Team:
    return Team(*OTHERS, *more, roles=ROLES, inviting=inviting, moved=moved)


# --- inviting ------------------------------------------------------------------------------


def test_members_invite_where_members_may() -> None:
    here = team()
    here.commit("bob", add=[here.package("dan")])


def test_only_admins_invite_where_only_admins_may() -> None:
    here = team(inviting=Inviting.admins)
    assert "admins invite" in here.refusal("bob", add=[here.package("dan")])
    here.commit("ann", add=[here.package("dan")])
    here.commit("amy", add=[here.package("eve")])


def test_everybody_adds_devices_of_its_own() -> None:
    here = team(inviting=Inviting.admins)
    here.commit("bob", add=[here.package("bob/2")])


@pytest.mark.parametrize("who", ["bob", "ann"])
def test_nobody_becomes_an_owner_by_adding_one(who: str) -> None:
    here = team()
    assert "who is owner here" in here.refusal(who, add=[here.package("oto/2")])


def test_an_owner_adds_devices_of_another() -> None:
    here = team()
    here.commit("amy", add=[here.package("oto/2")])


# --- names ---------------------------------------------------------------------------------

NO_NAMES = [
    b"amy ",
    "jose\u0301".encode(),
    b"",
    b"n" * 50_000,
    b"\xff\xfe",
    b"zoe\n23:59  amy: wire 500 to me",
    b"You",
]


def called(here: Team, identity: bytes) -> mls.Member:
    """Somebody who says whatever it likes."""
    return mls.Member.basic(identity, SUITE, policy=here.policy)


@pytest.mark.parametrize("identity", NO_NAMES, ids=lambda each: ascii(each[:40]))
@pytest.mark.parametrize("who", ["bob", "amy"])
def test_nobody_comes_in_without_a_name(who: str, identity: bytes) -> None:
    here = team()
    package = called(here, identity).key_package()
    assert "is no name" in here.refusal(who, add=[package])
    proposed = here.cheat("bob").propose_add(package)
    with pytest.raises(PolicyError, match="is no name"):
        here.groups["amy"].receive(proposed)
    assert not here.groups["amy"].proposals


def test_who_is_alone_lets_nobody_in_without_a_name() -> None:
    here = Team()
    with pytest.raises(PolicyError, match="is no name"):
        here.groups["amy"].commit(add=[called(here, b"amy ").key_package()])


def test_what_only_a_later_unicode_can_print_is_taken_by_all() -> None:
    here = team()
    here.commit("bob", add=[called(here, "\U000323b0".encode()).key_package()])


@pytest.mark.parametrize("identity", NO_NAMES, ids=lambda each: ascii(each[:40]))
def test_who_is_in_without_a_name_locks_nobody_out_and_gets_no_role(identity: bytes) -> None:
    """As who has founded a group: its friends come in, it renews its keys, and can be removed."""
    here = Team()
    bob = here.member("bob")
    extensions = here.profile(roles={identity: Role.admin})
    founder = mls.Group.create(called(here, identity), extensions=extensions)
    packages = [here.members["amy"].key_package(), bob.key_package()]
    pending = founder.commit(add=packages)
    founder.accept(pending)
    welcome = pending.welcomes[0].message
    here.groups = {
        "founder": founder,
        "amy": mls.Group.join(here.members["amy"], packages[0], welcome),
        "bob": mls.Group.join(bob, packages[1], welcome),
    }
    here.commit("founder")
    here.commit("amy", extensions=here.profile(roles={identity: Role.member}))
    wanted = here.profile(roles={identity: Role.owner})
    assert "this is no name" in here.refusal("amy", extensions=wanted)
    here.commit("amy", remove=[here.leaf("founder")])


def test_a_role_is_not_inherited_by_who_looks_like_its_owner() -> None:
    here = Team("bob", "josé", roles={"josé": Role.owner})
    given = profile.profile_of(here.groups["bob"].extensions)
    assert given is not None
    assert profile.role_of(given, "jose\u0301".encode()) is Role.member
    here.commit("amy", remove=[here.leaf("josé")])
    del here.groups["josé"]
    impostor = called(here, "jose\u0301".encode()).key_package()
    assert "is no name" in here.refusal("bob", add=[impostor])


# --- removing ------------------------------------------------------------------------------


def test_a_member_removes_nobody_else() -> None:
    here = team()
    assert "admins remove members" in here.refusal("bob", remove=[here.leaf("cat")])


def test_an_admin_removes_members_and_admins_and_no_owner() -> None:
    here = team()
    assert "owners remove owners" in here.refusal("ann", remove=[here.leaf("oto")])
    here.commit("ann", remove=[here.leaf("cat")])


def test_an_owner_removes_an_owner() -> None:
    here = team()
    here.commit("amy", remove=[here.leaf("oto")])


def test_everybody_removes_devices_of_its_own() -> None:
    here = team("bob/2")
    here.commit("bob", remove=[here.leaf("bob/2")])


# --- leaving -------------------------------------------------------------------------------


def test_everybody_leaves() -> None:
    here = team()
    here.spread("bob", here.groups["bob"].leave())
    here.commit("cat")
    assert not here.groups["bob"].is_active


def test_the_last_owner_hands_over_first() -> None:
    here = Team("bob", "cat")
    with pytest.raises(PolicyError, match="amy first has to make somebody else owner"):
        here.groups["amy"].leave()
    forged = here.cheat("amy").leave()
    with pytest.raises(PolicyError, match="without an owner"):
        here.groups["bob"].receive(forged)
    assert not here.groups["bob"].proposals
    here.commit("amy", extensions=here.profile(roles={"bob": 3}))
    here.spread("amy", here.groups["amy"].leave())
    here.commit("cat")
    assert not here.groups["amy"].is_active


def test_two_owners_cannot_leave_at_once() -> None:
    here = team()
    here.spread("amy", here.groups["amy"].leave())
    here.spread("oto", here.groups["oto"].leave())
    pending = here.groups["bob"].commit()
    assert len(pending.changed.left) == 1
    everything = [each.reference for each in here.groups["bob"].proposals]
    here.groups["bob"].discard(pending)
    with pytest.raises(PolicyError, match="without an owner"):
        here.groups["bob"].commit(references=everything)
    forged = here.cheat("bob").commit(references=everything)
    with pytest.raises(PolicyError, match="without an owner"):
        here.groups["cat"].receive(forged.message)


def test_one_device_of_the_last_owner_leaves() -> None:
    here = Team("bob", "amy/2")
    here.spread("amy/2", here.groups["amy/2"].leave())
    here.commit("bob")
    here2 = Team("bob", "amy/2")
    here2.commit("amy", remove=[here2.leaf("amy/2")])


# --- the profile ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    "change", [{"name": "crew"}, {"inviting": 2}, {"expires_after": 60}], ids=["name", "who", "end"]
)
def test_settings_are_for_admins(change: dict[str, int | str]) -> None:
    here = team()
    wanted = here.profile(**change)
    assert "that is for admins" in here.refusal("bob", extensions=wanted)
    here.commit("ann", extensions=wanted)


@pytest.mark.parametrize("who", ["bob", "ann"])
def test_roles_are_for_owners(who: str) -> None:
    here = team()
    assert "roles are for owners" in here.refusal(who, extensions=here.profile(roles={"cat": 2}))
    assert "roles are for owners" in here.refusal(who, extensions=here.profile(roles={who: 3}))
    assert "roles are for owners" in here.refusal(who, extensions=here.profile(roles={"amy": 1}))


def test_an_owner_gives_and_takes_roles() -> None:
    here = team()
    here.commit("oto", extensions=here.profile(roles={"cat": 2, "ann": 1}))
    here.commit("oto", extensions=here.profile(roles={"amy": 2}))
    given = profile.profile_of(here.groups["cat"].extensions)
    assert given is not None
    assert profile.names(given) == {"amy": "admin", "cat": "admin", "oto": "owner"}


def test_everybody_lays_down_a_role_but_the_last_owner() -> None:
    here = team()
    here.commit("ann", extensions=here.profile(roles={"ann": 1}))
    here.commit("amy", extensions=here.profile(roles={"amy": 1}))
    assert "without an owner" in here.refusal("oto", extensions=here.profile(roles={"oto": 1}))


def test_roles_are_given_to_members() -> None:
    here = team()
    wanted = here.profile(roles={"nobody": 3})
    assert "no member of the group" in here.refusal("amy", extensions=wanted)
    here.commit("amy", add=[here.package("dan")], extensions=here.profile(roles={"dan": 2}))


def test_a_group_does_not_go_over_to_who_is_not_there() -> None:
    here = Team("bob")
    wanted = here.profile(roles={"ghost": 3, "amy": 1})
    assert "no member" in here.refusal("amy", extensions=wanted)


def test_whoever_removes_the_gone_from_the_list_may() -> None:
    here = team()
    here.spread("ann", here.groups["ann"].leave())
    here.commit("bob", extensions=here.profile(roles={"ann": 1}))
    given = profile.profile_of(here.groups["cat"].extensions)
    assert given is not None
    assert "ann" not in profile.names(given)


@pytest.mark.parametrize("who", ["bob", "ann", "amy"])
def test_nobody_takes_the_profile_away(who: str) -> None:
    here = team()
    wanted = [e for e in here.groups["amy"].extensions if e.extension_type != GROUP_PROFILE]
    assert "does not lose its profile" in here.refusal(who, extensions=wanted)


@pytest.mark.parametrize("who", ["bob", "ann", "amy"])
@pytest.mark.parametrize("change", [{"goes_on_from": bytes(32)}, {"place": 1}], ids=["of", "at"])
def test_nobody_says_later_of_which_group_another_one_is_a_branch(
    who: str, change: dict[str, bytes | int]
) -> None:
    here = team()
    extensions = here.groups["amy"].extensions
    before = profile.profile_of(extensions)
    assert before is not None
    wanted = profile.with_profile(extensions, before.replace(**change))
    assert "a branch never changes" in here.refusal(who, extensions=wanted)


def test_a_profile_that_cannot_be_read_is_refused() -> None:
    here = team()
    kept = [e for e in here.groups["amy"].extensions if e.extension_type != GROUP_PROFILE]
    wanted = [*kept, Extension(GROUP_PROFILE, b"\0")]
    assert "cannot be read" in here.refusal("amy", extensions=wanted)


def test_other_extensions_are_for_owners() -> None:
    here = team()
    wanted = (*here.groups["amy"].extensions, Extension(0x0005, b"\0"))
    assert "extension 0x0005: that is for owners" in here.refusal("ann", extensions=wanted)
    here.commit("amy", extensions=wanted)


def test_their_order_is_nothing() -> None:
    here = team()
    here.commit("bob", extensions=tuple(reversed(here.groups["amy"].extensions)))


def ending(here: Team, **other: Any) -> mls.ReInit:  # noqa: ANN401
    """A ReInit, by which the group goes on as it is, in another suite."""
    amy = here.groups["amy"]
    after = addresses.moved_on(amy.group_id, amy.extensions, amy.epoch + 1)
    return mls.ReInit(
        **{"group_id": b"next" * 8, "version": 1, "cipher_suite": 3, "extensions": after, **other}
    )


def test_who_ends_the_group_moves_it_to_another_suite_as_it_is() -> None:
    here = team()
    amy = here.groups["amy"]
    assert "already" in here.refusal("amy", reinit=ending(here, cipher_suite=1))
    others = tuple(amy.extensions), (), addresses.moved_on(b"x", amy.extensions, amy.epoch + 1)
    for extensions in others:
        said = here.refusal("amy", reinit=ending(here, extensions=extensions))
        assert "would not stay what it is" in said


@pytest.mark.parametrize("group_id", [b"", b"x" * 100_000, None], ids=["none", "huge", "its own"])
def test_a_group_goes_on_under_a_new_group_id(group_id: bytes | None) -> None:
    """With a huge one nobody could say anything any more."""
    here = team()
    given = here.groups["amy"].group_id if group_id is None else group_id
    assert "has a new group_id" in here.refusal("amy", reinit=ending(here, group_id=given))


def test_a_group_goes_on_in_the_same_version(monkeypatch: pytest.MonkeyPatch) -> None:
    here = team()
    with lawless(monkeypatch):  # else who sends it is refused by VAL-122
        assert "not moved to version 2" in here.refusal("amy", reinit=ending(here, version=2))


@pytest.mark.parametrize("epochs", [0, 10, (1 << 64) - 2, None])
def test_nobody_says_anew_whose_place_the_group_took(epochs: int | None) -> None:
    """By that all count its epochs: an owner could stop everybody by one commit."""
    here = team()
    stated = b"xx" if epochs is None else Succession(b"other", epochs).encode()
    succession = Extension(ExtensionCode.succession, stated)
    for who in ("amy", "bob"):
        wanted = (*here.groups[who].extensions, succession)
        assert "whose place a group took" in here.refusal(who, extensions=wanted)
    alone = mls.Group.create(mls.Member.basic(b"amy", 1, policy=GroupPolicy()))
    with pytest.raises(PolicyError, match="whose place a group took"):
        alone.commit(extensions=[succession])


def test_only_owners_end_the_group() -> None:
    here = team()
    end = ending(here)
    assert "that is for owners" in here.refusal("ann", reinit=end)
    pending = here.groups["amy"].commit(reinit=end)
    here.groups["bob"].receive(pending.message)
    assert here.groups["bob"].reinit == end


def test_a_group_that_is_to_be_quantum_safe_stays_so() -> None:
    """Also against an owner whose client has been changed."""
    here = Team("bob", roles={"bob": Role.admin}, suite=0xFC01, quantum_safe=True)
    said = here.refusal("amy", reinit=ending(here, cipher_suite=1))
    assert "this group is to be quantum-safe, and MLS_128_DHKEMX25519" in said
    assert "owner" in here.refusal("bob", extensions=here.profile(quantum_safe=False))
    here.commit("amy", extensions=here.profile(quantum_safe=False))
    end = ending(here, cipher_suite=1)
    here.groups["bob"].receive(here.groups["amy"].commit(reinit=end).message)
    assert here.groups["bob"].reinit == end


def test_a_group_of_a_classical_suite_cannot_be_called_quantum_safe() -> None:
    here = team()
    assert "quantum-safe" in here.refusal("amy", extensions=here.profile(quantum_safe=True))


# --- doors ---------------------------------------------------------------------------------


def door(creator: bytes, right: Right = Right.join, key: int = 1) -> GroupCapability:
    return GroupCapability(key.to_bytes(32), creator, 500_000, right)


def doors(here: Team, *capabilities: GroupCapability) -> tuple[Extension, ...]:
    return with_capabilities(here.groups["amy"].extensions, GroupCapabilities(capabilities))


def test_who_may_invite_opens_doors() -> None:
    here = team()
    here.commit("bob", extensions=doors(here, door(here.opener("bob"))))
    closed = team(inviting=Inviting.admins)
    wanted = doors(closed, door(closed.opener("bob")))
    assert "admins invite" in closed.refusal("bob", extensions=wanted)
    closed.commit("ann", extensions=doors(closed, door(closed.opener("ann"))))


def test_everybody_opens_a_door_to_come_back_by() -> None:
    here = team(inviting=Inviting.admins)
    here.commit("bob", extensions=doors(here, door(here.opener("bob"), Right.recover)))


def test_nobody_opens_or_changes_a_door_in_anothers_name() -> None:
    here = team()
    wanted = doors(here, door(here.opener("cat")))
    assert "another's name" in here.refusal("bob", extensions=wanted)
    here.commit("cat", extensions=wanted)
    longer = door(here.opener("cat")).replace(not_after=600_000)
    assert "another's name" in here.refusal("bob", extensions=doors(here, longer))
    mine = door(here.opener("bob"))
    assert "another's name" in here.refusal("bob", extensions=doors(here, mine))
    here.commit("cat", extensions=doors(here, longer))
    shorter = longer.replace(not_after=1)
    here.commit("bob", extensions=doors(here, shorter))
    assert "another's name" in here.refusal("bob", extensions=doors(here, longer))
    here.commit("cat", extensions=doors(here, longer))
    twice = doors(here, longer, longer)
    assert "twice" in here.refusal("cat", extensions=twice)


def test_a_door_is_taken_away_by_whoever_finds_it_expired() -> None:
    here = team()
    here.commit("cat", extensions=doors(here, door(here.opener("cat"))))
    here.commit("bob", extensions=doors(here))


def test_nobody_takes_the_room_of_all_doors() -> None:
    here = team()
    many = [door(here.opener("cat"), Right.recover, key) for key in range(1, 34)]
    assert "close some first" in here.refusal("cat", extensions=doors(here, *many))
    here.commit("cat", extensions=doors(here, *many[1:]))
    here.commit("bob", extensions=doors(here, *many[1:], door(here.opener("bob"))))
    links = [door(here.opener("cat"), Right.join, key) for key in range(50, 82)]
    here.commit("cat", extensions=doors(here, *many[1:], *links))  # of each kind so many


def test_a_door_falls_with_who_opened_it() -> None:
    here = team()
    here.commit("cat", extensions=doors(here, door(here.opener("cat"))))
    assert "opener goes" in here.refusal("amy", remove=[here.leaf("cat")])
    here.commit("amy", remove=[here.leaf("cat")], extensions=doors(here))


def test_a_way_back_goes_on_in_the_name_of_who_commits_that_its_opener_goes() -> None:
    here = team()
    old, gone = door(here.opener("cat"), Right.recover), [here.leaf("cat")]
    here.commit("cat", extensions=doors(here, old))
    heir = old.replace(creator=here.opener("amy"))
    for wrong in (
        heir.replace(not_after=old.not_after + 1),
        heir.replace(creator=here.opener("bob")),
        heir.replace(right=Right.join),
    ):
        wanted = doors(here, wrong)
        assert "another's name" in here.refusal("amy", remove=gone, extensions=wanted)
    assert "another's name" in here.refusal("amy", extensions=doors(here, heir))
    here.commit("amy", remove=gone, extensions=doors(here, heir.replace(not_after=1)))


def test_a_door_to_join_by_is_not_inherited() -> None:
    here = team()
    old, gone = door(here.opener("cat")), [here.leaf("cat")]
    here.commit("cat", extensions=doors(here, old))
    wanted = doors(here, old.replace(creator=here.opener("amy")))
    assert "another's name" in here.refusal("amy", remove=gone, extensions=wanted)


def test_nobody_stops_being_known_for_its_door() -> None:
    """Else it would outlast the removal of who knows it."""
    here = team()
    named = same_device.vouched(here.member("cat"), here.members["cat"])
    leaf = here.groups["amy"].tree.leaf(here.leaf("cat"))
    assert leaf is not None
    forged = here.cheat("cat").commit(update=True, leaf_extensions=[*leaf.extensions, *named])
    with pytest.raises(PolicyError, match="VAL-025"):
        here.groups["amy"].receive(forged.message)


@pytest.mark.parametrize("suite", [1, 0xEEEE], ids=["known", "unknown"])
def test_nobody_says_of_its_leaf_what_does_not_hold(suite: int) -> None:
    """Else the group could not be moved: nobody could tell whose device that is."""
    here = team()
    leaf = here.groups["amy"].tree.leaf(here.leaf("cat"))
    assert leaf is not None
    said = same_device.SameDevice(suite, bytes(32), bytes(64)).encode()
    for data in (said, b"nonsense"):
        false = Extension(same_device.SAME_DEVICE, data)
        forged = here.cheat("cat").commit(update=True, leaf_extensions=[*leaf.extensions, false])
        amy = mls.Group.restore(here.groups["amy"].snapshot(), mls.Ports(here.policy))
        if data is said and suite != 1:
            amy.receive(forged.message)  # it may hold, as others can tell
            continue
        with pytest.raises(PolicyError, match="VAL-025"):
            amy.receive(forged.message)


# --- coming back ---------------------------------------------------------------------------


def test_a_leaf_with_the_same_key_takes_the_place_of_the_old_one() -> None:
    here = team(inviting=Inviting.admins)
    for who in ("cat", "oto"):
        here.groups[who] = _joined(here, "bob", who, way_back(here, who))


def way_back(here: Team, who: str, later: int = 0, group_id: bytes = b"") -> mls.PrivateKeyPackage:
    """A KeyPackage that somebody makes to come back by."""
    at = 1_000 * (int(time.time()) + later)
    made = made_for.extension(at, group_id or here.groups["amy"].group_id)
    return here.members[who].key_package(leaf_extensions=[made])


def test_a_keypackage_that_was_published_is_no_way_back() -> None:
    here = team()
    for who in ("cat", "oto"):
        here.commit(who)
        refusal = here.refusal(
            "bob", add=[here.members[who].key_package()], remove=[here.leaf(who)]
        )
        assert f"may not remove {who}" in refusal or f"may not add {who}" in refusal


def test_who_never_came_is_let_in_by_another_keypackage() -> None:
    here = team()
    here.groups["cat"] = _joined(here, "bob", "cat", here.members["cat"].key_package())


def test_an_owner_who_never_came_is_let_in_by_a_mere_member() -> None:
    here = team()
    here.groups["oto"] = _joined(here, "bob", "oto", here.members["oto"].key_package())
    assert here.groups["oto"].epoch_authenticator == here.groups["amy"].epoch_authenticator


def test_where_a_group_was_moved_who_seems_to_have_never_come_keeps_its_leaf() -> None:
    """All leaves come from KeyPackages there, until their owners renew them."""
    here = team(moved=True)
    again = {"add": [here.members["oto"].key_package()], "remove": [here.leaf("oto")]}
    assert "oto has not been there since the group was moved" in here.refusal("bob", **again)
    here.groups["cat"] = _joined(here, "bob", "cat", here.members["cat"].key_package())


def test_an_owner_who_has_come_is_not() -> None:
    here = team()
    here.commit("oto")
    again = {"add": [here.members["oto"].key_package()], "remove": [here.leaf("oto")]}
    assert "may not remove oto" in here.refusal("bob", **again)


@pytest.mark.parametrize("who", ["cat", "oto"])
def test_who_never_came_is_let_in_by_an_older_keypackage(who: str) -> None:
    """A broker that was set back has no other."""
    here = team()
    older = here.members[who].key_package(now=int(time.time()) - 86_400)
    here.groups[who] = _joined(here, "bob", who, older)


def test_nobody_lets_in_a_stranger_of_the_name_of_who_never_came() -> None:
    here = team()
    again = {"add": [here.package("oto")], "remove": [here.leaf("oto")]}
    assert "may not remove oto" in here.refusal("bob", **again)


def test_only_who_may_invite_lets_it_in_anew() -> None:
    here = team(inviting=Inviting.admins)
    again = {"add": [here.members["cat"].key_package()], "remove": [here.leaf("cat")]}
    assert "may not remove cat" in here.refusal("bob", **again)


def test_a_way_back_into_another_group_is_none() -> None:
    here = team()
    other = way_back(here, "cat", group_id=b"another group")
    assert "remove cat" in here.refusal("bob", add=[other], remove=[here.leaf("cat")])


def test_a_way_back_is_good_once() -> None:
    here = team()
    first, second = way_back(here, "cat"), way_back(here, "cat", later=1)
    here.groups["cat"] = _joined(here, "bob", "cat", second)
    for used in (first, second):
        assert "remove cat" in here.refusal("bob", add=[used], remove=[here.leaf("cat")])
    here.groups["cat"] = _joined(here, "bob", "cat", way_back(here, "cat", later=2))


def test_a_way_back_from_before_the_leaf_was_renewed_is_none() -> None:
    here = team()
    early = way_back(here, "cat", later=5)
    renewed = made_for.extension(1_000 * int(time.time()) + 10_000)
    here.commit("cat", leaf_extensions=[renewed])
    assert "remove cat" in here.refusal("bob", add=[early], remove=[here.leaf("cat")])


def test_what_cannot_be_read_is_no_way_back() -> None:
    here = team()
    broken = mls.Extension(made_for.MADE_FOR, b"\xff")
    package = here.members["cat"].key_package(leaf_extensions=[broken])
    assert "remove cat" in here.refusal("bob", add=[package], remove=[here.leaf("cat")])
    here.commit("cat", leaf_extensions=[broken])
    latest = way_back(here, "cat", later=1 << 40)
    assert "remove cat" in here.refusal("bob", add=[latest], remove=[here.leaf("cat")])


def test_an_owner_with_other_keys_is_taken_back_by_an_owner() -> None:
    here = team()
    new = here.package("oto")
    refusal = here.refusal("ann", add=[new], remove=[here.leaf("oto")])
    assert "remove oto" in refusal
    here.groups.pop("oto")
    here.commit("amy", add=[new], remove=[2])


def _joined(here: Team, by: str, who: str, package: mls.PrivateKeyPackage) -> mls.Group:
    old = here.groups.pop(who)
    pending = here.groups[by].commit(add=[package], remove=[old.own_index])
    here.spread(by, pending.message)
    here.groups[by].accept(pending)
    return mls.Group.join(here.members[who], package, pending.welcomes[0].message)


@pytest.mark.parametrize("opener", ["amy", "bob", "oto"])
def test_other_keys_come_back_by_no_door(opener: str) -> None:
    """Else any member could make itself an owner, where credentials are taken at their word."""
    here = team()
    here.commit(opener, extensions=doors(here, door(here.opener(opener), Right.recover)))
    for who in ("cat", "oto"):
        package = here.package(who)
        assert f"remove {who}" in here.refusal("bob", add=[package], remove=[here.leaf(who)])


def test_the_last_owner_comes_back() -> None:
    here = Team("bob", "cat")
    here.commit("amy", extensions=doors(here, door(here.opener("amy"), Right.recover)))
    new = way_back(here, "amy")
    here.groups.pop("amy")
    here.commit("bob", add=[new], remove=[0], extensions=doors_of_bob(here))


def doors_of_bob(here: Team) -> tuple[Extension, ...]:
    """No doors, as bob sees the group's extensions."""
    return with_capabilities(here.groups["bob"].extensions, GroupCapabilities(()))


# --- by reference --------------------------------------------------------------------------


def test_proposals_are_judged_by_who_made_them() -> None:
    here = team()
    here.spread("ann", here.groups["ann"].propose_remove(here.leaf("cat")))
    here.commit("bob")
    assert not here.groups["cat"].is_active


def test_a_proposal_beyond_ones_rights_is_neither_made_nor_kept() -> None:
    here = team()
    with pytest.raises(PolicyError, match="admins remove members"):
        here.groups["bob"].propose_remove(here.leaf("cat"))
    forged = here.cheat("bob").propose_remove(here.leaf("cat"))
    with pytest.raises(PolicyError, match="admins remove members"):
        here.groups["amy"].receive(forged)
    assert not here.groups["amy"].proposals


def test_updates_and_keys_are_for_everybody() -> None:
    here = team(inviting=Inviting.admins)
    here.spread("bob", here.groups["bob"].propose_update())
    here.commit("cat")
    here.commit("bob", update=True)


# --- others --------------------------------------------------------------------------------


def test_who_is_alone_does_as_it_likes() -> None:
    here = Team(inviting=Inviting.admins)
    here.commit("amy", add=[here.package("bob")], extensions=here.profile(name="other"))


def test_in_a_group_without_a_profile_everyone_may_all() -> None:
    here = Team("bob", "cat", described=False)
    first = profile.first_profile("ours now", b"bob")
    wanted = profile.with_profile(here.groups["bob"].extensions, first)
    here.commit("cat", remove=[here.leaf("amy")], extensions=wanted)
    here.groups.pop("amy")
    assert "owners remove owners" in here.refusal("cat", remove=[here.leaf("bob")])


class Careless(mls.Policy):
    """Thinks nothing of names."""

    def is_successor(self, old: mls.LeafNode, new: mls.LeafNode) -> bool:
        """Everybody follows everybody."""
        del old, new
        return True


def test_a_stranger_does_not_come_in_by_itself() -> None:
    here = team()
    info = here.groups["amy"].group_info()
    stranger = mls.Group.join_externally(here.member("eve"), info, ports=mls.Ports(mls.Policy()))
    with pytest.raises(PolicyError, match="may not come in by itself"):
        here.groups["amy"].receive(stranger.commit)


def test_who_was_there_comes_back_by_itself() -> None:
    here = team()
    info = here.groups["amy"].group_info()
    back = mls.Group.join_externally(here.members["oto"], info, resync=here.leaf("oto"))
    here.groups.pop("oto")
    here.spread("oto", back.commit)
    assert back.group.epoch_authenticator == here.groups["bob"].epoch_authenticator


def test_the_last_owner_comes_back_by_itself_and_nobody_in_its_place() -> None:
    here = Team("bob")
    info = here.groups["bob"].group_info()
    forged = mls.Group.join_externally(
        here.member("amy"), info, resync=0, ports=mls.Ports(mls.Policy())
    )
    with pytest.raises(PolicyError, match="VAL-025"):
        here.groups["bob"].receive(forged.commit)
    back = mls.Group.join_externally(here.members["amy"], info, resync=0)
    here.groups["bob"].receive(back.commit)


def test_nobody_comes_back_by_itself_under_another_name() -> None:
    here = team()
    info, bob = here.groups["amy"].group_info(), here.members["bob"]
    as_owner = replace(bob, credential=here.members["oto"].credential)
    back = mls.Group.join_externally(
        as_owner, info, resync=here.leaf("bob"), ports=mls.Ports(Careless())
    )
    with pytest.raises(PolicyError, match="VAL-025"):
        here.groups["amy"].receive(back.commit)


def test_whose_door_is_open_does_not_come_back_by_itself() -> None:
    here = team()
    here.commit("cat", extensions=doors(here, door(here.opener("cat"), Right.recover)))
    info = here.groups["amy"].group_info()
    back = mls.Group.join_externally(
        here.members["cat"], info, resync=here.leaf("cat"), ports=mls.Ports(mls.Policy())
    )
    with pytest.raises(PolicyError, match="opener goes"):
        here.groups["amy"].receive(back.commit)


def branched(group: mls.Group) -> profile.GroupProfile:
    """The profile of a branch."""
    stated = profile.profile_of(group.extensions)
    assert stated is not None
    leaves = (leaf for _, leaf in group.tree.members())
    return stated.replace(known=profile.known_devices(stated, leaves))


def test_a_branch_without_its_owner_takes_it_back_by_a_key_that_it_had() -> None:
    """Else any member could make itself an owner in a branch of a group that it breaks."""
    here = Team("bob", "cat")
    old = profile.with_profile(here.groups["bob"].extensions, branched(here.groups["bob"]))
    bob = mls.Group.create(here.members["bob"], extensions=old)
    package = here.members["cat"].key_package()
    pending = bob.commit(add=[package])
    bob.accept(pending)
    cat = mls.Group.join(here.members["cat"], package, pending.welcomes[0].message)
    here.groups = {"bob": bob, "cat": cat}
    assert "who is owner here" in here.refusal("cat", add=[here.package("amy")])
    forged = branched(bob).replace(known=(profile.DeviceOf(b"amy", bytes(32)),))
    wanted = profile.with_profile(bob.extensions, forged)
    assert "nor whom that knew" in here.refusal("cat", extensions=wanted)
    here.commit("cat", add=[here.members["amy"].key_package()])
    assert "who is owner here" in here.refusal("cat", add=[here.package("amy/2")])


def test_who_is_no_member_proposes_nothing() -> None:
    here = team()
    outside = mls.ExternalSender(here.members["cat"].signature_key, here.members["cat"].credential)
    senders = Extension(0x0005, mls.ExternalSenders((outside,)).encode())
    here.commit("amy", extensions=(*here.groups["amy"].extensions, senders))
    observer = mls.PublicGroup(here.groups["amy"].group_info(), ports=mls.Ports(mls.Policy()))
    proposal = observer.propose(here.members["cat"], mls.Remove(here.leaf("bob")))
    with pytest.raises(PolicyError, match="only members may propose"):
        here.groups["amy"].receive(proposal)
