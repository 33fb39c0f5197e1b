"""Events of what goes wrong, and what is done about it. May import the base."""

from __future__ import annotations

from typing import Final

from covey.client.events.base import Happened
from covey.client.words.showing import line

_TWO_DAYS: Final = 48  # hours


class ForkFound(Happened, frozen=True, kw_only=True):
    """The broker contradicts itself, or shows different members different logs.

    Attributes:
        heads: Evidence, in hex: signed heads which cannot all be true.
        sentence: What they show.
    """

    heads: tuple[str, ...]
    sentence: str

    def __str__(self) -> str:
        return f"the broker is caught: {line(self.sentence)}"


class RolledBack(Happened, frozen=True, kw_only=True):
    """The broker has lost entries that it had: it was set back to an older state.

    Attributes:
        seq: The last entry that we have.
        served: The last that the broker has; -1 for none.
        heads: Evidence, in hex: the head that it had signed before, and the one that it signs now.
        sentence: What is done about it.
    """

    seq: int
    served: int
    heads: tuple[str, ...] = ()
    sentence: str = "what is missing is offered to it anew"

    def __str__(self) -> str:
        behind = f"its last entry is {self.served}, and ours {self.seq}"
        return f"the broker was set back, {behind}: {line(self.sentence)}"


class CopyFound(Happened, frozen=True, kw_only=True):
    """This store is a copy, or was set back.

    Attributes:
        sentence: What shows it, and what to do.
    """

    sentence: str

    def __str__(self) -> str:
        return f"this store is a copy: {line(self.sentence)}"


class Rejoining(Happened, frozen=True, kw_only=True):
    """We ask the others to take us in anew.

    Attributes:
        why: Why.
    """

    why: str

    def __str__(self) -> str:
        return f"you ask to be taken in anew: {line(self.why)}"


class Branching(Happened, frozen=True, kw_only=True):
    """The group cannot go on, and goes on as another.

    Attributes:
        why: Why.
    """

    why: str

    def __str__(self) -> str:
        return f"the group goes on as a new one: {line(self.why)}"


class ClockOff(Happened, frozen=True, kw_only=True):
    """This machine's clock and the broker's differ, so that one of them is wrong.

    It is told once a day for as long as it lasts. What depends on time goes by our clock: when
    messages disappear, and for how long what we make is good.

    Attributes:
        hours: By how many hours ours is ahead; behind, when it is negative.
    """

    hours: int

    def __str__(self) -> str:
        apart, way = abs(self.hours), "ahead of" if self.hours > 0 else "behind"
        shown = f"{apart} hours" if apart < _TWO_DAYS else f"{apart // 24} days"
        return (
            f"this machine's clock is {shown} {way} the broker's: see which one is wrong; until it "
            "is set, messages disappear at the wrong time, and what is made now may be refused"
        )


class EventsMissed(Happened, frozen=True, kw_only=True):
    """A consumer was away for so long that events were dropped before it had dealt with them.

    Messages stand in the histories all the same; what the groups are now, their conversations say.

    Attributes:
        up_to: The number of the last event that was dropped unseen.
    """

    up_to: int

    def __str__(self) -> str:
        return f"what happened up to event {self.up_to} was dropped unseen: read the histories anew"
