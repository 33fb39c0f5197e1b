"""What it costs to keep groups in the client's store, on the disk and beyond it.

``python -m benchmarks --only store``. A *durable send* is what a client does between "say this"
and the first byte to the broker: history, outbox, encryption, idem, and the
group's rows, in one transaction; every sixteenth one also does the transaction that reserves
sixteen generations. A *durable receive* is the way back: envelope, decryption, history, the
sender's counter, the event, and the rows.

What the disk takes is measured beside each call: a bare transaction that writes about as many
bytes to the same file, with ``synchronous = FULL`` and with ``OFF``; the difference is the sync.
Beyond it is what is left of the call when that is taken away: of the quicker quarter of both, for
others use the disk, too. The call with ``OFF`` tells the same from the other side, as a median.
"""

from __future__ import annotations

import os
import time
from pathlib import Path
from statistics import median, quantiles
from tempfile import TemporaryDirectory
from time import perf_counter
from typing import TYPE_CHECKING, Final, NamedTuple

from benchmarks.groups import POLICY, SUITE
from covey.access.member import envelopes
from covey.access.structs.basics import Kind
from covey.access.structs.log import Entry
from covey.access.structs.sealed import Purpose
from covey.client.sync.effects import World
from covey.client.sync.group.seat import Seat
from covey.client.sync.identity.home import Home
from covey.client.sync.log import hearing
from covey.client.sync.rows import groups, queues
from covey.client.sync.rows.groups import GroupRow, Status
from covey.client.words import contents
from covey.client.words.contents import Content, Text
from covey.mls import ContentType, Group, Member, MessageReceived, Ports
from covey.mls.crypto.entropy import system_entropy
from covey.store import RawKey, SqlStore, open_store

if TYPE_CHECKING:
    from collections.abc import Callable

    from benchmarks.groups import WholeGroup
    from benchmarks.timing import Effort

_BROKER: Final = bytes(32)
_KEY: Final = RawKey(bytes(range(32)))
SAID: Final = b"The quick brown fox jumps over the lazy dog, and says so to everybody."
"""What is said."""

_PAGE: Final = 4096
_CALLS: Final = 32
"""Calls over which the bytes that they write are counted."""


class Durable(NamedTuple):
    """One durable operation in a group of one size. Times are in seconds.

    Attributes:
        name: What is done.
        members: How many members the group has.
        full: Of each call, with every commit on the disk.
        bare: Of bare transactions of as many bytes, likewise.
        off: Of each call, without waiting for the disk.
        bare_off: Of the bare transactions, likewise.
        written: Bytes that go to the write-ahead log.
    """

    name: str
    members: int
    full: list[float]
    bare: list[float]
    off: list[float]
    bare_off: list[float]
    written: int

    @property
    def sync(self) -> float:
        """What the disk takes to keep as many bytes."""
        return _quick(self.bare) - _quick(self.bare_off)

    @property
    def beyond(self) -> float:
        """What the operation takes beyond that."""
        return _quick(self.full) - self.sync


class Kept(NamedTuple):
    """A group in a store.

    Attributes:
        members: How many it has.
        rows: How many rows it takes.
        size: By how many bytes the file is larger for it.
        read: Seconds to read its rows.
        load: Seconds to make a group of them.
        made: Rows that are touched when we make a commit and it is accepted.
        followed: Rows that are touched when we follow one.
    """

    members: int
    rows: int
    size: int
    read: float
    load: float
    made: int
    followed: int


class Opening(NamedTuple):
    """A store with many groups.

    Attributes:
        groups: How many.
        members: How many members each of them has.
        size: Of the file, in bytes.
        opened: Seconds to open it, by a key.
        listed: Seconds until the list of groups is there, opening included.
        first: Seconds from then on until the first group can send.
    """

    groups: int
    members: int
    size: int
    opened: float
    listed: float
    first: float


