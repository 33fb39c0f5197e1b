"""Telling the application: events become durable with what they tell of. May import the rows."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from covey.client import events
from covey.errors import CoveyError

if TYPE_CHECKING:
    from covey.client.events import Event
    from covey.client.sync.seat import Seat
    from covey.store.port import Rows

_LIFETIME: Final = "VAL-037"


def tell(seat: Seat, rows: Rows, event: Event) -> None:
    """Keep an event of a group, in the transaction of what it tells of."""
    events.add(rows, seat.number, event, seat.home.world.second)


def explained(error: Exception) -> str:
    """Why something is refused, and what can be done about it, where there is something."""
    if isinstance(error, CoveyError) and error.rule == _LIFETIME:
        return f"{error}; see whether this machine's clock is right: if so, the other one's is not"
    return str(error)
