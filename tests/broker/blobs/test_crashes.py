"""Uploaders that are killed, and several at once: exactly one wins each offset."""

from __future__ import annotations

import asyncio
import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

from broker.blobs.grounds import SMALL
from broker.blobs.uploader import HOUR, content
from covey.broker.blobs.port import State

if TYPE_CHECKING:
    from broker.blobs.grounds import Ground

TESTS = Path(__file__).parents[2]
SIZE = 5_000
STEP = 64


def uploader(ground: Ground, blob: bytes, step: int = STEP) -> subprocess.Popen[str]:
    """An uploader in a process of its own."""
    command = [sys.executable, "-m", "broker.blobs.uploader"]
    return subprocess.Popen(  # noqa: S603  # our own program
        [*command, ground.tell(), blob.hex(), str(SIZE), str(step)],
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": os.pathsep.join([str(TESTS), *sys.path])},
    )


def acknowledged(said: str) -> list[tuple[int, int]]:
    """What an uploader wrote, without a line that it was killed in."""
    lines = [line.split() for line in said.split("\n")[:-1]]
    return [(int(start), int(stop)) for start, stop in lines]


def state_of(ground: Ground, blob: bytes) -> State | None:
    return asyncio.run(ground.store().received(blob))


def read(ground: Ground, blob: bytes) -> bytes:
    async def everything() -> bytes:
        return b"".join([piece async for piece in ground.store().read(blob)])

    return asyncio.run(everything())


def test_uploaders_that_are_killed(ground: Ground) -> None:
    """What was acknowledged is there, and the blob can be finished."""
    blob = os.urandom(32)
    chance = random.Random(5)  # noqa: S311  # moments to kill at
    offset = 0
    for _ in range(4):
        process = uploader(ground, blob)
        assert process.stdout is not None
        said = process.stdout.readline()
        time.sleep(chance.uniform(0, 0.05))
        process.send_signal(signal.SIGKILL)
        said += process.communicate()[0]
        offset = max([offset, *(stop for _, stop in acknowledged(said))])
        state = state_of(ground, blob)
        assert state is not None
        assert state.offset >= offset
    process = uploader(ground, blob)
    process.communicate(timeout=60)
    assert process.returncode == 0
    assert state_of(ground, blob) == State(SIZE, SIZE, HOUR)
    assert read(ground, blob) == content(blob, SIZE)


def test_uploaders_at_once(ground: Ground) -> None:
    """Four processes that upload one blob: each piece is acknowledged to one of them."""
    blob = os.urandom(32)
    processes = [uploader(ground, blob, step) for step in (33, 40, 50, SMALL.most)]
    said = [process.communicate(timeout=60)[0] for process in processes]
    assert [process.returncode for process in processes] == [0] * 4
    won = sorted(line for text in said for line in acknowledged(text))
    assert [start for start, _ in won] == [0, *(stop for _, stop in won[:-1])]
    assert won[-1][1] == SIZE
    assert read(ground, blob) == content(blob, SIZE)
