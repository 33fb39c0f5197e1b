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
from covey.client.sync.rows import queues
from covey.errors import BrokerError

if TYPE_CHECKING:
    from covey.client.sync.effects import Flow, Lane
    from covey.client.sync.identity.home import Home

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
            if error.code not in _OF_NO_USE:
                with home.store.transaction() as rows:
                    queues.post_again(rows, due, int(home.world.now()) + _LATER)
                continue
        with home.store.transaction() as rows:
            queues.posted(rows, due)
    return float("inf")


def _posted(request: Post, lane: Lane) -> Flow[Nothing]:
    return ask(lane, "post", request, Nothing)
