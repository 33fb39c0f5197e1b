"""Who plays what with whom, and how it ended.

May import scenes. A failure is a finding, not the end of a run: a client that broke down is
started anew for the next scenario.
"""

from __future__ import annotations

import time
from itertools import permutations
from typing import TYPE_CHECKING, Literal, NamedTuple

import msgspec

from covey.errors import CoveyError, TransportError, UnsupportedError
from covey.lab.interop.calls import CallError
from covey.lab.interop.play.scene import Scene

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from covey.lab.interop.calls import Client
    from covey.lab.interop.play.scenarios.registry import Scenario
    from covey.lab.interop.targets import Seat

Ending = Literal["pass", "not offered", "fail"]


class Outcome(msgspec.Struct, frozen=True):
    """How a scenario ended.

    Attributes:
        scenario: Its id.
        clients: Who played, in the order of the roles.
        suite: The cipher suite.
        encrypt: Whether handshakes were sent encrypted.
        ending: ``"not offered"`` when a client answered a call with UNIMPLEMENTED, which covey
            never does of what is played here.
        detail: What was wrong, a sentence.
        broken: Whether a client has broken down.
        seconds: How long it took.
        left_out: What a random story did without, since a client does not offer it.
    """

    scenario: str
    clients: tuple[str, ...]
    suite: int
    encrypt: bool
    ending: Ending
    detail: str = ""
    broken: bool = False
    seconds: float = 0.0
    left_out: tuple[str, ...] = ()


class Play(NamedTuple):
    """A scenario that is to be played: by whom, in which suite, with which handshakes."""

    scenario: Scenario
    seats: tuple[Seat, ...]
    suite: int
    encrypt: bool


def plays(
    scenarios: Sequence[Scenario],
    seats: Sequence[Seat],
    suites: Sequence[int],
    handshakes: Sequence[bool],
) -> list[Play]:
    """Every scenario by every two of the seats, either of them first, in all suites both have.

    Raises:
        TransportError: Somebody cannot be started or reached.
    """
    offered = {seat: Scene.suites_of(seat.client) for seat in seats}
    pairs = list(permutations(seats, 2)) if len(seats) > 1 else [(seats[0], seats[0])]
    return [
        Play(scenario, pair, suite, encrypt)
        for pair in pairs
        for suite in suites
        if all(suite in offered[each] for each in pair)
        for scenario in scenarios
        for encrypt in handshakes
    ]


def perform(planned: Sequence[Play], seed: int = 0) -> Iterator[Outcome]:
    """Play one after the other; who breaks down is started anew.

    Somebody that cannot be started again fails its plays.
    """
    for each in planned:
        outcome = _played(each, seed)
        if outcome.broken:
            for seat in each.seats:
                seat.close()
        yield outcome


def _played(each: Play, seed: int) -> Outcome:
    try:
        cast = [seat.client for seat in each.seats]
    except TransportError as error:
        where = tuple(seat.name for seat in each.seats)
        played = each.scenario.id
        return Outcome(played, where, each.suite, each.encrypt, "fail", str(error), broken=True)
    return play(each.scenario, cast, each.suite, encrypt=each.encrypt, seed=seed)


def play(
    scenario: Scenario, cast: Sequence[Client], suite: int, *, encrypt: bool, seed: int = 0
) -> Outcome:
    """Play a scenario to its end, or until something is wrong.

    Args:
        scenario: What to play.
        cast: Who plays; roles go to them in turn.
        suite: The cipher suite.
        encrypt: Whether members send their handshakes encrypted.
        seed: Of what the scenario leaves to chance.
    """
    began = time.monotonic()
    scene = Scene(cast, suite, encrypt=encrypt, seed=seed)
    ending, detail, broken = _ended(scenario, scene)
    return Outcome(
        scenario.id,
        tuple(each.name for each in cast),
        suite,
        encrypt,
        ending,
        detail,
        broken,
        time.monotonic() - began,
        tuple(sorted(scene.notes)),
    )


def _ended(scenario: Scenario, scene: Scene) -> tuple[Ending, str, bool]:
    try:
        scenario.play(scene)
        scene.close()
    except TransportError as error:
        return "fail", str(error), True
    except CallError as error:
        unoffered = error.code == "UNIMPLEMENTED" and not error.client.startswith("covey ")
        return "not offered" if unoffered else "fail", str(error), False
    except UnsupportedError as error:
        return "not offered", str(error), False
    except CoveyError as error:
        return "fail", str(error), False
    return "pass", "", False