class Desk:
    """A member that keeps its group in a store, as a client does."""

    def __init__(self, folder: Path, group: Group, broker_id: bytes | None = None) -> None:
        self.path = folder / f"{os.urandom(4).hex()}.covey"
        self.store: SqlStore = open_store(self.path, _KEY, create=True)
        self.empty = self.size
        me = Member.basic(b"me", SUITE, policy=POLICY)
        ports = Ports(POLICY, require_reserved=True)
        self.home = Home(self.store, World(system_entropy, time.time), me, ports)
        group.ports = ports
        self.seat = put(self.home, group, broker_id)

    @property
    def size(self) -> int:
        """Bytes of the file, once the log beside it has been cut."""
        self.store.cut()
        return self.path.stat().st_size

    @property
    def log_size(self) -> int:
        """Bytes of the log beside it."""
        return Path(f"{self.path}-wal").stat().st_size

    def pragma(self, text: str) -> None:
        """Tell SQLite something that the store does not."""
        self.store._connection.execute(f"PRAGMA {text}")  # noqa: SLF001 - only to compare

    def bare(self, size: int) -> None:
        """A transaction that writes so many bytes, and does nothing else."""
        sql = "INSERT OR REPLACE INTO settings (name, value) VALUES ('bare', ?)"
        value = os.urandom(size)
        with self.store.transaction() as rows:
            rows.do(sql, value)

    def say(self) -> None:
        """A durable send."""
        seat, kind = self.seat, ContentType.application
        seat.reserve(kind)
        with seat.change() as rows:
            hearing.say(seat, rows, Text(SAID))
            waiting = queues.first(rows, seat.number)
            assert waiting is not None
            access, idem = seat.access, seat.idem(kind)
            message = seat.group.protect(waiting.content, seat.claimed.encode())
            body = envelopes.seal(access, Purpose.other, idem, message, system_entropy)
            request = access.append(idem, body).encode()
            queues.encrypted(rows, waiting, seat.group.epoch, idem, request)
            groups.note_sent(rows, seat.number, idem)
            queues.done(rows, waiting)  # as the broker's answer to the one before

    def hear(self, entry: Entry) -> None:
        """A durable receive."""
        seat = self.seat
        with seat.change() as rows:
            message = envelopes.unseal(seat.access, Purpose.other, entry.idem, entry.body)
            event = seat.group.receive(message)
            assert isinstance(event, MessageReceived)
            seat.replace(seq=entry.seq, hash=entry.idem * 2)
            hearing.heard(seat, rows, entry, event)


def put(home: Home, group: Group, broker_id: bytes | None = None) -> Seat:
    """Put a group into a store; its log has begun, unless there is a broker to begin it."""
    gid, now = os.urandom(32), home.world.second
    row = GroupRow(
        id=0,
        gid=gid,
        broker_id=broker_id or _BROKER,
        group_id=group.group_id,
        suite=group.suite.code,
        status=Status.active,
        trouble="",
        name="a group",
        version=0,
        epoch=group.epoch,
        seq=-1 if broker_id else 0,
        hash=b"" if broker_id else bytes(32),
        head=None,
        counter=0,
        recovery=None,
        joined_at=now,
        renewed_at=now,
        sent=0,
        predecessor=None,
    )
    with home.store.transaction() as rows:
        row = groups.insert(rows, row)
        groups.apply(rows, row.id, group.changes())
    return Seat(home, row, group)


def of_group(whole: WholeGroup, effort: Effort) -> tuple[Kept, list[Durable]]:
    """Everything about a group of one size."""
    own, other = whole.members[0], whole.members[-1]
    with TemporaryDirectory() as name:
        desk = Desk(Path(name), whole.member(own))
        try:
            kept = _kept(desk, len(whole.members), _rows_of_commits(whole))
            coming = iter(_entries(desk.seat, whole.member(other), 2 * effort.rounds + 2 * _CALLS))
            found = [
                _durable("durable send", desk, desk.say, effort),
                _durable("durable receive", desk, lambda: desk.hear(next(coming)), effort),
            ]
        finally:
            desk.store.close()
    return kept, [each._replace(members=kept.members) for each in found]


def _entries(seat: Seat, sender: Group, number: int) -> list[Entry]:
    """Entries of a log in which another member says something, again and again."""
    found, now = [], int(time.time())
    [own] = [each.identity for each in sender.members if each.index == sender.own_index]
    for seq in range(1, number + 1):
        named = contents.new_id(own, os.urandom(contents.RANDOM))
        content = Content(contents.VERSION, named, seq - 1, now, 0, 1, Text(SAID))
        message = sender.protect(contents.encode(content), seat.claimed.encode())
        idem = os.urandom(16)
        body = envelopes.seal(seat.access, Purpose.other, idem, message, system_entropy)
        found.append(Entry(seq, sender.epoch, Kind.other, idem, body))
    return found


