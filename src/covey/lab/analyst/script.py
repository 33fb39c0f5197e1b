"""The script: 5 groups, 20 people, and everything that can happen to them.

May import the stage and the company. Who is in which group, who does what and when follows from
a seed; only keys are random. People come in by a KeyPackage that was claimed, by one from a private
shelf, or by a knock; some are removed, one leaves, one comes back with a recovery code; one dies
before its pointers are posted; commits race, answers get lost, files are attached, notes are left.
"""

from __future__ import annotations

from functools import partial
from hashlib import sha256
from random import Random
from typing import TYPE_CHECKING, Final, NamedTuple

from covey.access.member import links
from covey.access.structs.extensions import Right
from covey.access.structs.identity import ShelvedKeyPackage, TakeFromShelf, TakenFromShelf
from covey.client.sync.asking import alone, ask
from covey.client.sync.rows.wishes import Invite
from covey.errors import BrokerError
from covey.lab.analyst.incidents import Circle, Incidents
from covey.lab.analyst.life import DAY, MINUTE, Agenda, Habits, Somebody, Stage
from covey.lab.company import doors
from covey.mls.crypto.aead import AES_256_GCM
from covey.mls.crypto.entropy import system_entropy

if TYPE_CHECKING:
    from collections.abc import Callable

    from covey.lab.analyst.tap import Time
    from covey.lab.company.seat import Seat

GROUPS: Final = 5
PEOPLE: Final = 20
SECOND_DEVICES: Final = 3
_HIDDEN: Final = 3  # people who are not in the directory
_HOUR: Final = 3600.0
_CODES: Final = 24 * 365  # hours for which links and recovery codes are good

_FIRST: Final = (
    "Adaline", "Bastian", "Corisande", "Dorothea", "Evander", "Florian", "Ginevra", "Hyacinth",
    "Isidore", "Jocasta", "Kasimir", "Leonora", "Melchior", "Nicodemus", "Ottoline", "Peregrine",
    "Quintilla", "Rosamund", "Severin", "Theodora",
)  # fmt: skip


class Pace(NamedTuple):
    """How long a script is.

    Attributes:
        days: Of the script's time.
        visits: How often a day people open their clients.
        messages: How many each of them writes in each of its groups.
    """

    days: float = 1.0
    visits: float = 1.0
    messages: int = 2


DEFAULT: Final = Habits()
SHORT: Final = Pace()


