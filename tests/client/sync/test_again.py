"""What a commit of ours had changed is wished for again only as far as it is so to this day."""

from __future__ import annotations

import pytest

from client.team import Team
from covey.access.member.addresses import with_capabilities
from covey.access.structs.extensions import GroupCapabilities, GroupCapability, Right
from covey.client.sync.branches.again import still
from covey.client.sync.rows.wishes import CloseDoor, Describe, Expel, OpenDoor, Renew

KEY = bytes(range(32))


def test_who_is_out_stays_out() -> None:
    here = Team("bob", "cat")
    here.commit("amy", remove=[here.leaf("cat")])
    gone = Expel((b"cat",))
    assert still(gone, here.groups["amy"]) == gone


def test_who_was_let_in_again_is_not_removed_again() -> None:
    here = Team("bob", "cat")
    assert still(Expel((b"cat",)), here.groups["amy"]) is None


def test_of_several_only_those_are_removed_again_who_are_out() -> None:
    here = Team("bob", "cat", "bob/2")
    group = here.groups["amy"]
    keys = {each.identity: each.signature_key for each in group.members}
    wish = Expel((b"bob", b"dan"), (keys[b"cat"], KEY))
    assert still(wish, group) == Expel((b"dan",), (KEY,))


def test_a_device_is_out_by_its_key_whatever_others_its_owner_has() -> None:
    here = Team("bob", "bob/2")
    group = here.groups["amy"]
    [key] = [each.signature_key for each in group.members if each.index == here.leaf("bob/2")]
    assert still(Expel(keys=(key,)), group) is None
    here.commit("amy", remove=[here.leaf("bob/2")])
    assert still(Expel(keys=(key,)), group) == Expel(keys=(key,))


def test_a_name_that_stands_is_given_again_and_one_that_was_overwritten_is_not() -> None:
    here = Team("bob")
    ours = Describe(name="ours")
    here.commit("amy", extensions=here.profile(name="ours"))
    assert still(ours, here.groups["amy"]) == ours
    here.commit("amy", extensions=here.profile(name="theirs"))
    assert still(ours, here.groups["amy"]) is None


@pytest.mark.parametrize(
    ("wish", "left"),
    [
        (Describe(expires_after=60, inviting=2), Describe(inviting=2)),
        (Describe(name="team", expires_after=0), Describe(name="team", expires_after=0)),
        (Describe(inviting=1), None),
        (Describe(name="x", roles={"bob": 2, "cat": 2}), Describe(roles={"bob": 2})),
        (Describe(roles={"bob": 1}), None),
        (Describe(roles={"cat": 1}), Describe(roles={"cat": 1})),
    ],
    ids=["one of two", "both", "who may invite", "one role", "no role", "a role laid down"],
)
def test_what_a_profile_says_is_wished_for_again_as_far_as_it_says_so(
    wish: Describe, left: Describe | None
) -> None:
    here = Team("bob", "cat", roles={"bob": 2}, inviting=2)
    assert still(wish, here.groups["cat"]) == left


def test_a_group_without_a_profile_is_not_described_again() -> None:
    here = Team("bob", described=False)
    assert still(Describe(name="ours"), here.groups["amy"]) is None


def test_a_door_that_stands_is_not_closed_again() -> None:
    here = Team("bob")
    closed = CloseDoor(KEY)
    assert still(closed, here.groups["amy"]) == closed
    door = GroupCapability(KEY, here.opener("bob"), 500_000, Right.join)
    extensions = with_capabilities(here.groups["amy"].extensions, GroupCapabilities((door,)))
    here.commit("bob", extensions=extensions)
    assert still(closed, here.groups["amy"]) is None


@pytest.mark.parametrize(
    "wish", [Renew(), OpenDoor(KEY, Right.join, 500_000)], ids=["renew", "door"]
)
def test_what_has_done_all_it_could_is_not_wished_for_again(wish: Renew | OpenDoor) -> None:
    assert still(wish, Team("bob").groups["amy"]) is None
