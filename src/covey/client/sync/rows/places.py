"""Places of a group's log: the hashes up to its entries, to be compared with what others claim.

May import the store's port and the protocol.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, cast

if TYPE_CHECKING:
    from collections.abc import Iterable

    from covey.access.structs.heads import Position
    from covey.store.port import Rows

KEPT: Final = 1_000
"""How many places of a log are kept."""

_LARGEST: Final = (1 << 63) - 1
"""The largest number that a store can look for."""


def remember(rows: Rows, number: int, seen: Iterable[Position]) -> None:
    """Keep the hashes up to some entries, and let go of those that are too old."""
    kept = [(number, each.seq, each.hash) for each in seen]
    if not kept:
        return
    rows.many("INSERT OR IGNORE INTO places (group_, seq, hash) VALUES (?, ?, ?)", kept)
    beyond = kept[-1][1] - KEPT
    rows.do("DELETE FROM places WHERE group_ = ? AND seq >= 0 AND seq < ?", number, beyond)


def forget(rows: Rows, number: int) -> None:
    """Forget the hashes of a log that has gone."""
    rows.do("DELETE FROM places WHERE group_ = ?", number)


def after(rows: Rows, number: int, seq: int) -> dict[int, bytes]:
    """The hashes that are known behind an entry: of ours, which the broker says it has taken."""
    found = rows.all(
        "SELECT seq, hash FROM places WHERE group_ = ? AND seq > ? ORDER BY seq", number, seq
    )
    return dict(cast("list[tuple[int, bytes]]", found))


def hash_at(rows: Rows, number: int, seq: int) -> bytes | None:
    """The hash up to an entry; None when it is not known, or not any more."""
    found = rows.one("SELECT hash FROM places WHERE group_ = ? AND seq = ?", number, seq)
    return None if found is None else cast("bytes", found[0])


# --- of a log as it was before ---------------------------------------------------------------

# They have negative numbers: -1 for entry 0, -2 for entry 1, and so on.


def set_aside(rows: Rows, number: int, seq: int) -> None:
    """The log is read anew; up to an entry, we have read it as it was before."""
    rows.do("DELETE FROM places WHERE group_ = ? AND seq > ?", number, seq)
    rows.do("UPDATE OR REPLACE places SET seq = -1 - seq WHERE group_ = ? AND seq >= 0", number)


def was_seen(rows: Rows, number: int, claimed: Position) -> bool:
    """Whether we have read the log up to a place, as it was before; a member can claim any."""
    return claimed.seq <= _LARGEST and hash_at(rows, number, -1 - claimed.seq) == claimed.hash
