"""The network between clients and the broker: slow, and worse.

May import the client's effects, and this folder's broker. An effect becomes a request that arrives
some time later, perhaps twice or never, and an answer that comes back likewise. Nobody is told
what was lost: a client then hears, after a while, that nobody knows.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from covey.access.operations import OPERATIONS
from covey.access.refusals import Code, refused
from covey.client.sync.effects import About, Ask, Broker, GetBlob, HangUp, Pause, PutBlob
from covey.errors import BrokerError, TransportError
from covey.lab.simulate.broker import Line

if TYPE_CHECKING:
    from collections.abc import Callable
    from random import Random

    from covey.client.sync.effects import Effect, Lane
    from covey.lab.simulate.broker import Answered
    from covey.lab.simulate.lies import Front
    from covey.lab.simulate.story import Story
    from covey.lab.simulate.virtual import Agenda
    from covey.mls.crypto.entropy import Entropy
    from covey.mls.wire.struct import WireStruct

PATIENCE: Final = 30.0
"""Seconds after which a client takes a request for lost."""


class Weather(NamedTuple):
    """How bad the network is.

    Attributes:
        delay: Seconds that a request or an answer takes, on average.
        lost: The share of requests, and of answers, that never arrive.
        doubled: The share of requests that arrive twice.
        deaf: The share of wake-ups that nobody hears.
    """

    delay: float
    lost: float
    doubled: float
    deaf: float


class Back(NamedTuple):
    """What comes back for an effect: a value, or an error to be thrown.

    Attributes:
        value: The value.
        error: The error; None when there is none.
    """

    value: Any = None
    error: BrokerError | TransportError | None = None


class _Request(NamedTuple):
    """A request under way, and who waits for its answer, over which connection."""

    client: str
    line: Line
    ask: Ask
    encoded: bytes
    back: _Once


class _Once:
    """Who waits for an answer, and takes the first one."""

    def __init__(self, back: Callable[[Back], bool]) -> None:
        self._back: Callable[[Back], bool] | None = back

    @property
    def waits(self) -> bool:
        """Whether nothing has come yet."""
        return self._back is not None

    def __call__(self, back: Back) -> bool:
        """It comes back; whether somebody has lived to take it in."""
        taker, self._back = self._back, None
        return taker is not None and taker(back)


class Network:
    """The network.

    Args:
        agenda: The time.
        chance: What is lost, and how late the rest is.
        entropy: What connections are numbered by.
        weather: How bad it is.
        story: Is told, if it wants to know of each request.

    Attributes:
        weather: How bad it is.
        wakes: Is called with a client for which the broker has something new, and whether that
            lies in its inbox.
        requests: How many there were.
    """

    def __init__(
        self, agenda: Agenda, chance: Random, entropy: Entropy, weather: Weather, story: Story
    ) -> None:
        self.weather: Weather = weather
        self.wakes: Callable[[str, bool], None] = _nobody
        self.requests: int = 0
        self._agenda = agenda
        self._chance = chance
        self._entropy = entropy
        self._story = story
        self._front: Front | None = None
        self._lines: dict[tuple[str, Lane], Line] = {}
        self._cut: dict[str, float] = {}
        self._interests: dict[bytes, dict[str, bool]] = {}
        self._waiting: dict[bytes, list[_Request]] = {}

    def connect(self, front: Front) -> None:
        """Say what is at the other end."""
        self._front = front

    @property
    def _broker(self) -> Front:
        assert self._front is not None, "nobody is at the other end"
        return self._front

    # --- what goes wrong -----------------------------------------------------------------

    def cut(self, client: str, seconds: float) -> None:
        """Let nothing of a client through for a while; its connections break."""
        self._cut[client] = max(self._cut.get(client, 0.0), self._agenda.now + seconds)
        self.hang_up(client)

    def is_cut(self, client: str) -> bool:
        """Whether nothing of a client gets through."""
        return self._cut.get(client, 0.0) > self._agenda.now

    def heal(self) -> None:
        """Be a good network from now on."""
        self._cut.clear()
        self.weather = self.weather._replace(lost=0.0, doubled=0.0, deaf=0.0)

    def hang_up(self, client: str) -> None:
        """Break all connections of a client."""
        for key in [key for key in self._lines if key[0] == client]:
            del self._lines[key]

    # --- requests ------------------------------------------------------------------------

    def do(self, client: str, effect: Effect, back: Callable[[Back], bool]) -> None:
        """Do what a client wants, and let it know.

        Args:
            client: Who.
            effect: What.
            back: Is told what comes of it, once, later; says whether it has lived to take it in.
        """
        match effect:
            case Pause(seconds):
                self._agenda.after(max(seconds, 0.0), lambda: back(Back()))
            case HangUp(lane):
                self._lines.pop((client, lane), None)
                self._agenda.after(0.0, lambda: back(Back()))
            case About():
                self._about(client, _Once(back))
            case Ask():
                self._ask(client, effect, _Once(back))
            case PutBlob() | GetBlob():
                self._late(lambda: back(Back(error=refused(Code.not_offered))))

    def _about(self, client: str, back: _Once) -> None:
        if self._is_lost(client, self.weather.lost):
            self._lose(back)
            return
        about = Broker(self._broker.broker_id, self._broker.limits())
        self._late(lambda: back(Back(about)))

    def _ask(self, client: str, ask: Ask, back: _Once) -> None:
        self.requests += 1
        if self.is_cut(client):
            self._lose(back)
            return
        line = self._lines.get((client, ask.lane))
        if line is None:
            line = self._lines[client, ask.lane] = Line(self._entropy)
        request = _Request(client, line, ask, ask.request.encode(), back)
        copies = 2 if self._chance.random() < self.weather.doubled else 1
        for _ in range(copies):
            if not self._is_lost(client, self.weather.lost):
                self._late(lambda: self._arrive(request))
        self._agenda.after(PATIENCE + ask_wait(ask), lambda: self._give_up(request))

    def _arrive(self, request: _Request, deadline: float | None = None) -> None:
        """A request has come to the broker; deadline is when it has waited enough."""
        client, line, ask, encoded, back = request
        if self._broker.is_down:
            return
        try:
            answered = self._broker.answer(client, line, ask, encoded)
        except BrokerError as error:
            self._return(request, Back(error=error))
            return
        self._interest(client, ask)
        if answered.wait is not None and back.waits:
            now = self._agenda.now
            end = now + answered.wait.seconds if deadline is None else deadline
            if now < end:
                self._waiting.setdefault(answered.wait.key, []).append(request)
                if deadline is None:
                    self._agenda.after(end - now, lambda: self._waited(request, answered))
                return
        self._return(request, Back(_decoded(ask, answered)), answered.lie)

    def _waited(self, request: _Request, answered: Answered) -> None:
        """A request has waited long enough."""
        assert answered.wait is not None
        waiting = self._waiting.get(answered.wait.key, [])
        if request in waiting:
            waiting.remove(request)
            self._arrive(request, self._agenda.now)

    def _return(self, request: _Request, back: Back, lie: str = "") -> None:
        if not self._is_lost(request.client, self.weather.lost):
            self._late(lambda: self._deliver(request, back, lie))

    def _deliver(self, request: _Request, back: Back, lie: str) -> None:
        if not request.back.waits:
            return
        if self.is_cut(request.client):
            self._give_up(request)
            return
        if self._story.fine:
            came = back.error or type(back.value).__name__
            self._story.tell(request.client, f"asks {request.ask.operation}: {came}")
        if request.back(back) and back.error is None:
            self._broker.shown(request.client, request.ask, back.value, lie)

    def _give_up(self, request: _Request) -> None:
        if request.back.waits:
            self._lines.pop((request.client, request.ask.lane), None)
            request.back(Back(error=TransportError("the broker does not answer")))

    def _lose(self, back: _Once) -> None:
        error = TransportError("the broker does not answer")
        self._agenda.after(self._chance.uniform(0.1, PATIENCE), lambda: back(Back(error=error)))

    def _is_lost(self, client: str, share: float) -> bool:
        return self.is_cut(client) or self._chance.random() < share

    def _late(self, do: Callable[[], object]) -> None:
        self._agenda.after(self._chance.expovariate(1 / self.weather.delay), do)

    # --- wake-ups ------------------------------------------------------------------------

    def _interest(self, client: str, ask: Ask) -> None:
        """Remember who listens where: who has read there, as over a WebSocket."""
        if ask.operation == "read":
            self._interests.setdefault(ask.request.gid, {})[client] = False  # type: ignore[attr-defined]
        elif ask.operation == "fetch":
            self._interests.setdefault(ask.request.inbox, {})[client] = True  # type: ignore[attr-defined]

    def told(self, key: bytes) -> None:
        """The broker has something new under a key."""
        for request in self._waiting.pop(key, []):
            deadline = self._agenda.now  # one look is all: what is new may be for others
            self._late(lambda request=request, deadline=deadline: self._arrive(request, deadline))  # type: ignore[misc]
        for client, inbox in self._interests.get(key, {}).items():
            if not self._is_lost(client, self.weather.deaf):
                self._late(partial(self.wakes, client, inbox))


def ask_wait(ask: Ask) -> float:
    """Seconds that a request allows the broker to wait."""
    if ask.operation in {"read", "fetch", "stock"}:
        wait: int = ask.request.wait  # type: ignore[attr-defined]
        return wait / 1000
    return 0.0


def _decoded(ask: Ask, answered: Answered) -> WireStruct:
    expected = OPERATIONS[ask.operation].answer
    kind = answered.kind if ask.operation == "append" else expected
    return kind.decode(answered.answer)


def _nobody(_: str, _inbox: bool) -> None:  # noqa: FBT001 - as who is called
    """Wake nobody."""
