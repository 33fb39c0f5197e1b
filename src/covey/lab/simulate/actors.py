"""The clients as the simulator drives them: the one place that knows the client's own interface.

May import the client. An actor is one life of a client's process over its store; the next life
begins with nothing but that store.
"""

from __future__ import annotations

from collections.abc import Callable
from math import inf
from typing import TYPE_CHECKING, ClassVar, Final, NamedTuple, Protocol

from covey.access.member import links
from covey.access.structs.extensions import Right
from covey.access.structs.sealed import Link
from covey.client.roles import GroupPolicy
from covey.client.running.further import further_members, upgrades_of
from covey.client.sync.asking import patiently
from covey.client.sync.effects import About, Lane, Use
from covey.client.sync.group import devices, inviting
from covey.client.sync.identity.home import Home, Pace
from covey.client.sync.log import entering, hearing
from covey.client.sync.peer import Peer
from covey.client.sync.rows import queues, wishes
from covey.client.words.contents import Text
from covey.client.words.profile import EXTENSION_TYPES, Role, first_profile
from covey.errors import BrokerError, StateError, TransportError
from covey.mls import CipherSuite, Member, Ports
from covey.store import settings

if TYPE_CHECKING:
    from covey.client.sync.effects import Flow, World
    from covey.client.sync.group.seat import Seat
    from covey.client.sync.log.place import Place
    from covey.store.port import Store

SUITE: Final = CipherSuite.MLS_128_DHKEMX25519_AES128GCM_SHA256_Ed25519

PACE: Final = Pace(knocks=300.0, stock=2)
"""How quickly clients do things: they look at their doors less often, and keep fewer KeyPackages at
the broker, to spare the processor."""

_MEMBER: Final = "member"
_LATER: Final = 30.0
_UNASKED: Final = 60.0  # seconds after which somebody looks into the inbox who was not called
_LINK_HOURS: Final = 24 * 60


class Invite(NamedTuple):
    """Add people to a group."""

    gid: bytes
    names: tuple[str, ...]


class Remove(NamedTuple):
    """Remove people from a group."""

    gid: bytes
    names: tuple[str, ...]


class Leave(NamedTuple):
    """Leave a group."""

    gid: bytes


class Rename(NamedTuple):
    """Give a group another name."""

    gid: bytes
    name: str


class Promote(NamedTuple):
    """Make somebody an admin of a group."""

    gid: bytes
    name: str


class Rotate(NamedTuple):
    """Renew one's own keys in a group."""

    gid: bytes


class Knock(NamedTuple):
    """Ask to be let in, with a link that somebody made."""

    link: str


class Move(NamedTuple):
    """Move a group to another cipher suite."""

    gid: bytes
    suite: int


Order = Invite | Remove | Leave | Rename | Promote | Rotate | Knock | Move
"""What a person can tell a client to do, besides saying something."""


class Actor(Protocol):
    """One life of a client.

    What is promised: whatever one of these has returned is durable, and happens, or an event says
    why it does not. A flow raises CoveyError when it is refused or cannot be done now.
    """

    @property
    def ports(self) -> Ports:
        """What the engine's groups use."""

    def begin(self) -> Flow[None]:
        """Enrol, begin an inbox, and publish KeyPackages; once in all lives, unless it raised."""

    def turn(self) -> Flow[float | None]:
        """Do all that is to be done now: read, commit, send, post, join, knock, come back.

        Network trouble is not raised, but tried again in a later turn.

        Returns:
            Seconds after which there is more to do, if nothing new comes; None for never.
        """

    def called(self) -> None:
        """Take note that something has come into the inbox."""

    def create(self, name: str) -> bytes:
        """Create a group of one; returns its gid."""

    def say(self, gid: bytes, text: str) -> None:
        """Say something; it is sent by a later turn.

        Raises:
            StateError: We are not in the group.
        """

    def link(self, gid: bytes) -> str:
        """A link with which others may knock, as soon as a commit has stated it.

        Raises:
            StateError: We are not in the group.
        """

    def do(self, order: Order) -> Flow[None]:
        """Do what a person wants, or keep it as a wish that later turns fulfil."""


