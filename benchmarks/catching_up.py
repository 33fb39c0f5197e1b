"""How quickly a client that was away reads what it has missed.

``python -m benchmarks --only store``. Some members have said thousands of things; the client reads
them as it always does: the flow that asks for pages (:mod:`covey.client.sync.log.reading`), the
checks of the log, decryption, history, events and counters, each page in one
transaction of the encrypted file. The broker is in the same process, on a database in memory, and
its time is left out: elsewhere it is the time of another machine.

What decryption alone takes is measured right after it, over the same messages and without a store,
so that the two can be compared however busy the machine is: an efficiency of 1.00 would mean that
checks, history and store cost nothing.
"""

from __future__ import annotations

import os
import time
from itertools import cycle, islice
from pathlib import Path
from tempfile import TemporaryDirectory
from time import perf_counter
from typing import TYPE_CHECKING, Any, Final, NamedTuple, TypeVar

from benchmarks.store import SAID, Desk
from covey.access.member import envelopes
from covey.access.member.epochs import EpochAccess
from covey.access.structs.sealed import ClaimedPosition, Purpose
from covey.client.sync.effects import Ask, Use
from covey.client.sync.log.reading import Reader
from covey.client.words import contents
from covey.client.words.contents import Content, Text
from covey.errors import BrokerError
from covey.lab.simulate.broker import Copy, Identity, Line, MemoryStore, Told, answering_at_once
from covey.mls import MessageReceived
from covey.mls.crypto.entropy import system_entropy

if TYPE_CHECKING:
    from benchmarks.groups import WholeGroup
    from covey.client.sync.effects import Flow
    from covey.client.sync.group.seat import Seat
    from covey.mls import Group

T = TypeVar("T")

_ROUNDS: Final = 3
_SENDERS: Final = 20
_DAYS: Final = 30


class CaughtUp(NamedTuple):
    """A client that has read what it had missed. Times are in seconds.

    Attributes:
        members: How many members the group has.
        messages: How many messages it had missed.
        pages: In how many answers they came.
        time: How long it took, without the broker's part.
        broker: The broker's part.
        decrypting: How long it takes to decrypt them, and nothing else.
        size: By how many bytes the file has grown.
    """

    members: int
    messages: int
    pages: int
    time: float
    broker: float
    decrypting: float
    size: int

    @property
    def rate(self) -> float:
        """Messages for each second."""
        return self.messages / self.time

    @property
    def efficiency(self) -> float:
        """Decryption by the whole."""
        return self.decrypting / self.time


class _Broker:
    """A broker that answers at once, and how long it took for that."""

    def __init__(self) -> None:
        identity = Identity.drawn(system_entropy, time.time)
        self.id = identity.broker_id
        self.seconds = 0.0
        self.reads = 0
        self._copy = Copy(identity, MemoryStore(Told(_nobody)), _DAYS)
        self._line = Line(system_entropy)

    def drive(self, flow: Flow[T]) -> T:
        """Answer all that a flow asks for."""
        back: Any = None
        error: BrokerError | None = None
        while True:
            try:
                effect = flow.send(back) if error is None else flow.throw(error)
            except StopIteration as end:
                done: T = end.value
                return done
            assert isinstance(effect, Ask)
            began = perf_counter()
            try:
                back, error = self._answer(effect), None
            except BrokerError as refused:
                error = refused
            self.seconds += perf_counter() - began

    def _answer(self, ask: Ask) -> object:
        self.reads += ask.operation == "read"
        found = self._copy.answer(self._line, ask.operation, ask.request.encode(), ask.token)
        return found.kind.decode(found.answer)

    def take(self, request: bytes) -> None:
        """Take what a member says."""
        self._copy.answer(self._line, "append", request, b"")


def of_group(whole: WholeGroup, messages: int) -> CaughtUp:
    """Let one member be away while others talk, and then read it all; the quickest of some."""
    found = [_of_group(whole, messages) for _ in range(_ROUNDS)]
    return min(found, key=lambda each: each.time)


def _of_group(whole: WholeGroup, messages: int) -> CaughtUp:
    own, *others = whole.members
    with TemporaryDirectory() as name, answering_at_once():
        broker = _Broker()
        desk = Desk(Path(name), whole.member(own), broker.id)
        try:
            reader = Reader(desk.seat, Use.speak)
            broker.drive(reader.create())
            size = desk.size
            said = _said(broker, desk.seat, [whole.member(each) for each in others], messages)
            broker.seconds, broker.reads = 0.0, 0
            began = perf_counter()
            broker.drive(reader.catch_up())
            took = perf_counter() - began - broker.seconds
            grown = desk.size - size
            access = desk.seat.access
            assert desk.seat.row.seq == messages
        finally:
            desk.store.close()
    decrypting = _decrypted(whole.member(own), access, said)
    return CaughtUp(
        len(whole.members), messages, broker.reads, took, broker.seconds, decrypting, grown
    )


def _said(
    broker: _Broker, seat: Seat, members: list[Group], messages: int
) -> list[tuple[bytes, bytes]]:
    """Let members say things, one after the other; their idems and bodies."""
    senders = members[:_SENDERS]
    row, epoch = seat.row, senders[0].epoch
    access = EpochAccess.derive(senders[0].export, broker.id, row.gid, epoch)
    now, found = int(time.time()), []
    names = [_name(each) for each in senders]
    for number, sender in enumerate(islice(cycle(senders), messages)):
        counter, own = number // len(senders), names[number % len(senders)]
        named = contents.new_id(own, os.urandom(contents.RANDOM))
        content = Content(contents.VERSION, named, counter, now, 0, 1, Text(SAID))
        claimed: ClaimedPosition = seat.claimed
        message = sender.protect(contents.encode(content), claimed.encode())
        idem = os.urandom(16)
        body = envelopes.seal(access, Purpose.other, idem, message, system_entropy)
        broker.take(access.append(idem, body).encode())
        found.append((idem, body))
    return found


def _name(group: Group) -> bytes:
    [own] = [each.identity for each in group.members if each.index == group.own_index]
    return own


def _decrypted(group: Group, access: EpochAccess, said: list[tuple[bytes, bytes]]) -> float:
    began = perf_counter()
    for idem, body in said:
        event = group.receive(envelopes.unseal(access, Purpose.other, idem, body))
        assert isinstance(event, MessageReceived)
    return perf_counter() - began


def _nobody(_: bytes) -> None:
    """Wake nobody."""
