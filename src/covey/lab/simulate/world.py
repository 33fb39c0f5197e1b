"""A seed's world: the time, the network, the broker, and the clients, put together.

May import this folder. What people have been promised is noted here: what they said, and what they
wanted and were not refused.
"""

from __future__ import annotations

from random import Random
from typing import TYPE_CHECKING, Final, NamedTuple

from covey.errors import CoveyError
from covey.lab.conformance.generate.seeded import Seeded
from covey.lab.simulate.actors import Invite, Leave, Move, Promote, Remove, Rename, Rotate
from covey.lab.simulate.clients import Client, Surroundings
from covey.lab.simulate.lies import Front
from covey.lab.simulate.network import Network, Weather
from covey.lab.simulate.story import Story
from covey.lab.simulate.virtual import Agenda

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from covey.lab.simulate.actors import Actor, Begin, Order
    from covey.store.port import Store

RETENTION: Final = 30
"""Days for which the broker keeps epochs that have closed."""

_DAY: Final = 86_400.0


class Said(NamedTuple):
    """Something that a client took to be sent.

    Attributes:
        who: Whose client.
        gid: Into which group.
        text: What; no two are alike.
        at: When, in seconds since the epoch.
    """

    who: str
    gid: bytes
    text: str
    at: float


class Wanted(NamedTuple):
    """Something that a client took to be done.

    Attributes:
        who: Whose client.
        order: What.
        at: When, in seconds since the epoch.
    """

    who: str
    order: Order
    at: float


class Plan(NamedTuple):
    """What a world is made of.

    Attributes:
        seed: What everything follows from.
        names: Whose clients there are.
        weather: How bad the network is.
        begin: Begins a life of a client.
        store: Makes a store.
        fine: Whether the story tells of each request.
    """

    seed: int
    names: Sequence[str]
    weather: Weather
    begin: Begin
    store: Callable[[], Store]
    fine: bool = False


class Simulated:
    """A world.

    Args:
        plan: What it is made of.

    Attributes:
        agenda: The time.
        story: What happened.
        chance: What the script draws from.
        network: The network.
        front: The broker.
        around: What clients live in.
        clients: By name.
        said: What was said, and taken to be sent.
        wanted: What was wanted, and taken to be done.
        links: Links that were made, by group.
    """

    def __init__(self, plan: Plan) -> None:
        seed = f"covey simulate {plan.seed}".encode()
        self.agenda: Agenda = Agenda()
        self.story: Story = Story(lambda: self.agenda.now, fine=plan.fine)
        self.chance: Random = _drawn(seed, "script")
        self.network: Network = Network(
            self.agenda, _drawn(seed, "network"), Seeded(seed, "lines"), plan.weather, self.story
        )
        self.front: Front = Front(
            Seeded(seed, "broker"),
            lambda: self.agenda.now,
            self.network.told,
            RETENTION,
            _drawn(seed, "lies"),
            self.story,
        )
        self.network.connect(self.front)
        self.around: Surroundings = Surroundings(
            seed, self.agenda, _drawn(seed, "fates"), self.network, self.story, plan.begin
        )
        self.clients: dict[str, Client] = {
            name: Client(name, plan.store(), self.around) for name in plan.names
        }
        self.network.wakes = lambda name, inbox: self.clients[name].hear(inbox=inbox)
        self.said: list[Said] = []
        self.wanted: list[Wanted] = []
        self.links: list[tuple[bytes, str]] = []
        self._swept = self.agenda.now

    # --- time ----------------------------------------------------------------------------

    def run(self, seconds: float) -> None:
        """Let time pass."""
        end = self.agenda.now + seconds
        while self.agenda.step(end):
            pass
        if self.agenda.now - self._swept > _DAY:
            self._swept = self.agenda.now
            self.front.sweep()

    def run_until(self, done: Callable[[], bool], seconds: float) -> bool:
        """Let time pass until something is so, but not for longer; returns whether it is."""
        end = self.agenda.now + seconds
        while not done():
            if not self.agenda.step(end):
                return done()
        return True

    def leap(self, seconds: float) -> None:
        """Let much time pass in which all machines are shut."""
        self.around.asleep = True
        self.run_until(lambda: not any(each.is_busy for each in self.clients.values()), 600.0)
        self.run(seconds)
        self.around.asleep = False
        for client in self.clients.values():
            client.wake()

    # --- what people do ------------------------------------------------------------------

    def say(self, name: str, gid: bytes, text: str) -> None:
        """Let somebody say something."""

        def say(actor: Actor) -> None:
            actor.say(gid, text)
            self.said.append(Said(name, gid, text, self.agenda.now))
            self.story.tell(name, f"says {text!r}", "say")

        self._use(name, f"say {text!r}", say)

    def order(self, name: str, order: Order) -> None:
        """Let somebody want something."""
        what, client, asked = in_words(order), self.clients[name], self.agenda.now
        self.story.tell(name, f"wants to {what}", type(order).__name__.lower())

        def failed(error: CoveyError) -> None:
            self.story.tell(name, f"could not {what}: {type(error).__name__}: {error}")
            client.wake()

        def done(_: None) -> None:
            self.wanted.append(Wanted(name, order, asked))
            client.wake()

        client.call(lambda actor: client.run(what, actor.do(order), done, failed))

    def link(self, name: str, gid: bytes) -> None:
        """Let somebody make a link."""

        def link(actor: Actor) -> None:
            self.links.append((gid, actor.link(gid)))
            self.story.tell(name, "makes a link")

        self._use(name, "make a link", link)

    def create(self, name: str, title: str) -> bytes:
        """Let somebody create a group."""
        made: list[bytes] = []
        self._use(name, "create a group", lambda actor: made.append(actor.create(title)))
        return made[0]

    def _use(self, name: str, what: str, use: Callable[[Actor], None]) -> None:
        """Let somebody use its client, which may refuse."""

        def used(actor: Actor) -> None:
            try:
                use(actor)
            except CoveyError as error:
                self.story.tell(name, f"could not {what}: {type(error).__name__}: {error}")

        self.clients[name].call(used)


def in_words(order: Order) -> str:
    """An order, in words."""
    words = "knock"
    match order:
        case Invite(names=names):
            words = f"invite {', '.join(names)}"
        case Remove(names=names):
            words = f"remove {', '.join(names)}"
        case Leave():
            words = "leave"
        case Rename(name=name):
            words = f"rename the group to {name!r}"
        case Promote(name=name):
            words = f"make {name} an admin"
        case Rotate():
            words = "renew keys"
        case Move(suite=suite):
            words = f"move the group to suite {suite}"
    return words


def _drawn(seed: bytes, purpose: str) -> Random:
    return Random(seed + purpose.encode())  # noqa: S311 - a run has to be repeatable
