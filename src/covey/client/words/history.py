"""What was said, ours too, once each: the rows of ``messages`` and the index of their words.

May import the store's port and the contents. A message that disappears is deleted: its row, its
words in the index, and with ``secure_delete`` its bytes in the file. Until that is done, nothing
is read of it either.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

from covey.client.words import contents, expiring
from covey.client.words.contents import Content, Data, Reaction, Unknown
from covey.client.words.showing import name_of
from covey.errors import StorageError
from covey.mls.wire.struct import Unshown

if TYPE_CHECKING:
    from covey.store.port import Rows, Value

_COLUMNS: Final = (
    "SELECT messages.id, gid, sender, leaf, kind, text, content, sent_at, received_at, expires_at,"
    " messages.seq, messages.epoch, CASE WHEN messages.seq IS NULL THEN EXISTS (SELECT 1 FROM"
    " outbox WHERE outbox.group_ = messages.group_ AND outbox.message = messages.message)"
    " ELSE 0 END FROM messages JOIN groups ON groups.id = group_"
)

_HOLDING: Final = "messages.id IN (SELECT rowid FROM words WHERE words MATCH ?1)"

_FAMILY: Final = (
    "WITH RECURSIVE family (id, gid, predecessor) AS ("
    "SELECT id, gid, predecessor FROM groups WHERE id = ?1 UNION"
    " SELECT groups.id, groups.gid, groups.predecessor FROM groups JOIN family"
    " ON groups.predecessor IN (family.gid, family.predecessor)) "
)
"""The group, those that go on from it, and the other branches of the one that it goes on from."""

_STANDS: Final = "(expires_at IS NULL OR expires_at > ?)"
"""Which messages have not disappeared at a time, in seconds since the epoch."""

_LATEST: Final = 2**63 - 1
"""The largest integer of a column; a sender's clock may say anything."""


class Message(Unshown, frozen=True, kw_only=True):
    """A message in the history.

    Attributes:
        number: Its number: later messages have higher ones.
        group: The gid of its group, in hex.
        id: Its id, in hex.
        sender: Who said it.
        identity: The same, as credentials name it.
        leaf: From which leaf.
        kind: ``text``, ``reply``, ``reaction``, ``attachment``, ``unknown``, or a content type.
        text: What can be read: a text, the name of a file, a sign.
        data: What is no text.
        about: The id of the message that it is about, in hex; or empty.
        withdrawn: Whether it takes a reaction back.
        sent_at: When it was said, by its sender's clock; in seconds since the epoch.
        received_at: When it came in, or was said by us, by our clock.
        expires_at: When it disappears, or None.
        seq: Its place in the log; None while it waits in the outbox.
        epoch: The epoch in which it was said; likewise.
        queued: Whether it waits in the outbox.
        content: The whole of it, with the keys of attachments.
    """

    number: int
    group: str
    id: str
    sender: str
    identity: bytes
    leaf: int
    kind: str
    text: str
    data: bytes
    about: str
    withdrawn: bool
    sent_at: int
    received_at: int
    expires_at: int | None
    seq: int | None
    epoch: int | None
    queued: bool
    content: Content

    def state(self, own: bytes) -> str:
        """``waiting`` to be sent, ``sent``, ``received``, or ``unsent`` for ever.

        Args:
            own: Our identity; what another device of ours has said is sent, too.
        """
        if self.seq is None:
            return "waiting" if self.queued else "unsent"
        return "sent" if self.identity == own else "received"

    def __repr__(self) -> str:
        return f"Message({self.number}, {self.kind!r}, …)"


class Place(NamedTuple):
    """Where a message stands in the log.

    Attributes:
        seq: The entry.
        epoch: In which it was said.
        idem: Under which it came there; the entry may become another one.
    """

    seq: int
    epoch: int
    idem: bytes


_NOWHERE: Final = (None, None, None)