class Person:
    """An actor: a Peer, and what a person tells it.

    ``UPGRADES`` are the suites to which its groups can be moved.

    Args:
        name: Whose.
        store: What outlives it.
        world: What it draws on.
    """

    UPGRADES: ClassVar[tuple[int, ...]] = ()

    def __init__(self, name: str, store: Store, world: World) -> None:
        self._name = name
        self._world = world
        suites = (SUITE, *self.UPGRADES) if self.UPGRADES else ()
        policy = GroupPolicy(extension_types=EXTENSION_TYPES, suites=suites)
        self._ports = Ports(policy=policy, entropy=world.entropy, now=lambda: world.second)
        member = self._member(store, policy)
        further = further_members(store, member, upgrades_of(store, self.UPGRADES))
        self._peer = Peer(Home(store, world, member, self._ports, PACE, further))
        self._looks_at = 0.0

    def _member(self, store: Store, policy: GroupPolicy) -> Member:
        """Who we are: drawn in the first life, and kept."""
        entropy = self._world.entropy
        with store.transaction() as rows:
            kept = settings.get(rows, _MEMBER)
            if kept is not None:
                return Member.decode(kept, policy=policy, entropy=entropy)
            member = Member.basic(self._name.encode(), SUITE, policy=policy, entropy=entropy)
            settings.put(rows, _MEMBER, member.encode())
        return member

    @property
    def ports(self) -> Ports:
        """What the engine's groups use."""
        return self._ports

    def begin(self) -> Flow[None]:
        """Enrol, and publish KeyPackages."""
        about = yield from patiently(About(Lane(Use.identity)))
        yield from self._peer.enrol(about.broker_id, self._name)
        yield from self._peer.keep_stock()

    def turn(self) -> Flow[float | None]:
        """Do all that is to be done now."""
        now = self._world.now
        looks = not 0 < self._looks_at - now() <= _UNASKED  # or the clock was set back
        if looks:
            self._looks_at = now() + _UNASKED
        try:
            due = yield from self._peer.attend(0 if looks else None)
        except (BrokerError, TransportError):
            self.called()
            due = now() + _LATER
        for place in self._peer.places():
            when = yield from place.turns.turn()
            due = min(due, due if when is None else when)
        return None if due == inf else max(due - now(), 0.0)

    def called(self) -> None:
        """Look into the inbox in the next turn."""
        self._looks_at = 0.0

    def create(self, name: str) -> bytes:
        """Create a group of one; returns its gid."""
        return self._peer.create(first_profile(name, self._name.encode())).seat.row.gid

    def say(self, gid: bytes, text: str) -> None:
        """Say something; it is sent by a later turn."""
        seat = self._place(gid).seat
        with seat.change() as rows:
            seat.require_in()
            hearing.say(seat, rows, Text(text.encode()))

    def link(self, gid: bytes) -> str:
        """A link with which others may knock, as soon as a commit has stated it."""
        place, world = self._place(gid), self._world
        seed = world.entropy(32)
        self._wish(place.seat, wishes.OpenDoor(seed, Right.join, world.hour + _LINK_HOURS))
        row, suite = place.seat.row, place.seat.group.suite.code
        return links.encode(Link(links.VERSION, row.broker_id, row.gid, suite, seed))

    def do(self, order: Order) -> Flow[None]:
        """Do what a person wants, or keep it as a wish that later turns fulfil."""
        if isinstance(order, Knock):
            yield from self._peer.knock(order.link)
            return
        seat = self._place(order.gid).seat
        seat.look()
        seat.require_in()
        match order:
            case Invite(names=names):
                packages: list[bytes] = []
                for name in names:
                    packages += yield from self._peer.claim(name, seat.row.suite)
                self._wish(seat, inviting.invitation(seat.group, packages))
            case Remove(names=names):
                self._wish(seat, wishes.Expel(tuple(each.encode() for each in names)))
            case Leave():
                with seat.change() as rows:
                    entering.leave(seat, rows)
            case Rename(name=name):
                self._wish(seat, wishes.Describe(name=name))
            case Promote(name=name):
                self._wish(seat, wishes.Describe(roles={name: Role.admin}))
            case Rotate():
                self._wish(seat, wishes.Renew())
            case Move(suite=suite):
                yield from self._move(seat, suite)

    def _move(self, seat: Seat, suite: int) -> Flow[None]:
        packages: list[bytes] = []
        for each in sorted({each.identity for each in devices.others(seat.group)}):
            packages += yield from self._peer.claim(each.decode(), suite)
        devices.carried(seat.group, packages, suite)
        self._wish(seat, wishes.Upgrade(suite, tuple(packages)))

    def _place(self, gid: bytes) -> Place:
        for place in self._peer.places():
            if place.seat.row.gid == gid:
                return place
        msg = "there is no such group"
        raise StateError(msg)

    def _wish(self, seat: Seat, wish: wishes.Wish) -> None:
        with seat.change() as rows:
            seat.require_in()
            queues.wish(rows, seat.number, wishes.encode(wish))


class Mover(Person):
    """One whose groups can be moved, also to a suite with other signatures."""

    UPGRADES: ClassVar[tuple[int, ...]] = (3, 2)


Begin = Callable[[str, "Store", "World"], Actor]
"""Begins a life: who, the store, and what it draws on."""
