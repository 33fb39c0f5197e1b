"""Inboxes: begun by somebody, read with their own key, posted to by nobody in particular.

No row says whose an inbox is. A pointer is taken for a KeyPackage that was claimed, or that the
inbox's reader expects to be used, and that was not used yet; a note with a token whose hash the
reader has left here.
"""

from __future__ import annotations

from hashlib import sha256
from typing import TYPE_CHECKING, Final, NamedTuple

from covey.access.refusals import Code, refused
from covey.access.structs.basics import InboxId
from covey.access.structs.joining import InboxEntry, InboxKind
from covey.broker.script import Many, Statement
from covey.mls.wire.struct import WireStruct
from covey.mls.wire.types import opaque

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from covey.access.structs.joining import EntryDigest, ExpectedPointer, PostNote
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
_DROP = Statement("DELETE FROM inbox_entry WHERE inbox = $1 AND seq = $2")
_FETCH = Statement("SELECT seq, kind, body FROM inbox_entry WHERE inbox = $1 ORDER BY seq LIMIT $2")
_CLAIM = Statement(
    "SELECT pointers FROM claim WHERE inbox = $1 AND ref = $2", lock="FOR NO KEY UPDATE"
)
_USE_CLAIM = Statement("UPDATE claim SET pointers = pointers - 1 WHERE inbox = $1 AND ref = $2")
_FIRST_TIME = Statement(
    "INSERT INTO published (ref, not_after) VALUES ($1, $2) ON CONFLICT DO NOTHING RETURNING ref"
)
_EXPECT = Statement(
    "INSERT INTO claim (inbox, ref, pointers, not_after) VALUES ($1, $2, $3, $4)"
    " ON CONFLICT (inbox, ref) DO UPDATE SET pointers = claim.pointers + $3"
)
_DROP_CLAIM = Statement("DELETE FROM claim WHERE inbox = $1 AND ref = $2 AND pointers <= 0")
_DROP_SLOTS = Statement("DELETE FROM slot WHERE inbox = $1")
_ADD_SLOT = Statement("INSERT INTO slot (inbox, hash) VALUES ($1, $2) ON CONFLICT DO NOTHING")
_SLOT = Statement("SELECT hash FROM slot WHERE inbox = $1 AND hash = $2")


LONGEST_REF: Final = 64
"""Bytes of a KeyPackageRef, at most: the longest hash of a cipher suite (RFC 9420 §5.2)."""

MOST_POINTERS: Final = 1000
"""How many pointers can be expected for one KeyPackage."""


class _Mark(WireStruct):
    """What names something that was posted or expected, so that it is so once.

    struct {
        InboxKind kind;
        opaque inbox[32];
        opaque name<V>;
        opaque content<V>;
    } _Mark;

    Of a pointer: the KeyPackageRef, and the pointer; of a note: the post token, and the idem.
    """

    kind: InboxKind
    inbox: InboxId
    name: opaque
    content: opaque

    @property
    def digest(self) -> bytes:
        """SHA-256 of it."""
        return sha256(self.encode()).digest()


class Room(NamedTuple):
    """What something new in an inbox meets.

    Attributes:
        hour: Now.
        most: How many may wait; None for any number.
        paid: Whether something new can be afforded; what is asked again costs nothing.
    """

    hour: int
    most: int | None
    paid: bool = True


def create(inbox: bytes, key: bytes, *, paid: bool = True) -> Script[None]:
    """Begin an inbox. The same twice is one.

    Args:
        inbox: Its number.
        key: With which its reader proves to be that.
        paid: Whether a new one can be afforded; what is asked again costs nothing.

    Raises:
        BrokerError: ``inbox_exists``, with another key; ``over_quota``.
    """
    if paid:
        yield _BEGIN.of(inbox, key)
    rows = yield _KEY.of(inbox)
    if not rows:
        raise refused(Code.over_quota)
    if rows[0][0] != key:
        raise refused(Code.inbox_exists)


def read_key(inbox: bytes) -> Script[bytes]:
    """The key whose signatures prove the reader of an inbox."""
    rows = yield _KEY.of(inbox)
    if not rows:
        raise refused(Code.inbox_unknown)
    return bytes(rows[0][0])


def is_ref(ref: bytes) -> bool:
    """Whether something can be a KeyPackageRef, by its length."""
    return 1 <= len(ref) <= LONGEST_REF


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
        BrokerError: ``malformed``, ``inbox_unknown``, ``not_claimed`` or ``full``.
    """
    if not is_ref(ref):
        raise refused(Code.malformed)
    seq = yield from _lock(inbox)
    mark = _Mark(InboxKind.pointer, inbox, ref, pointer).digest
    if (yield _POSTED.of(mark)):
        return False
    _require_paid(room)
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
    mark = _Mark(InboxKind.note, inbox, request.post_token, request.idem).digest
    digest = sha256(request.note).digest()
    known = yield _POSTED.of(mark)
    if known:
        if known[0][0] != digest:
            raise refused(Code.idem_mismatch)
        return False
    _require_paid(room)
    yield from _add(inbox, seq, InboxKind.note, request.note, room)
    yield _MARK.of(mark, digest, room.hour)
    return True


def fetch(
    inbox: bytes, taken: Collection[EntryDigest], most: int
) -> Script[tuple[InboxEntry, ...]]:
    """Drop what was dealt with, and hand out the oldest of the rest.

    What was handed out is among the oldest that wait, until the broker is restored. Then it may
    lie behind others, and is handed out again when it is its turn.

    Args:
        inbox: Which one.
        taken: What was dealt with; without any, nothing is written.
        most: How many entries to hand out.
    """
    rows = yield _FETCH.of(inbox, most + len(taken))
    waiting = {seq: InboxEntry(InboxKind(kind), body) for seq, kind, body in rows}
    named = frozenset(taken)
    dropped = [seq for seq, each in waiting.items() if each.digest in named] if named else []
    if dropped:
        yield Many(_DROP, [(inbox, seq) for seq in dropped])
    for seq in dropped:
        del waiting[seq]
    return tuple(waiting.values())[:most]


def expect(inbox: bytes, expected: Sequence[ExpectedPointer], latest: int) -> Script[None]:
    """Let pointers be left for KeyPackages that nobody claims here.

    What was expected before is not expected anew, also when its pointers have come.

    Args:
        inbox: Where; its reader asks for it.
        expected: For which KeyPackages, and how many for each.
        latest: The last hour until which anything is expected.

    Raises:
        BrokerError: ``malformed``: a KeyPackageRef is none, or the number of pointers is not from
            1 to 1000; nothing is expected then.
    """
    if not all(_can_expect(each) for each in expected):
        raise refused(Code.malformed)
    for each in sorted(expected, key=lambda each: each.key_package_ref):
        ref, not_after = each.key_package_ref, min(each.not_after, latest)
        mark = _Mark(InboxKind.pointer, inbox, ref, b"").digest
        if (yield _FIRST_TIME.of(mark, not_after)):
            yield _EXPECT.of(inbox, ref, each.pointers, not_after)


def _can_expect(each: ExpectedPointer) -> bool:
    return is_ref(each.key_package_ref) and 1 <= each.pointers <= MOST_POINTERS


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


def _require_paid(room: Room) -> None:
    if not room.paid:
        raise refused(Code.over_quota)
