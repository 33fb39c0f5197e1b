"""The profile of a group: what all members agree on, in one way of writing it only."""

from __future__ import annotations

import pytest
from rich.pretty import pretty_repr

from covey import mls
from covey.access.member.addresses import with_capabilities
from covey.access.structs.extensions import GroupCapabilities
from covey.client.sync.rows.wishes import Describe
from covey.client.words import profile
from covey.client.words.profile import DeviceOf, GroupProfile, Inviting, Role, RoleOf
from covey.errors import DecodeError, LocalProtocolError
from covey.mls import Extension, ExtensionType, RequiredCapabilities

TEAM = GroupProfile(b"team", Inviting.admins, 60, (RoleOf(b"amy", Role.owner),))


def as_extension(given: GroupProfile) -> Extension:
    return Extension(profile.GROUP_PROFILE, given.encode())


def test_a_profile_comes_back_from_the_extensions() -> None:
    other = Extension(0xF0F0, b"kept")
    extensions = profile.with_profile((other,), TEAM)
    assert profile.profile_of(extensions) == TEAM
    assert other in extensions
    assert profile.profile_of((other,)) is None


@pytest.mark.parametrize("named", [TEAM, Describe(name="team", roles={"amy": Role.owner})])
def test_the_repr_shows_all_but_what_the_group_is_called(named: object) -> None:
    for shown in (repr(named), pretty_repr(named), repr([named])):
        assert "roles" in shown
        assert "team" not in shown
        assert b"team".hex() not in shown


def test_everybody_has_to_know_it() -> None:
    [required] = [
        RequiredCapabilities.decode(each.extension_data)
        for each in profile.with_profile((), TEAM)
        if each.extension_type == ExtensionType.required_capabilities
    ]
    assert set(required.extension_types) == profile.EXTENSION_TYPES


def test_capabilities_and_profile_leave_each_other_as_they_are() -> None:
    both = profile.with_profile(with_capabilities((), GroupCapabilities(())), TEAM)
    again = with_capabilities(both, GroupCapabilities(()))
    assert {(each.extension_type, each.extension_data) for each in both} == {
        (each.extension_type, each.extension_data) for each in again
    }


def test_a_client_that_does_not_know_it_cannot_be_added() -> None:
    suite = mls.CipherSuite.MLS_128_DHKEMX25519_AES128GCM_SHA256_Ed25519
    policy = mls.Policy(extension_types=profile.EXTENSION_TYPES)
    amy = mls.Member.basic(b"amy", suite, policy=policy)
    group = mls.Group.create(amy, extensions=profile.with_profile((), TEAM))
    with pytest.raises(LocalProtocolError):
        group.commit(add=[mls.Member.basic(b"old", suite).key_package()])
    group.commit(add=[mls.Member.basic(b"new", suite, policy=policy).key_package()])


@pytest.mark.parametrize(
    "wrong",
    [
        TEAM.replace(name=b"\xff"),
        TEAM.replace(name=bytes(profile.LONGEST_NAME + 1)),
        TEAM.replace(roles=(RoleOf(b"amy", Role.member),)),
        TEAM.replace(roles=(RoleOf(b"bob", Role.owner), RoleOf(b"amy", Role.owner))),
        TEAM.replace(roles=(RoleOf(b"amy", Role.owner), RoleOf(b"amy", Role.admin))),
        TEAM.replace(known=(DeviceOf(b"bob", b"1"), DeviceOf(b"amy", b"2"))),
        TEAM.replace(known=(DeviceOf(b"amy", b"1"), DeviceOf(b"amy", b"1"))),
    ],
    ids=["utf8", "long", "member", "order", "twice", "order of devices", "device twice"],
)
def test_what_no_client_would_make_is_refused(wrong: GroupProfile) -> None:
    with pytest.raises(DecodeError):
        profile.profile_of((as_extension(wrong),))


def test_unknown_roles_are_refused() -> None:
    data = TEAM.encode().replace(b"amy\x03", b"amy\x04")
    with pytest.raises(DecodeError):
        profile.profile_of((Extension(profile.GROUP_PROFILE, data),))


def test_roles_are_changed_by_identity() -> None:
    more = profile.changed(TEAM, roles={"zoe": 2, "bob": 3, "amy": 1})
    assert more.roles == (RoleOf(b"bob", Role.owner), RoleOf(b"zoe", Role.admin))
    assert profile.names(more) == {"bob": "owner", "zoe": "admin"}
    assert profile.role_of(more, b"amy") is Role.member
    fewer = profile.changed(more, roles={b"bob": Role.member, b"nobody": Role.member})
    assert fewer.roles == (RoleOf(b"zoe", Role.admin),)


def test_the_rest_is_changed_by_name() -> None:
    more = profile.changed(TEAM, name="crew", expires_after=0, inviting=1)
    assert more == GroupProfile(b"crew", Inviting.members, 0, TEAM.roles)
    assert profile.changed(TEAM) == TEAM


@pytest.mark.parametrize(
    "change",
    [{"name": "x" * 1025}, {"expires_after": -1}, {"inviting": 3}, {"roles": {"a": 9}}],
    ids=repr,
)
def test_what_means_nothing_is_refused(change: dict[str, object]) -> None:
    with pytest.raises(ValueError, match=r".+"):
        profile.changed(TEAM, **change)  # type: ignore[arg-type]


def test_a_new_group_belongs_to_who_creates_it() -> None:
    assert profile.first_profile("team", b"amy") == GroupProfile(
        b"team", Inviting.members, 0, (RoleOf(b"amy", Role.owner),)
    )


def test_a_branch_says_of_which_group_it_is_one_and_when_it_comes() -> None:
    branch = TEAM.replace(goes_on_from=bytes(range(32)), place=(7 << 32) | 2)
    assert profile.profile_of((as_extension(branch),)) == branch
    before = TEAM.encode()[:-11]
    assert branch.encode() == before + b"\x20" + bytes(range(32)) + b"\0\0\0\7\0\0\0\2\0\0"
    assert (TEAM.goes_on_from, TEAM.place) == (b"", 0)


def test_a_branch_knows_the_devices_of_those_who_have_a_role() -> None:
    suite = mls.CipherSuite.MLS_128_DHKEMX25519_AES128GCM_SHA256_Ed25519
    policy = mls.Policy(extension_types=profile.EXTENSION_TYPES)
    people = [mls.Member.basic(who, suite, policy=policy) for who in (b"amy", b"bob", b"amy")]
    leaves = [each.key_package().package.leaf_node for each in people]
    keys = sorted(people[each].signature_key for each in (0, 2))
    known = profile.known_devices(TEAM, leaves)
    assert known == tuple(DeviceOf(b"amy", each) for each in keys)
    later = TEAM.replace(known=known)
    assert profile.known_devices(later, leaves[1:]) == known
    assert profile.known_devices(profile.changed(later, roles={"amy": 1}), leaves) == ()


def test_what_a_branch_goes_on_from_stays_whatever_else_is_changed() -> None:
    branch = TEAM.replace(goes_on_from=bytes(32), place=3)
    more = profile.changed(branch, name="crew", expires_after=5, inviting=1, roles={"bob": 2})
    assert (more.goes_on_from, more.place) == (bytes(32), 3)
