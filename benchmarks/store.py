"""What it costs to keep groups in the client's store, on the disk and beyond it.

``python -m benchmarks --only store``. A *durable send* is what a client does between "say this" and
the first byte to the broker: history, outbox, encryption, idem, and the rows of the group, in one
transaction; the transaction that reserves sixteen generations is done by every sixteenth. A *durable
receive* is the way back: envelope, decryption, history and its search index, the sender's counter,
the event, and the rows.

What the disk takes is measured beside each call: a bare transaction that writes about as many bytes
to the same file, with ``synchronous = FULL`` and with ``OFF``; the difference is the sync. Beyond
it is what is left of the call when that is taken away. The call with ``OFF`` is the same from the
other side.
"""

from __future__ import annotations

import os
import time
from itertools import count as counting_from
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from time import perf_counter
from typing import TYPE_CHECKING, Final, NamedTuple

from benchmarks.groups import POLICY, SUITE
from covey.access.member import envelopes
from covey.access.structs.basics import Kind
from covey.access.structs.log import Entry
from covey.access.structs.sealed import Purpose
from covey.client import contents
from covey.client.contents import Content, Text
from covey.client.sync import groups, hearing, queues
from covey.client.sync.effects import World
from covey.client.sync.groups import GroupRow, Status
from covey.client.sync.home import Home
from covey.client.sync.seat import Seat
from covey.mls import ContentType, Group, Member, MessageReceived, Ports
from covey.mls.crypto.entropy import system_entropy
from covey.store import RawKey, SqlStore, open_store

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from benchmarks.groups import WholeGroup
    from benchmarks.timing import Effort
    from covey.access.member.epochs import EpochAccess

_BROKER: Final = bytes(32)
_KEY: Final = RawKey(bytes(range(32)))
_SAID: Final = b"The quick brown fox jumps over the lazy dog, and says so to everybody."
_PAGE: Final = 4096


class Durable(NamedTuple):
    """One durable operation in a group of one size. Times are medians, in seconds.

    Attributes:
        name: What is done.
        count: How many members the group has.
        full: With every commit on the disk.
        bare: Of a bare transaction of as many bytes, likewise.
        off: Without waiting for the disk.
        bare_off: Of the bare transaction, likewise.
        written: Bytes that go to the write-ahead log.
    """

    name: str
    count: int
    full: float
    bare: float
    off: float
    bare_off: float
    written: int

    @property
    def beyond(self) -> float:
        """What the operation takes beyond the disk's sync."""
        return self.full - (self.bare - self.bare_off)


