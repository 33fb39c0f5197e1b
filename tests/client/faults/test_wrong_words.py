"""A wrong passphrase: it is said, changes nothing, and the right one opens the store after it."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

import anyio
import pytest

from client.faults.scene import said, team
from covey.client.client import Client
from covey.store import Passphrase, WrongKey
from covey.store.file import new_store
from people import PACE

if TYPE_CHECKING:
    from client.faults.scene import Scene

pytestmark = pytest.mark.anyio

WORDS, OTHER = "words to remember", "others, of somebody else"


async def test_a_wrong_passphrase(scene: Scene) -> None:
    path, given = scene.path("alice"), {"broker": scene.town.url, "pace": PACE}
    name = scene.town.called("alice")
    async with Client.open(path, name=name, passphrase=WORDS, **given) as alice:  # type: ignore[arg-type]
        [ours] = await team(alice)
        await ours.send("kept")
    before = path.read_bytes()
    for named in (name, None):
        with pytest.raises(WrongKey, match="passphrase") as caught:
            async with Client.open(path, name=named, passphrase=OTHER, **given):  # type: ignore[arg-type]
                pass
        assert OTHER not in str(caught.value)
        assert str(path) in str(caught.value)
    assert path.read_bytes() == before
    async with Client.open(path, passphrase=WORDS, **given) as alice:  # type: ignore[arg-type]
        assert said(alice.group("team")) == ["kept"]


async def test_the_command_says_it(scene: Scene) -> None:
    path = scene.path("alice")
    with new_store(path, Passphrase(WORDS)):
        pass
    command = [sys.executable, "-m", "covey", "groups", "--store", str(path)]
    given = {**os.environ, "COVEY_PASSPHRASE": OTHER}
    ended = await anyio.run_process(command, check=False, env=given)
    complaint = ended.stderr.decode()
    assert (ended.returncode, ended.stdout) == (1, b"")
    assert "passphrase" in complaint
    assert OTHER not in complaint
    assert "Traceback" not in complaint
