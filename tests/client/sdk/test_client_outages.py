"""Outages: the broker goes away and comes back; the store cannot be written for a while."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

import anyio
import httpx
import pytest

from broker_thread import broker_at
from covey.client.events import MessageArrived
from covey.errors import StorageError, TransportError
from people import KEY, Town, group, happens, texts, until

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from covey.client.conversing.conversation import Conversation
    from covey.client.running.keeping import Keeper
    from covey.store.port import Rows

pytestmark = pytest.mark.anyio


def keeper_of(conversation: Conversation) -> Keeper:
    found = conversation._engine.keeper(conversation._number)  # noqa: SLF001
    assert found is not None
    return found


async def test_who_listens_hears_at_once_after_an_outage(
    town: Town, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Turns fail several times; then the other connection is waited on again."""
    async with town.client("alice") as alice, town.client("bob") as bob:
        ours, theirs = await group(alice, bob)
        await until(lambda: bob._engine.keeper(theirs._number))  # noqa: SLF001
        await until(lambda: keeper_of(theirs)._hears)  # noqa: SLF001
        real = bob._engine.run  # noqa: SLF001
        failures = []

        async def fails(flow: object) -> object:
            name = getattr(flow, "__name__", "")
            if name in {"turn", "read"} and len(failures) < 5:
                failures.append(name)
                flow.close()  # type: ignore[attr-defined]
                msg = "the cable is out"
                raise TransportError(msg)
            return await real(flow)  # type: ignore[arg-type]

        monkeypatch.setattr(bob._engine, "run", fails)  # noqa: SLF001
        keeper_of(theirs).nudge()
        await until(lambda: len(failures) == 5)
        await until(lambda: keeper_of(theirs)._hears)  # noqa: SLF001
        feed = theirs.events()
        await ours.send("do you hear?")
        assert (await happens(feed, MessageArrived)).text == "do you hear?"


async def test_a_store_that_cannot_be_written_is_said_and_used_again(
    town: Town, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with town.client("alice") as alice, town.client("bob") as bob:
        ours, theirs = await group(alice, bob)
        store = bob._engine.store  # noqa: SLF001

        @contextmanager
        def full() -> Iterator[Rows]:
            msg = "the disk is full"
            raise StorageError(msg)
            yield

        monkeypatch.setattr(store.inner, "transaction", full)
        with pytest.raises(StorageError, match="disk is full"):
            await theirs.send("no room")
        await ours.send("for later")
        await until(lambda: "disk is full" in theirs.trouble)
        monkeypatch.undo()
        await until(lambda: texts(theirs) == ["for later"])
        await until(lambda: not theirs.trouble)
        await theirs.send("room again")


@pytest.mark.parametrize("anyio_backend", ["asyncio"])
async def test_the_broker_goes_away_and_comes_back(tmp_path: Path) -> None:
    from anyio.to_thread import run_sync  # noqa: PLC0415

    place = str(tmp_path / "broker.db")
    first = broker_at(place, tmp_path)
    broker = await run_sync(first.__enter__)
    port = int(broker.url.rpartition(":")[2])
    town = Town(broker.url)
    async with town.client("alice", tmp_path / "alice.covey") as alice, town.client("bob") as bob:
        ours, theirs = await group(alice, bob)
        await run_sync(first.__exit__, None, None, None)
        with pytest.raises(TransportError, match="stays queued"):
            await ours.send("while it is away", timeout=1.0)
        second = broker_at(place, tmp_path, port=port)
        await run_sync(second.__enter__)
        await until(lambda: texts(theirs) == ["while it is away"])
        await theirs.send("here it is")
        await until(lambda: len(ours.history()) == 2)
    await run_sync(second.__exit__, None, None, None)
    assert KEY


async def test_a_broker_that_does_not_wait_is_asked_less_and_less(tmp_path: Path) -> None:
    asked: list[str] = []

    class Counting(httpx.AsyncHTTPTransport):
        async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
            asked.append(request.url.path)
            return await super().handle_async_request(request)

    with broker_at(str(tmp_path / "broker.db"), tmp_path, limits__wait_ms=0) as broker:
        town = Town(broker.url)
        async with (
            town.client("alice", transport=Counting) as alice,
            town.client("bob") as bob,
        ):
            ours, theirs = await group(alice, bob)
            await anyio.sleep(1)
            asked.clear()
            await anyio.sleep(3)
            waited = [path for path in asked if path.endswith(("fetch", "read"))]
            assert 1 <= len(waited) <= 12, waited
            feed = ours.events()
            await theirs.send("are you there?")
            assert (await happens(feed, MessageArrived)).text == "are you there?"
