"""Our own commit may have closed an epoch that is not kept any more: then we are not lost.

May import the flows beside it, the rows and the protocol. Who has sent a commit and slept before
the answer came holds the only keys of the next epoch. Did it not look there, all members could be
lost at once, and nobody left to let them in.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import msgspec

from covey.access.member.epochs import EpochAccess
from covey.access.structs.basics import Kind, Signed
from covey.access.structs.log import Append, Entries, Entry, Read
from covey.client.events import MessagesLost
from covey.client.sync.effects import Lane, Use
from covey.client.sync.group.telling import tell
from covey.client.sync.identity.proving import Prover
from covey.client.sync.log.moving import kept
from covey.client.sync.log.taking import take_entry
from covey.client.sync.rows import places, queues
from covey.errors import AuthenticationError, BrokerError, DecodeError, ForkError
from covey.mls import Group

if TYPE_CHECKING:
    from covey.access.structs.heads import Position
    from covey.client.sync.effects import Flow
    from covey.client.sync.group.seat import Seat
    from covey.client.sync.rows.queues import UnderWay

_MISSED: Final = "what came before our own commit is not kept any more"


def has_closed(seat: Seat) -> Flow[bool]:
    """Go on behind our commit under way, if the broker has the epoch that it opens.

    Whether it has: the key of that epoch is in our commit, so nobody else can have named it.

    Raises:
        TransportError: The broker does not answer.
    """
    with seat.home.store.reading() as rows:
        under = queues.under_way(rows, seat.number)
        stored = kept.successor(rows, seat.number)
    row, pending = seat.row, seat.group.pending
    after = None if stored is None else Group.load(stored, seat.home.ports)
    opens = after or pending
    if under is None or opens is None or under.epoch != seat.epoch:
        return False
    access = EpochAccess.derive(opens.export, row.broker_id, row.gid, under.epoch + 1)
    prover = Prover(Lane(Use.speak, row.gid), access.prove)
    try:
        answer = yield from prover.ask(
            "read", lambda proof: Read(row.gid, access.epoch, 0, 0, proof), Entries
        )
        msgspec.structs.replace(row.followed, position=None, head=None).read(access.epoch, answer)
    except (AuthenticationError, BrokerError, DecodeError, ForkError):
        return False
    return _go_on(seat, under, answer.before)


def _go_on(seat: Seat, under: UnderWay, place: Position) -> bool:
    """Take our commit in, at its place; whether it is still under way.

    If the log was set back since, that may be before the place that we had reached.
    """
    body = Append.decode(Signed.decode(under.request).request).body
    entry = Entry(place.seq, under.epoch, Kind.commit, under.idem, body)
    with seat.change() as rows:
        if not seat.is_in or queues.under_way(rows, seat.number) != under:
            return False
        before = seat.row.seq
        count = place.seq - 1 - before if 0 <= before < place.seq else None
        if count != 0:
            tell(seat, rows, MessagesLost(seat.hex, count=count or 0, sender=None, why=_MISSED))
        if count is None:
            places.set_aside(rows, seat.number, before)
        seat.replace(seq=place.seq, hash=place.hash)
        return take_entry(seat, rows, entry)
