"""Groups as rows: what is kept of each beside the engine's own rows.

May import the store's port and the protocol. Nothing here decides anything.
"""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, Final, cast

import msgspec

from covey.access.member.replies import Followed
from covey.access.structs.heads import Position, SignedHead
from covey.access.structs.sealed import Door
from covey.client.sync.rows import marks, memberships

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from covey.mls import Changes
    from covey.store.port import Rows, Value


class Status(StrEnum):
    """How we stand to a group."""

    active = "active"
    """We are in it."""
    leaving = "leaving"
    """We want to be out, and wait for a member to commit that."""
    left = "left"
    """We have left."""
    removed = "removed"
    """Somebody has removed us."""
    broken = "broken"
    """A commit closed the epoch that nobody can follow: the members go on in a branch."""
    branched = "branched"
    """It goes on in another group."""
    lost = "lost"
    """What the log says between our place and its end is not kept any more: to be let in anew."""
    restored = "restored"
    """This store comes from a backup: to be let in anew."""
    copy = "copy"
    """This store is a copy of one that has gone on: it must not send."""

    @property
    def is_in(self) -> bool:
        """Whether we read and may send."""
        return self in (Status.active, Status.leaving)

    @property
    def is_out(self) -> bool:
        """Whether we were in it, and are not any more."""
        return self in (Status.left, Status.removed)

    @property
    def is_over(self) -> bool:
        """Whether nothing more is to be done for us in it, nor where it goes on."""
        return self.is_out or self is Status.copy

    @property
    def comes_back(self) -> bool:
        """Whether the engine is to ask to be let in anew."""
        return self in (Status.lost, Status.restored, Status.broken)


class GroupRow(msgspec.Struct, frozen=True):
    """One row of ``groups``; see the schema for what each column is. Shows nothing."""

    id: int
    gid: bytes
    broker_id: bytes
    group_id: bytes
    suite: int
    status: Status
    trouble: str
    name: str
    version: int
    epoch: int
    seq: int
    hash: bytes
    head: bytes | None
    counter: int
    recovery: bytes | None
    joined_at: int
    renewed_at: int
    sent: int
    predecessor: bytes | None
    branch_of: bytes | None = None
    branched_by: int = 0
    began: int = -1
    began_hash: bytes = b""
    unsure_to: int = -1
    set_back_at: int = 0
    out_since: int = 0
    inviting: str = ""
    expires_after: int = 0
    moves: int = 0

    def __repr__(self) -> str:
        return f"GroupRow({self.id}, {self.status}, epoch {self.epoch}, entry {self.seq})"

    def __rich_repr__(self) -> list[tuple[str, object]]:
        return []

    def replaced(self, **columns: object) -> GroupRow:
        """The row with some columns changed."""
        return msgspec.structs.replace(self, **columns)

    @property
    def opens(self) -> bool:
        """Whether the secrets are still here; those of a group that is over are deleted."""
        return self.epoch >= 0

    @property
    def followed(self) -> Followed:
        """How far the log has been followed."""
        position = None if self.seq < 0 else Position(self.seq, self.hash)
        head = None if self.head is None else SignedHead.decode(self.head)
        return Followed(self.broker_id, self.gid, position, head)

    def at(self, followed: Followed) -> GroupRow:
        """The row once a log has been followed further."""
        position, head = followed.position, followed.head
        return self.replaced(
            seq=-1 if position is None else position.seq,
            hash=b"" if position is None else position.hash,
            head=None if head is None else head.encode(),
        )


_COLUMNS: Final = GroupRow.__struct_fields__
_SELECT: Final = f"SELECT {', '.join(_COLUMNS)} FROM groups"  # noqa: S608 - names of our own
_UPDATE: Final = (
    f"UPDATE groups SET {', '.join(f'{each} = ?' for each in _COLUMNS[1:])}"  # noqa: S608
    " WHERE id = ?"
)
_INSERT: Final = (
    f"INSERT INTO groups ({', '.join(_COLUMNS[1:])})"  # noqa: S608
    f" VALUES ({', '.join('?' * (len(_COLUMNS) - 1))})"
)


_STATUSES: Final = {each.value: each for each in Status}


def _row(values: tuple[Value, ...]) -> GroupRow:
    """A row as the schema, which is STRICT, has it."""
    number, gid, broker_id, group_id, suite, status, *others = values
    return GroupRow(number, gid, broker_id, group_id, suite, _STATUSES[status], *others)  # type: ignore[arg-type, index]


def every(rows: Rows) -> list[GroupRow]:
    """All groups, the oldest first; no group's own rows are read."""
    return [_row(each) for each in rows.all(f"{_SELECT} ORDER BY id")]


def of(rows: Rows, number: int) -> GroupRow | None:
    """One group by its number in this store."""
    found = rows.one(f"{_SELECT} WHERE id = ?", number)
    return None if found is None else _row(found)


