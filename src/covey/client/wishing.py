"""Wishing for a change of a group, and waiting until it has happened or was refused.

May import the engine and the flows. A wish is in the store before anybody waits: whoever stops to
wait, or is killed, has wished all the same.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from covey.client import contents, events, history
from covey.client.events import MessagesLost, WishRefused
from covey.client.sync import hearing, queues, wishes
from covey.client.sync.groups import Status
from covey.errors import CoveyError, PolicyError, StateError, TransportError

if TYPE_CHECKING:
    from collections.abc import Callable

    from covey.client.contents import Body, Content
    from covey.client.engine import Engine
    from covey.client.events import Event
    from covey.client.history import Message
    from covey.client.sync.seat import Seat
    from covey.client.sync.wishes import Wish
    from covey.store.port import Rows

_STAYS = "it stays wished for, and is done when the broker answers"
_QUEUED = "what was said stays queued, and is sent when the broker answers"


async def wish(engine: Engine, number: int, wanted: Wish, timeout: float | None) -> None:
    """Let a commit of ours do something, and wait until it has won.

    Args:
        engine: Drives the group.
        number: The group's number in the store.
        wanted: What.
        timeout: Seconds to wait.

    Raises:
        PolicyError: It is refused: by the group's roles, the application's policies, the broker.
        StateError: We are not in the group.
        TransportError: The broker cannot be reached; it stays wished for.
    """
    seat = engine.peer.place(number).seat if False else await _seat(engine, number)

    def wished() -> tuple[int, int]:
        with seat.change() as rows:
            seat.require_in()
            world = seat.home.world
            return queues.wish(rows, number, wishes.encode(wanted), world.second), last(rows)

    wish_number, since = await engine.call(wished)
    begun = nudge(engine, number)

    def settled() -> Event | bool | None:
        with engine.store.reading() as rows:
            if queues.still_wished(rows, wish_number):
                return None
            told = _told(rows, since, lambda each: _is_refusal(each, wish_number))
        return told or True

    found = await engine.until(partial(_or_trouble, engine, number, begun, settled, _STAYS), timeout, _STAYS)
    if isinstance(found, WishRefused):
        raise PolicyError(found.why)
