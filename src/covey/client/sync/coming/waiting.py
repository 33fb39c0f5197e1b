"""The pointers that are of no use yet, and are kept: for a day, if we know what they are for.

May import the rows alone.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Final

import msgspec

from covey.store import settings

if TYPE_CHECKING:
    from collections.abc import Sequence

    from covey.store.port import Rows

DAY: Final = 86_400
"""Seconds for which a pointer is kept."""

_NAME: Final = "pointers that wait"
_UNREAD: Final = "pointers that nothing opens yet"
_MOST: Final = 64
"""How many pointers are kept into groups that we know."""

_STRANGE: Final = 16
"""How many into others: who claims a KeyPackage of ours can leave what leads nowhere."""


class Waiting(msgspec.Struct, frozen=True):
    """A pointer that is of no use yet.

    Attributes:
        came_at: When it came, in seconds since the epoch.
        body: It, sealed.
        gid: The log that it leads to.
        reference: Of the KeyPackage that it is for.
        ours: That log, or the one that it goes on from, if we know it; else nothing.
        was_out: Whether we were out of that group already when it came.
    """

    came_at: int
    body: bytes
    gid: bytes
    reference: bytes
    ours: bytes
    was_out: bool


def every(rows: Rows) -> list[Waiting]:
    """All that are kept."""
    kept = settings.get(rows, _NAME)
    return [] if kept is None else msgspec.msgpack.decode(kept, type=list[Waiting])


def keep(rows: Rows, waiting: Sequence[Waiting]) -> list[Waiting]:
    """Keep these, and no others; those for which there is room.

    Anybody can leave pointers, and only members those into a group that we know.
    """
    known = _fewer([each for each in waiting if each.ours], _MOST)
    strange = _fewer([each for each in waiting if not each.ours], _STRANGE)
    settings.put(rows, _NAME, msgspec.msgpack.encode([*known, *strange]))
    return [*known, *strange]


def let_go(rows: Rows, body: bytes) -> None:
    """One is of no use any more."""
    keep(rows, [each for each in every(rows) if each.body != body])


def unread(rows: Rows) -> list[bytes]:
    """Those that may be for KeyPackages of a dialect that was not spoken; the oldest first."""
    kept = settings.get(rows, _UNREAD)
    return [] if kept is None else msgspec.msgpack.decode(kept, type=list[bytes])


def keep_unread(rows: Rows, body: bytes) -> None:
    """Keep one more that nothing opens, until a process opens it that speaks more.

    Anybody can leave such, so the oldest makes room.
    """
    _put_unread(rows, [*(each for each in unread(rows) if each != body), body][-_STRANGE:])


def let_go_unread(rows: Rows, body: bytes) -> None:
    """One has been opened, or is for nothing that we have."""
    _put_unread(rows, [each for each in unread(rows) if each != body])


def _put_unread(rows: Rows, bodies: list[bytes]) -> None:
    if bodies:
        settings.put(rows, _UNREAD, msgspec.msgpack.encode(bodies))
    else:
        settings.drop(rows, _UNREAD)


def _fewer(waiting: list[Waiting], most: int) -> list[Waiting]:
    """Those that stay when there are too many.

    Of the KeyPackage for which most wait the oldest goes, which was tried most often: who pours in
    what is of no use for one of them keeps out nobody who comes by another one.
    """
    left = list(waiting)
    while len(left) > most:
        crowds = Counter(each.reference for each in left)
        left.remove(max(left, key=lambda each: (crowds[each.reference], -each.came_at)))
    return left
