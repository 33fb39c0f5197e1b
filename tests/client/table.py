"""People around a table: peers over stores in memory, the real broker's operations, virtual time.

No network and no thread: a flow is driven to its end at once, and time passes when a test says so.
"""

from __future__ import annotations

import hashlib
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from covey.access.refusals import Code
from covey.access.structs.basics import Signed
from covey.access.structs.log import Append
from covey.client import events
from covey.client.roles import GroupPolicy
from covey.client.running.further import further_members, upgrades_of
from covey.client.sync import subgroups
from covey.client.sync.effects import About, Ask, Broker, HangUp, Lane, Pause, World
from covey.client.sync.group import devices, inviting
from covey.client.sync.identity.home import Home, Pace
from covey.client.sync.log import entering, hearing
from covey.client.sync.peer import Peer
from covey.client.sync.rows import queues, wishes
from covey.client.words import history
from covey.client.words.contents import Text
from covey.client.words.profile import first_profile
from covey.errors import BrokerError, TransportError
from covey.lab.simulate.broker import Copy, Identity, Line, MemoryStore, Told, answering_at_once
from covey.mls import CipherSuite, Member, Ports
from covey.store import settings
from covey.store.faulty import Died
from covey.store.memory import memory_store

if TYPE_CHECKING:
    from collections.abc import Callable

    from covey.client.sync.effects import Effect, Flow
    from covey.client.sync.log.place import Place
    from covey.store.port import Store

T = TypeVar("T")

SUITE = CipherSuite.MLS_128_DHKEMX25519_AES128GCM_SHA256_Ed25519
PACE = Pace(posting=0.0, arriving=5.0, slot=1.0, patience=2.0, knocks=5.0, stock=6)


class Table:
    """A broker, a clock, and who sits around.

    Attributes:
        now: The time, in seconds since the epoch.
        copies: The databases of the broker; more than one when it lies.
        asked: Every operation that was asked for, with who asked.
        upgrades: The suites to which groups of those can be moved who sit down from now on.
    """

    def __init__(self) -> None:
        self.now = 1_800_000_000.0
        self._counter = 0
        self._secret = b"table"
        self.identity = Identity.drawn(self.entropy, lambda: self.now)
        self.copies = [Copy(self.identity, MemoryStore(Told(lambda _: None)), 30)]
        self.asked: list[tuple[str, str]] = []
        self.upgrades: tuple[int, ...] = ()

    def entropy(self, count: int) -> bytes:
        self._counter += 1
        seed = hashlib.sha256(self._secret + self._counter.to_bytes(8)).digest()
        return hashlib.shake_256(seed).digest(count)

    def sit(self, name: str, *, enrolled: bool = True) -> Someone:
        someone = Someone(self, name, memory_store())
        if enrolled:
            someone.run(someone.peer.enrol(self.identity.broker_id, name))
            someone.run(someone.peer.keep_stock())
        return someone

    def team(self, *names: str) -> list[Someone]:
        """People in a group that the first one has created."""
        people = [self.sit(name) for name in names]
        first, *others = people
        first.create()
        if others:
            first.invite(*names[1:])
        self.settle(*people)
        return people

    def forgotten(self, *names: str) -> list[Someone]:
        """People whose group the broker knows nothing of any more, and who go on in a branch."""
        people = [self.sit(name) for name in names]
        backup = self.snapshot()
        people[0].create()
        people[0].invite(*names[1:])
        self.settle(*people)
        self.copies[0] = backup
        self.settle(*people, rounds=80, step=30)
        return people

    def second_device(self, first: Someone) -> Someone:
        """Another device of somebody, which the first one adds to the account."""
        second = Someone(self, first.name, memory_store())
        device, inbox = second.peer.new_device(self.identity.broker_id)
        assert first.peer.device is not None
        first.run(first.peer.device.add_device(device.to_be_added(first.name)))
        second.run(second.peer.begin_inbox(device, inbox))
        second.run(second.peer.keep_stock())
        return second

    def snapshot(self) -> Copy:
        """The broker as it is now, on a copy of its database."""
        return Copy(self.identity, self.copies[0].store.copy(), 30)

    def passes(self, seconds: float) -> None:
        self.now += seconds

    def settle(self, *people: Someone, rounds: int = 12, step: float = 3.0) -> None:
        """Let everybody take turns, and time pass in between."""
        for _ in range(rounds):
            for each in people:
                each.turn()
            self.passes(step)


