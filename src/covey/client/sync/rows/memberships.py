"""What is kept of epochs that are over: that we were in them, and with whom (RFC 9420 §8.6, §11.3).

May import the store. Who was offline comes through hundreds of epochs at once, and finds in its
inbox a subgroup that begins in one of them. So what it takes to come in there is kept for a day
after we have come out of each epoch, however many those are.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import msgspec

from covey.mls.wire.struct import Unshown
from covey.store import settings

if TYPE_CHECKING:
    from covey.store.port import Rows

KEPT: Final = 86_400
"""Seconds for which it is kept: as long as a pointer that waits."""

_NAME: Final = "was in "


class Over(Unshown, frozen=True):
    """An epoch that is over for us.

    Attributes:
        log_epoch: The log's number of it.
        ended_at: When we came out of it, in seconds since the epoch.
        group_id: Of the group, which is another one after a move.
        suite: Likewise.
        epoch: The group's number of it.
        psk: Its resumption PSK.
        came: Who was in the next one and not in this one, by ``Policy.client_id``.
        went: Who was in this one and not in the next one.
    """

    log_epoch: int
    ended_at: int
    group_id: bytes
    suite: int
    epoch: int
    psk: bytes
    came: tuple[bytes, ...] = ()
    went: tuple[bytes, ...] = ()

    def __repr__(self) -> str:
        return f"<Over {self.log_epoch}>"


def put(rows: Rows, number: int, over: Over) -> None:
    """Keep what there is of an epoch of a group, by the group's number in the store."""
    settings.put(rows, f"{_of(number)}{over.log_epoch:020}", msgspec.msgpack.encode(over))


def latest_first(rows: Rows, number: int) -> list[Over]:
    """All that is kept of a group, the latest epoch first."""
    return [_over(kept) for _, kept in reversed(settings.beginning(rows, _of(number)))]


def drop(rows: Rows, number: int) -> None:
    """Keep nothing of a group."""
    for name, _ in settings.beginning(rows, _of(number)):
        settings.drop(rows, name)


def drop_old(rows: Rows, now: int) -> None:
    """Drop what is kept no longer, of all groups."""
    for name, kept in settings.beginning(rows, _NAME):
        if not 0 <= now - _over(kept).ended_at < KEPT:
            settings.drop(rows, name)


def _of(number: int) -> str:
    return f"{_NAME}{number} "


def _over(kept: bytes) -> Over:
    return msgspec.msgpack.decode(kept, type=Over)
