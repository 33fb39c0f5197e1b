"""Killed by SIGKILL at labelled points, of a send, a commit, a join, a leave.

A real process, a real file, a real broker: the process dies before it has written a byte of what
it keeps, after it has written all of it, or with the answer in its hands. Then this process opens
the same file and goes on.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

import pytest

from client.faults.acting import POINTS
from client.faults.scene import agree, said, team
from people import LATE, until

if TYPE_CHECKING:
    from client.faults.scene import Scene
    from covey.client.conversing.conversation import Conversation

pytestmark = pytest.mark.anyio

_CAME = {"after COMMIT": {1}, "after the write": {1, 2}, "after the reply": {2}}
"""How many requests have come to the broker when the process has died at the second one."""


async def test_killed_while_it_sends(scene: Scene) -> None:
    spoken: list[str] = []
    async with scene.client("bob") as bob:
        async with scene.client("alice") as alice:
            _, theirs = await team(alice, bob)
        for point in POINTS:
            came = len(scene.wire.appends)
            lines = await scene.killed("alice", "send", point, "append", point)
            assert lines == [f"acknowledged {point}"]
            assert len(scene.wire.appends) - came in _CAME[point]
            spoken += [*lines, f"last {point}"]
            async with scene.client("alice") as alice:
                ours = alice.group("team")
                await agree(ours, theirs)
                assert said(theirs) == spoken
                await theirs.send(f"heard {point}")
                await ours.send(f"goes on {point}")
                spoken += [f"heard {point}", f"goes on {point}"]
                await agree(ours, theirs)
                assert said(ours) == spoken
    scene.judge()


async def test_killed_while_it_commits(scene: Scene) -> None:
    async with scene.client("bob") as bob:
        async with scene.client("alice") as alice:
            _, theirs = await team(alice, bob)
        for number, point in enumerate(POINTS):
            name = f"carol{number}"
            async with scene.client(name) as carol:
                await scene.killed("alice", "invite", carol.name, "append", point)
                async with scene.client("alice") as alice:
                    ours, hers = alice.group("team"), await carol.next_group(LATE)
                    await hers.send(f"here is {name}")
                    await ours.send(f"welcome, {name}")
                    await agree(ours, theirs, hers)
                    assert said(hers)[-2:] == [f"here is {name}", f"welcome, {name}"]
                    assert [each.name for each in ours.members].count(carol.name) == 1
        assert [each.devices for each in theirs.members] == [1] * 5
        commits = [each for each in scene.wire.log(theirs.id) if each.next is not None]
    assert len({each.epoch for each in commits}) == len(commits)
    scene.judge()


async def test_killed_while_it_joins(scene: Scene) -> None:
    """First while it fetches what lets it in, then while it sends its first commit."""
    async with scene.client("alice") as alice:
        [ours] = await team(alice)
        for number, point in enumerate(POINTS):
            name = f"bob{number}"
            async with scene.client(name) as bob:
                called = bob.name
            await ours.invite(called)
            await scene.killed(name, "join", "", "parcels", point)
            await scene.killed(name, "join", "", "append", point)
            async with scene.client(name) as bob:
                [theirs] = bob.groups()
                await theirs.send(f"here is {name}")
                await ours.send(f"welcome, {name}")
                await agree(ours, theirs)
                assert said(theirs) == [f"here is {name}", f"welcome, {name}"]
                await until(lambda: {each.arrived for each in ours.members} == {True})
        assert [each.devices for each in ours.members] == [1] * 4
    scene.judge()


def _has_left(conversation: Conversation) -> bool:
    return conversation.status == "left"


async def test_killed_while_it_leaves(scene: Scene) -> None:
    names = [f"bob{number}" for number in range(len(POINTS))]
    async with scene.client("alice") as alice:
        [ours] = await team(alice)
        for name in names:
            async with scene.client(name) as bob:
                await ours.invite(bob.name)
                theirs = await bob.next_group(LATE)
                await theirs.send(f"here is {name}")
                await agree(ours, theirs)
        for name, point in zip(names, POINTS, strict=True):
            await scene.killed(name, "leave", "", "append", point)
            before = said(ours)
            async with scene.client(name) as bob:
                [theirs] = bob.groups()
                await until(partial(_has_left, theirs))
                assert said(theirs) == before[-len(said(theirs)) :]
            await ours.send(f"farewell, {name}")
        assert [each.name for each in ours.members] == [alice.name]
    scene.judge()
