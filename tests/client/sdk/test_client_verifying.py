"""Comparing safety numbers: what is noted is what was compared, and nothing that came since."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from covey.client.conversing import wanted
from covey.client.sync.group import commits
from covey.errors import StateError
from people import LATE, group, texts, until

if TYPE_CHECKING:
    from covey.client.conversing.conversation import Conversation, MemberView
    from people import Town

pytestmark = pytest.mark.anyio


def called(conversation: Conversation, name: str) -> MemberView:
    """A member as somebody sees it."""
    [found] = [each for each in conversation.members if each.name == name]
    return found


async def test_safety_numbers_agree_and_are_remembered(town: Town) -> None:
    async with town.client("alice") as alice, town.client("bob") as bob:
        ours, theirs = await group(alice, bob)
        number = ours.safety_number(bob.name)
        assert number == theirs.safety_number(alice.name)
        await ours.verify(bob.name, number)
        assert [each.verified for each in ours.members] == [True, True]
        assert await ours.unverify(bob.name)
        assert [each.verified for each in ours.members] == [True, False]
        assert not await ours.unverify(bob.name)
        assert not await ours.unverify("nobody")


async def test_a_number_may_be_as_a_camera_has_read_it(town: Town) -> None:
    async with town.client("alice") as alice, town.client("bob") as bob:
        ours, theirs = await group(alice, bob)
        scanned = "".join(theirs.safety_number(alice.name).split())
        await ours.verify(bob.name, f" {scanned}\n")
        assert called(ours, bob.name).verified


async def test_another_number_is_not_noted(town: Town) -> None:
    async with town.client("alice") as alice, town.client("bob") as bob:
        ours, _ = await group(alice, bob)
        number = ours.safety_number(bob.name)
        for wrong in ("", number[:-1], "no digits", "no digits of 12" * 4):
            with pytest.raises(StateError, match="a safety number has 60 digits, and this is none"):
                await ours.verify(bob.name, wrong)
        with pytest.raises(StateError, match="this is not the safety number of you and bob"):
            await ours.verify(bob.name, number[:-1] + str((int(number[-1]) + 1) % 10))
        with pytest.raises(TypeError, match="a safety number is a str, not int"):
            await ours.verify(bob.name, int("".join(number.split())))  # type: ignore[arg-type]
        with pytest.raises(StateError, match="this is you"):
            await ours.verify(alice.name, number)
        with pytest.raises(StateError, match="is not in this group"):
            await ours.verify("mallory", number)
        assert not called(ours, bob.name).verified


async def test_a_device_that_came_while_people_compared_is_not_verified(
    town: Town, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Carol, an admin whose client looks at no names, adds a bob of her own meanwhile."""
    async with (
        town.client("alice") as alice,
        town.client("bob") as bob,
        town.client("carol") as carol,
        town.client("bob", broker=None) as false,
    ):
        ours, theirs, carols = await group(alice, bob, carol)
        await ours.set_role(carol.name, "admin")
        number = ours.safety_number(bob.name)
        assert number == theirs.safety_number(alice.name)

        monkeypatch.setattr(wanted, "require_stranger", lambda *_: None)
        monkeypatch.setattr(commits, "require_strangers", lambda *_: None)
        await until(lambda: called(carols, carol.name).role == "admin")
        _, invitation = await carols.invite_card(await false.card())
        falses = await false.join(invitation)
        await until(lambda: called(ours, bob.name).devices == 2)

        with pytest.raises(StateError) as refused:
            await ours.verify(bob.name, number)
        said = str(refused.value)
        assert said.startswith("nothing was noted: this is not the safety number of you and bob")
        assert f"keys of {bob.name} or of yours have changed meanwhile" in said
        assert "show the number anew, and compare that one" in said
        await falses.send("it is me, bob")
        await until(lambda: "it is me, bob" in texts(ours))
        assert not called(ours, bob.name).verified

        await ours.remove(bob.name)
        await ours.invite(bob.name)
        await until(lambda: called(ours, bob.name).devices == 1)
        await ours.verify(bob.name, number)
        assert called(ours, bob.name).verified


async def test_a_device_that_comes_later_is_not_verified(town: Town) -> None:
    async with (
        town.client("alice") as alice,
        town.client("bob") as bob,
        town.client("bob", enrol=False) as laptop,
    ):
        ours, theirs = await group(alice, bob)
        number = ours.safety_number(bob.name)
        await ours.verify(bob.name, number)
        await bob.add_device(await laptop.device_code())
        await laptop.next_group(LATE)
        await until(lambda: called(ours, bob.name).devices == 2)
        assert not called(ours, bob.name).verified
        with pytest.raises(StateError, match="keys of"):
            await ours.verify(bob.name, number)
        await until(lambda: ours.safety_number(bob.name) == theirs.safety_number(alice.name))
        await ours.verify(bob.name, theirs.safety_number(alice.name))
        assert called(ours, bob.name).verified
