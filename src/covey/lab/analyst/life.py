"""People with habits, and a time that runs as fast as the machine can: the stage of a script.

May import the company. Everything that happens is an appointment in an agenda, in an order that
a seed decides; so people who would act at the same time act in between each other. Of everybody
it is written down what must be found nowhere, and who is in which group.
"""

from __future__ import annotations

import heapq
from functools import partial
from itertools import count
from typing import TYPE_CHECKING, Final, NamedTuple

from covey.client.sync.coming import joining
from covey.lab.analyst.tap import Tap, Tapped
from covey.lab.company import notes
from covey.lab.company.lines import Lines
from covey.lab.company.person import Person
from covey.lab.demo import known_secrets

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from random import Random

    from covey.access.structs.joining import EntryDigest, InboxEntry
    from covey.access.structs.sealed import Pointer
    from covey.lab.analyst.tap import Time
    from covey.lab.company.seat import Seat
    from covey.mls import PrivateKeyPackage

MINUTE: Final = 60.0
DAY: Final = 86_400.0


class Habits(NamedTuple):
    """How clients behave.

    Attributes:
        multiplexed: Whether the group plane shares one connection.
        relayed: Whether all connections come from one address.
        polling: Whether a client asks for each group at its own times, instead of keeping
            connections open while its owner is there.
        jitter: Up to how many seconds a pointer waits before it is posted, a joiner before it goes
            where the pointer leads, and a KeyPackage that was claimed before it is used.
    """

    multiplexed: bool = False
    relayed: bool = False
    polling: bool = False
    jitter: float = 30.0


class Agenda:
    """What is going to happen.

    Args:
        time: Of the script.
    """

    def __init__(self, time: Time) -> None:
        self.time: Time = time
        self._waiting: list[tuple[float, int, Callable[[], None]]] = []
        self._ties = count()

    def at(self, when: float, act: Callable[[], None]) -> None:
        """Let something happen at a time, in seconds since the epoch."""
        heapq.heappush(self._waiting, (when, next(self._ties), act))

    def soon(self, seconds: float, act: Callable[[], None]) -> None:
        """Let something happen in some seconds."""
        self.at(self.time.now + seconds, act)

    def run(self) -> None:
        """Let everything happen, in its order."""
        while self._waiting:
            when, _, act = heapq.heappop(self._waiting)
            self.time.now = max(self.time.now, when)
            act()


class Known(dict[str, bytes]):
    """What must be found nowhere, by what it is.

    Attributes:
        public: Of these, what may be found in KeyPackages.
    """

    def __init__(self) -> None:
        super().__init__()
        self.public: set[bytes] = set()

    def learn(self, seat: Seat) -> None:
        """Note the secrets of a seat's epoch: those of MLS, and those of this protocol."""
        group, access = seat.group, seat.access
        whose = f"leaf {group.own_index} of {group.group_id.hex()[:8]}"
        for name, secret in known_secrets.of_group(group).items():
            self[f"{whose}, {name}"] = secret
        self[f"group_id {group.group_id.hex()[:8]}"] = group.group_id
        where = f"epoch {access.epoch} of {access.gid.hex()[:8]}"
        self[f"{where}, ask"] = access.signing_key
        self[f"{where}, ek"] = access.envelope_key
        self[f"{where}, pk"] = access.idem_key
        for door in seat.doors:
            self[f"door {door.capability.hex()[:8]}"] = door.private_key

    def learn_package(self, package: PrivateKeyPackage) -> None:
        """Note the private keys of a KeyPackage."""
        self.update(known_secrets.of_key_package(package))

    def learn_pointer(self, pointer: Pointer) -> None:
        """Note the keys of parcels."""
        for key in (pointer.welcome, pointer.ratchet_tree):
            self[f"parcel key {key.id.hex()[:8]}"] = key.key


