"""Letting messages disappear: out of the history, and out of what waits to be said, or said again.

May import the rows and the words. What disappears before the broker had it does not go out any
more, and that is told.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from covey.client import events
from covey.client.events import MessagesLost
from covey.client.sync.rows import groups, queues
from covey.client.words import expiring

if TYPE_CHECKING:
    from covey.store.port import Rows

UNSENT: Final = "it was to disappear, and has done so before the broker had it"
"""Why a message does not go out any more."""


def next_due(rows: Rows) -> int | None:
    """When something disappears next, in seconds since the epoch; None when nothing does."""
    found = (expiring.next_expiry(rows), queues.next_expiry(rows))
    return min((each for each in found if each is not None), default=None)


def let_disappear(rows: Rows, now: int) -> None:
    """Delete what has disappeared, wherever it stands; of very many messages, some at a time.

    Args:
        rows: The transaction.
        now: In seconds since the epoch.
    """
    expiring.expire(rows, now)
    for number, messages in queues.expire(rows, now).items():
        row = groups.of(rows, number)
        assert row is not None
        ids = tuple(each.hex() for each in messages)
        told = MessagesLost(row.gid.hex(), count=len(ids), sender=None, why=UNSENT, ids=ids)
        events.add(rows, number, told, now)
