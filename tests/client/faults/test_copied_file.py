"""A file is copied, and both go on: the copy is noticed at its first contact with the broker."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from client.faults.scene import agree, said, team, told
from covey.client.events import CopyFound
from covey.errors import StateError
from people import until

if TYPE_CHECKING:
    from client.faults.scene import Scene
    from covey.client.client import Client

pytestmark = pytest.mark.anyio

COPY = "copy"
"""What the copy's store is called."""


def copied(scene: Scene) -> None:
    """Copy alice's file, with the log beside it, as it is now."""
    for ending in ("", "-wal"):
        file = Path(f"{scene.path('alice')}{ending}")
        if file.exists():
            shutil.copyfile(file, f"{scene.path(COPY)}{ending}")


async def noticed(scene: Scene, original: Client) -> None:
    """The copy says what it is, and sends nothing; the original goes on."""
    ours = original.group("team")
    came = len(scene.wire.appends)
    async with original_again(scene) as copy:
        [theirs] = copy.groups()
        await until(lambda: theirs.status == "copy")
        assert "delete it and use the other one" in theirs.trouble
        assert len(await told(theirs, CopyFound)) == 1
        with pytest.raises(StateError, match="copy of one that has gone on"):
            await theirs.send("two of me")
        with pytest.raises(StateError, match="copy of one that has gone on"):
            await theirs.rename("mine")
    assert len(scene.wire.appends) == came
    await ours.send("the original goes on")


def original_again(scene: Scene) -> Client:
    """A client over the copy."""
    return scene.client("alice", scene.path(COPY))


async def test_a_copy_of_a_closed_file_whose_original_has_spoken(scene: Scene) -> None:
    async with scene.client("bob") as bob:
        async with scene.client("alice") as alice:
            ours, theirs = await team(alice, bob)
            await ours.send("before")
            await agree(ours, theirs)
        copied(scene)
        await scene.process("alice", "talk", "since", times=2, every=10)
        async with scene.client("alice") as alice:
            await noticed(scene, alice)
            await agree(alice.group("team"), theirs)
            assert said(theirs) == ["before", "since 0", "since 1", "the original goes on"]
    scene.judge()


async def test_a_copy_of_an_open_file_whose_original_has_spoken(scene: Scene) -> None:
    async with scene.client("bob") as bob, scene.client("alice") as alice:
        ours, theirs = await team(alice, bob)
        await ours.send("before")
        await agree(ours, theirs)
        copied(scene)
        await ours.send("since")
        await noticed(scene, alice)
        await agree(ours, theirs)
        assert said(theirs) == ["before", "since", "the original goes on"]
    scene.judge()


async def test_a_copy_whose_original_has_committed(scene: Scene) -> None:
    async with scene.client("bob") as bob, scene.client("alice") as alice:
        ours, theirs = await team(alice, bob)
        await ours.send("before")
        await agree(ours, theirs)
        copied(scene)
        await ours.rotate()
        await ours.send("since")
        await noticed(scene, alice)
        await agree(ours, theirs)
        assert said(theirs) == ["before", "since", "the original goes on"]
    scene.judge()


async def test_of_two_that_are_alike_the_second_to_speak_is_the_copy(scene: Scene) -> None:
    """Nobody can tell which one was first on the disk."""
    async with scene.client("bob") as bob:
        async with scene.client("alice") as alice:
            ours, theirs = await team(alice, bob)
            await ours.send("before")
        copied(scene)
        await scene.process(COPY, "talk", "since", times=1, every=10)
        async with scene.client("alice") as alice:
            [ours] = alice.groups()
            await until(lambda: ours.status == "copy")
        await scene.process(COPY, "talk", "later", times=1, every=10)
        await until(lambda: said(theirs) == ["before", "since 0", "later 0"])
    scene.judge()
