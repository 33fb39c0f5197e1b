"""The process of one member: orders come in on standard input, replies go out on standard output.

May import the conversation and the thief. When standard input ends, whoever gave the orders is
gone, and the
process ends at once.
"""

from __future__ import annotations

import asyncio
import ctypes
import os
import queue
import signal
import sys
import threading
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Final

import msgspec

from covey.errors import CoveyError
from covey.lab.company.lines import Lines
from covey.lab.demo import orders, thief
from covey.lab.demo.conversation import Conversation

_STDIN: Final = 0  # the file descriptor
_PR_SET_PDEATHSIG: Final = 1  # of prctl(2)


class Performer:
    """Carries out orders.

    Args:
        conversation: The member.
        ending: Closes what it opens.
        url: Where the broker is.
    """

    def __init__(self, conversation: Conversation, ending: AsyncExitStack, url: str) -> None:
        self._conversation = conversation
        self._ending = ending
        self._url = url

    async def perform(self, line: bytes) -> bytes:
        """Carry out the order on a line of JSON; returns the reply as one."""
        order = msgspec.json.decode(line, type=orders.Orders)
        try:
            answer = msgspec.Raw(msgspec.json.encode(await self._carry_out(order)))
            reply = orders.Reply(self._new_secrets(), answer)
        except CoveyError as error:
            failed = orders.Failed(type(error).__name__, str(error))
            reply = orders.Reply(self._new_secrets(), failed=failed)
        return msgspec.json.encode(reply) + b"\n"

    async def _carry_out(self, order: orders.Orders) -> msgspec.Struct:
        conversation = self._conversation
        answer: msgspec.Struct
        match order:
            case orders.Publish():
                answer = await conversation.begin(self._ending)
            case orders.Found(invite):
                answer = await conversation.found(invite)
            case orders.Join():
                answer = await conversation.join()
            case orders.Arrive():
                answer = await conversation.arrive()
            case orders.CatchUp(until):
                answer = await conversation.catch_up(until)
            case orders.Draw():
                answer = conversation.draw()
            case orders.Steal():
                answer = conversation.steal()
            case orders.Attack():
                answer = await asyncio.to_thread(self._attack, order)
            case _:
                answer = await self._write(order)
        return answer

    def _attack(self, order: orders.Attack) -> orders.Attacked:
        """Attack with the states that were handed to us, or with those that we have kept."""
        states = order.states or self._conversation.observed.states
        with Lines(self._url) as lines:
            return thief.attack(order, states, lines)

    async def _write(self, order: orders.Writing) -> msgspec.Struct:
        """Carry out an order that adds to the log."""
        conversation = self._conversation
        answer: msgspec.Struct
        match order:
            case orders.Say(text):
                answer = orders.Sent(await conversation.say(text))
            case orders.Attach(name, data):
                answer = orders.Sent(await conversation.attach(name, data))
            case orders.Prepare():
                answer = orders.Prepared(await conversation.prepare())
            case orders.Submit():
                answer = await conversation.submit()
            case orders.Change(invite, remove, die):
                answer = await conversation.change(invite=invite, remove=remove, die=die)
        return answer

    def _new_secrets(self) -> dict[str, bytes]:
        return self._conversation.fetch_secrets()


def _read_lines(lines: queue.SimpleQueue[bytes]) -> None:
    """Pass on the lines of standard input; end the process when it ends, whatever else it does.

    Not by ``sys.stdin``: its lock would still be held if the process ended by itself.
    """
    rest = b""
    while chunk := os.read(_STDIN, 65_536):
        *whole, rest = (rest + chunk).split(b"\n")
        for line in whole:
            lines.put(line)
    os._exit(0)


def _end_with_parent() -> None:
    """Ask to be killed when the parent ends, since a suspended process cannot see that.

    Only Linux offers it. Elsewhere POSIX wakes suspended processes when they lose their parent;
    that leaves out who is just about to be suspended.
    """
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)


async def _perform(name: str, url: str, folder: Path, *, hoards: bool) -> None:
    """Carry out the orders that come in, until there are no more."""
    told: queue.SimpleQueue[bytes] = queue.SimpleQueue()
    threading.Thread(target=_read_lines, args=(told,), daemon=True).start()
    async with AsyncExitStack() as ending:
        conversation = Conversation(name, url, folder, hoards=hoards)
        performer = Performer(conversation, ending, url)
        while True:
            line = await asyncio.to_thread(told.get)
            sys.stdout.buffer.write(await performer.perform(line))
            sys.stdout.buffer.flush()


def main() -> None:
    """Run: ``python -m covey.lab.demo.member NAME URL FOLDER [hoard]``."""
    name, url, folder, *habits = sys.argv[1:]
    signal.signal(signal.SIGTSTP, signal.SIG_DFL)  # so that it can be suspended, whoever began it
    _end_with_parent()
    asyncio.run(_perform(name, url, Path(folder), hoards="hoard" in habits))


if __name__ == "__main__":
    main()
