"""Reading a log: the key of an epoch, its entries, its head.

Whoever proves an epoch sees the entries of that epoch and the commit that closes it, and of
what came after not even how much it was: the head that is shown is then that commit.
"""

from __future__ import annotations

from itertools import takewhile
from typing import TYPE_CHECKING, NamedTuple

from covey.access.refusals import Code, refused
from covey.access.structs.basics import Kind
from covey.access.structs.heads import Position
from covey.access.structs.log import Entry
from covey.broker import ordering
from covey.broker.limits import BIGGEST
from covey.broker.ordering import Log
from covey.broker.script import Statement

if TYPE_CHECKING:
    from covey.broker.script import Script

_LOG = Statement("SELECT epoch, seq, hash, floor FROM log WHERE gid = $1")
_KEY = Statement("SELECT access_key FROM epoch WHERE gid = $1 AND epoch = $2")
_BEFORE = Statement("SELECT before_seq, before_hash FROM epoch WHERE gid = $1 AND epoch = $2")
_ENTRIES = Statement(
    "SELECT seq, epoch, kind, idem, body, previous FROM entry"
    " WHERE gid = $1 AND epoch = $2 AND seq > $3 AND seq <= $4 ORDER BY seq LIMIT $5"
)


class Window(NamedTuple):
    """How much is handed out at once.

    Attributes:
        entries: At most so many,
        size: of so many bytes in all; one is handed out in any case.
    """

    entries: int
    size: int


class Page(NamedTuple):
    """Some entries of an epoch.

    Attributes:
        before: The place before the first of them.
        entries: In order.
        head: The last place that the epoch's members may see.
        closed: Whether that is the commit that closed the epoch.
    """

    before: Position
    entries: tuple[Entry, ...]
    head: Position
    closed: bool

    @property
    def complete(self) -> bool:
        """Whether the entries reach the head."""
        return self.before.seq + len(self.entries) == self.head.seq


def access_key(gid: bytes, epoch: int) -> Script[bytes]:
    """The key whose signatures prove an epoch.

    Raises:
        BrokerError: ``group_unknown``, ``epoch_unknown``, or ``gone``.
    """
    log = yield from _log(gid)
    code = ordering.epoch_is_kept(log, epoch)
    if code is not None:
        raise refused(code)
    rows = yield _KEY.of(gid, epoch)
    if not rows:
        raise refused(Code.gone)
    return bytes(rows[0][0])


def require_current(gid: bytes, epoch: int) -> Script[None]:
    """Refuse what only members of the current epoch may ask for.

    Raises:
        BrokerError: ``epoch_passed``, or ``group_unknown``.
    """
    log = yield from _log(gid)
    if log.epoch != epoch:
        raise refused(Code.epoch_passed)


def page(gid: bytes, epoch: int, after: int, window: Window) -> Script[Page]:
    """The entries of an epoch after a number; who asks has proved the epoch.

    Raises:
        BrokerError: ``group_unknown``, ``epoch_unknown`` or ``gone``.
    """
    log = yield from _log(gid)
    start, end = yield from _span(gid, epoch, log)
    after = min(max(after, start.seq), BIGGEST)
    rows = yield _ENTRIES.of(gid, epoch, after, end.seq, window.entries)
    closed = epoch < log.epoch
    if not rows:
        if closed and after < end.seq:  # without its commit an epoch leads nowhere
            raise refused(Code.gone)
        return Page(end, (), end, closed)
    before = Position(rows[0][0] - 1, rows[0][5])
    entries = [Entry(seq, of, Kind(kind), idem, body) for seq, of, kind, idem, body, _ in rows]
    return Page(before, _fitting(entries, window.size), end, closed)


def head(gid: bytes, epoch: int) -> Script[Position]:
    """The last place that the members of an epoch may see."""
    log = yield from _log(gid)
    _, end = yield from _span(gid, epoch, log)
    return end


def _log(gid: bytes) -> Script[Log]:
    rows = yield _LOG.of(gid)
    if not rows:
        raise refused(Code.group_unknown)
    epoch, seq, hashed, floor = rows[0]
    return Log(epoch, Position(seq, hashed), floor)


def _span(gid: bytes, epoch: int, log: Log) -> Script[tuple[Position, Position]]:
    """Where an epoch begins, and where it ends for now."""
    code = ordering.epoch_is_kept(log, epoch)
    if code is not None:
        raise refused(code)
    start = yield from _before(gid, epoch)
    end = log.head if epoch == log.epoch else (yield from _before(gid, epoch + 1))
    return start, end


def _before(gid: bytes, epoch: int) -> Script[Position]:
    rows = yield _BEFORE.of(gid, epoch)
    if not rows:
        raise refused(Code.gone)
    return Position(*rows[0])


def _fitting(entries: list[Entry], size: int) -> tuple[Entry, ...]:
    """The first entries that fit into so many bytes, and at least one."""
    total = 0

    def fits(entry: Entry) -> bool:
        nonlocal total
        total += len(entry.body)
        return total <= size or entry is entries[0]

    return tuple(takewhile(fits, entries))
