"""What waits, as rows: the outbox, wishes, the commit under way, pointers to be posted.

May import the store's port.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple, cast

import msgspec

from covey.access.structs.sealed import Posting

if TYPE_CHECKING:
    from collections.abc import Iterable

    from covey.client.sync.effects import World
    from covey.store.port import Rows, Value

KEPT: Final = 1_000
"""For how many entries of a log what we sent is kept, to be offered again."""

KEPT_EPOCHS: Final = 50
"""Likewise, for how many epochs."""

_UNPLACED: Final = 1 << 40
"""Added to the number of an entry that has not come again since a log is read anew."""


# --- the outbox ----------------------------------------------------------------------------


class Waiting(NamedTuple):
    """Something to be said.

    Attributes:
        id: Its number; they are sent in this order.
        message: The id in its content.
        content: The content.
        epoch: For which epoch it was encrypted; None before.
        idem: Under which it was sent.
        request: The signed request, as it was sent.
        expires_at: When it disappears, in seconds since the epoch; None for never.
    """

    id: int
    message: bytes
    content: bytes
    epoch: int | None
    idem: bytes | None
    request: bytes | None
    expires_at: int | None = None

    def __repr__(self) -> str:
        return f"Waiting({self.id})"

    def is_over(self, world: World) -> bool:
        """Whether it has disappeared by now."""
        return self.expires_at is not None and self.expires_at <= world.second


_OUTBOX = "SELECT id, message, content, epoch, idem, request, expires_at FROM outbox"


def _waiting(row: tuple[Value, ...] | None) -> Waiting | None:
    if row is None:
        return None
    return Waiting(*cast("tuple[int, bytes, bytes, int, bytes, bytes, int | None]", row))


def say(
    rows: Rows, number: int, message: bytes, content: bytes, expires_at: int | None = None
) -> None:
    """Let a content wait, until it disappears at a time in seconds since the epoch."""
    rows.do(
        "INSERT INTO outbox (group_, message, content, expires_at) VALUES (?, ?, ?, ?)",
        *(number, message, content, expires_at),
    )


def first(rows: Rows, number: int) -> Waiting | None:
    """What is to be sent next."""
    return _waiting(rows.one(f"{_OUTBOX} WHERE group_ = ? ORDER BY id LIMIT 1", number))


def by_idem(rows: Rows, number: int, idem: bytes) -> Waiting | None:
    """What was sent under an idem."""
    return _waiting(rows.one(f"{_OUTBOX} WHERE group_ = ? AND idem = ?", number, idem))


def waits(rows: Rows, number: int) -> int:
    """How many wait."""
    found = rows.one("SELECT count(*) FROM outbox WHERE group_ = ?", number)
    assert found is not None
    return cast("int", found[0])


def place_of(rows: Rows, number: int, message: bytes) -> int | None:
    """The number of what waits, by the id in its content; None when it does not wait any more."""
    found = rows.one("SELECT id FROM outbox WHERE group_ = ? AND message = ?", number, message)
    return None if found is None else cast("int", found[0])


def first_place(rows: Rows, number: int) -> int | None:
    """The number of what is to be sent next."""
    found = rows.one("SELECT id FROM outbox WHERE group_ = ? ORDER BY id LIMIT 1", number)
    return None if found is None else cast("int", found[0])


def encrypted(rows: Rows, waiting: Waiting, epoch: int, idem: bytes, request: bytes) -> None:
    """Keep the request of what is to be sent."""
    rows.do(
        "UPDATE outbox SET epoch = ?, idem = ?, request = ? WHERE id = ?",
        *(epoch, idem, request, waiting.id),
    )


def to_be_encrypted_anew(rows: Rows, number: int) -> None:
    """Drop the requests of an epoch that has closed: nobody could read them."""
    rows.do(
        "UPDATE outbox SET epoch = NULL, idem = NULL, request = NULL"
        " WHERE group_ = ? AND idem IS NOT NULL",
        number,
    )


def done(rows: Rows, waiting: Waiting) -> None:
    """The broker has it."""
    rows.do("DELETE FROM outbox WHERE id = ?", waiting.id)


def unsay(rows: Rows, number: int) -> list[Waiting]:
    """Drop all that waits; returns it."""
    found = rows.all(f"{_OUTBOX} WHERE group_ = ? ORDER BY id", number)
    rows.do("DELETE FROM outbox WHERE group_ = ?", number)
    return [each for row in found if (each := _waiting(row)) is not None]


# --- what the broker has taken ---------------------------------------------------------------


class Accepted(NamedTuple):
    """A request that the broker has taken: one of ours, or a proposal, which whoever has it offers.

    Attributes:
        idem: Under which it was sent.
        seq: The entry that it became.
        epoch: The epoch that it was for.
        message: The id in its content; None for what is no message.
        wishes: What a commit fulfilled, as it was kept.
        request: The signed request.
        control: The content, if it is none that a history keeps, and all need it.
        expires_at: When what it says disappears, in seconds since the epoch; None for never.
    """

    idem: bytes
    seq: int
    epoch: int
    message: bytes | None
    wishes: tuple[bytes, ...]
    request: bytes
    control: bytes | None = None
    expires_at: int | None = None

    def __repr__(self) -> str:
        return f"Accepted(entry {self.seq})"

    def is_over(self, world: World) -> bool:
        """Whether what it says has disappeared by now."""
        return self.expires_at is not None and self.expires_at <= world.second


def taken(rows: Rows, number: int, accepted: Accepted) -> None:
    """Keep what the broker has taken, and let go of what it took long ago."""
    wishes = msgspec.msgpack.encode(accepted.wishes) if accepted.wishes else None
    rows.do(
        "INSERT OR REPLACE INTO accepted"
        " (group_, idem, seq, epoch, message, wishes, request, control, expires_at)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
        *(number, accepted.idem, accepted.seq, accepted.epoch, accepted.message, wishes),
        *(accepted.request, accepted.control, accepted.expires_at),
    )
    # Two, since SQLite would walk over all of them for one with an OR.
    rows.do("DELETE FROM accepted WHERE group_ = ? AND seq < ?", number, accepted.seq - KEPT)
    ended = accepted.epoch - KEPT_EPOCHS
    rows.do("DELETE FROM accepted WHERE group_ = ? AND epoch < ?", number, ended)


def moved(rows: Rows, number: int, idem: bytes, seq: int) -> None:
    """Something that was taken is another entry than before."""
    rows.do("UPDATE accepted SET seq = ? WHERE group_ = ? AND idem = ?", seq, number, idem)


def unplace(rows: Rows, number: int, epoch: int) -> None:
    """A log is read anew from the beginning of an epoch: where is what was taken there?

    Behind all entries, and in the same order, until it comes.
    """
    rows.do(
        "UPDATE accepted SET seq = seq + ? WHERE group_ = ? AND epoch >= ? AND seq < ?",
        *(_UNPLACED, number, epoch, _UNPLACED),
    )


def accepted(rows: Rows, number: int) -> list[Accepted]:
    """What the broker has taken of late, in its order."""
    found = rows.all(
        "SELECT idem, seq, epoch, message, wishes, request, control, expires_at FROM accepted"
        " WHERE group_ = ? ORDER BY seq, epoch",
        number,
    )
    typed = cast(
        "list[tuple[bytes, int, int, bytes | None, bytes | None, bytes, bytes | None, int | None]]",
        found,
    )
    return [Accepted(*each[:4], _wished(each[4]), *each[5:]) for each in typed]


def not_come_again(rows: Rows, number: int, epoch: int) -> list[Accepted]:
    """What was taken in an epoch, and has not come again since its log is read anew."""
    return [
        each for each in accepted(rows, number) if each.epoch == epoch and each.seq >= _UNPLACED
    ]


def _wished(encoded: bytes | None) -> tuple[bytes, ...]:
    return () if encoded is None else msgspec.msgpack.decode(encoded, type=tuple[bytes, ...])


def forget_accepted(rows: Rows, number: int, idem: bytes | None = None) -> None:
    """Let go of one of them, or of all: our place in the log is another one."""
    if idem is None:
        rows.do("DELETE FROM accepted WHERE group_ = ?", number)
    else:
        rows.do("DELETE FROM accepted WHERE group_ = ? AND idem = ?", number, idem)


# --- what disappears -------------------------------------------------------------------------


def next_expiry(rows: Rows) -> int | None:
    """When something of these disappears next, in seconds since the epoch; None for never."""
    row = rows.one(
        "SELECT min(due) FROM ("
        "SELECT min(expires_at) AS due FROM outbox WHERE expires_at IS NOT NULL UNION ALL"
        " SELECT min(expires_at) FROM accepted WHERE expires_at IS NOT NULL)"
    )
    assert row is not None
    return cast("int | None", row[0])


def expire(rows: Rows, now: int) -> dict[int, list[bytes]]:
    """Delete what has disappeared; the ids of what the broker did not have, by their group."""
    found = rows.all(
        "SELECT group_, message FROM outbox WHERE expires_at <= ? ORDER BY group_, id", now
    )
    rows.do("DELETE FROM outbox WHERE expires_at <= ?", now)
    rows.do("DELETE FROM accepted WHERE expires_at <= ?", now)
    unsent: dict[int, list[bytes]] = {}
    for number, message in cast("list[tuple[int, bytes]]", found):
        unsent.setdefault(number, []).append(message)
    return unsent


# --- wishes --------------------------------------------------------------------------------


def wish(rows: Rows, number: int, encoded: bytes) -> int:
    """Keep a wish; returns its number."""
    return rows.insert("INSERT INTO wishes (group_, wish) VALUES (?, ?)", number, encoded)


def wishes(rows: Rows, number: int) -> dict[int, bytes]:
    """The wishes of a group by their numbers, in order."""
    found = rows.all("SELECT id, wish FROM wishes WHERE group_ = ? ORDER BY id", number)
    return dict(cast("list[tuple[int, bytes]]", found))


def wished(rows: Rows, number: int) -> frozenset[int]:
    """The numbers of the wishes of a group."""
    found = rows.all("SELECT id FROM wishes WHERE group_ = ?", number)
    return frozenset(cast("int", each) for (each,) in found)


def still_wished(rows: Rows, wish_number: int) -> bool:
    """Whether a wish has been neither fulfilled nor refused."""
    return rows.one("SELECT 1 FROM wishes WHERE id = ?", wish_number) is not None


def unwish(rows: Rows, numbers: Iterable[int]) -> None:
    """Drop wishes."""
    rows.many("DELETE FROM wishes WHERE id = ?", [(each,) for each in numbers])


# --- the commit under way -------------------------------------------------------------------


class UnderWay(NamedTuple):
    """A commit of ours whose fate is not known.

    Attributes:
        epoch: The epoch that it closes.
        idem: Its idem.
        request: The signed request.
        wishes: The numbers of the wishes that it fulfils.
        postings: To be posted once it has won.
    """

    epoch: int
    idem: bytes
    request: bytes
    wishes: tuple[int, ...]
    postings: tuple[Posting, ...]

    def __repr__(self) -> str:
        return f"UnderWay(epoch {self.epoch})"


def begin_commit(rows: Rows, number: int, made: UnderWay) -> None:
    """Keep a commit before it is sent."""
    postings = msgspec.msgpack.encode([each.encode() for each in made.postings])
    rows.do(
        "INSERT INTO pending (group_, epoch, idem, request, wishes, postings)"
        " VALUES (?, ?, ?, ?, ?, ?)",
        *(number, made.epoch, made.idem, made.request, msgspec.msgpack.encode(made.wishes)),
        postings,
    )


def under_way(rows: Rows, number: int) -> UnderWay | None:
    """The commit that is under way."""
    found = rows.one(
        "SELECT epoch, idem, request, wishes, postings FROM pending WHERE group_ = ?", number
    )
    if found is None:
        return None
    epoch, idem, request, wished, postings = cast("tuple[int, bytes, bytes, bytes, bytes]", found)
    return UnderWay(
        epoch,
        idem,
        request,
        msgspec.msgpack.decode(wished, type=tuple[int, ...]),
        tuple(map(Posting.decode, msgspec.msgpack.decode(postings, type=list[bytes]))),
    )


def end_commit(rows: Rows, number: int) -> None:
    """Its fate is known."""
    rows.do("DELETE FROM pending WHERE group_ = ?", number)


# --- pointers to be posted ------------------------------------------------------------------


class Due(NamedTuple):
    """A pointer to be posted.

    Attributes:
        id: Its number.
        posting: What and where.
        due_at: Not before.
        group: The number of the group into which our own commit has let in; None for another's.
    """

    id: int
    posting: Posting
    due_at: int
    group: int | None = None


def post_later(rows: Rows, posting: Posting, due_at: int, number: int | None = None) -> None:
    """Keep a pointer to be posted, into the group with a number if our own commit has let in."""
    rows.do(
        "INSERT INTO postings (inbox, reference, pointer, due_at, group_) VALUES (?, ?, ?, ?, ?)",
        *(posting.inbox, posting.key_package_ref, posting.pointer, due_at, number),
    )


def postings(rows: Rows) -> list[Due]:
    """All pointers to be posted, the first one first."""
    found = rows.all(
        "SELECT id, inbox, reference, pointer, due_at, group_ FROM postings ORDER BY due_at, id"
    )
    typed = cast("list[tuple[int, bytes, bytes, bytes, int, int | None]]", found)
    return [Due(each[0], Posting(*each[1:4]), *each[4:]) for each in typed]


def post_again(rows: Rows, due: Due, due_at: int) -> None:
    """It cannot be posted now."""
    rows.do("UPDATE postings SET due_at = ? WHERE id = ?", due_at, due.id)


def posted(rows: Rows, due: Due) -> None:
    """It has been posted, or cannot be."""
    rows.do("DELETE FROM postings WHERE id = ?", due.id)