def by_gid(rows: Rows, gid: bytes) -> GroupRow | None:
    """One group by its log."""
    found = rows.one(f"{_SELECT} WHERE gid = ?", gid)
    return None if found is None else _row(found)


def insert(rows: Rows, row: GroupRow) -> GroupRow:
    """Add a group; returns it with its number."""
    number = rows.insert(_INSERT, *_values(row))
    return row.replaced(id=number)


def update(rows: Rows, row: GroupRow) -> None:
    """Write a group's row."""
    rows.do(_UPDATE, *_values(row), row.id)


def drop(rows: Rows, number: int) -> None:
    """Delete a group, and all that hangs on it: its history, too."""
    marks.drop(rows, number)
    rows.do("DELETE FROM groups WHERE id = ?", number)


def _values(row: GroupRow) -> tuple[Value, ...]:
    _, gid, broker_id, group_id, suite, status, *others = msgspec.structs.astuple(row)
    return (gid, broker_id, group_id, suite, status.value, *others)


# --- the engine's rows --------------------------------------------------------------------

_PUT: Final = (  # four times as quick as INSERT OR REPLACE, because of the foreign key
    "INSERT INTO group_rows (group_, key, value) VALUES (?, ?, ?)"
    " ON CONFLICT (group_, key) DO UPDATE SET value = excluded.value"
)

_NODES: Final = (b"N", b"O")
"""The keys of tree nodes are from the first on, and before the second."""


def small_rows(rows: Rows, number: int) -> dict[bytes, bytes]:
    """All of the engine's rows of a group but those of its tree."""
    first, beyond = _NODES
    found = rows.all(
        "SELECT key, value FROM group_rows WHERE group_ = ? AND key < ?"
        " UNION ALL SELECT key, value FROM group_rows WHERE group_ = ? AND key >= ?",
        *(number, first, number, beyond),
    )
    return dict(cast("list[tuple[bytes, bytes]]", found))


def node_rows(rows: Rows, number: int, after: int) -> dict[bytes, bytes]:
    """The rows of the tree that were written after an epoch; -1 for all."""
    first, beyond = _NODES
    found = rows.all(
        "SELECT key, value FROM group_rows WHERE group_ = ? AND key >= ? AND key < ?"
        " AND substr(key, 10) > ?",
        *(number, first, beyond, b"" if after < 0 else after.to_bytes(8)),
    )
    return dict(cast("list[tuple[bytes, bytes]]", found))


def engine_rows(rows: Rows, number: int) -> dict[bytes, bytes]:
    """What :meth:`~covey.mls.Group.load` needs."""
    found = rows.all("SELECT key, value FROM group_rows WHERE group_ = ?", number)
    return dict(cast("list[tuple[bytes, bytes]]", found))


def apply(rows: Rows, number: int, changes: Changes) -> None:
    """Write what :meth:`~covey.mls.Group.changes` handed out."""
    for first, beyond in changes.ranges:
        rows.do(
            "DELETE FROM group_rows WHERE group_ = ? AND key >= ? AND key < ?",
            *(number, first, beyond),
        )
    if changes.delete:
        gone = [(number, key) for key in changes.delete]
        rows.many("DELETE FROM group_rows WHERE group_ = ? AND key = ?", gone)
    if changes.put:
        put = [(number, key, value) for key, value in changes.put.items()]
        rows.many(_PUT, put)


def replace_engine(rows: Rows, number: int, stored: Mapping[bytes, bytes]) -> None:
    """Put the engine's rows of a group into the place of those of the one before it."""
    rows.do("DELETE FROM group_rows WHERE group_ = ?", number)
    rows.many(_PUT, [(number, key, value) for key, value in stored.items()])


def forget_engine(rows: Rows, number: int) -> None:
    """Delete every secret of a group."""
    for of_it in (marks, memberships):
        of_it.drop(rows, number)
    for table in ("group_rows", "sent", "doors"):
        rows.do(f"DELETE FROM {table} WHERE group_ = ?", number)  # noqa: S608 - names of our own


def forget_all(rows: Rows, number: int) -> None:
    """Delete all of a group but its row, its history and its events: we are out of it."""
    forget_engine(rows, number)
    for table in ("accepted", "places", "counters", "slots"):
        rows.do(f"DELETE FROM {table} WHERE group_ = ?", number)  # noqa: S608 - names of our own


# --- doors, idems and slots -----------------------------------------------------------------


def doors(rows: Rows, number: int) -> tuple[Door, ...]:
    """The doors of a group, for those who are let in."""
    found = rows.all(
        "SELECT capability, suite, private_key FROM doors WHERE group_ = ?"
        " ORDER BY capability, suite",
        number,
    )
    return tuple(
        Door(cast("bytes", key), cast("int", suite), cast("bytes", private))
        for key, suite, private in found
    )


