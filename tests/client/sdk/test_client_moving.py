"""A group is moved to another cipher suite: its members, its history and its links come along."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from covey.client.conversing import moving
from covey.client.events import Upgraded, Upgrading
from covey.client.sync.account import Account
from covey.client.sync.log import turning
from covey.client.words.suites import CLASSICAL, XWING, XWING_MLDSA44
from covey.errors import BrokerError, DecodeError, PolicyError, StateError, TransportError
from people import LATE, group, happens, texts, until

if TYPE_CHECKING:
    from collections.abc import Generator

    from covey.client.sync.effects import Effect, Flow
    from people import Town

pytestmark = pytest.mark.anyio


async def test_two_go_on_in_another_suite(town: Town) -> None:
    async with town.client("alice") as alice, town.client("bob") as bob:
        ours, theirs = await group(alice, bob)
        assert ours.suite == theirs.suite == CLASSICAL
        await ours.send("before")
        feed = theirs.events()
        assert await ours.lacking("x-wing") == ()
        await ours.upgrade("x-wing", timeout=LATE)
        assert ours.suite == XWING
        assert (await happens(feed, Upgrading)).suite == XWING
        told = await happens(feed, Upgraded)
        assert (told.before, told.suite) == (CLASSICAL, XWING)
        assert "confidentiality quantum-safe, authentication not quantum-safe" in str(told)
        await theirs.send("after")
        await until(lambda: texts(ours) == texts(theirs) == ["before", "after"])
        assert (ours.id, ours.name) == (theirs.id, "team")
        assert [each.role for each in theirs.members] == ["owner", "member"]
        await ours.upgrade(XWING_MLDSA44, timeout=LATE)
        await ours.send("and after that")
        await until(lambda: "and after that" in texts(theirs))
        await until(lambda: ours.group_number() == theirs.group_number())


async def test_a_card_is_for_one_suite_and_another_device_is_of_all(town: Town) -> None:
    async with (
        town.client("alice") as alice,
        town.client("dora", broker=None) as dora,
        town.client("alice", enrol=False) as phone,
    ):
        ours = await alice.create_group("team", suite="x-wing-mldsa44")
        with pytest.raises(StateError, match="this card is for groups with MLS_128_DHKEM"):
            await ours.invite_card(await dora.card())
        answer = await ours.invite_card(await dora.card("x-wing-mldsa44"))
        theirs = await dora.join(answer.invitation, timeout=LATE)
        await theirs.send("by hand")
        await until(lambda: texts(ours) == ["by hand"])
        await alice.add_device(await phone.device_code(), timeout=LATE)
        there = await phone.next_group(LATE)
        assert [each.devices for each in theirs.members] == [2, 1]
        [other] = [each.key for each in await alice.devices() if not each.own]
        await alice.remove_device(other)
        await until(lambda: there.status == "removed")


async def test_what_means_nothing_is_told(town: Town) -> None:
    async with town.client("alice") as alice:
        [ours] = await group(alice)
        for refused in (ours.upgrade("x-ring"), ours.lacking(0x7777), alice.card("x-ring")):
            with pytest.raises(StateError, match="there is no suite"):
                await refused
        with pytest.raises(StateError, match="already"):
            await ours.upgrade("classical")
        with pytest.raises(PolicyError, match="is to be quantum-safe"):
            await ours.set_quantum_safe()
        await ours.upgrade("x-wing", timeout=LATE)
        await ours.set_quantum_safe()
        assert ours.quantum_safe
        with pytest.raises(PolicyError, match="quantum-safe"):
            await ours.upgrade("classical", timeout=LATE)


def nothing_is_claimed(monkeypatch: pytest.MonkeyPatch, error: Exception) -> None:
    """From now on, whoever asks for KeyPackages gets an error."""

    def refused(*_: object) -> Generator[Effect, object, tuple[bytes, ...]]:
        raise error
        yield

    monkeypatch.setattr(Account, "claim", refused)


@pytest.mark.parametrize("code", ["over_quota", "unavailable", "broken", "full"])
async def test_who_cannot_be_asked_for_is_not_taken_for_one_who_has_left_nothing(
    town: Town, monkeypatch: pytest.MonkeyPatch, code: str
) -> None:
    async with town.client("alice") as alice, town.client("bob") as bob:
        ours, _ = await group(alice, bob)

        nothing_is_claimed(monkeypatch, BrokerError(code, "for this test"))
        for each in (
            ours.lacking("x-wing"),
            ours.upgrade("x-wing", remove_missing=True, timeout=0.5),
        ):
            with pytest.raises(BrokerError, match=code):
                await each
        assert [each.name for each in ours.members] == [alice.name, bob.name]


@pytest.mark.parametrize("error", [DecodeError("of no member"), PolicyError("another's")])
async def test_who_has_left_what_is_no_keypackage_of_theirs_has_left_none(
    town: Town, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    async with town.client("alice") as alice, town.client("bob") as bob:
        ours, theirs = await group(alice, bob)

        nothing_is_claimed(monkeypatch, error)
        assert await ours.lacking("x-wing") == (bob.name,)
        await ours.upgrade("x-wing", remove_missing=True, timeout=LATE)
        await until(lambda: theirs.status == "removed")


async def test_who_has_left_keys_is_asked_for_them_once(
    town: Town, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with town.client("alice") as alice, town.client("bob") as bob:
        async with town.client("carol", upgrades=()) as carol:
            ours, _, _ = await group(alice, bob, carol)
            away = carol.name
        asked: list[str] = []
        claim = Account.claim

        def noted(self: Account, name: str, suite: int | None = None) -> Flow[tuple[bytes, ...]]:
            asked.append(name)
            return claim(self, name, suite)

        monkeypatch.setattr(Account, "claim", noted)
        with pytest.raises(TransportError, match=away):
            await ours.upgrade("x-wing", timeout=2)
        assert asked.count(bob.name) == 1
        assert asked.count(away) >= 2


async def test_who_has_left_no_keys_is_waited_for_or_removed(town: Town) -> None:
    async with town.client("alice") as alice, town.client("bob", upgrades=()) as bob:
        ours, theirs = await group(alice, bob)
        told: list[tuple[str, ...]] = []
        assert await ours.lacking("x-wing") == (bob.name,)
        with pytest.raises(TransportError, match="cannot be carried along"):
            await ours.upgrade("x-wing", waits=told.append, timeout=0.1)
        assert told == [(bob.name,)]
        await ours.upgrade("x-wing", remove_missing=True, timeout=LATE)
        await until(lambda: theirs.status == "removed")
        assert [each.name for each in ours.members] == [alice.name]


@pytest.mark.parametrize("mended", [True, False], ids=["mended", "removed"])
async def test_who_has_left_keys_of_no_use_is_waited_for_or_removed(
    town: Town, monkeypatch: pytest.MonkeyPatch, *, mended: bool
) -> None:
    """As if there were none: a KeyPackage that breaks the group after it must not hold it up."""
    async with town.client("alice") as alice, town.client("bob") as bob:
        ours, theirs = await group(alice, bob)
        claim = Account.claim
        is_broken = True

        def broken(self: Account, name: str, suite: int | None = None) -> Flow[tuple[bytes, ...]]:
            claimed = yield from claim(self, name, suite)
            if not is_broken:
                return claimed
            return tuple(each[:-1] + bytes([each[-1] ^ 1]) for each in claimed)  # its signature

        monkeypatch.setattr(Account, "claim", broken)
        told: list[tuple[str, ...]] = []
        assert await ours.lacking("x-wing") == (bob.name,)
        with pytest.raises(TransportError, match="cannot be carried along"):
            await ours.upgrade("x-wing", waits=told.append, timeout=0.1)
        assert told == [(bob.name,)]
        is_broken = not mended
        await ours.upgrade("x-wing", remove_missing=not mended, timeout=LATE)
        if not mended:
            await until(lambda: theirs.status == "removed")
        await until(lambda: ours.suite == XWING)
        assert [each.name for each in ours.members] == [alice.name, bob.name][: 1 + mended]


async def test_who_has_left_none_and_who_has_left_some_of_no_use_are_named_and_removed_together(
    town: Town, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Else whoever leaves what is of no use could not be removed while somebody else is away."""
    async with (
        town.client("alice") as alice,
        town.client("bob", upgrades=()) as bob,
        town.client("carol") as carol,
        town.client("dan") as dan,
    ):
        ours, *_ = await group(alice, bob, carol, dan)
        claim = Account.claim

        def broken(self: Account, name: str, suite: int | None = None) -> Flow[tuple[bytes, ...]]:
            claimed = yield from claim(self, name, suite)
            if name != carol.name:
                return claimed
            return tuple(each[:-1] + bytes([each[-1] ^ 1]) for each in claimed)  # its signature

        monkeypatch.setattr(Account, "claim", broken)
        useless = (bob.name, carol.name)
        told: list[tuple[str, ...]] = []
        assert await ours.lacking("x-wing") == useless
        await ours.upgrade("x-wing", remove_missing=True, removes=told.append, timeout=LATE)
        assert told == [useless]
        assert [each.name for each in ours.members] == [alice.name, dan.name]
        assert ours.suite == XWING


async def test_who_asks_again_while_a_group_is_moved_waits_for_it(
    town: Town, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with town.client("alice") as alice, town.client("bob") as bob:
        ours, _ = await group(alice, bob)
        made, is_held = turning.making.made, True
        with monkeypatch.context() as patched:
            patched.setattr(turning.making, "made", lambda seat: None if is_held else made(seat))
            patched.setattr(moving, "_LEAST", 0.5)
            for _ in range(2):
                with pytest.raises(
                    TransportError, match=r"is done when the broker can be reached$"
                ):
                    await ours.upgrade("x-wing", timeout=0.5)
            assert await ours.lacking("x-wing") == ()
            with pytest.raises(StateError, match="is being moved to MLS_128_MLKEM768X25519_AES128"):
                await ours.upgrade(XWING_MLDSA44)
            is_held = False
            await ours.upgrade("x-wing", timeout=LATE)
        assert ours.suite == XWING