def _durable(name: str, desk: Desk, act: Callable[[], None], effort: Effort) -> Durable:
    written = _written(desk, act)
    size = max(1, written - 2 * _PAGE)  # the page of the table, and the first one of the file
    desk.bare(size)
    full, bare = _in_turns(act, lambda: desk.bare(size), effort)
    desk.pragma("synchronous = OFF")
    off, bare_off = _in_turns(act, lambda: desk.bare(size), effort)
    desk.pragma("synchronous = FULL")
    return Durable(name, 0, full, bare, off, bare_off, written)


def _in_turns(
    act: Callable[[], None], bare: Callable[[], None], effort: Effort
) -> tuple[list[float], list[float]]:
    """Seconds of calls, and of bare transactions between them."""
    acted: list[float] = []
    bared: list[float] = []
    began = perf_counter()
    while len(acted) < effort.rounds:
        if len(acted) >= effort.least and perf_counter() - began > effort.seconds:
            break
        acted.append(_seconds(act))
        bared.append(_seconds(bare))
    return acted, bared


def _quick(times: list[float]) -> float:
    """What the quicker quarter of them takes at most."""
    return quantiles(times, n=4)[0]


def _seconds(act: Callable[[], object]) -> float:
    began = perf_counter()
    act()
    return perf_counter() - began


def _written(desk: Desk, act: Callable[[], None]) -> int:
    """By how many bytes the log grows with each call, over some."""
    desk.store.cut()
    desk.pragma("wal_autocheckpoint = 0")
    for _ in range(_CALLS):
        act()
    grown = desk.log_size
    desk.pragma("wal_autocheckpoint = 1000")
    return grown // _CALLS


def _kept(desk: Desk, members: int, touched: tuple[int, int]) -> Kept:
    """What a group takes in the store, and how long it takes to have it back."""
    size = desk.size - desk.empty
    reads, loads, number = [], [], 0
    for _ in range(7):
        began = perf_counter()
        with desk.store.reading() as rows:
            found = groups.engine_rows(rows, desk.seat.number)
        reads.append(perf_counter() - began)
        began = perf_counter()
        Group.load(found, desk.home.ports)
        loads.append(perf_counter() - began)
        number = len(found)
    return Kept(members, number, size, median(reads), median(loads), *touched)


def _rows_of_commits(whole: WholeGroup) -> tuple[int, int]:
    """Rows that are touched by making, and by following, a commit; once old epochs go."""
    one, other = whole.member(whole.members[0]), whole.member(whole.members[-1])
    _touched(one)
    _touched(other)
    made = followed = 0
    for turn in range(POLICY.past_epochs + 3):
        maker, follower = (one, other) if turn % 2 else (other, one)
        pending = maker.commit()
        made = _touched(maker)
        maker.accept(pending)
        made += _touched(maker)
        follower.receive(pending.message)
        followed = _touched(follower)
    return made, followed


def _touched(group: Group) -> int:
    changes = group.changes()
    return len(changes.put) + len(changes.delete) + len(changes.ranges)


def opening(whole: WholeGroup, number: int) -> Opening:
    """Open a store with many groups: the same one, each time under another name."""
    with TemporaryDirectory() as name:
        desk = Desk(Path(name), whole.member(whole.members[0]))
        for _ in range(number - 1):
            put(desk.home, whole.member(whole.members[0]))
        size = desk.size
        desk.store.close()
        opened, listed, first = zip(*(_open(desk) for _ in range(5)), strict=True)
        members = len(whole.members)
        return Opening(number, members, size, median(opened), median(listed), median(first))


def _open(desk: Desk) -> tuple[float, float, float]:
    began = perf_counter()
    store = open_store(desk.path, _KEY)
    opened = perf_counter()
    with store.reading() as rows:
        found = groups.every(rows)
    listed = perf_counter()
    home = Home(store, desk.home.world, desk.home.member, desk.home.ports)
    seat = Seat(home, found[-1])
    seat.reserve(ContentType.application)
    seat.group.protect(SAID)
    first = perf_counter()
    store.close()
    return opened - began, listed - began, first - listed
