"""What goes wrong in a seed: which kinds of trouble, and how bad the network is.

May import the lies and the network.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

from covey.lab.simulate.lies import TWISTS, Lie
from covey.lab.simulate.network import Weather

if TYPE_CHECKING:
    from random import Random

_AWAY: Final = (0.2, 3.0, 35.0)  # days, one of which is the longest absence of a seed


class Troubles(NamedTuple):
    """Which kinds of trouble a seed has.

    Attributes:
        crash: Processes die between two steps of a flow, or inside a transaction.
        partition: Clients cannot reach the broker for a while.
        race: Several commit at the same time.
        lies: How the broker lies, and at which step that begins.
        away: For how many days somebody is away, or all are, at most.
        down: The broker cannot be reached for a while.
    """

    crash: bool
    partition: bool
    race: bool
    lies: tuple[tuple[int, Lie], ...]
    away: float
    down: bool

    @classmethod
    def drawn(cls, chance: Random, steps: int) -> Troubles:
        """The troubles of a seed."""
        lies = []
        for lie, share in ((Lie.fork, 0.35), (Lie.rollback, 0.3), (Lie.restore, 0.15)):
            if chance.random() < share:
                lies.append((chance.randrange(steps // 5, steps), lie))
        if chance.random() < 0.4:
            lies.append((chance.randrange(steps // 5, steps), chance.choice(TWISTS)))
        return cls(
            crash=chance.random() < 0.5,
            partition=chance.random() < 0.45,
            race=chance.random() < 0.5,
            lies=tuple(sorted(lies)),
            away=chance.choice(_AWAY),
            down=chance.random() < 0.2,
        )


def weather(chance: Random) -> Weather:
    """How bad the network of a seed is."""
    if chance.random() < 0.3:
        return Weather(delay=0.05, lost=0.0, doubled=0.0, deaf=0.0)
    return Weather(
        delay=chance.choice((0.05, 0.3, 1.0)),
        lost=chance.choice((0.0, 0.02, 0.1)),
        doubled=chance.choice((0.0, 0.05, 0.2)),
        deaf=chance.choice((0.0, 0.1)),
    )