def keep(
    rows: Rows,
    group: int,
    content: Content,
    *,
    sender: bytes,
    leaf: int,
    now: int,
    place: Place | None = None,
) -> bool:
    """Put a message into the history, if it does not stand there already.

    One that does, and waits for its place, gets it.

    Args:
        rows: The transaction.
        group: The number of its group.
        content: The message.
        sender: The identity of who said it.
        leaf: From which leaf.
        now: In seconds since the epoch; if it is to disappear, it does so that much later.
        place: In the log; None for what waits in the outbox.

    Returns:
        Whether it is new there, and has not disappeared before.

    Raises:
        ValueError: It does not belong into the history.
    """
    if not contents.belongs(content):
        msg = "what is ephemeral, or for clients alone, stands in no history"
        raise ValueError(msg)
    expires_at = expiring.due(rows, group, content, now)
    if expires_at is not None and expires_at <= now:
        return False
    new = rows.do(
        "INSERT INTO messages (group_, message, seq, epoch, idem, sender, leaf, kind, text,"
        " content, about, sent_at, received_at, expires_at)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
        " ON CONFLICT (group_, message) DO NOTHING",
        *(group, content.id, *(place or _NOWHERE), sender, leaf),
        *_described(content),
        now,
        expires_at,
    )
    if not new and place is not None:
        _placed_by(rows, group, content.id, sender, place)
    return bool(new)


def _placed_by(rows: Rows, group: int, message: bytes, sender: bytes, place: Place) -> None:
    """The last place of a message in the log is its place, if it is of who had said it."""
    known = rows.one("SELECT sender FROM messages WHERE group_ = ? AND message = ?", group, message)
    if known == (sender,):
        placed(rows, group, message, place)


def _described(content: Content) -> tuple[Value, ...]:
    """What the columns from ``kind`` to ``sent_at`` say of a content."""
    body = content.body
    return (
        contents.kind_of(body),
        contents.text_of(body),
        contents.framed(content),
        contents.about_of(body) or None,
        min(content.sent_at, _LATEST),
    )


def moved(rows: Rows, group: int, idem: bytes, seq: int) -> None:
    """A message has another place in the log, which is read anew, than before."""
    rows.do("UPDATE messages SET seq = ? WHERE group_ = ? AND idem = ?", seq, group, idem)


def unplaced(rows: Rows, group: int, message_id: bytes) -> None:
    """A message has lost its place: it waits to be sent once more."""
    rows.do(
        "UPDATE messages SET seq = NULL, epoch = NULL, idem = NULL"
        " WHERE group_ = ? AND message = ?",
        *(group, message_id),
    )


def placed(rows: Rows, group: int, message_id: bytes, place: Place) -> int | None:
    """A message that waited has got its place; its number, or None when it is not there."""
    rows.do(
        "UPDATE messages SET seq = ?, epoch = ?, idem = ? WHERE group_ = ? AND message = ?",
        *(*place, group, message_id),
    )
    row = rows.one("SELECT id FROM messages WHERE group_ = ? AND message = ?", group, message_id)
    return None if row is None else _number(row[0])


def encoded(rows: Rows, group: int, message_id: bytes) -> bytes | None:
    """The content of a message as it was said, or None when it is not there any more."""
    row = rows.one(
        "SELECT content FROM messages WHERE group_ = ? AND message = ?", group, message_id
    )
    if row is None:
        return None
    [content] = row
    assert isinstance(content, bytes)
    return content


def read(
    rows: Rows,
    group: int,
    *,
    before: int | None = None,
    after: int | None = None,
    limit: int = 50,
    now: int,
) -> list[Message]:
    """Messages of a group, in the order in which they came.

    Args:
        rows: The transaction.
        group: The number of the group.
        before: Only messages before this number.
        after: Only messages after this number; then the first of them, else the last.
        limit: At most so many.
        now: In seconds since the epoch: what has disappeared by then is not there.
    """
    order = "DESC" if after is None else "ASC"
    found = rows.all(
        f"{_COLUMNS} WHERE group_ = ? AND messages.id > ? AND messages.id < ?"
        f" AND {_STANDS} ORDER BY messages.id {order} LIMIT ?",
        group,
        -1 if after is None else after,
        _LATEST if before is None else before,
        now,
        limit,
    )
    messages = [_message(row) for row in found]
    return messages if after is not None else messages[::-1]


