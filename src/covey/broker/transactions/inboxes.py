"""Inboxes: begun by somebody, read with their own key, posted to by nobody in particular.

No row says whose an inbox is. A pointer is taken for a KeyPackage that was claimed and not used
yet, a note with a token whose hash the inbox's reader has left here.
"""

from __future__ import annotations

from hashlib import sha256
from typing import TYPE_CHECKING, NamedTuple

from covey.access.refusals import Code, refused
from covey.access.structs.joining import InboxEntry, InboxKind
from covey.broker.limits import BIGGEST
from covey.broker.script import Many, Statement

if TYPE_CHECKING:
    from collections.abc import Mapping

    from covey.access.structs.joining import PostNote
    from covey.broker.script import Script

_BEGIN = Statement(
    "INSERT INTO inbox (inbox, key, seq) VALUES ($1, $2, 0) ON CONFLICT (inbox) DO NOTHING"
)
_KEY = Statement("SELECT key FROM inbox WHERE inbox = $1")
_LOCKED = Statement("SELECT seq FROM inbox WHERE inbox = $1", lock="FOR NO KEY UPDATE")
_ADVANCE = Statement("UPDATE inbox SET seq = $2 WHERE inbox = $1")
_COUNT = Statement("SELECT count(*) FROM inbox_entry WHERE inbox = $1")
_POSTED = Statement("SELECT digest FROM posted WHERE mark = $1")
_MARK = Statement("INSERT INTO posted (mark, digest, hour) VALUES ($1, $2, $3)")
_ADD = Statement(
    "INSERT INTO inbox_entry (inbox, seq, kind, body, hour) VALUES ($1, $2, $3, $4, $5)"
)
_DROP = Statement("DELETE FROM inbox_entry WHERE inbox = $1 AND seq <= $2")
_FETCH = Statement(
    "SELECT seq, kind, body FROM inbox_entry WHERE inbox = $1 AND seq > $2 ORDER BY seq LIMIT $3"
)
_CLAIM = Statement(
    "SELECT pointers FROM claim WHERE inbox = $1 AND ref = $2", lock="FOR NO KEY UPDATE"
)
_USE_CLAIM = Statement("UPDATE claim SET pointers = pointers - 1 WHERE inbox = $1 AND ref = $2")
_FIRST_TIME = Statement(
    "INSERT INTO published (ref, not_after) VALUES ($1, $2) ON CONFLICT DO NOTHING RETURNING ref"
)
_EXPECT = Statement(
    "INSERT INTO claim (inbox, ref, pointers, not_after) VALUES ($1, $2, 1, $3)"
    " ON CONFLICT DO NOTHING"
)
_DROP_CLAIM = Statement("DELETE FROM claim WHERE inbox = $1 AND ref = $2 AND pointers <= 0")
_DROP_SLOTS = Statement("DELETE FROM slot WHERE inbox = $1")
_ADD_SLOT = Statement("INSERT INTO slot (inbox, hash) VALUES ($1, $2) ON CONFLICT DO NOTHING")
_SLOT = Statement("SELECT hash FROM slot WHERE inbox = $1 AND hash = $2")


class Room(NamedTuple):
    """What something new in an inbox meets.

    Attributes:
        hour: Now.
        most: How many may wait; None for any number.
    """

    hour: int
    most: int | None


def create(inbox: bytes, key: bytes) -> Script[None]:
    """Begin an inbox. The same twice is one.

    Raises:
        BrokerError: ``inbox_exists``, with another key.
    """
    yield _BEGIN.of(inbox, key)
    if (yield from read_key(inbox)) != key:
        raise refused(Code.inbox_exists)


def read_key(inbox: bytes) -> Script[bytes]:
    """The key whose signatures prove the reader of an inbox."""
    rows = yield _KEY.of(inbox)
    if not rows:
        raise refused(Code.inbox_unknown)
    return bytes(rows[0][0])


