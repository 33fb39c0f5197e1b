"""Who is in a group: invited, by link, by card, removed, left; roles and names."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from anyio import move_on_after

from broker_thread import broker_at
from covey.client.events import Branching, Joined, MembersChanged, RemovedFromGroup, Renamed
from covey.client.words import cards
from covey.errors import BrokerError, DecodeError, PolicyError, StateError, TransportError
from people import LATE, PACE, Town, group, happens, texts, until

if TYPE_CHECKING:
    from pathlib import Path

    from covey.client.roles import Change

pytestmark = pytest.mark.anyio

YEAR = 366 * 86_400  # seconds


async def test_somebody_who_is_invited_arrives(town: Town) -> None:
    async with town.client("alice") as alice, town.client("bob") as bob:
        ours, theirs = await group(alice, bob)
        assert [each.name for each in ours.members] == [alice.name, bob.name]
        assert [each.role for each in ours.members] == ["owner", "member"]
        assert [each.own for each in theirs.members] == [False, True]
        await until(lambda: all(each.arrived for each in ours.members))
        assert theirs.name == "team"
        assert bob.group("team") == theirs
        assert bob.group(theirs.id[:6]) == theirs
        with pytest.raises(StateError, match="there are: team"):
            bob.group("crew")


async def test_a_group_that_a_stranger_calls_the_same_takes_nothing_from_ours(town: Town) -> None:
    """Whoever is out of step, or was removed, means that group by its name all the same."""
    async with (
        town.client("alice") as alice,
        town.client("bob") as bob,
        town.client("mallory") as mallory,
    ):
        ours, theirs = await group(alice, bob)
        await ours.remove(bob.name)
        await until(lambda: theirs.status == "removed")
        false = await mallory.create_group("team")
        await false.invite(bob.name)
        fallen_for = await bob.next_group(LATE)
        assert fallen_for.id == false.id
        with pytest.raises(StateError, match=r"team can be team .*, team .*: say which one"):
            bob.group("team")
        assert bob.group(false.id) == fallen_for
        await fallen_for.leave(timeout=LATE)
        assert bob.group("team") == theirs  # who has left one does not mean that


async def test_a_group_for_which_nobody_waits_is_not_made(town: Town) -> None:
    async with town.client("alice") as alice:
        with move_on_after(0) as scope:
            await alice.create_group("team")
        assert scope.cancelled_caught
        assert alice.groups() == []
        await alice.create_group("team")
        assert [each.name for each in alice.groups()] == ["team"]


async def test_nobody_is_called_so(town: Town) -> None:
    async with town.client("alice") as alice:
        [ours] = await group(alice)
        nobody = town.called("nobody")
        with pytest.raises(BrokerError, match="account_unknown") as refused:
            await ours.invite(nobody)
        said = f"account_unknown: nobody is called {nobody} at {alice.broker}: see the spelling"
        assert str(refused.value) == said
        with pytest.raises(StateError, match="its members are alice"):
            await ours.remove("mallory")


async def test_of_several_it_is_said_who_is_not_found(town: Town) -> None:
    async with town.client("alice") as alice, town.client("bob") as bob:
        [ours] = await group(alice)
        with pytest.raises(BrokerError, match=f"nobody is called {town.called('zoe')} at"):
            await ours.invite(bob.name, town.called("zoe"))
        assert [each.name for each in ours.members] == [alice.name]


async def test_who_has_left_nothing_to_be_invited_by_is_named(tmp_path: Path) -> None:
    with broker_at(str(tmp_path / "broker.db"), tmp_path) as broker:
        town = Town(broker.url)
        async with town.client("alice") as alice:
            [ours] = await group(alice)
            async with town.client("bob") as bob:
                await bob.sync()
                name = bob.name
            broker.ahead = YEAR  # in which bob was never there
            with pytest.raises(BrokerError) as refused:
                await ours.invite(name)
    assert refused.value.code == "nothing_to_claim"
    assert refused.value.message.startswith(f"{name} has nothing there to be invited by")


async def test_a_device_that_was_taken_out_of_its_account_is_told_so(town: Town) -> None:
    """And not that whom it invites is unknown, which the broker says in the same words."""
    async with (
        town.client("alice") as phone,
        town.client("alice", enrol=False) as laptop,
        town.client("bob") as bob,
    ):
        await phone.add_device(await laptop.device_code())
        theirs = await laptop.create_group("of the laptop")
        [key] = [each.key for each in await phone.devices() if not each.own]
        await phone.remove_device(key)
        with pytest.raises(BrokerError) as refused:
            await theirs.invite(bob.name)
    assert refused.value.code == "account_unknown"
    assert "this device is in no account" in refused.value.message


async def test_who_is_removed_is_told_and_is_out(town: Town) -> None:
    async with town.client("alice") as alice, town.client("bob") as bob:
        ours, theirs = await group(alice, bob)
        feed = theirs.events()
        await ours.remove(bob.name)
        assert (await happens(feed, RemovedFromGroup)).by == alice.name
        assert (theirs.status, theirs.members) == ("removed", [])
        with pytest.raises(StateError, match="not in this group"):
            await theirs.send("still here?")
        await ours.invite(bob.name)
        again = await bob.next_group(LATE)
        assert again == theirs
        await again.send("back")
        await until(lambda: "back" in texts(ours))


async def test_who_leaves_is_out_when_a_member_has_seen_it(town: Town) -> None:
    async with town.client("alice") as alice, town.client("bob") as bob:
        ours, theirs = await group(alice, bob)
        feed = ours.events()
        with pytest.raises(PolicyError, match="owner"):
            await ours.leave(timeout=LATE)
        assert ours.status == "active"
        assert await theirs.leave(timeout=LATE)
        assert theirs.status == "left"
        event = await happens(feed, MembersChanged, lambda each: bool(each.left))
        assert event.left == (bob.name,)
        assert await ours.leave(timeout=LATE)  # nobody else is there
        assert ours.status == "left"


async def test_roles_are_enforced(town: Town) -> None:
    async with (
        town.client("alice") as alice,
        town.client("bob") as bob,
        town.client("carol") as carol,
    ):
        ours, theirs = await group(alice, bob)
        with pytest.raises(PolicyError, match="admins invite"):
            await theirs.invite(carol.name)
        with pytest.raises(PolicyError, match="admins"):
            await theirs.rename("mine")
        judged = theirs.dry_run(name="mine")
        assert judged.refused is not None
        assert "admins" in judged.refused
        assert ours.dry_run(name="crew", roles={bob.name: "admin"}).refused is None
        await ours.set_role(bob.name, "admin")
        await until(lambda: [each.role for each in theirs.members] == ["owner", "admin"])
        feed = ours.events()
        await theirs.rename("crew")
        assert (await happens(feed, Renamed)).name == ours.name == theirs.name == "crew"
        await theirs.invite(carol.name)
        assert (await carol.next_group(LATE)).name == "crew"
        with pytest.raises(StateError, match="owner, admin or member"):
            await ours.set_role(bob.name, "king")


async def test_a_policy_of_the_application_refuses(town: Town) -> None:
    def no_crowd(change: Change) -> str | None:
        return "two are enough" if len(change.added) > 1 else None

    async with (
        town.client("alice", policies=[no_crowd]) as alice,
        town.client("bob", policies=[no_crowd]) as bob,
        town.client("carol", policies=[no_crowd]) as carol,
    ):
        [ours] = await group(alice)
        with pytest.raises(PolicyError, match="two are enough"):
            await ours.invite(bob.name, carol.name)
        await ours.invite(bob.name)


async def test_a_rule_of_ones_own_that_fails_is_named_and_stops_nothing_else(town: Town) -> None:
    def buggy(change: Change) -> str | None:
        return {"team": None}[change.renamed[1]] if change.renamed else None

    async with town.client("alice") as alice, town.client("bob", policies=(buggy,)) as bob:
        ours, theirs = await group(alice, bob)
        feed = theirs.events()
        await ours.rename("crew")
        assert "buggy fails, by KeyError, and so it refuses: mend it" in (
            (await happens(feed, Branching)).why
        )
        others, other = await group(bob, alice)
        await other.send("elsewhere")
        await until(lambda: texts(others) == ["elsewhere"])
        with pytest.raises(PolicyError, match="buggy fails, by KeyError"):
            await others.rename("crew")


async def test_a_link_lets_in_until_it_is_closed(town: Town) -> None:
    async with town.client("alice") as alice, town.client("bob") as bob:
        [ours] = await group(alice)
        link = await ours.link(hours=1)
        assert link.startswith(f"covey:{town.url}#")
        theirs = await bob.join(link, timeout=LATE)
        joined = [each async for each in bob.events(live=False) if isinstance(each, Joined)]
        assert [each.how for each in joined] == ["link"]
        assert theirs.id == ours.id
        with pytest.raises(StateError, match="you are in team already"):
            await bob.join(link)
        await theirs.send("by the link")
        await until(lambda: texts(ours) == ["by the link"])
        await ours.close_links()
        async with town.client("carol") as carol:
            with pytest.raises(BrokerError, match="capability_refused"):
                await carol.join(link)


async def test_a_device_that_is_not_there_is_not_removed(town: Town) -> None:
    async with town.client("alice") as alice, town.client("bob") as bob:
        ours, theirs = await group(alice, bob)
        key = ours.members[1].keys[0]
        for wrong in ("00" * 32, "", "zz", key[:-2]):
            with pytest.raises(StateError, match=f"no device in this group .* {bob.name} {key}"):
                await ours.remove_device(wrong)
        with pytest.raises(TypeError, match="a signature key is a str, not bytes"):
            await ours.remove_device(bytes.fromhex(key))  # type: ignore[arg-type]
        await ours.remove_device(key.upper())
        await until(lambda: theirs.status == "removed")


async def test_who_is_leaving_joins_again_once_it_is_out(town: Town, tmp_path: Path) -> None:
    path = tmp_path / "alice.covey"
    async with town.client("bob") as bob:
        async with town.client("alice", path) as alice:
            ours, theirs = await group(alice, bob)
            link = await ours.link()
        assert not await theirs.leave(timeout=0.5)
        with pytest.raises(StateError, match="you are leaving team: join again when you are out"):
            await bob.join(link)
        assert theirs.status == "leaving"
        async with town.client("alice", path):
            await until(lambda: theirs.status == "left")
            again = await bob.join(link, timeout=LATE)
            assert (again.status, len(again.members)) == ("active", 2)


async def test_a_card_is_answered_by_an_invitation_without_an_account(town: Town) -> None:
    async with town.client("alice") as alice, town.client("dora", broker=None) as dora:
        assert (dora.broker, dora.has_account) == (None, False)
        [ours] = await group(alice)
        with pytest.raises(StateError, match="no broker is known"):
            await dora.sync()
        card = await dora.card()
        name, invitation = await ours.invite_card(card)
        assert name == dora.name
        theirs = await dora.join(f"Hello!\n> {invitation}")
        assert theirs.name == "team"
        await theirs.send("no account, and here")
        await until(lambda: texts(ours) == ["no account, and here"])
        await ours.send("welcome")
        await until(lambda: len(theirs.history()) == 2)
        with pytest.raises(PolicyError, match="is in this group already"):
            await ours.invite_card(card)
        with pytest.raises(DecodeError, match="no invitation"):
            await dora.join(card)


async def test_an_address_that_somebody_has_changed_does_not_stay(town: Town) -> None:
    """It is in no signature: the invitation as it was sent leads to the broker all the same."""
    async with town.client("alice") as alice, town.client("dora", broker=None) as dora:
        [ours] = await group(alice)
        _, invitation = await ours.invite_card(await dora.card())
        paper = cards.parse(invitation)
        assert isinstance(paper, cards.Invitation)
        with pytest.raises(TransportError):
            await dora.join(cards.to_text(paper.replace(url=b"http://127.0.0.1:9")))
        assert dora.broker is None
        assert (await dora.join(invitation)).name == "team"
        assert dora.broker == town.url


async def test_an_invitation_is_for_one_card_alone(town: Town) -> None:
    async with (
        town.client("alice") as alice,
        town.client("dora", broker=None) as dora,
        town.client("eve", broker=None) as eve,
    ):
        [ours] = await group(alice)
        _, invitation = await ours.invite_card(await dora.card())
        await eve.card()
        with pytest.raises(StateError, match="another store"):
            await eve.join(invitation)


async def test_members_of_an_epoch_share_its_secrets(town: Town) -> None:
    async with town.client("alice") as alice, town.client("bob") as bob:
        ours, theirs = await group(alice, bob)
        await until(lambda: ours.export("app", b"", 16) == theirs.export("app", b"", 16))
        with pytest.raises(StateError, match="choose another"):
            ours.export("covey access 1", b"", 16)


async def test_keys_are_renewed_when_asked_for(town: Town) -> None:
    async with town.client("alice") as alice:
        [ours] = await group(alice)
        before = ours.epoch
        await ours.rotate()
        assert ours.epoch == before + 1


async def test_keys_are_renewed_after_as_many_messages_as_is_set(town: Town) -> None:
    async with town.client("alice", pace=PACE._replace(uses=3)) as alice:
        [ours] = await group(alice)
        before = ours.epoch
        for number in range(2):
            await ours.send(f"message {number}")
            assert ours.epoch == before
        await ours.send("the last one with these keys")
        await until(lambda: ours.epoch == before + 1)
        await ours.send("with new keys")
        assert ours.epoch == before + 1


async def test_keys_are_renewed_when_they_are_as_old_as_is_set(town: Town) -> None:
    async with town.client("alice", pace=PACE._replace(ageing=1.0)) as alice:
        [ours] = await group(alice)
        before = ours.epoch
        await until(lambda: ours.epoch >= before + 2)  # by themselves, and again


async def test_nobody_lets_in_and_it_is_said(town: Town) -> None:
    async with town.client("bob") as bob:
        async with town.client("alice", pace=PACE._replace(knocks=1000.0)) as alice:
            [ours] = await group(alice)
            await ours.send("look at the door once")
            link = await ours.link()
        with pytest.raises(TransportError, match="nobody has let you in yet"):
            await bob.join(link, timeout=0.5)
