"""Logs of groups: begin one, append to it.

Appending takes a batch, all for one log: the log's row is locked once, the decisions of
:mod:`covey.broker.ordering` are made one after the other in memory, and what they come to is
written at the end. A batch of one is the plain case.
"""

from __future__ import annotations

from hashlib import sha256
from typing import TYPE_CHECKING, NamedTuple

from covey.access import chain
from covey.access.refusals import Code, refused
from covey.access.structs.basics import Kind
from covey.access.structs.heads import Position
from covey.access.structs.log import Appended, Entry, EpochClosed
from covey.broker import ordering
from covey.broker.hours import week_of
from covey.broker.ordering import Begun, Earlier, Log, Taken
from covey.broker.script import Many, Statement
from covey.broker.transactions import joining, reading
from covey.errors import BrokerError

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from covey.access.structs.log import Create, NextEpoch
    from covey.broker.ordering import Admitted
    from covey.broker.script import Row, Script, Value

_BEGUN = Statement("SELECT digest, start FROM log WHERE gid = $1")
_BEGIN = Statement(
    "INSERT INTO log (gid, epoch, seq, hash, floor, digest, start, unproven)"
    " VALUES ($1, $2, 0, $3, $2, $4, $3, $5) ON CONFLICT (gid) DO NOTHING RETURNING epoch"
)
_OPEN_EPOCH = Statement(
    "INSERT INTO epoch (gid, epoch, access_key, before_seq, before_hash)"
    " VALUES ($1, $2, $3, $4, $5)"
)
_CLOSE_EPOCH = Statement("UPDATE epoch SET closed_week = $3 WHERE gid = $1 AND epoch = $2")
_USE_INVITE = Statement(
    "DELETE FROM invite WHERE digest = $1 AND purpose = $2 AND not_after >= $3 RETURNING purpose"
)
_PAY = Statement(
    "INSERT INTO answer (idem, digest, answer, hour) VALUES ($1, $1, $2, $3)"
    " ON CONFLICT (idem) DO NOTHING RETURNING hour"
)
_LOCKED = Statement(
    "SELECT epoch, seq, hash, floor FROM log WHERE gid = $1", lock="FOR NO KEY UPDATE"
)
_EARLIER = Statement(
    "SELECT idem, seq, epoch, kind, previous, body, digest FROM entry WHERE gid = $1 AND idem IN $2"
)
_ADD = Statement(
    "INSERT INTO entry (gid, seq, epoch, kind, idem, digest, previous, week, body)"
    " VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)"
)
_ADVANCE = Statement(
    "UPDATE log SET epoch = $2, seq = $3, hash = $4,"
    " unproven = CASE WHEN epoch = $2 THEN unproven END WHERE gid = $1"
)
_CLOSING = Statement("SELECT seq, idem, body FROM entry WHERE gid = $1 AND epoch = $2 AND kind = 1")

Outcome = Appended | EpochClosed | BrokerError
"""What becomes of one request of a batch."""


class Creation(NamedTuple):
    """A request to begin a log, whose signature fits its own key.

    Attributes:
        request: What is asked for.
        digest: SHA-256 of the request as it was signed.
        invite: The digest of the invite that it costs; None where it costs none.
        hour: Now.
        paid: Whether something new can be afforded; what is asked again costs nothing.
    """

    request: Create
    digest: bytes
    invite: bytes | None
    hour: int
    paid: bool = True


def create(creation: Creation) -> Script[Position]:
    """Begin a log; returns the place before its first entry."""
    rows = yield _BEGUN.of(creation.request.gid)
    known = Begun(rows[0][0], Position(0, rows[0][1])) if rows else None
    decision = ordering.create(known, creation.request, creation.digest)
    if isinstance(decision, ordering.Refused):
        raise refused(decision.code)
    start = decision.begun.start
    if known is None and not creation.paid:
        raise refused(Code.over_quota)
    if known is None and not (yield from _begin(creation, start)):
        return (yield from create(creation))  # somebody began it since: now it is there
    return start


def _begin(creation: Creation, start: Position) -> Script[bool]:
    """Begin a log, and use up the invite; False when somebody else did at this moment."""
    gid, epoch, key = creation.request.gid, creation.request.epoch, creation.request.access_key
    if not (yield _BEGIN.of(gid, epoch, start.hash, creation.digest, creation.hour)):
        return False
    if creation.invite is not None:
        yield from use_invite(creation.invite, "create", creation.hour)
    yield _OPEN_EPOCH.of(gid, epoch, key, 0, start.hash)
    return True


def is_begun(gid: bytes) -> Script[bool]:
    """Whether there is a log of a group."""
    rows = yield _BEGUN.of(gid)
    return bool(rows)


def pay(invite: bytes, digest: bytes, hour: int) -> Script[None]:
    """Use up an invite for a group whose log is in another database. The same twice is once.

    Args:
        invite: The digest of the code.
        digest: SHA-256 of the request that it is for.
        hour: Now.

    Raises:
        BrokerError: ``invite_needed``.
    """
    paid = sha256(b"paid" + digest).digest()
    if (yield _PAY.of(paid, b"", hour)):
        yield from use_invite(invite, "create", hour)