class Kept(NamedTuple):
    """A group in a store.

    Attributes:
        count: How many members it has.
        rows: How many rows it takes.
        size: By how many bytes the file is larger for it.
        read: Seconds to read its rows.
        load: Seconds to make a group of them.
        made: Rows that are touched when we make a commit and it is accepted.
        followed: Rows that are touched when we follow one.
    """

    count: int
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
        count: How many members each of them has.
        size: Of the file, in bytes.
        opened: Seconds to open it, by a key.
        listed: Seconds until the list of groups is there, opening included.
        first: Seconds from then on until the first group can send.
    """

    groups: int
    count: int
    size: int
    opened: float
    listed: float
    first: float


class Desk:
    """A member that keeps its group in a store, as a client does."""

    def __init__(self, folder: Path, group: Group) -> None:
        self.path = folder / f"{os.urandom(4).hex()}.covey"
        self.store: SqlStore = open_store(self.path, _KEY, create=True)
        self.empty = self.size
        me = Member.basic(b"me", SUITE, policy=POLICY)
        ports = Ports(POLICY, require_reserved=True)
        self.home = Home(self.store, World(system_entropy, time.time), me, ports)
        group.ports = ports
        self.seat = put(self.home, group)

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
            hearing.say(seat, rows, Text(_SAID))
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


def put(home: Home, group: Group) -> Seat:
    """Put a group into a store."""
    gid, now = os.urandom(32), home.world.second
    row = GroupRow(
        id=0,
        gid=gid,
        broker_id=_BROKER,
        group_id=group.group_id,
        status=Status.active,
        trouble="",
        name="a group",
        version=0,
        epoch=group.epoch,
        seq=0,
        hash=bytes(32),
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
    count = len(whole.members)
    with TemporaryDirectory() as name:
        desk = Desk(Path(name), whole.member(own))
        try:
            kept = _kept(desk, count, _rows_of_commits(whole))
            entries = _entries(desk.seat, whole.member(other))
            found = [
                _durable("durable send", count, desk, desk.say, effort),
                _durable("durable receive", count, desk, lambda: desk.hear(next(entries)), effort),
            ]
        finally:
            desk.store.close()
    return kept, found


def _entries(seat: Seat, sender: Group) -> Iterator[Entry]:
    """Entries of a log in which another member says something, again and again."""
    access: EpochAccess = seat.access
    now = int(time.time())
    for seq in counting_from(1):
        content = Content(contents.VERSION, os.urandom(16), seq - 1, now, 0, 1, Text(_SAID))
        message = sender.protect(contents.encode(content), seat.claimed.encode())
        idem = os.urandom(16)
        body = envelopes.seal(access, Purpose.other, idem, message, system_entropy)
        yield Entry(seq, sender.epoch, Kind.other, idem, body)


def _durable(name: str, count: int, desk: Desk, act: Callable[[], None], effort: Effort) -> Durable:
    act()
    written = _written(desk, act)
    size = max(1, written - 2 * _PAGE)  # the leaf and the page of a table take two
    times: dict[str, list[tuple[float, float]]] = {}
    for mode in ("FULL", "OFF"):
        desk.pragma(f"synchronous = {mode}")
        desk.bare(size)
        times[mode] = _pairs(act, lambda: desk.bare(size), effort)
    desk.pragma("synchronous = FULL")
    acted = {mode: median(pair[0] for pair in pairs) for mode, pairs in times.items()}
    bare = {mode: median(pair[1] for pair in pairs) for mode, pairs in times.items()}
    return Durable(name, count, acted["FULL"], bare["FULL"], acted["OFF"], bare["OFF"], written)


def _pairs(
    act: Callable[[], None], bare: Callable[[], None], effort: Effort
) -> list[tuple[float, float]]:
    """Seconds of calls, in turns with bare transactions."""
    found: list[tuple[float, float]] = []
    began = perf_counter()
    while len(found) < effort.rounds:
        if len(found) >= effort.least and perf_counter() - began > effort.seconds:
            break
        found.append((_seconds(act), _seconds(bare)))
    return found


def _seconds(act: Callable[[], object]) -> float:
    began = perf_counter()
    act()
    return perf_counter() - began


def _written(desk: Desk, act: Callable[[], None]) -> int:
    """By how many bytes the log grows with each call, over some."""
    calls = 32
    desk.store.cut()
    desk.pragma("wal_autocheckpoint = 0")
    for _ in range(calls):
        act()
    grown = desk.log_size
    desk.pragma("wal_autocheckpoint = 1000")
    return grown // calls


def _kept(desk: Desk, count: int, touched: tuple[int, int]) -> Kept:
    """What a group takes in the store, and how long it takes to have it back."""
    size = desk.size - desk.empty
    reads, loads = [], []
    for _ in range(7):
        began = perf_counter()
        with desk.store.reading() as rows:
            found = groups.engine_rows(rows, desk.seat.number)
        reads.append(perf_counter() - began)
        began = perf_counter()
        Group.load(found, desk.home.ports)
        loads.append(perf_counter() - began)
    return Kept(count, len(found), size, median(reads), median(loads), *touched)


def _rows_of_commits(whole: WholeGroup) -> tuple[int, int]:
    """Rows that are touched by making, and by following, a commit; once old epochs go."""
    one, other = whole.member(whole.members[0]), whole.member(whole.members[-1])
    _touched(one), _touched(other)
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
        count = len(whole.members)
        return Opening(number, count, size, median(opened), median(listed), median(first))


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
    seat.group.protect(_SAID)
    first = perf_counter()
    store.close()
    return opened - began, listed - began, first - listed
