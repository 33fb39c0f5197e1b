"""Plays a client's flows without a network: each effect is answered by a function of the test."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple, TypeVar

from covey.access.structs.basics import Challenge
from covey.client.sync.effects import Ask, HangUp, Pause
from covey.errors import CoveyError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from covey.client.sync.effects import Effect, Flow

T = TypeVar("T")

NONCE = b"nonce"


class Played(NamedTuple):
    """What a flow did.

    Attributes:
        result: What it returned.
        effects: What it yielded, in order.
    """

    result: object
    effects: list[Effect]

    @property
    def operations(self) -> list[str]:
        """The operations it asked for."""
        return [each.operation for each in self.effects if isinstance(each, Ask)]

    @property
    def paused(self) -> list[float]:
        """The seconds it let pass, each time."""
        return [each.seconds for each in self.effects if isinstance(each, Pause)]


def play(flow: Flow[T], answer: Callable[[Effect], object], seen: list[Effect] | None = None) -> T:
    """Drive a flow to its end; pauses, hanging up and challenges are answered for the test.

    Args:
        flow: It.
        answer: Answers every other effect, or raises.
        seen: Takes the effects.
    """
    value: object = None
    error: CoveyError | None = None
    while True:
        try:
            effect = flow.send(value) if error is None else flow.throw(error)
        except StopIteration as stop:
            result: T = stop.value
            return result
        if seen is not None:
            seen.append(effect)
        value, error = None, None
        try:
            value = _usual(effect) or answer(effect)
        except CoveyError as raised:
            error = raised


def played(flow: Flow[T], answers: Iterable[object]) -> Played:
    """Drive a flow with answers in their order; an exception is raised."""
    waiting, seen = iter(answers), list[object]()

    def answer(_: Effect) -> object:
        given = next(waiting)
        if isinstance(given, CoveyError):
            raise given
        return given

    effects: list[Effect] = seen  # type: ignore[assignment]
    result = play(flow, answer, effects)
    assert next(waiting, None) is None, "the flow ended early"
    return Played(result, effects)


def _usual(effect: Effect) -> object:
    if isinstance(effect, (Pause, HangUp)):
        return True
    if isinstance(effect, Ask) and effect.operation == "challenge":
        return Challenge(NONCE, 600)
    return None
