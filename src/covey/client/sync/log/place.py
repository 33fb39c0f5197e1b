"""One group, and the flows that keep it in step. May import the flows below."""

from __future__ import annotations

from typing import TYPE_CHECKING

from covey.client.sync.effects import Use
from covey.client.sync.log.reading import Reader
from covey.client.sync.log.turning import Turns

if TYPE_CHECKING:
    from covey.client.sync.group.seat import Seat


class Place:
    """One group, and the flows that keep it in step.

    Args:
        seat: The group.

    Attributes:
        seat: The group.
        turns: Its turns.
        listener: Waits for what is new, over a connection of its own.
    """

    def __init__(self, seat: Seat) -> None:
        self.seat: Seat = seat
        self.turns: Turns = Turns(seat)
        self.listener: Reader = Reader(seat, Use.listen)