class Held(Generic[T]):
    """A flow that is about to ask for an operation.

    Args:
        someone: Whose it is.
        flow: It.
        effect: What it has yielded.
    """

    def __init__(self, someone: Someone, flow: Flow[T], effect: Effect) -> None:
        self._someone = someone
        self._flow = flow
        self.effect = effect

    def go(self) -> T:
        """Let it go on, to its end."""
        return self._someone.run(self._flow, self.effect)

    def fails(self, error: BrokerError | TransportError) -> T:
        """Let it go on with a refusal instead of the answer, to its end."""
        try:
            return self._someone.run(self._flow, self._flow.throw(error))
        except StopIteration as end:
            found: T = end.value
            return found


class Someone:
    """A device of a person: one store, and the peer over it.

    Attributes:
        copy: Which of the broker's copies it is shown.
        cut: What becomes of what it asks: ``request`` or ``answer`` gets lost, ``refused``, or
            ``killed``: it dies before it has the answer.
        skew: How many seconds its clock is ahead.
        pace: How quickly it does things, from its next start on.
    """

    def __init__(self, table: Table, name: str, store: Store) -> None:
        self.table = table
        self.upgrades = table.upgrades
        self.pace = PACE
        self.name = name
        self.store = store
        self.copy = 0
        self.skew = 0.0
        self.cut: Callable[[Ask], str] = lambda _: ""
        self._lines: dict[Lane, Line] = {}
        self.told = 0
        self.start()

    def start(self) -> None:
        """Begin, or begin anew from what the store has."""
        policy = GroupPolicy(suites=(SUITE, *self.upgrades))
        world = World(self.table.entropy, self.now)
        with self.store.reading() as rows:
            kept = settings.get(rows, "member")
        if kept is None:
            made = Member.basic(
                self.name.encode(), SUITE, policy=policy, entropy=self.table.entropy
            )
            kept = made.encode()
            with self.store.transaction() as rows:
                settings.put(rows, "member", kept)
        member = Member.decode(kept, policy=policy, entropy=self.table.entropy)
        ports = Ports(
            policy=policy,
            entropy=self.table.entropy,
            now=lambda: int(self.now()),
            require_reserved=True,
        )
        further = further_members(self.store, member, upgrades_of(self.store, self.upgrades))
        home = Home(self.store, world, member, ports, self.pace, further, self.upgrades)
        self.peer = Peer(home)
        self._lines.clear()

    def now(self) -> float:
        """The time by its clock."""
        return self.table.now + self.skew

    # --- flows ---------------------------------------------------------------------------

    def hold(self, flow: Flow[T], operation: str) -> Held[T]:
        """Drive a flow until it is about to ask for an operation."""
        effect = next(flow)
        while not (isinstance(effect, Ask) and effect.operation == operation):
            effect = self._sent(flow, effect)
        return Held(self, flow, effect)

    def run(self, flow: Flow[T], effect: Effect | None = None) -> T:
        """Drive a flow to its end, from its beginning or from an effect that it has yielded."""
        try:
            effect = effect or next(flow)
            while True:
                effect = self._sent(flow, effect)
        except StopIteration as end:
            found: T = end.value
            return found

    def _sent(self, flow: Flow[T], effect: Effect) -> Effect:
        """Let a flow know what came of an effect; what it yields next."""
        try:
            answer = self._done(effect)
        except (BrokerError, TransportError) as error:
            return flow.throw(error)
        return flow.send(answer)

    def _done(self, effect: Effect) -> Any:  # noqa: ANN401 - each effect has its own
        copy = self.table.copies[self.copy]
        match effect:
            case Ask(lane, operation, request, token):
                self.table.asked.append((self.name, operation))
                cut = self.cut(effect)
                if cut == "request":
                    msg = "the request got lost"
                    raise TransportError(msg)
                if cut == "refused":
                    raise BrokerError(Code.account_unknown.value, "for this test")
                line = self._lines.setdefault(lane, Line(self.table.entropy))
                with answering_at_once():
                    answered = copy.answer(line, operation, request.encode(), token)
                if cut == "answer":
                    msg = "the answer got lost"
                    raise TransportError(msg)
                if cut == "killed":
                    raise Died
                return answered.kind.decode(answered.answer)
            case About():
                return Broker(self.table.identity.broker_id, copy.limits())
            case HangUp(lane):
                self._lines.pop(lane, None)
            case Pause(seconds):
                self.table.passes(seconds)
            case _:
                raise AssertionError(effect)
        return None

    def turn(self) -> None:
        """All that is due now."""
        with suppress(BrokerError, TransportError):
            self.run(self.peer.attend())
        for place in self.peer.places():
            self.run(place.turns.turn())

    # --- what people do ------------------------------------------------------------------

    def dies(self, act: Callable[[], None], at: int, how: str) -> bool:
        """Whether it died at a request of what it did; else it did that with fewer."""
        asked = 0

        def cut(ask: Ask) -> str:
            nonlocal asked
            asked += ask.operation not in {"challenge", "fetch", "stock"}
            return how if asked == at else ""

        self.cut = cut
        try:
            act()
        except (Died, TransportError):
            return True
        finally:
            self.cut = lambda _: ""
        return asked >= at

    def create(self, name: str = "team") -> Place:
        place = self.peer.create(first_profile(name, self.name.encode()))
        self.turn()
        return place

    @property
    def place(self) -> Place:
        """The only group."""
        return self.peer.places()[-1]

    def wish(self, wish: wishes.Wish) -> None:
        self.wish_in(-1, wish)

    def wish_in(self, index: int, wish: wishes.Wish) -> None:
        """Wish for something in one of several groups, by their order."""
        seat = self.peer.places()[index].seat
        with seat.change() as rows:
            seat.require_in()
            queues.wish(rows, seat.number, wishes.encode(wish))

    def invite(self, *names: str) -> None:
        packages: list[bytes] = []
        for name in names:
            packages += self.run(self.peer.claim(name))
        self.wish(inviting.invitation(self.place.seat.group, packages))

    def subgroup(self, name: str, *names: str) -> Place:
        """Begin a subgroup of the first group, with these members; its next turn makes it."""
        seat = self.peer.places()[0].seat
        packages: list[bytes] = []
        for each in names:
            packages += self.run(self.peer.claim(each, seat.row.suite))
        stated = first_profile(name, self.name.encode())
        return subgroups.begin(self.peer, seat, stated, packages)[0]

    def called(self, name: str) -> Place | None:
        """The group of a name, if it is in one."""
        places = [each for each in self.peer.places() if each.seat.look().status.is_in]
        return next((each for each in places if each.seat.row.name == name), None)

    def upgrade(self, suite: int) -> None:
        """Wish to move the group to another suite, with everybody's KeyPackages."""
        self.upgrade_in(-1, suite)

    def upgrade_in(self, index: int, suite: int) -> None:
        """Likewise, one of several groups, by their order."""
        people = {each.identity for each in devices.others(self.peer.places()[index].seat.group)}
        packages: list[bytes] = []
        for who in sorted(people):
            packages += self.run(self.peer.claim(who.decode(), suite))
        self.wish_in(index, wishes.Upgrade(suite, tuple(packages)))

    def say(self, text: str) -> None:
        self.say_in(-1, text)

    def say_in(self, index: int, text: str) -> None:
        """Say something in one of several groups, by their order."""
        seat = self.peer.places()[index].seat
        with seat.change() as rows:
            seat.require_in()
            hearing.say(seat, rows, Text(text.encode()))

    def leave(self) -> None:
        seat = self.place.seat
        with seat.change() as rows:
            entering.leave(seat, rows)

    def breaks(self, place: Place) -> None:
        """It cannot follow the commit that closes the epoch of a group."""
        with place.seat.change() as rows:
            entering.broke(place.seat, rows, "a commit that nobody can follow")

    def forgets_key_packages(self) -> None:
        """It has none of those any more that wait at the broker: no pointer opens."""
        with self.store.transaction() as rows:
            rows.do("DELETE FROM packages")

    # --- what they see -------------------------------------------------------------------

    def texts(self) -> list[str]:
        """The history, in the group's order."""
        return self.texts_of(self.place)

    def texts_of(self, place: Place) -> list[str]:
        """The history of one of several groups."""
        with self.store.reading() as rows:
            found = history.read(rows, place.seat.number, limit=1000, now=int(self.now()))
        return [each.text for each in sorted(found, key=lambda each: each.seq or 1 << 60)]

    def news(self) -> list[events.Event]:
        """The events since the last call."""
        with self.store.reading() as rows:
            found = events.after(rows, self.told, 1000, now=int(self.now()))
        if found:
            self.told = found[-1][0]
        return [event for _, event in found]

    @property
    def authenticator(self) -> bytes:
        return self.place.seat.group.epoch_authenticator


def only_commits(asked: Ask) -> str:
    """The network as it is for who is cut off after a commit."""
    if asked.operation != "append" or not isinstance(asked.request, Signed):
        return ""
    return "" if Append.decode(asked.request.request).next is not None else "request"


def end(someone: Someone, suite: int) -> None:
    """End somebody's group by a ReInit; who did it is cut off before it makes the next one."""
    appended = 0

    def cut(asked: Ask) -> str:
        nonlocal appended
        appended += asked.operation == "append"
        return "request" if appended > 1 else ""

    someone.upgrade(suite)
    someone.cut = cut
    someone.turn()
    assert someone.place.seat.group.reinit is not None
