"""Subgroups: new groups of some members of another one, bound to it (RFC 9420 §11.3)."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING

import pytest
from anyio import move_on_after

from broker_thread import broker_at
from covey.client.events import InvitationFailed, Joined
from covey.errors import BrokerError, PolicyError, StateError, TransportError
from people import LATE, Town, group, happens, texts, until

if TYPE_CHECKING:
    from pathlib import Path

    from covey.client.roles import Change

pytestmark = pytest.mark.anyio


async def test_some_members_have_a_group_of_their_own(town: Town) -> None:
    async with (
        town.client("alice") as alice,
        town.client("bob") as bob,
        town.client("carol") as carol,
    ):
        ours, bobs, carols = await group(alice, bob, carol, inviting="admins", expires_after=3600)
        two = await bobs.subgroup("two of us", [carol.name])
        theirs = await carol.next_group(LATE)
        assert two.name == theirs.name == "two of us"
        assert two.id == theirs.id != ours.id
        assert {each.name: each.role for each in theirs.members} == {
            bob.name: "owner",
            carol.name: "member",
        }
        assert two.parent == theirs.parent == ours.id
        assert ours.parent == ""
        assert (theirs.inviting, theirs.expires_after) == ("admins", 3600)
        assert theirs.suite == ours.suite
        assert [each.name for each in alice.groups()] == ["team"]
        await two.send("only you and me")
        await until(lambda: texts(theirs) == ["only you and me"])
        await ours.send("all of us")
        await until(lambda: texts(carols) == ["all of us"])


async def test_who_comes_in_is_told_of_which_group_it_is_one(town: Town) -> None:
    async with town.client("alice") as alice, town.client("bob") as bob:
        ours, _ = await group(alice, bob)
        two = await ours.subgroup("two", [bob.name, alice.name])
        for client, how, inviter in (
            (alice, "created", ""),
            (bob, "subgroup", alice.name),
        ):
            told = await happens(client.events("test"), Joined, lambda each: each.name == "two")
            assert (told.group, told.parent) == (two.id, ours.id)
            assert (told.how, told.inviter) == (how, inviter)
        assert str(told) == f"you are in the subgroup 'two', let in by {alice.name}"


async def test_who_was_verified_is_verified_there(town: Town) -> None:
    async with town.client("alice") as alice, town.client("bob") as bob:
        ours, theirs = await group(alice, bob)
        await theirs.verify(alice.name, theirs.safety_number(alice.name))
        await ours.subgroup("two", [bob.name])
        two = await bob.next_group(LATE)
        assert {each.name: each.verified for each in two.members}[alice.name]


async def test_all_devices_that_are_in_the_parent_come_along(town: Town) -> None:
    async with (
        town.client("alice") as alice,
        town.client("bob") as bob,
        town.client("bob", enrol=False) as laptop,
        town.client("alice", enrol=False) as tablet,
    ):
        ours, _ = await group(alice, bob)
        await bob.add_device(await laptop.device_code())
        await alice.add_device(await tablet.device_code())
        await until(lambda: [each.devices for each in ours.members] == [2, 2])
        two = await ours.subgroup("two", [bob.name])
        assert {each.name: each.devices for each in two.members} == {alice.name: 2, bob.name: 2}
        for each in (laptop, tablet):
            await until(lambda each=each: "two" in [found.name for found in each.groups()])


async def test_only_members_of_the_parent_are_in_it(town: Town) -> None:
    async with (
        town.client("alice") as alice,
        town.client("bob") as bob,
        town.client("carol") as carol,
    ):
        ours, theirs = await group(alice, bob)
        with pytest.raises(StateError, match=f"{carol.name} is not in this group"):
            await ours.subgroup("two", [carol.name])
        with pytest.raises(StateError, match="somebody besides you"):
            await ours.subgroup("alone", [alice.name])
        with pytest.raises(StateError, match="somebody besides you"):
            await ours.subgroup("alone", [])
        with pytest.raises(TypeError, match="a list of names"):
            await ours.subgroup("two", bob.name)
        with pytest.raises(StateError, match="printable"):
            await ours.subgroup("", [bob.name])
        await ours.remove(bob.name)
        await until(lambda: not theirs.is_in)
        with pytest.raises(StateError, match="since you were removed"):
            await theirs.subgroup("two", [alice.name])
        assert [each.name for each in (*alice.groups(), *bob.groups())] == ["team", "team"]


async def test_who_is_leaving_makes_none(town: Town) -> None:
    async with town.client("bob") as bob:
        async with town.client("alice") as alice:
            _, theirs = await group(alice, bob)
            name = alice.name
        with suppress(TransportError):  # on a busy machine
            assert not await theirs.leave(timeout=0.1)
        with pytest.raises(StateError, match="you are leaving this group"):
            await theirs.subgroup("two", [name])


async def test_a_further_member_is_invited_and_knows_no_parent(town: Town) -> None:
    async with (
        town.client("alice") as alice,
        town.client("bob") as bob,
        town.client("carol") as carol,
    ):
        ours, _ = await group(alice, bob)
        two = await ours.subgroup("two", [bob.name])
        await two.invite(carol.name)
        theirs = await carol.next_group(LATE)
        assert (theirs.name, theirs.parent) == ("two", "")
        told = await happens(carol.events("test"), Joined)
        assert (told.how, told.parent) == ("welcome", "")


async def test_a_subgroup_for_which_nobody_waits_is_not_made(town: Town) -> None:
    async with town.client("alice") as alice, town.client("bob") as bob:
        ours, _ = await group(alice, bob)
        with move_on_after(0) as scope:
            await ours.subgroup("two", [bob.name])
        assert scope.cancelled_caught
        assert [each.name for each in alice.groups()] == ["team"]
        two = await ours.subgroup("two", [bob.name])
        assert [each.name for each in two.members] == [alice.name, bob.name]


async def test_what_the_application_refuses_is_not_made(town: Town) -> None:
    def refuses(change: Change) -> str | None:
        stated = change.before
        return "no small groups" if stated is not None and stated.name == b"two" else None

    async with town.client("alice", policies=(refuses,)) as alice, town.client("bob") as bob:
        ours, _ = await group(alice, bob)
        with pytest.raises(PolicyError, match="no small groups"):
            await ours.subgroup("two", [bob.name])
        assert [each.name for each in alice.groups()] == ["team"]


async def test_a_parent_that_was_moved_has_subgroups_of_its_suite(town: Town) -> None:
    async with town.client("alice") as alice, town.client("bob") as bob:
        ours, theirs = await group(alice, bob)
        await ours.upgrade("x-wing", timeout=LATE)
        await until(lambda: theirs.suite == ours.suite)
        two = await theirs.subgroup("two", [alice.name])
        found = await alice.next_group(LATE)
        assert found.suite == two.suite == ours.suite != 1
        assert found.parent == ours.id


async def test_who_was_offline_finds_itself_in_it(town: Town, tmp_path: Path) -> None:
    """Also when the parent has gone on since, by more epochs than the engine keeps secrets of."""
    async with town.client("alice") as alice, town.client("bob") as bob:
        async with town.client("carol", tmp_path / "carol") as carol:
            ours, *_ = await group(alice, bob, carol)
            await until(lambda: all(each.arrived for each in ours.members))
        await ours.rotate()  # so that carol is behind the epoch in which it begins
        two = await ours.subgroup("three", [town.called("carol"), bob.name])
        await bob.next_group(LATE)
        for _ in range(10):
            await ours.rotate()
        await ours.remove(bob.name)
        await two.send("welcome back")
        async with town.client("carol", tmp_path / "carol") as carol:
            await carol.sync()
            found = carol.group("three")
            assert found.parent == ours.id
            await until(lambda: {each.name: each.arrived for each in two.members}[carol.name])
            await until(lambda: texts(found) == ["welcome back"])


async def test_who_was_removed_from_the_parent_does_not_come_in_by_it(
    town: Town, tmp_path: Path
) -> None:
    async with town.client("alice") as alice:
        async with town.client("bob", tmp_path / "bob") as bob:
            ours, _ = await group(alice, bob)
            await until(lambda: all(each.arrived for each in ours.members))
        two = await ours.subgroup("two", [town.called("bob")])
        await ours.remove(town.called("bob"))
        async with town.client("bob", tmp_path / "bob") as bob:
            told = await happens(bob.events("test"), InvitationFailed)
            assert "a subgroup of team, and we are not in that any more" in told.why
            assert "VAL-184" in told.why
            assert [(each.name, each.status) for each in bob.groups()] == [("team", "removed")]
            await two.invite(bob.name, again=True)
            found = await bob.next_group(LATE)
            assert (found.name, found.parent) == ("two", "")


async def test_of_one_that_the_broker_does_not_begin_nothing_stays(tmp_path: Path) -> None:
    with broker_at(str(tmp_path / "broker.db"), tmp_path, rates__creations="1 per hour") as broker:
        town = Town(broker.url)
        async with town.client("alice") as alice, town.client("bob") as bob:
            ours, _ = await group(alice, bob)
            with pytest.raises(BrokerError, match="over_quota"):
                await ours.subgroup("two", [bob.name])
            await alice.sync()
            assert [each.name for each in (*alice.groups(), *bob.groups())] == ["team", "team"]


async def test_without_a_broker_nothing_stays(tmp_path: Path) -> None:
    with broker_at(str(tmp_path / "broker.db"), tmp_path) as broker:
        town = Town(broker.url)
        async with town.client("alice") as alice, town.client("bob") as bob:
            ours, _ = await group(alice, bob)
            broker.stop()
            await until(lambda: not alice.online)
            with pytest.raises(TransportError):
                await ours.subgroup("two", [bob.name])
            assert [each.name for each in alice.groups()] == ["team"]
