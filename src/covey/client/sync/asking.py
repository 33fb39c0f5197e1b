"""Asking a broker, again where that may help: the smallest flows, of which others are made.

May import the effects and the protocol. A request whose answer got lost is sent again as it was,
which its idem, or its signature over the same bytes, makes harmless.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, TypeVar
from zlib import crc32

from covey.access.operations import OPERATIONS
from covey.access.refusals import Code
from covey.access.structs.basics import Challenge, Nothing, Signed
from covey.access.structs.log import Appended, EpochClosed
from covey.client.sync.effects import Ask, HangUp, Lane, Pause, Use
from covey.errors import BrokerError, CoveyError, TransportError
from covey.mls.wire.struct import WireStruct

if TYPE_CHECKING:
    from collections.abc import Callable

    from covey.client.sync.effects import Effect, Flow, World

T = TypeVar("T")
W = TypeVar("W", bound=WireStruct)

TRIES: Final = 5
"""How often something is tried."""

LONGEST: Final = 60.0
"""Seconds that are waited for a broker which says when to come again; what takes longer is the
asker's to decide."""

PASSING: Final = frozenset(
    {Code.unavailable.value, Code.issuer_unavailable.value, Code.over_quota.value}
)
"""What the broker says of a moment, and not of what is asked for."""

_PAUSE: Final = 0.2  # seconds before the second try; doubled for each further one
_KEY: Final = 16  # bytes of the name of a connection that is used once


def patiently(
    effect: Effect, tries: int = TRIES, over: Callable[[], bool] = lambda: False
) -> Flow[Any]:
    """What an effect gives, tried again when nobody knows what became of it, or it may pass.

    Args:
        effect: One that does no harm when it is repeated.
        tries: How often it is tried, at most.
        over: Whether it is too late to try again.

    Raises:
        BrokerError: The broker refuses; ``unavailable`` and ``over_quota`` only after all tries,
            or when it says to come again much later.
        TransportError: It never answered.
    """
    met: CoveyError
    for attempt in range(tries - 1):
        try:
            return (yield effect)
        except TransportError as error:
            met, pause = error, Pause(_pause(effect, attempt))
        except BrokerError as error:
            if error.code not in PASSING or error.retry_after > LONGEST:
                raise
            met, pause = error, Pause(error.retry_after + _pause(effect, attempt), error)
        yield pause
        if over():
            raise met
    return (yield effect)


def _pause(effect: Effect, attempt: int) -> float:
    """How long to wait after a try: longer each time, and not as long as everybody else."""
    said = effect.request.encode() if isinstance(effect, Ask) else b""
    spread = crc32(bytes([attempt]) + said) / (1 << 32)
    return _PAUSE * 2.0**attempt * (0.5 + spread)


def ask(
    lane: Lane,
    operation: str,
    request: WireStruct,
    answer: type[W],
    *,
    token: bytes = b"",
    tries: int = TRIES,
) -> Flow[W]:
    """Ask for an operation, patiently.

    Args:
        lane: Over which connection.
        operation: Its name.
        request: Its request; for those that are signed, the Signed.
        answer: The struct of its answer.
        token: A device's, where it needs one.
        tries: How often it is tried, at most.

    Raises:
        BrokerError: The broker refuses.
        TransportError: It does not answer, or with something else.
    """
    found = OPERATIONS[operation]
    assert issubclass(found.answer, answer), f"{operation} answers with {found.answer}"
    assert isinstance(request, Signed if found.label else found.request), operation
    given = yield from patiently(Ask(lane, operation, request, token), tries)
    return _as(answer, operation, given)


def append(
    lane: Lane, request: Signed, *, tries: int = TRIES, over: Callable[[], bool] = lambda: False
) -> Flow[Appended | EpochClosed]:
    """Add to a group's log, or learn which commit was faster.

    Args:
        lane: Over which connection.
        request: The request.
        tries: How often it is tried, at most.
        over: Whether it is too late to try again.

    Raises:
        BrokerError: The broker refuses.
        TransportError: It does not answer; nobody knows whether it has been added. The same
            request can be sent again.
    """
    given = yield from patiently(Ask(lane, "append", request), tries, over)
    return given if isinstance(given, EpochClosed) else _as(Appended, "append", given)


def challenge(lane: Lane) -> Flow[bytes]:
    """A nonce for a proof on a connection."""
    return (yield from ask(lane, "challenge", Nothing(), Challenge)).nonce


def alone(world: World, use: Callable[[Lane], Flow[T]]) -> Flow[T]:
    """Use a connection for one thing, and hang up.

    Args:
        world: Where its name comes from.
        use: What is done over it.
    """
    lane = Lane(Use.once, world.entropy(_KEY))
    try:
        done = yield from use(lane)
    except CoveyError:
        yield HangUp(lane)
        raise
    yield HangUp(lane)
    return done


def _as(answer: type[W], operation: str, given: object) -> W:
    if isinstance(given, answer):
        return given
    msg = f"the broker answers {operation} with {type(given).__name__}"
    raise TransportError(msg)
