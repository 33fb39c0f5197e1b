"""A broker, people at it, and processes that act for them: what all tests of faults share."""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import anyio
import anyio.to_thread
import msgspec

from client.faults.acting import Order
from client.faults.witness import Sealings, Wire
from covey.client.events import (
    Branching,
    CopyFound,
    ForkFound,
    MessagesLost,
    Rejoining,
    RolledBack,
    Unreadable,
)
from people import LATE, Town, group, until

if TYPE_CHECKING:
    from broker_thread import ThreadBroker
    from covey.client.client import Client
    from covey.client.conversing.conversation import Conversation

ACTING = Path(__file__).with_name("acting.py")

TROUBLE = (Branching, CopyFound, ForkFound, MessagesLost, Rejoining, RolledBack, Unreadable)
"""What nobody may have been told."""


class Scene:
    """People at a broker, of whom some are processes.

    Args:
        broker: The broker.
        town: The people.
        folder: Where their stores are.

    Attributes:
        wire: What came to the broker.
        witness: Where everybody writes down what is sealed.
    """

    def __init__(self, broker: ThreadBroker, town: Town, folder: Path) -> None:
        self.town = town
        self.wire = Wire(broker)
        self.witness = folder / "sealed"
        self._folder = folder

    def path(self, name: str) -> Path:
        """Somebody's store."""
        return self._folder / f"{name}.covey"

    def client(self, name: str, path: Path | None = None) -> Client:
        """Somebody's client in this process."""
        return self.town.client(name, path or self.path(name))

    async def process(self, name: str, act: str, what: str = "", **order: object) -> list[str]:
        """Let a process act for somebody, to its end; returns what it says."""
        _, said, complaints = await self._run(name, act, what, **order)
        assert not complaints
        return said

    async def killed(self, name: str, act: str, what: str, operation: str, point: str) -> list[str]:
        """Let a process act for somebody until it is killed; returns what it has said."""
        code, said, complaints = await self._run(name, act, what, operation=operation, point=point)
        assert (code, complaints) == (-signal.SIGKILL, "")
        return said

    async def beginning(self, name: str, act: str) -> subprocess.Popen[str]:
        """Let a process begin to act for somebody; it has said a line when this returns."""
        process = subprocess.Popen(  # noqa: ASYNC220, S603 - it is waited for in a thread
            self._command(name, act, ""), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )
        assert process.stdout is not None
        await anyio.to_thread.run_sync(process.stdout.readline)
        return process

    def _command(self, name: str, act: str, what: str, **order: Any) -> list[str]:  # noqa: ANN401
        made = Order(str(self.path(name)), str(self.witness), act, what, **order)
        return [sys.executable, str(ACTING), msgspec.json.encode(made).decode()]

    async def _run(
        self, name: str, act: str, what: str, **order: object
    ) -> tuple[int, list[str], str]:
        ended = await anyio.run_process(self._command(name, act, what, **order), check=False)
        return ended.returncode, ended.stdout.decode().splitlines(), ended.stderr.decode()

    def judge(self) -> None:
        """No key has encrypted two things, and nothing came to the broker in two shapes."""
        sealings = Sealings(self.witness)
        assert sealings.count > 0
        assert (sealings.keys, sealings.nonces) == (0, 0)
        assert self.wire.twice == 0


async def team(*clients: Client) -> list[Conversation]:
    """A new group of these, in which all has been done that is due after joining."""
    made = await group(*clients)
    await until(lambda: {each.arrived for each in made[0].members} == {True})
    await agree(*made)
    return made


async def agree(*conversations: Conversation) -> None:
    """All come into one epoch with one history, in which nothing stands twice.

    Args:
        conversations: A group with its members; of those who came later, the history is the end of
            that of the first.
    """
    first, *others = conversations

    def same() -> bool:
        known = said(first)
        return (
            len({each.group_number() for each in conversations}) == 1
            and all(_ends(known, said(each)) for each in others)
            and not any(each.waiting for each in conversations)
        )

    await until(same)
    for each in conversations:
        found = [message.text for message in each.history(10_000)]
        assert len(set(found)) == len(found)
        assert await told(each) == []


def _ends(whole: list[str], end: list[str]) -> bool:
    return whole[len(whole) - len(end) :] == end


def said(conversation: Conversation) -> list[str]:
    """What was said, in the order of the log, as far as the broker has it."""
    found = [each for each in conversation.history(10_000) if each.seq is not None]
    return [each.text for each in sorted(found, key=lambda each: each.seq or 0)]


async def told(conversation: Conversation, *kinds: type) -> list[object]:
    """What its people were told of trouble."""
    wanted = kinds or TROUBLE
    with anyio.fail_after(LATE):
        return [each async for each in conversation.events(live=False) if isinstance(each, wanted)]