def add_doors(rows: Rows, number: int, added: Iterable[Door]) -> None:
    """Keep doors."""
    rows.many(
        "INSERT OR REPLACE INTO doors (group_, capability, suite, private_key) VALUES (?, ?, ?, ?)",
        [(number, each.capability, each.cipher_suite, each.private_key) for each in added],
    )


def keep_doors(rows: Rows, number: int, standing: set[bytes]) -> None:
    """Delete the doors of capabilities that do not stand any more."""
    gone = [each.capability for each in doors(rows, number) if each.capability not in standing]
    rows.many(
        "DELETE FROM doors WHERE group_ = ? AND capability = ?", [(number, key) for key in gone]
    )


def note_sent(rows: Rows, number: int, idem: bytes) -> None:
    """Remember that this store sends something under an idem."""
    rows.do("INSERT OR IGNORE INTO sent (group_, idem, ours) VALUES (?, ?, 1)", number, idem)


def was_sent(rows: Rows, number: int, idem: bytes) -> bool:
    """Whether this store has sent something under an idem."""
    found = rows.one("SELECT ours FROM sent WHERE group_ = ? AND idem = ?", number, idem)
    return found == (1,)


def note_taken(rows: Rows, number: int, idem: bytes, seq: int) -> bool:
    """Remember as which entry something has been taken in; whether it had not been before."""
    changed = rows.do(
        "INSERT INTO sent (group_, idem, ours, seq) VALUES (?, ?, 0, ?)"
        " ON CONFLICT (group_, idem) DO UPDATE SET seq = excluded.seq WHERE seq IS NULL",
        *(number, idem, seq),
    )
    return changed > 0


def note_moved(rows: Rows, number: int, idem: bytes, seq: int) -> None:
    """Remember that what has been taken in is another entry than before."""
    rows.do("UPDATE sent SET seq = ? WHERE group_ = ? AND idem = ?", seq, number, idem)


def taken_at(rows: Rows, number: int, idem: bytes) -> int:
    """As which entry something that has been taken in stands in the log."""
    found = rows.one("SELECT seq FROM sent WHERE group_ = ? AND idem = ?", number, idem)
    assert found is not None
    return cast("int", found[0])


def forget_sent(rows: Rows, number: int) -> None:
    """Forget the idems of an epoch that has ended."""
    rows.do("DELETE FROM sent WHERE group_ = ?", number)


def add_slot(rows: Rows, number: int, token: bytes) -> None:
    """Keep the post token that a group's members have."""
    rows.do("INSERT INTO slots (token, group_) VALUES (?, ?)", token, number)


def slots(rows: Rows) -> list[bytes]:
    """The post tokens of all groups."""
    return [cast("bytes", token) for (token,) in rows.all("SELECT token FROM slots ORDER BY token")]


def slot_of(rows: Rows, number: int) -> bytes | None:
    """The post token of one group."""
    found = rows.one("SELECT token FROM slots WHERE group_ = ?", number)
    return None if found is None else cast("bytes", found[0])


# --- what came from whom --------------------------------------------------------------------


def has_spoken(rows: Rows, number: int, key: bytes) -> bool:
    """Whether a member with a signature key has said something since we came in."""
    found = rows.one("SELECT 1 FROM counters WHERE group_ = ? AND signature_key = ?", number, key)
    return found is not None


def counted(rows: Rows, number: int, key: bytes, counter: int) -> int:
    """Take note of a content's number; returns how many before it never came.

    Args:
        rows: The transaction.
        number: The group's.
        key: The sender's signature key, whatever its leaf is.
        counter: The number of the content.
    """
    next_one = (number, key, counter)
    if rows.do(
        "UPDATE counters SET next = next + 1 WHERE group_ = ? AND signature_key = ? AND next = ?",
        *next_one,
    ):
        return 0
    found = rows.one(
        "SELECT next FROM counters WHERE group_ = ? AND signature_key = ?", number, key
    )
    expected = counter if found is None else cast("int", found[0])
    if found is None or counter >= expected:
        row = (number, key, counter + 1)
        rows.do(
            "INSERT OR REPLACE INTO counters (group_, signature_key, next) VALUES (?, ?, ?)", *row
        )
    return max(counter - expected, 0)


def counts_on(rows: Rows, number: int, before: bytes, after: bytes) -> None:
    """Somebody has another signature key: it goes on counting what it says."""
    rows.do(
        "UPDATE OR REPLACE counters SET signature_key = ? WHERE group_ = ? AND signature_key = ?",
        *(after, number, before),
    )


def counts_anew(rows: Rows, number: int, key: bytes) -> None:
    """Somebody is out, by its signature key: what it wanted to say and could not is no loss."""
    rows.do("DELETE FROM counters WHERE group_ = ? AND signature_key = ?", number, key)