def find(rows: Rows, group: int, message_id: bytes, *, now: int) -> Message | None:
    """The message with an id, or None; also when it has disappeared by now."""
    where = f"WHERE group_ = ? AND message = ? AND {_STANDS}"
    row = rows.one(f"{_COLUMNS} {where}", group, message_id, now)
    return None if row is None else _message(row)


def find_after_branch(rows: Rows, group: int, message_id: bytes, *, now: int) -> Message | None:
    """Likewise, also when it went on with its group into a branch."""
    where = "WHERE group_ IN (SELECT id FROM family) AND message = ?2"
    row = rows.one(f"{_FAMILY} {_COLUMNS} {where} AND {_STANDS}", group, message_id, now)
    return None if row is None else _message(row)


def reactions(rows: Rows, group: int, message_id: bytes, *, now: int) -> list[Message]:
    """The reactions to a message that have not been withdrawn, nor disappeared, in their order.

    Each sign counts once for each who gave it, whichever device that was.
    """
    found = rows.all(
        f"{_COLUMNS} WHERE group_ = ? AND about = ? AND kind = 'reaction' AND {_STANDS}"
        " ORDER BY messages.id",
        *(group, message_id, now),
    )
    standing: dict[tuple[bytes, str], Message] = {}
    for message in map(_message, found):
        key = (message.identity, message.text)
        if message.withdrawn:
            standing.pop(key, None)
        else:
            standing.setdefault(key, message)
    return list(standing.values())


def search(
    rows: Rows, query: str, group: int | None = None, limit: int = 50, *, now: int
) -> list[Message]:
    """The latest messages that hold all words of a query, or words that begin like them.

    It finds what is in the index: see :mod:`covey.store.words`.

    Args:
        rows: The transaction.
        query: Words, whatever characters they have.
        group: The number of a group, or None for all of them.
        limit: At most so many.
        now: In seconds since the epoch: what has disappeared by then is not found.

    Returns:
        The messages, the latest first; none for a query without words.
    """
    match = matching(query)
    if not match:
        return []
    found = rows.all(
        f"{_COLUMNS} WHERE {_HOLDING}"
        f" AND (?2 IS NULL OR group_ = ?2) AND {_STANDS} ORDER BY messages.id DESC LIMIT ?4",
        *(match, group, now, limit),
    )
    return [_message(row) for row in found]


def matching(query: str) -> str:
    """What a person types, as FTS5 takes it: all words quoted, each as a beginning."""
    text = query.encode(errors="replace").decode().replace("\0", " ")
    words = [word.replace('"', '""') for word in text.split()]
    return " ".join(f'"{word}"*' for word in words if any(map(str.isalnum, word)))


def _message(row: tuple[Value, ...]) -> Message:
    number, gid, sender, leaf, kind, text, encoded, *times, seq, epoch, queued = row
    sent, received, expires = times
    assert isinstance(gid, bytes)
    assert isinstance(sender, bytes)
    assert isinstance(encoded, bytes)
    content = contents.decode(encoded)
    body = content.body
    return Message(
        number=_number(number),
        group=gid.hex(),
        id=content.id.hex(),
        sender=name_of(sender),
        identity=sender,
        leaf=_number(leaf),
        kind=str(kind),
        text=str(text),
        data=body.data
        if isinstance(body, Data)
        else body.body
        if isinstance(body, Unknown)
        else b"",
        about=contents.about_of(body).hex(),
        withdrawn=isinstance(body, Reaction) and body.withdrawn == 1,
        sent_at=_number(sent),
        received_at=_number(received),
        expires_at=_optional(expires),
        seq=_optional(seq),
        epoch=_optional(epoch),
        queued=queued == 1,
        content=content,
    )


def _number(value: Value) -> int:
    if not isinstance(value, int):
        msg = "the history holds something else than it should: restore a backup"
        raise StorageError(msg)
    return value


def _optional(value: Value) -> int | None:
    return None if value is None else _number(value)
