"""Many who wait at once: each looks for its own when it is settled, and not whenever one is."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any, Final

import anyio
import httpx
import pytest

from covey.client.running.driver import Driver
from covey.errors import PolicyError, StateError, TransportError
from people import group, texts, until

if TYPE_CHECKING:
    from pathlib import Path

    from covey.client.client import Client
    from covey.client.conversing.conversation import Conversation
    from people import Town

pytestmark = pytest.mark.anyio

MANY: Final = 40
FEW: Final = 10
LOOKS: Final = 4
"""How often each may look: before it waits, when it is told so, and when it is woken for others."""


class Held(httpx.AsyncHTTPTransport):
    """A network in which what is asked stays on its way for as long as somebody holds it."""

    is_held = False

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        while Held.is_held:  # noqa: ASYNC110 - whichever loop lets go of it
            await anyio.sleep(0.01)
        return await super().handle_async_request(request)


@pytest.fixture
def cable() -> type[Held]:
    Held.is_held = False
    return Held


@pytest.fixture
def looks(monkeypatch: pytest.MonkeyPatch) -> list[object]:
    """Every look of somebody who waits for something."""
    made: list[object] = []
    real = Driver._unless_closed  # noqa: SLF001

    def counted(driver: Driver, work: Any) -> Any:  # noqa: ANN401 - what it is given
        made.append(work)
        return real(driver, work)

    monkeypatch.setattr(Driver, "_unless_closed", counted)
    return made


def nobody_waits(client: Client) -> bool:
    return client._engine._board.is_empty  # type: ignore[union-attr] # noqa: SLF001


async def say_all(conversation: Conversation, words: list[str]) -> None:
    async with anyio.create_task_group() as tasks:
        for each in words:
            tasks.start_soon(conversation.send, each)


async def test_many_who_send_at_once_look_a_few_times_each(town: Town, looks: list[object]) -> None:
    words = [f"message {number}" for number in range(MANY)]
    async with town.client("alice") as alice, town.client("bob") as bob:
        ours, theirs = await group(alice, bob)
        looks.clear()
        await say_all(ours, words)
        assert len(looks) <= LOOKS * MANY
        assert nobody_waits(alice)
        await until(lambda: len(theirs.history(MANY)) == MANY)
        assert sorted(each.text for each in theirs.history(MANY)) == sorted(words)
        assert all(each.seq is not None for each in ours.history(MANY))


async def test_many_who_wait_for_a_wish_look_a_few_times_each(
    town: Town, looks: list[object]
) -> None:
    async with town.client("alice") as alice:
        [ours] = await group(alice)
        looks.clear()
        async with anyio.create_task_group() as tasks:
            for number in range(MANY):
                tasks.start_soon(ours.rename, f"name {number}")
        assert len(looks) <= LOOKS * MANY
        assert nobody_waits(alice)
        assert ours.name.startswith("name ")


async def test_who_stops_to_wait_keeps_nobody_waiting(town: Town, cable: type[Held]) -> None:
    async with town.client("alice", transport=cable) as alice:
        [ours] = await group(alice)
        cable.is_held = True
        done: list[str] = []

        async def say(text: str) -> None:
            await ours.send(text)
            done.append(text)

        async with anyio.create_task_group() as tasks:
            tasks.start_soon(say, "first")
            async with anyio.create_task_group() as given_up:
                given_up.start_soon(say, "second")
                await until(lambda: len(texts(ours)) == 2)
                await anyio.sleep(0.05)
                given_up.cancel_scope.cancel()
            tasks.start_soon(say, "third")
            await until(lambda: len(texts(ours)) == 3)
            with pytest.raises(TransportError, match="no answer yet"):
                await ours.send("fourth", timeout=0.1)
            cable.is_held = False
        assert sorted(done) == ["first", "third"]
        assert nobody_waits(alice)
        await until(lambda: all(not each.queued for each in ours.history()))
        assert len(texts(ours)) == 4


async def test_who_is_out_is_told_of_each_message_that_waited(
    town: Town, cable: type[Held], looks: list[object]
) -> None:
    async with town.client("alice") as alice, town.client("bob", transport=cable) as bob:
        ours, theirs = await group(alice, bob)
        await until(lambda: ours.epoch == theirs.epoch)
        cable.is_held = True
        refused: list[str] = []

        async def say(number: int) -> None:
            with pytest.raises(StateError, match=r"it cannot be sent: .* removed you"):
                await theirs.send(f"message {number}")
            refused.append(f"message {number}")

        looks.clear()
        async with anyio.create_task_group() as tasks:
            for number in range(MANY):
                tasks.start_soon(say, number)
            await until(lambda: len(texts(theirs)) == MANY)
            await ours.remove(bob.name)
            cable.is_held = False
        assert len(refused) == MANY
        assert len(looks) <= LOOKS * MANY + 20
        assert nobody_waits(bob)


async def test_a_wish_that_is_refused_says_why_to_who_has_wished(town: Town) -> None:
    async with town.client("alice") as alice, town.client("bob") as bob:
        _, theirs = await group(alice, bob)

        async def expel() -> None:
            with pytest.raises(PolicyError, match="remove"):
                await theirs.remove(alice.name)

        async with anyio.create_task_group() as tasks:
            for _ in range(3):
                tasks.start_soon(expel)
        assert nobody_waits(bob)


async def test_what_another_process_has_sent_is_noticed(
    town: Town, tmp_path: Path, cable: type[Held], looks: list[object]
) -> None:
    """The requests of the one that waits are on their way; the other one sends what waits."""
    path = tmp_path / "alice.covey"
    async with town.client("alice", path) as sends:
        await group(sends)
        async with town.client("alice", path, transport=cable) as waits:
            [there] = waits.groups()
            await there.send("so that both know the group")
            cable.is_held = True
            looks.clear()
            with anyio.fail_after(20):
                await say_all(there, [f"message {number}" for number in range(MANY)])
            assert len(looks) <= LOOKS * MANY
            assert nobody_waits(waits)
            assert len(texts(there)) == MANY + 1
            cable.is_held = False


async def test_a_wish_that_another_process_has_done_is_noticed(
    town: Town, tmp_path: Path, cable: type[Held]
) -> None:
    path = tmp_path / "alice.covey"
    async with town.client("alice", path) as does:
        await group(does)
        async with town.client("alice", path, transport=cable) as waits:
            [there] = waits.groups()
            await there.send("so that both know the group")
            cable.is_held = True
            with anyio.fail_after(20):
                await there.rename("by the other one")
            assert there.name == "by the other one"
            cable.is_held = False


async def test_who_waits_when_the_client_is_closed_is_told(town: Town, cable: type[Held]) -> None:
    told: list[str] = []
    async with anyio.create_task_group() as tasks:
        async with town.client("alice", transport=cable) as alice:
            [ours] = await group(alice)
            cable.is_held = True

            async def say(work: Any) -> None:  # noqa: ANN401 - whatever waits
                with pytest.raises(StateError, match="closed"):
                    await work()
                told.append("closed")

            tasks.start_soon(say, partial(ours.send, "too late"))
            tasks.start_soon(say, partial(ours.rename, "too late"))
            await until(lambda: texts(ours))
            await anyio.sleep(0.1)
        cable.is_held = False
    assert told == ["closed"] * 2


async def test_the_broker_goes_and_everybody_is_told_what_becomes_of_it(
    town: Town, cable: type[Held], monkeypatch: pytest.MonkeyPatch
) -> None:
    async def fails(_: object, __: object) -> httpx.Response:
        msg = "the cable is out"
        raise httpx.ConnectError(msg)

    async with town.client("alice", transport=cable) as alice:
        [ours] = await group(alice)
        monkeypatch.setattr(cable, "handle_async_request", fails)
        told: list[str] = []

        async def say(number: int) -> None:
            with pytest.raises(TransportError, match=r"^(?!there is no answer).*stays queued"):
                await ours.send(f"message {number}")
            told.append(str(number))

        async with anyio.create_task_group() as tasks:
            for number in range(FEW):
                tasks.start_soon(say, number)
        assert len(told) == FEW
        monkeypatch.undo()
        await until(lambda: all(not each.queued for each in ours.history(FEW)))
