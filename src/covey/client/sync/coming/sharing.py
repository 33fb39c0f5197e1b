"""An inbox that a store shares with its copy, such as one that was restored from a backup.

May import the inbox and how one joins. Whatever one of them takes out is lost to the other. Who
knows that another store has taken its place leaves there what it cannot open.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from covey.access.structs.joining import InboxKind
from covey.client.sync.coming import joining
from covey.client.sync.effects import Pause
from covey.client.sync.rows import groups
from covey.client.sync.rows.groups import Status

if TYPE_CHECKING:
    from covey.access.structs.joining import InboxEntry
    from covey.client.sync.effects import Flow
    from covey.client.sync.identity.home import Home
    from covey.client.sync.identity.inbox import Inbox
    from covey.store.port import Rows


def is_shared(rows: Rows) -> bool:
    """Whether another store has gone on in some group in our place."""
    return any(each.status is Status.copy for each in groups.every(rows))


def fetch(home: Home, inbox: Inbox, wait: int) -> Flow[tuple[InboxEntry, ...]]:
    """What waits in an inbox, and is not for the other store.

    Args:
        home: What all groups share.
        inbox: The inbox.
        wait: How long to wait, in milliseconds: also where something waits for the other one.
    """
    entries = yield from inbox.fetch()
    found = tuple(
        each
        for each in entries
        if each.kind is not InboxKind.pointer
        or joining.opened(home, inbox.address, each.body) is not None
    )
    if not found and wait:
        yield Pause(wait / 1_000)
    return found