def use_invite(digest: bytes, purpose: str, hour: int) -> Script[None]:
    """Use up an invite.

    Raises:
        BrokerError: ``invite_needed``, or for an account ``enrolment_refused``: there is none,
            it was used, or it is too old.
    """
    used = yield _USE_INVITE.of(digest, purpose, hour)
    if not used:
        raise refused(Code.invite_needed if purpose == "create" else Code.enrolment_refused)


def append(gid: bytes, batch: Sequence[Admitted], hour: int) -> Script[list[Outcome]]:
    """Append to a log, in this order; each request gets its own answer.

    Args:
        gid: Of the log that all of them are for.
        batch: What is asked for.
        hour: Now.
    """
    rows = yield _LOCKED.of(gid)
    if not rows:
        return [refused(Code.group_unknown) for _ in batch]
    epoch, seq, hashed, floor = rows[0]
    earlier = yield _EARLIER.of(gid, tuple({each.request.idem for each in batch}))
    fold = _Fold(gid, hour, Log(epoch, Position(seq, hashed), floor), earlier)
    keys = yield from _keys(gid, {each.request.epoch for each in batch}, range(floor, epoch + 1))
    outcomes: list[Outcome] = []
    for admitted in batch:
        if admitted.access_key not in {None, keys.get(admitted.request.epoch)}:
            outcomes.append(refused(Code.proof_refused))
            continue
        outcome = yield from fold.decide(admitted)
        outcomes.append(outcome)
    yield from fold.write()
    return outcomes


def _keys(gid: bytes, wanted: set[int], kept: range) -> Script[dict[int, bytes]]:
    """The keys of those epochs that are kept: another log may have begun under this gid."""
    keys = {}
    for epoch in sorted(each for each in wanted if each in kept):
        key = yield from reading.key_of(gid, epoch)
        if key is not None:
            keys[epoch] = key
    return keys


class _Fold:
    """A batch on its way: the log as it will be, and the entries that are to be written for that.

    What a commit brings is written at once, since a later one in the batch may depend on it.
    """

    def __init__(self, gid: bytes, hour: int, log: Log, earlier: Iterable[Row]) -> None:
        self._gid = gid
        self._hour = hour
        self._log = log
        self._taken: list[tuple[Taken, Admitted]] = []
        self._earlier = dict(_remembered(gid, row) for row in earlier)
        self._commits: dict[int, Entry] = {}

    def decide(self, admitted: Admitted) -> Script[Outcome]:
        """Decide about one request."""
        decision = ordering.append(self._log, self._earlier.get(admitted.request.idem), admitted)
        match decision:
            case ordering.Taken():
                return (yield from self._take(decision, admitted))
            case ordering.Repeated(position):
                return Appended(position)
            case ordering.Late(epoch):
                return (yield from self._closed(epoch))
            case ordering.Refused(code):
                return refused(code)

    def _take(self, taken: Taken, admitted: Admitted) -> Script[Outcome]:
        following = admitted.request.next
        if following is not None:
            code = yield from joining.refusal(following)
            if code is not None:
                return refused(code)
        self._log = taken.log
        self._taken.append((taken, admitted))
        self._earlier[taken.entry.idem] = Earlier(taken.log.head, admitted.digest)
        if following is not None:
            yield from self._turn(taken, following)
        return Appended(taken.log.head)

    def _closed(self, epoch: int) -> Script[Outcome]:
        """The commit that closed an epoch."""
        if epoch not in self._commits:
            rows = yield _CLOSING.of(self._gid, epoch)
            if not rows:
                return refused(Code.gone)
            [(seq, idem, body)] = rows
            self._commits[epoch] = Entry(seq, epoch, Kind.commit, idem, body)
        return EpochClosed(self._commits[epoch])

    def write(self) -> Script[None]:
        """Write the entries that were taken."""
        if not self._taken:
            return
        log, week = self._log, week_of(self._hour)
        yield Many(_ADD, [_row(self._gid, *each, week) for each in self._taken])
        yield _ADVANCE.of(self._gid, log.epoch, log.head.seq, log.head.hash)

    def _turn(self, taken: Taken, following: NextEpoch) -> Script[None]:
        """Close an epoch with the commit that was taken, and open the next one."""
        gid, entry, head = self._gid, taken.entry, taken.log.head
        self._commits[entry.epoch] = entry
        yield _CLOSE_EPOCH.of(gid, entry.epoch, week_of(self._hour))
        yield _OPEN_EPOCH.of(gid, taken.log.epoch, following.access_key, head.seq, head.hash)
        yield from joining.store(gid, taken.log.epoch, entry.idem, following, self._hour)


def _row(gid: bytes, taken: Taken, admitted: Admitted, week: int) -> tuple[Value, ...]:
    entry = taken.entry
    kind, digest = int(entry.kind), admitted.digest
    return (
        gid, entry.seq, entry.epoch, kind, entry.idem, digest, taken.previous, week, entry.body,
    )  # fmt: skip


def _remembered(gid: bytes, row: Row) -> tuple[bytes, Earlier]:
    """What was taken under an idem."""
    idem, seq, epoch, kind, previous, body, digest = row
    entry = Entry(seq, epoch, Kind(kind), idem, body)
    return idem, Earlier(chain.link(Position(seq - 1, previous), gid, entry), digest)