class Script:
    """One play.

    Args:
        url: Of the broker.
        time: Of the script.
        seed: Decides everything but keys.
        habits: Of all clients.
        pace: How long it is.

    Attributes:
        stage: Where it plays.
        circles: The groups.
    """

    def __init__(
        self, url: str, time: Time, seed: int, habits: Habits = DEFAULT, pace: Pace = SHORT
    ) -> None:
        self.random: Random = Random(seed)  # noqa: S311 - no secret
        self.stage: Stage = Stage(url, Agenda(time), self.random, habits)
        self.pace: Pace = pace
        self.circles: list[Circle] = []
        self._begin = time.now
        self._hidden: set[Somebody] = set()
        self._shelves: dict[Somebody, bytes] = {}
        self._first: dict[str, Somebody] = {}

    def play(self) -> Stage:
        """Let everything happen; the stage knows what has."""
        try:
            self._cast()
            for circle in self.circles:
                self._plot(circle)
            for person in self.stage.people:
                self._plan_visits(person)
            self.stage.agenda.run()
        finally:
            for person in self.stage.people:
                person.lines.close()
        return self.stage

    # --- who -----------------------------------------------------------------------------

    def _cast(self) -> None:
        names = [f"{each}@lodge.example" for each in _FIRST]
        for name in names:
            self._first[name] = self._enrolled(name)
        for name in self.random.sample(names, SECOND_DEVICES):
            self._enrolled(name, self._first[name])
        people = list(self._first.values())
        self._hidden = set(self.random.sample(people, _HIDDEN))
        founders = self.random.sample(people, GROUPS)
        for number, founder in enumerate(founders):
            self.circles.append(Circle(number, [founder], self.stage.leaving))
        for person in people:
            free = [each for each in self.circles if person not in each.members]
            wanted = self.random.choice((1, 2, 3)) - (person in founders)
            for circle in self.random.sample(free, max(wanted, 0)):
                circle.members.append(person)

    def _enrolled(self, name: str, first: Somebody | None = None) -> Somebody:
        """Somebody who enrols in the first quarter, or a further device of somebody who has."""
        person = Somebody(name, self.stage, len(self.stage.people) + 1)
        self.stage.people.append(person)
        if first is None:
            self.stage.agenda.at(self.when(0, 0.12), lambda: self._enrol(person))
            return person

        def add() -> None:
            first.add_device(person)
            self._stock(person)
            self.stage.happened("second device")

        self.stage.agenda.at(self.when(0.12, 0.2), add)
        return person

    def _enrol(self, person: Somebody) -> None:
        self.visit(person)
        person.enrol()
        self._stock(person)

    def _stock(self, person: Somebody) -> None:
        """Leave KeyPackages, in the directory or on a shelf."""
        if person not in self._hidden:
            person.publish(self.random.choice((1, 2)))
            return
        token = self._shelves[person] = system_entropy(32)
        self.stage.known[f"shelf token {token.hex()[:8]}"] = token
        shelved = tuple(self._for_shelf(person, token) for _ in range(GROUPS))
        person.note_packages()
        person.run(person.device.put_on_shelf(sha256(token).digest(), shelved, system_entropy(16)))

    def _for_shelf(self, person: Somebody, token: bytes) -> ShelvedKeyPackage:
        """A KeyPackage that only who has the token can read."""
        package = person.new_package()
        lifetime = package.package.leaf_node.lifetime
        assert lifetime is not None
        nonce = system_entropy(AES_256_GCM.Nn)
        key = sha256(b"key of " + token).digest()
        sealed = nonce + AES_256_GCM.seal(key, nonce, b"", package.message)
        person.run(person.inbox.expect([package]))
        return ShelvedKeyPackage(lifetime.not_after, 0, sealed)

    @property
    def listed(self) -> list[Somebody]:
        """Everybody of whom a KeyPackage can be claimed."""
        return [each for each in self._first.values() if each not in self._hidden]

    # --- when ----------------------------------------------------------------------------

    def when(self, first: float, last: float) -> float:
        """A time in a part of the play, from 0 to 1."""
        return self._begin + self.random.uniform(first, last) * self.pace.days * DAY

    def _plan_visits(self, person: Somebody) -> None:
        for _ in range(round(self.pace.visits * self.pace.days)):
            self.stage.agenda.at(self.when(0.2, 1), lambda: self.visit(person))
        late = 1.01 + 0.02 * self.random.random()
        last = self._begin + late * self.pace.days * DAY
        self.stage.agenda.at(last, lambda: self.visit(person))

    def visit(self, person: Somebody) -> None:
        """Somebody is there for a while."""
        if person.is_there:
            return
        dead = any(person in circle.dead for circle in self.circles)
        if dead:
            return
        if self.stage.agenda.time.now > self._begin + 0.121 * self.pace.days * DAY:
            person.come()
        else:
            person.is_there = True
        self.stage.agenda.soon(self.random.uniform(3 * MINUTE, 25 * MINUTE), person.go)

    # --- what ----------------------------------------------------------------------------

    def _plot(self, circle: Circle) -> None:
        """Everything that is to happen to a group."""
        at, founder = self.stage.agenda.at, circle.members[0]
        incidents = Incidents(self)
        at(self.when(0.21, 0.25), lambda: self._found(circle, founder))
        ways = [self._by_claim, self._by_claim, self._by_link]
        for person in circle.members[1:]:
            way = self._by_shelf if person in self._hidden else self.random.choice(ways)
            at(self.when(0.27, 0.6), partial(way, circle, person))
        for person in circle.members:
            for number in range(self.pace.messages):
                at(self.when(0.3, 1), partial(incidents.say, circle, person, number))
        for event in incidents.everywhere:
            at(self.when(0.5, 0.95), partial(event, circle))
        special = incidents.once[circle.number % len(incidents.once)]
        at(self.when(0.65, 0.7), partial(special, circle))

    def _found(self, circle: Circle, founder: Somebody) -> None:
        self.visit(founder)
        seat = founder.found()
        circle.gid = seat.gid
        self.stage.happened("group founded")
        self.stage.came_in(founder, seat)

    def somebody(self, circle: Circle, *others: Somebody) -> tuple[Somebody, Seat] | None:
        """A member who acts; it opens its client for that."""
        seated = [each for each in circle.seated() if each[0] not in others]
        self.random.shuffle(seated)
        for person, seat in sorted(seated, key=lambda each: not each[0].is_there):
            self.visit(person)
            seat.read()
            if seat.is_in:
                return person, seat
        return None

    def _later(
        self, circle: Circle, way: Callable[[Circle, Somebody], None], who: Somebody
    ) -> None:
        """Try again when there is somebody to act."""
        self.stage.agenda.soon(10 * MINUTE, partial(way, circle, who))

    def _by_claim(self, circle: Circle, person: Somebody) -> None:
        found = self.somebody(circle, person)
        if found is None:
            self._later(circle, self._by_claim, person)
            return
        host, seat = found
        packages = host.claim([person.name])
        self.stage.happened("KeyPackages claimed", len(packages))
        delay = self.random.uniform(0.5, max(self.stage.habits.jitter, 15))
        self.stage.agenda.soon(delay, lambda: self._add(host, seat, packages))

    def _add(self, host: Somebody, seat: Seat, packages: tuple[bytes, ...]) -> None:
        if seat.gid in host.seats and seat.is_in:
            self.stage.learned(seat, lambda: seat.commit(Invite(packages)))

    def _by_shelf(self, circle: Circle, person: Somebody) -> None:
        found = self.somebody(circle, person)
        if found is None or person not in self._shelves:
            self._later(circle, self._by_shelf, person)
            return
        host, seat = found
        token = self._shelves[person]
        request = TakeFromShelf(token, system_entropy(16))
        taken = host.run(
            alone(
                host.home.world, lambda lane: ask(lane, "take_from_shelf", request, TakenFromShelf)
            )
        )
        nonce, sealed = taken.sealed[: AES_256_GCM.Nn], taken.sealed[AES_256_GCM.Nn :]
        package = AES_256_GCM.open(sha256(b"key of " + token).digest(), nonce, b"", sealed)
        self.stage.happened("KeyPackage from a shelf")
        delay = self.random.uniform(0.5, max(self.stage.habits.jitter, 15))
        self.stage.agenda.soon(delay, lambda: self._add(host, seat, (package,)))

    def _by_link(self, circle: Circle, person: Somebody) -> None:
        found = self.somebody(circle, person)
        if found is None:
            self._later(circle, self._by_link, person)
            return
        _, seat = found
        fragment = self.link(seat, Right.join)
        self.stage.agenda.soon(
            self.random.uniform(MINUTE, 3 * _HOUR * self.pace.days),
            lambda: self.knock(circle, person, fragment),
        )

    def link(self, seat: Seat, right: Right) -> str:
        """Make a link, or a recovery code; returns its fragment."""
        made: list[str] = []
        self.stage.learned(seat, lambda: made.append(doors.open_door(seat, right, _CODES)))
        assert made, "who makes a link has just been looked at"
        self.stage.known[f"link {made[0][-8:]}"] = links.decode(made[0]).seed
        return made[0]

    def knock(
        self, circle: Circle, person: Somebody, fragment: str, *, recovers: bool = False
    ) -> None:
        """Somebody knocks; a member looks who is at the door a little later."""
        self.visit(person)
        try:
            person.knock(fragment, recovers=recovers)
            person.note_packages()
        except BrokerError:  # who made the link has been removed, and it fell
            self.stage.happened("knock at a door that is gone")
            return
        self.stage.happened("knock")
        self.stage.agenda.soon(self.random.uniform(5, 20 * MINUTE), lambda: self._answer(circle))

    def _answer(self, circle: Circle) -> None:
        found = self.somebody(circle)
        if found is None:
            return
        seat = found[1]

        def answer() -> None:
            answered = doors.answer(seat)
            self.stage.happened("let in at the door", answered.joined)
            self.stage.happened("recovered", answered.recovered)
            self.stage.happened("refused at the door", len(answered.refused))

        self.stage.learned(seat, answer)
