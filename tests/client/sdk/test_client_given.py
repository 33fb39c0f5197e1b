"""What an application hands in is looked at at the border, and refused by a sentence."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from covey.client.client import Client
from covey.errors import StateError, StorageError
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
        ({"name": "a", "id_token": 5}, "an ID token is a str, not int"),
    ],
)
def test_what_a_client_is_opened_with(given: dict[str, Any], sentence: str) -> None:
    with pytest.raises(TypeError, match=sentence):
        Client.open(None, **given)


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
        assert [each.text for each in team.history()] == ["hello"]


async def test_what_was_in_memory_is_gone(town: Town) -> None:
    async with town.client("alice") as alice:
        [team] = await group(alice)
    with pytest.raises(StorageError, match="in memory is closed, and what was in it is gone"):
        team.history()
