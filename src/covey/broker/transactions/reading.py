"""Reading a log: the key of an epoch, its entries, its head.

Whoever proves an epoch sees the entries of that epoch and the commit that closes it, and of
what came after not even how much it was: the head that is shown is then that commit.

The key of an epoch stays what it is as soon as a commit follows the creation of its log. Before
that the log may be thrown away, and another begun under the same gid, with another key: so what
was proved is compared again where something is handed out (:func:`proved`).
"""

from __future__ import annotations

from itertools import takewhile
from typing import TYPE_CHECKING, NamedTuple, TypeVar

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

T = TypeVar("T")

_LOG = Statement("SELECT epoch, seq, hash, floor, unproven FROM log WHERE gid = $1")
_KEY = Statement("SELECT access_key FROM epoch WHERE gid = $1 AND epoch = $2")
_BEFORE = Statement("SELECT before_seq, before_hash FROM epoch WHERE gid = $1 AND epoch = $2")
_ENTRIES = Statement(
    "SELECT seq, epoch, kind, idem, body, previous FROM entry"
    " WHERE gid = $1 AND epoch = $2 AND seq > $3 AND seq <= $4 ORDER BY seq LIMIT $5"
)


class Proven(NamedTuple):
    """An epoch whose key somebody has.

    Attributes:
        gid: Of the log.
        epoch: Its number.
        key: Its access key, by which it was proved (32 bytes).
    """

    gid: bytes
    epoch: int
    key: bytes


class AccessKey(NamedTuple):
    """The key of an epoch, as it was looked up.

    Attributes:
        key: Ed25519 (32 bytes).
        lasting: Whether this epoch will never have another one.
    """

    key: bytes
    lasting: bool


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


def access_key(gid: bytes, epoch: int) -> Script[AccessKey]:
    """The key whose signatures prove an epoch.

    Raises:
        BrokerError: ``group_unknown``, ``epoch_unknown``, or ``gone``.
    """
    log, unproven = yield from _log_and_hour(gid)
    code = ordering.epoch_is_kept(log, epoch)
    if code is not None:
        raise refused(code)
    rows = yield _KEY.of(gid, epoch)
    if not rows:
        raise refused(Code.gone)
    return AccessKey(rows[0][0], lasting=unproven is None)


def key_of(gid: bytes, epoch: int) -> Script[bytes | None]:
    """The key of an epoch; None when there is no such epoch here."""
    rows = yield _KEY.of(gid, epoch)
    return rows[0][0] if rows else None


def proved(proven: Proven, script: Script[T]) -> Script[T]:
    """Read something for who has proved an epoch, and hand it out if that is still the epoch.

    It is compared after what is read, so that nothing can change in between.

    Args:
        proven: What was proved, in an earlier transaction.
        script: What is read.

    Raises:
        BrokerError: ``proof_refused``: another log was begun under this gid; ``gone``; and what
            the script raises.
    """
    answer = yield from script
    key = yield from key_of(proven.gid, proven.epoch)
    if key is None:
        raise refused(Code.gone)
    if key != proven.key:
        raise refused(Code.proof_refused)
    return answer


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
    log, _ = yield from _log_and_hour(gid)
    return log


def _log_and_hour(gid: bytes) -> Script[tuple[Log, int | None]]:
    """A log, and when it was created as long as no commit has followed."""
    rows = yield _LOG.of(gid)
    if not rows:
        raise refused(Code.group_unknown)
    epoch, seq, hashed, floor, unproven = rows[0]
    return Log(epoch, Position(seq, hashed), floor), unproven


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
