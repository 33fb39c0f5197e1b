"""Four processes of one identity on one file send and commit at the same time."""

from __future__ import annotations

from typing import TYPE_CHECKING

import anyio
import pytest

from client.faults.scene import agree, said, team
from client.table import Someone, Table
from covey.client.sync.rows import queues
from covey.client.sync.rows.wishes import Describe, decode
from lengths import is_soak

if TYPE_CHECKING:
    from client.faults.scene import Scene

PROCESSES = "abcd"


@pytest.fixture
def times() -> int:
    """How much each says; together with the commits, a thousand things in `make soak` and in CI."""
    return 189 if is_soak() else 9


EVERY = 3
"""After so many messages, a process commits."""


def test_a_wish_that_another_process_has_fulfilled_is_not_done_again() -> None:
    table = Table()
    alice = table.sit("alice")
    alice.create()
    alice.wish(Describe(name="first"))
    other = Someone(table, "alice", alice.store)
    number = alice.place.seat.number
    with alice.store.reading() as rows:
        seen = {each: decode(wish) for each, wish in queues.wishes(rows, number).items()}
    alice.turn()
    alice.wish(Describe(name="second"))
    alice.turn()
    turns = other.place.turns
    assert turns._make(seen, None) is None
    other.turn()
    assert other.place.seat.look().name == "second"


@pytest.mark.anyio
async def test_four_processes_of_one_identity(scene: Scene, times: int) -> None:
    heard: dict[str, list[str]] = {}
    async with scene.client("bob") as bob:
        async with scene.client("alice") as alice:
            ours, theirs = await team(alice, bob)
            epoch = ours.epoch

        async def talk(each: str) -> None:
            heard[each] = await scene.process("alice", "talk", each, times=times, every=EVERY)

        async with anyio.create_task_group() as tasks:
            for each in PROCESSES:
                tasks.start_soon(talk, each)
        for each in PROCESSES:
            wanted = [f"{each} {number}" for number in range(times)]
            assert heard[each] == wanted
        async with scene.client("alice") as alice:
            ours = alice.group("team")
            await agree(ours, theirs)
            for each in PROCESSES:
                assert [text for text in said(theirs) if text[0] == each] == heard[each]
            assert len(said(theirs)) == times * len(PROCESSES)
            assert epoch < ours.epoch <= epoch + len(PROCESSES) * (times // EVERY)
        commits = [each for each in scene.wire.log(theirs.id) if each.next is not None]
        assert len({each.epoch for each in commits}) == len(commits)
    scene.judge()
