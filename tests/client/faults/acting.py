"""A process with a client that does one thing, and may be killed at a labelled point of it.

``python acting.py ORDER`` with an order as JSON, see :class:`Order`. What is acknowledged is said,
a line each; ``Order.kill`` says where to die:

- ``after COMMIT``: what is to be asked for is in the file, and not one byte of it on the socket;
- ``after the write``: all of it is on the socket, and nothing was read;
- ``after the reply``: the answer is in memory, and nothing of it in the file.
"""
# ruff: noqa: ASYNC110 - what is waited for tells nobody
# ruff: noqa: T201 - this is how it says it

from __future__ import annotations

import os
import resource
import signal
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

sys.path.insert(0, str(Path(__file__).parents[2]))

import anyio
import httpx
import msgspec

from client.faults.witness import witnessing
from covey.client.client import Client
from covey.store import StoreFull
from people import KEY, LATE, PACE

if TYPE_CHECKING:
    from covey.client.conversing.conversation import Conversation

POINTS: Final = ("after COMMIT", "after the write", "after the reply")
FILLED: Final = ("before", "meanwhile", "room again")
"""What is said while a store is full: by alice, by bob, and by alice."""

_TOO_SMALL: Final = 4096
"""Bytes of a file into which not even the first page of SQLite's log goes, with its head, wherever
the log has got to; what the witness writes down here goes in."""

_TRACED: Final = {
    "after the write": "http11.send_request_body.complete",
    "after the reply": "http11.receive_response_body.complete",
}


class Order(msgspec.Struct, forbid_unknown_fields=True):
    """What to do.

    Attributes:
        path: The store.
        witness: Where to write down what is sealed.
        act: ``send``, ``invite``, ``join``, ``leave``, ``talk`` or ``fill``.
        what: What to say, or whom to invite.
        operation: In asking for what to die; empty for never.
        point: Where.
        times: How often to say it, for ``talk``.
        every: After how many of them to commit.
    """

    path: str
    witness: str
    act: str
    what: str = ""
    operation: str = ""
    point: str = ""
    times: int = 0
    every: int = 1


def _die() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


class Mortal(httpx.AsyncHTTPTransport):
    """A network that kills its process."""

    operation = ""
    point = ""

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Carry a request, as far as it comes."""
        if Mortal.operation and request.url.path == f"/v1/{Mortal.operation}":
            if Mortal.point == "after COMMIT":
                _die()
            request.extensions["trace"] = self._traced
        return await super().handle_async_request(request)

    async def _traced(self, event: str, _: dict[str, Any]) -> None:
        if event == _TRACED[Mortal.point]:
            _die()


def _arm(order: Order) -> None:
    Mortal.operation, Mortal.point = order.operation, order.point


def _said(what: str) -> None:
    print(what, flush=True)


async def _send(team: Conversation, order: Order) -> None:
    await team.send(f"acknowledged {order.what}")
    _said(f"acknowledged {order.what}")
    _arm(order)
    await team.send(f"last {order.what}")


async def _talk(team: Conversation, order: Order) -> None:
    for number in range(order.times):
        await team.send(f"{order.what} {number}", timeout=100)
        _said(f"{order.what} {number}")
        if number % order.every == order.every - 1:
            await team.rotate(timeout=100)


async def _fill(team: Conversation) -> None:
    """Let there be no room for the store, and then room again."""
    before, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (_TOO_SMALL, hard))
    for change in (team.send("no room"), team.rotate(), team.rename("no room")):
        try:
            await change
        except StoreFull as error:
            _said(str(error))
    while "no room left" not in team.trouble:  # for what others say
        await anyio.sleep(0.02)
    _said(f"in the way: {team.trouble}")
    resource.setrlimit(resource.RLIMIT_FSIZE, (before, hard))
    with anyio.fail_after(LATE):
        while team.trouble or len(team.history()) < len(FILLED) - 1:
            await anyio.sleep(0.02)
    await team.send(FILLED[-1])


async def _act(client: Client, order: Order) -> None:
    if order.act == "join":
        _arm(order)
        await client.next_group(LATE)
        await anyio.sleep_forever()  # what is due after it kills us
    team = client.group("team")
    if order.act != "talk":
        await client.sync(timeout=LATE)
    match order.act:
        case "send":
            await _send(team, order)
        case "invite":
            _arm(order)
            await team.invite(order.what)
        case "leave":
            _arm(order)
            await team.leave()
        case "fill":
            await _fill(team)
        case _:
            await _talk(team, order)


async def main(order: Order) -> None:
    """Do it."""
    path = Path(order.path)
    async with Client.open(path, key=KEY, pace=PACE, transport=Mortal) as client:
        await _act(client, order)


if __name__ == "__main__":
    ordered = msgspec.json.decode(sys.argv[1], type=Order)
    with witnessing(Path(ordered.witness)):
        anyio.run(main, ordered)
