"""How a store that is a copy is known by what stands in a log. May import the seat and the rows."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from covey.access.structs.basics import Signed
from covey.access.structs.log import Append
from covey.client.events import CopyFound
from covey.client.sync.group.telling import tell
from covey.client.sync.rows import groups
from covey.client.sync.rows.groups import Status

if TYPE_CHECKING:
    from covey.access.structs.log import Entry
    from covey.client.sync.group.seat import Seat
    from covey.store.port import Rows

COPY: Final = (
    "this store is a copy of one that has gone on: it must not send; delete it and use the other"
    " one, or, if that is gone, come back with this one (`covey come-back GROUP`)"
)


def is_one(seat: Seat, rows: Rows) -> None:
    """Stop: this store is a copy of one that has gone on."""
    seat.replace(status=Status.copy, trouble=COPY)
    tell(seat, rows, CopyFound(seat.hex, sentence=COPY))


def made(seat: Seat, rows: Rows, entry: Entry) -> bool:
    """Whether an entry was made by who has our signature key, and not by this store.

    That it names our leaf proves nothing: what it says of its sender, every member can write.
    """
    return not groups.was_sent(rows, seat.number, entry.idem) and seat.could_make(entry.idem)


def differs(request: bytes, entry: Entry) -> bool:
    """Whether an entry is something else than what we have asked the broker to take."""
    return Append.decode(Signed.decode(request).request).body != entry.body
