"""What an application hands in is looked at at the border, and refused by a sentence."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec
import pytest

from covey.access.member.pointers import NOWHERE, open_pointer
from covey.access.structs.extensions import InboxAddress
from covey.access.structs.log import Parcel
from covey.client.client import Client
from covey.client.sync.identity import key_packages
from covey.client.words import cards
from covey.client.words.cards import Invitation
from covey.errors import (
    AuthenticationError,
    DecodeError,
    PolicyError,
    StateError,
    StorageError,
    UnsupportedError,
)
from people import Town, group

if TYPE_CHECKING:
    from collections.abc import Callable

    from covey.client.conversing.conversation import Conversation

pytestmark = pytest.mark.anyio


@pytest.mark.parametrize(
    ("given", "sentence"),
    [
        ({"name": 5}, "a name is a str, not int"),
        ({"name": "a", "passphrase": b"words"}, "a passphrase is a str, not bytes"),
        ({"name": "a", "broker": 5}, "the URL of a broker is a str, not int"),
        ({"name": "a", "proxy": 5}, "the URL of a proxy is a str, not int"),
        ({"name": "a", "invite": None}, "an invite code is a str, not NoneType"),
        ({"name": "a", "policies": (5,)}, "a policy is a function, not int"),
        ({"name": "a", "policies": 5}, "a policy is one of a list of functions, not int"),
        ({"name": "a", "pace": 5}, "a pace is a Pace, not int"),
        ({"name": "a", "id_token": 5}, "an ID token is a str, not int"),
    ],
)
def test_what_a_client_is_opened_with(given: dict[str, Any], sentence: str) -> None:
    with pytest.raises(TypeError, match=sentence):
        Client.open(None, **given)


async def test_policies_may_come_one_by_one(town: Town) -> None:
    def never(_: object) -> str:
        return "never"

    policies: Any = (each for each in [never])
    async with town.client("alice", policies=policies) as alice:
        [team] = await group(alice)
        with pytest.raises(PolicyError, match="never"):
            await team.rename("x")


READ: list[tuple[Callable[[Conversation], object], str]] = [
    (lambda team: team.history("a"), "a limit is an int, not str"),  # type: ignore[arg-type]
    (lambda team: team.history(before="a"), "the number of a message is an int, not str"),  # type: ignore[arg-type]
    (lambda team: team.history(after=1.5), "the number of a message is an int, not float"),  # type: ignore[arg-type]
    (lambda team: team.search(None), "what is searched for is a str, not NoneType"),  # type: ignore[arg-type]
    (lambda team: team.search("a", "a"), "a limit is an int, not str"),  # type: ignore[arg-type]
    (lambda team: team.events(since="a"), "the number of an event is an int, not str"),  # type: ignore[arg-type]
    (lambda team: team.export(5, b"", 32), "a label is a str, not int"),  # type: ignore[arg-type]
    (lambda team: team.export("app", "", 32), "a context is bytes, not str"),  # type: ignore[arg-type]
    (lambda team: team.export("app", b"", "32"), "a length is an int, not str"),  # type: ignore[arg-type]
    (lambda team: team.safety_number(5), "a name is a str, not int"),  # type: ignore[arg-type]
]


async def test_what_is_asked_of_a_client_and_a_group(town: Town) -> None:
    async with town.client("alice") as alice:
        [team] = await group(alice)
        await team.send("hello")
        for call, sentence in READ:
            with pytest.raises(TypeError, match=sentence):
                call(team)
        for wrong in (-1, 1 << 63):
            with pytest.raises(StateError, match="a limit is 0 or more, and less"):
                team.history(wrong)
            with pytest.raises(StateError, match="a limit is 0 or more, and less"):
                alice.search("hello", limit=wrong)
        assert team.history(0) == []
        assert len(team.history(before=None, after=0)) == 1
        with pytest.raises(TypeError, match="a timeout is a number of seconds, not str"):
            await team.send("hello", timeout="a")  # type: ignore[arg-type]
        with pytest.raises(TypeError, match="a timeout is a number of seconds, not str"):
            await alice.next_group("a")  # type: ignore[arg-type]
        with pytest.raises(StateError, match="a timeout is in seconds, 0 or more, not nan"):
            await alice.sync(timeout=float("nan"))
        with pytest.raises(TypeError, match="a group is a str, not int"):
            alice.group(5)  # type: ignore[arg-type]
        with pytest.raises(TypeError, match="what is searched for is a str, not int"):
            alice.search(5)  # type: ignore[arg-type]
        with pytest.raises(TypeError, match="the name of a consumer is a str, not int"):
            alice.events(5)  # type: ignore[arg-type]
        with pytest.raises(TypeError, match="a passphrase is a str, not bytes"):
            await alice.backup("backup", b"words")  # type: ignore[arg-type]
        with pytest.raises(TypeError, match="a name is a str, not int"):
            await team.invite(5)  # type: ignore[arg-type]
        with pytest.raises(TypeError, match="a card is a str, not int"):
            await team.invite_card(5)  # type: ignore[arg-type]
        with pytest.raises(TypeError, match="a safety number is a str, not int"):
            await team.verify(alice.name, 5)  # type: ignore[arg-type]
        with pytest.raises(StateError, match="a safety number has 60 digits"):
            await team.verify(alice.name, "12345")
        with pytest.raises(TypeError, match="a name is a str, not int"):
            await team.unverify(5)  # type: ignore[arg-type]
        with pytest.raises(TypeError, match="the code of a device is a str, not int"):
            await alice.add_device(5)  # type: ignore[arg-type]
        with pytest.raises(TypeError, match="who is removed is a list of str, not str"):
            team.dry_run(remove="bob")
        with pytest.raises(TypeError, match="a file is a str or Path, not NoneType"):
            await team.attach(None)  # type: ignore[arg-type]
        with pytest.raises(TypeError, match="what is told of progress is a function, not int"):
            await team.attach(b"data", "data", progress=5)  # type: ignore[arg-type]
        with pytest.raises(StorageError, match=r"cannot read .*: it is no path"):
            await team.attach("a\0b")
        with pytest.raises(StateError, match="bytes have no name of their own"):
            await team.attach(b"data")
        for nobody in (team.invite, team.remove):
            with pytest.raises(StateError, match="say whom"):
                await nobody()
        assert [each.text for each in team.history()] == ["hello"]


@pytest.mark.parametrize("text", ["garbage", "", "COVEY:D:é", "covey:https://broker.example#abc"])
async def test_what_is_no_link_or_card_is_said_to_be_none(town: Town, text: str) -> None:
    async with town.client("alice") as alice:
        [team] = await group(alice)
        with pytest.raises(DecodeError):
            await alice.join(text)
        with pytest.raises(DecodeError):
            await team.invite_card(text)
        with pytest.raises(DecodeError):
            team.dry_run(add=[text])
        with pytest.raises(DecodeError):
            await alice.add_device(text)


async def test_a_link_of_a_later_version(town: Town) -> None:
    async with town.client("alice") as alice:
        [team] = await group(alice)
        front, _, fragment = (await team.link()).partition("#")
        assert fragment[0] == "A"  # the upper bits of the version
        with pytest.raises(UnsupportedError, match="of version 5"):
            await alice.join(f"{front}#B{fragment[1:]}")


async def test_an_invitation_to_what_is_damaged(town: Town) -> None:
    async with town.client("alice") as alice, town.client("dora", broker=None) as dora:
        [team] = await group(alice)
        _, text = await team.invite_card(await dora.card())
        paper = cards.from_text(text)
        assert isinstance(paper, Invitation)
        with dora._engine.store.reading() as rows:  # noqa: SLF001 - to see what it leads to
            package = key_packages.find(rows, paper.reference)
        assert package is not None
        there = InboxAddress(paper.broker_id, NOWHERE)
        pointer = open_pointer(package, there, paper.pointer)
        junk = tuple(
            Parcel(each.id, b"junk" * 99) for each in (pointer.welcome, pointer.ratchet_tree)
        )
        damaged = msgspec.structs.replace(paper, parcels=junk)
        with pytest.raises(AuthenticationError):
            await dora.join(cards.to_text(damaged))
        assert (await dora.join(text)).name == "team"


@pytest.mark.parametrize("nothing", ["", " ", "\n\t", "\u2003"])
async def test_who_says_nothing_is_told_so(town: Town, nothing: str) -> None:
    async with town.client("alice") as alice:
        [team] = await group(alice)
        with pytest.raises(StateError, match="there is nothing to say: type a text"):
            await team.send(nothing)
        assert team.history() == []
        assert team.waiting == 0


async def test_what_was_in_memory_is_gone(town: Town) -> None:
    async with town.client("alice") as alice:
        [team] = await group(alice)
    with pytest.raises(StorageError, match="in memory is closed, and what was in it is gone"):
        team.history()
