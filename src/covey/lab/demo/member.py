"""The process of one member: orders come in on standard input, replies go out on standard output.

May import the engine. When standard input ends, whoever gave the orders is gone, and the
process ends at once.
"""

from __future__ import annotations

import ctypes
import os
import queue
import signal
import sys
import threading
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
        name: Who it is.
        lines: Opens connections to the broker.
        hoards: Whether it keeps every state it was in, which no honest member does.
    """

    def __init__(self, name: str, lines: Lines, *, hoards: bool = False) -> None:
        self._conversation = Conversation(name, lines)
        self._lines = lines
        self._hoards = hoards
        self._states: list[bytes] = []

    def perform(self, line: bytes) -> bytes:
        """Carry out the order on a line of JSON; returns the reply as one."""
        order = msgspec.json.decode(line, type=orders.Orders)
        try:
            answer = msgspec.Raw(msgspec.json.encode(self._carry_out(order)))
            reply = orders.Reply(self._new_secrets(), answer)
        except CoveyError as error:
            failed = orders.Failed(type(error).__name__, str(error))
            reply = orders.Reply(self._new_secrets(), failed=failed)
        if self._hoards and self._conversation.in_group:
            self._states.append(self._conversation.group.snapshot())
        return msgspec.json.encode(reply) + b"\n"

    def _carry_out(self, order: orders.Orders) -> msgspec.Struct:
        conversation = self._conversation
        answer: msgspec.Struct
        match order:
            case orders.Publish():
                answer = conversation.publish()
            case orders.Found(invite):
                answer = conversation.found(invite)
            case orders.Join():
                conversation.join()
                answer = orders.Joined(conversation.group.epoch, conversation.members())
            case orders.CatchUp(until):
                answer = conversation.catch_up(until)
            case orders.Draw():
                answer = conversation.draw()
            case orders.Steal():
                broker_id, gid = conversation.person.broker_id, conversation.seat.gid
                answer = orders.Stolen(conversation.group.snapshot(), broker_id, gid)
            case orders.Attack(states=states):
                answer = thief.attack(order, states or self._states, self._lines)
            case _:
                answer = self._write(order)
        return answer

    def _write(self, order: orders.Writing) -> msgspec.Struct:
        """Carry out an order that adds to the log, or to an inbox."""
        conversation = self._conversation
        answer: msgspec.Struct
        match order:
            case orders.Say(text):
                answer = orders.Sent(conversation.say(text))
            case orders.Attach(name, data):
                answer = orders.Sent(conversation.attach(name, data))
            case orders.ProposeUpdate():
                answer = orders.Sent(conversation.propose_update())
            case orders.Prepare():
                answer = orders.Prepared(conversation.prepare())
            case orders.Submit():
                answer = orders.Submitted(*conversation.submit())
            case orders.PostMissing():
                answer = orders.Posted(conversation.post_missing())
            case orders.Change(invite, remove, die):
                answer = conversation.change(invite=invite, remove=remove, die=die)
                if die:
                    os._exit(1)
        return answer

    def _new_secrets(self) -> dict[str, bytes]:
        secrets, self._conversation.secrets = self._conversation.secrets, {}
        return secrets


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


def main() -> None:
    """Run: ``python -m covey.lab.demo.member NAME URL [hoard]``."""
    name, url, *habits = sys.argv[1:]
    signal.signal(signal.SIGTSTP, signal.SIG_DFL)  # so that it can be suspended, whoever began it
    _end_with_parent()
    told: queue.SimpleQueue[bytes] = queue.SimpleQueue()
    threading.Thread(target=_read_lines, args=(told,), daemon=True).start()
    with Lines(url) as lines:
        performer = Performer(name, lines, hoards="hoard" in habits)
        while True:
            sys.stdout.buffer.write(performer.perform(told.get()))
            sys.stdout.buffer.flush()


if __name__ == "__main__":
    main()
