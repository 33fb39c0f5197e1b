"""The disk is full: it is said, with what to do, nothing is lost, and it goes on with room.

A limit of the process on the size of its files stands for the disk: SQLite is refused in the
middle of its write in the same way.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import anyio.to_thread
import pytest

from client.faults.acting import FILLED
from client.faults.scene import agree, said, team
from people import until

if TYPE_CHECKING:
    from client.faults.scene import Scene

pytestmark = pytest.mark.anyio


async def test_a_full_disk(scene: Scene) -> None:
    async with scene.client("bob") as bob:
        async with scene.client("alice") as alice:
            ours, theirs = await team(alice, bob)
            await ours.send(FILLED[0])
        process = await scene.beginning("alice", "fill")
        await theirs.send(FILLED[1])
        lines, complaints = await anyio.to_thread.run_sync(process.communicate)
        assert (process.returncode, complaints) == (0, "")
        refused = lines.splitlines()
        assert len(refused) == 3
        for each in refused:  # the first one has been read already
            assert f"there is no room left for {scene.path('alice')}" in each
            assert "make room and do it again" in each
        assert refused[-1].startswith("in the way: ")
        await until(lambda: said(theirs) == list(FILLED))
        async with scene.client("alice") as alice:
            ours = alice.group("team")
            assert said(ours) == list(FILLED)
            await agree(ours, theirs)
    scene.judge()
