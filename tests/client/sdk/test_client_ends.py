"""How a client ends: cancelled, closed while somebody waits, or by a fault of its own."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import anyio
import pytest

from covey.client.running.engine import Engine
from covey.errors import StateError
from people import group

if TYPE_CHECKING:
    from pathlib import Path

    from people import Town

pytestmark = pytest.mark.anyio


async def test_a_scope_around_it_is_cancelled(town: Town, tmp_path: Path) -> None:
    path = tmp_path / "alice.covey"
    with anyio.move_on_after(0.5) as scope:
        async with town.client("alice", path):
            await anyio.sleep_forever()
    assert scope.cancelled_caught
    async with town.client("alice", path) as alice:  # it was closed, and can be opened
        assert alice.groups() == []


@pytest.mark.parametrize("anyio_backend", ["asyncio"])
async def test_its_task_is_cancelled(town: Town) -> None:
    opened = anyio.Event()

    async def alice() -> None:
        async with town.client("alice"):
            opened.set()
            await anyio.sleep_forever()

    task = asyncio.create_task(alice())
    await opened.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


async def test_who_waits_for_events_is_let_go(town: Town) -> None:
    async with anyio.create_task_group() as tasks, town.client("alice") as alice:
        [ours] = await group(alice)
        begun = anyio.Event()

        async def follow() -> None:
            begun.set()
            async for _ in ours.events():
                pass

        tasks.start_soon(follow)
        await begun.wait()


async def test_who_waits_for_a_group_is_told(town: Town) -> None:
    async with anyio.create_task_group() as tasks, town.client("alice") as alice:

        async def wait() -> None:
            with pytest.raises(StateError, match="closed"):
                await alice.next_group()

        tasks.start_soon(wait)
        await anyio.sleep(0.1)


async def test_a_fault_of_its_own_is_not_hidden(
    town: Town, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def faulty(_: Engine) -> None:
        await anyio.sleep(0.05)
        raise ZeroDivisionError

    monkeypatch.setattr(Engine, "_attend", faulty)

    async def alice() -> None:
        async with town.client("alice"):
            await anyio.sleep_forever()

    with pytest.RaisesGroup(ZeroDivisionError):
        await alice()


async def test_a_store_that_cannot_be_opened_leaves_nothing_open(
    town: Town, tmp_path: Path
) -> None:
    path = tmp_path / "alice.covey"
    async with town.client("alice", path):
        pass
    for _ in range(3):
        with pytest.raises(StateError):
            await town.client("bob", path).__aenter__()
    async with town.client("alice", path) as alice:
        assert alice.name == town.called("alice")