class Somebody(Person):
    """A person who comes and goes.

    Args:
        name: Who.
        stage: Where.
        number: Of the person, for an address of its own.

    Attributes:
        is_there: Whether the client is open.
    """

    def __init__(self, name: str, stage: Stage, number: int) -> None:
        self.is_there: bool = False
        self.stage: Stage = stage
        self.taps: list[Tapped] = []
        self._used: set[EntryDigest] = set()
        address = "relay" if stage.habits.relayed else f"192.0.2.{number}"

        def transport() -> Tapped:
            self.taps.append(Tapped(stage.tap, address))
            return self.taps[-1]

        lines = Lines(stage.url, multiplexed=stage.habits.multiplexed, transport=transport)
        super().__init__(name, lines)
        stage.known[f"the name {name}"] = name.encode()
        stage.known.public.add(name.encode())
        stage.known[f"device seed of {name} {self.device.key.hex()[:8]}"] = self.device.seed
        stage.known[f"inbox seed of {name} {self.device.key.hex()[:8]}"] = self.inbox.seed
        stage.known[f"signer of {name} {self.device.key.hex()[:8]}"] = self.member.signer

    def publish(self, least: int = 1) -> None:
        """Leave KeyPackages for others to claim, of which the secrets are noted."""
        super().publish(least)
        self.note_packages()

    def note_packages(self) -> None:
        """Note the secrets of the KeyPackages that somebody may have."""
        for package in self.packages:
            self.stage.known.learn_package(package)
            self.stage.packages.add(package.message)

    def new_slots(self) -> None:
        """Let the inbox take notes with new tokens too, at a time that says nothing."""
        delay = self.stage.random.uniform(0, self.stage.habits.jitter)
        self.stage.agenda.soon(delay, lambda: notes.take(self))
        for token in notes.post_tokens(self):
            self.stage.known[f"post token {token.hex()[:8]}"] = token

    # --- coming and going --------------------------------------------------------------

    def come(self) -> None:
        """Open the client: it asks for everything that it has missed."""
        self.is_there = True
        hurried: list[Callable[[], None]] = [
            self.look_into_inbox,
            *(partial(self.look, seat) for seat in self.seats.values()),
        ]
        random, stage = self.stage.random, self.stage
        if stage.habits.polling:
            for each in hurried:
                stage.agenda.soon(random.uniform(0, 20 * MINUTE), each)
            return
        self.run(self.device.stock())
        for each in hurried:
            each()

    def go(self) -> None:
        """Close the client, and all its connections."""
        self.is_there = False
        for tap in self.taps:
            tap.hang_up()

    def look(self, seat: Seat) -> None:
        """Read a group's log to its end."""
        if seat.gid in self.seats and seat.is_in:
            seat.catch_up()
            if self.stage.habits.polling:
                self._hang_up(seat)

    def _hang_up(self, _: Seat) -> None:
        for tap in self.taps:
            tap.hang_up()

    def look_into_inbox(self) -> None:
        """Fetch what waits; go where pointers lead, a little later."""
        entries = self.run(self.inbox.fetch())
        for entry in entries:
            found = joining.opened(self.home, self.inbox.address, entry.body)
            if found is not None:
                self.stage.known.learn_pointer(found.pointer)
        if self.is_there and entries:
            delay = self.stage.random.uniform(0.2, max(self.stage.habits.jitter, 0.3))
            self.stage.agenda.soon(delay, partial(self._go_in, entries))

    def _go_in(self, entries: Iterable[InboxEntry]) -> None:
        """Join every group whose pointer was found."""
        for entry in entries:
            if entry.digest in self._used:  # found twice
                continue
            self._used.add(entry.digest)
            seat = self.come_in(entry)
            if seat is not None:
                self.stage.came_in(self, seat)


class Stage:
    """Where a script plays.

    Args:
        url: Of the broker.
        agenda: What is going to happen.
        random: Decides everything.
        habits: Of all clients.

    Attributes:
        tap: What a watcher sees.
        people: Everybody, by name; a second device counts by itself.
        known: What must be found nowhere.
        packages: All KeyPackages, in which names may stand.
        truth: Which groups everybody is, or was, in: gids by handle.
        incidents: What happened how often.
        leaving: Who has asked to leave, and may do nothing more.
    """

    def __init__(self, url: str, agenda: Agenda, random: Random, habits: Habits) -> None:
        self.url: str = url
        self.agenda: Agenda = agenda
        self.random: Random = random
        self.habits: Habits = habits
        self.tap: Tap = Tap(agenda.time, random)
        self.people: list[Somebody] = []
        self.known: Known = Known()
        self.packages: set[bytes] = set()
        self.truth: dict[bytes, set[bytes]] = {}
        self.incidents: dict[str, int] = {}
        self.leaving: set[Seat] = set()

    def happened(self, what: str, times: int = 1) -> None:
        """Count what has happened."""
        self.incidents[what] = self.incidents.get(what, 0) + times

    def came_in(self, person: Somebody, seat: Seat) -> None:
        """Somebody is in a group from now on."""
        self.happened("joined")
        self.truth.setdefault(person.device.handle(person.name), set()).add(seat.gid)
        self.known.learn(seat)
        person.new_slots()
        seat.postpone = self.later
        # Its first commit retires the keys of its KeyPackage, and says that it has arrived.
        self.agenda.soon(self.random.uniform(1, 10 * MINUTE), lambda: self.renew(person, seat))

    def later(self, post: Callable[[], None]) -> None:
        """Post pointers after a while, as the habits are."""
        self.agenda.soon(self.random.uniform(0, self.habits.jitter), post)

    def renew(self, person: Somebody, seat: Seat) -> None:
        """Commit a path, and nothing else."""
        if seat.gid in person.seats and seat.is_in:
            self.learned(seat, seat.renew)

    def learned(self, seat: Seat, act: Callable[[], object]) -> None:
        """Do something that may change the epoch, and note the secrets before and after.

        Who finds that it has been removed, or has asked to leave, does nothing.
        """
        seat.read()
        if not seat.is_in or seat in self.leaving:
            return
        self.known.learn(seat)
        act()
        if seat.is_in:
            self.known.learn(seat)
        self.spread(seat)

    def spread(self, seat: Seat) -> None:
        """Everybody who is there reads what is new in a group, as a live connection would."""
        if self.habits.polling:
            return
        for person in self.people:
            other = person.seats.get(seat.gid)
            if person.is_there and other is not None and other is not seat:
                delay = self.random.uniform(0.05, 0.4)
                self.agenda.soon(delay, partial(person.look, other))
