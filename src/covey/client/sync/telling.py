"""Telling the application: events become durable with what they tell of. May import the rows."""

from __future__ import annotations

from typing import TYPE_CHECKING

from covey.client import events

if TYPE_CHECKING:
    from covey.client.events import Event
    from covey.client.sync.seat import Seat
    from covey.store.port import Rows


def tell(seat: Seat, rows: Rows, event: Event) -> None:
    """Keep an event of a group, in the transaction of what it tells of."""
    events.add(rows, seat.number, event, seat.home.world.second)
