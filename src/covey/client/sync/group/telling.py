"""Telling the application: events become durable with what they tell of. May import the rows."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from covey.client import events
from covey.client.events import MessagesLost

if TYPE_CHECKING:
    from covey.client.events import Event
    from covey.client.sync.group.seat import Seat
    from covey.store.port import Rows

_MISSED: Final = "what was said while we were out of step cannot be read any more"


def tell(seat: Seat, rows: Rows, event: Event) -> None:
    """Keep an event of a group, in the transaction of what it tells of."""
    events.add(rows, seat.number, event, seat.home.world.second)


def tell_missed(seat: Seat, rows: Rows) -> None:
    """Tell that others may have said something that we cannot read; nobody knows how much."""
    tell(seat, rows, MessagesLost(seat.hex, count=0, sender=None, why=_MISSED))