def would_take(inbox: bytes, ref: bytes, pointers: int) -> Script[bool]:
    """Whether so many pointers for a KeyPackage would be taken, until this transaction ends."""
    if not (yield _LOCKED.of(inbox)):
        return False
    rows = yield _CLAIM.of(inbox, ref)
    return bool(rows) and rows[0][0] >= pointers


def post(inbox: bytes, ref: bytes, pointer: bytes, room: Room) -> Script[bool]:
    """Leave a pointer; it uses up a claim. The same twice is one.

    Returns:
        Whether it is new.

    Raises:
        BrokerError: ``inbox_unknown``, ``not_claimed`` or ``full``.
    """
    seq = yield from _lock(inbox)
    mark = sha256(inbox + ref + pointer).digest()
    if (yield _POSTED.of(mark)):
        return False
    if not (yield _CLAIM.of(inbox, ref)):
        raise refused(Code.not_claimed)
    yield from _add(inbox, seq, InboxKind.pointer, pointer, room)
    yield _MARK.of(mark, mark, room.hour)
    yield _USE_CLAIM.of(inbox, ref)
    yield _DROP_CLAIM.of(inbox, ref)
    return True


def post_note(request: PostNote, room: Room) -> Script[bool]:
    """Leave a note; returns whether it is new.

    Raises:
        BrokerError: ``inbox_unknown``: there is no slot for this token; ``idem_mismatch``;
            ``full``.
    """
    inbox = request.inbox
    seq = yield from _lock(inbox)
    if not (yield _SLOT.of(inbox, sha256(request.post_token).digest())):
        raise refused(Code.inbox_unknown)
    mark = sha256(inbox + request.post_token + request.idem).digest()
    digest = sha256(request.note).digest()
    known = yield _POSTED.of(mark)
    if known:
        if known[0][0] != digest:
            raise refused(Code.idem_mismatch)
        return False
    yield from _add(inbox, seq, InboxKind.note, request.note, room)
    yield _MARK.of(mark, digest, room.hour)
    return True


def fetch(inbox: bytes, after: int, most: int) -> Script[tuple[InboxEntry, ...]]:
    """Drop what was read, and hand out what comes after it."""
    after = min(after, BIGGEST)
    if after:
        yield _DROP.of(inbox, after)
    rows = yield _FETCH.of(inbox, after, most)
    return tuple(InboxEntry(seq, InboxKind(kind), body) for seq, kind, body in rows)


def expect(inbox: bytes, expected: Mapping[bytes, int]) -> Script[None]:
    """Let a pointer be left for KeyPackages that nobody claimed here. The same twice is one.

    Args:
        inbox: Where.
        expected: Until when, in hours since the epoch, by KeyPackageRef.
    """
    for ref, not_after in expected.items():
        if (yield _FIRST_TIME.of(ref, not_after)):
            yield _EXPECT.of(inbox, ref, not_after)


def set_slots(inbox: bytes, hashes: tuple[bytes, ...]) -> Script[None]:
    """Say which post tokens are good: these, and no others.

    Raises:
        BrokerError: ``inbox_unknown``.
    """
    yield from _lock(inbox)
    yield _DROP_SLOTS.of(inbox)
    if hashes:
        yield Many(_ADD_SLOT, [(inbox, each) for each in hashes])


def _lock(inbox: bytes) -> Script[int]:
    rows = yield _LOCKED.of(inbox)
    if not rows:
        raise refused(Code.inbox_unknown)
    return int(rows[0][0])


def _add(inbox: bytes, seq: int, kind: InboxKind, body: bytes, room: Room) -> Script[None]:
    if room.most is not None:
        [(waiting,)] = yield _COUNT.of(inbox)
        if waiting >= room.most:
            raise refused(Code.full)
    yield _ADVANCE.of(inbox, seq + 1)
    yield _ADD.of(inbox, seq + 1, int(kind), body, room.hour)
