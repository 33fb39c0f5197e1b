"""Posting pointers: each over a connection that knows no group, at a moment of its own.

May import the flows below and the rows.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Final

from covey.access.refusals import Code
from covey.access.structs.basics import Nothing
from covey.access.structs.joining import Post
from covey.client.sync.asking import alone, ask
from covey.client.sync.rows import groups, queues
from covey.errors import BrokerError

if TYPE_CHECKING:
    from covey.client.sync.effects import Flow, Lane
    from covey.client.sync.identity.home import Home
    from covey.client.sync.rows.queues import Due
    from covey.store.port import Rows

_OF_NO_USE: Final = frozenset(
    {Code.not_claimed.value, Code.inbox_unknown.value, Code.too_large.value, Code.malformed.value}
)
"""There is a pointer already, or there will never be one."""


_LATER: Final = 300
"""Seconds after which a pointer that an inbox does not take now is posted again."""


def post(home: Home) -> Flow[float]:
    """Post the pointers that are due; when the next one is, in seconds since the epoch.

    Raises:
        TransportError: It does not answer.
    """
    with home.store.reading() as rows:
        waiting = queues.postings(rows)
    for due in waiting:
        if 0 < due.due_at - home.world.now() <= home.pace.posting:  # else the clock was set back
            return float(due.due_at)
        posting = due.posting
        request = Post(posting.inbox, posting.key_package_ref, posting.pointer)
        try:
            yield from alone(home.world, partial(_posted, request))
        except BrokerError as error:
            with home.store.transaction() as rows:
                _refused(rows, home, due, error)
            continue
        with home.store.transaction() as rows:
            queues.posted(rows, due)
    return float("inf")


def _refused(rows: Rows, home: Home, due: Due, error: BrokerError) -> None:
    """It cannot be posted, now or ever.

    If the pointer is of our own commit, and nothing was claimed as far as the broker knows, it has
    forgotten that: whoever was let in may be waited for in vain.
    """
    if error.code not in _OF_NO_USE:
        queues.post_again(rows, due, int(home.world.now()) + _LATER)
        return
    queues.posted(rows, due)
    row = None if due.group is None else groups.of(rows, due.group)
    if error.code == Code.not_claimed and row is not None and row.status.is_in:
        now = home.world.second
        groups.update(rows, row.replaced(set_back_at=now, version=row.version + 1))


def _posted(request: Post, lane: Lane) -> Flow[Nothing]:
    return ask(lane, "post", request, Nothing)
