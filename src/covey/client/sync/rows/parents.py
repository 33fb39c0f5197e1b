"""Of which group another one is a subgroup (RFC 9420 §11.3). May import the store.

Kept only where it was proven: by who has made the subgroup, and by who came in with its first
commit, which takes a secret of the parent. It is no secret, and is kept with the history.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from covey.client.sync.rows import groups
from covey.store import settings

if TYPE_CHECKING:
    from covey.client.sync.rows.groups import GroupRow
    from covey.store.port import Rows

_NAME: Final = "subgroup "


def put(rows: Rows, gid: bytes, parent: bytes) -> None:
    """A group is a subgroup of another one.

    Args:
        rows: The transaction.
        gid: Its log.
        parent: The log of the other one.
    """
    settings.put(rows, _name(gid), parent)


def drop(rows: Rows, gid: bytes) -> None:
    """It is not any more."""
    settings.drop(rows, _name(gid))


def of(rows: Rows, row: GroupRow) -> bytes | None:
    """The log of a group's parent; of the group that it goes on from, if it is a branch itself."""
    seen: set[bytes] = set()
    found: GroupRow | None = row
    while found is not None and found.gid not in seen:
        parent = settings.get(rows, _name(found.gid))
        if parent is not None:
            return parent
        seen.add(found.gid)
        found = None if found.predecessor is None else groups.by_gid(rows, found.predecessor)
    return None


def to_begin(rows: Rows, row: GroupRow) -> GroupRow | None:
    """The parent of a subgroup that is yet to begin, as long as we are in it."""
    gid = None if row.epoch else of(rows, row)
    parent = None if gid is None else groups.by_gid(rows, gid)
    return parent if parent is not None and parent.status.is_in else None


def _name(gid: bytes) -> str:
    return f"{_NAME}{gid.hex()}"
