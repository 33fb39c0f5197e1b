"""Looking again whether our epoch stands, when the broker has said that it does not.

May import the seat, the rows and the protocol. That an epoch is gone, or has another key, is signed
by nobody: a broker may lie, or be mended. If all members believed it once and for all, nobody would
be left to let them in.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from covey.access.structs.basics import Kind
from covey.access.structs.log import Entries, Read
from covey.client.events import Joined
from covey.client.sync.effects import Lane, Use
from covey.client.sync.group.telling import tell
from covey.client.sync.identity.proving import Prover
from covey.client.sync.rows import queues, wishes
from covey.client.sync.rows.groups import Status
from covey.errors import (
    AuthenticationError,
    BrokerError,
    DecodeError,
    ForkError,
    StateError,
    TransportError,
)
from covey.store import settings

if TYPE_CHECKING:
    from covey.client.sync.effects import Flow
    from covey.client.sync.group.seat import Seat
    from covey.store.port import Rows

_DOUBTED: Final = "epoch denied "
_DENIED: Final = (
    AuthenticationError,
    BrokerError,
    DecodeError,
    ForkError,
    StateError,
    TransportError,
)


def denied(rows: Rows, gid: bytes) -> None:
    """Take note that we are lost by no more than what the broker says."""
    settings.put(rows, _name(gid), b"\x01")


def settled(rows: Rows, gid: bytes) -> None:
    """We are lost for another reason, or in again: there is nothing to look for."""
    settings.drop(rows, _name(gid))


def look_again(seat: Seat) -> Flow[bool]:
    """Go on in our epoch if the broker serves it after all, as the present one; whether it does.

    What was left at the door meanwhile is no way back any more once we have renewed our keys.
    """
    with seat.home.store.reading() as rows:
        if not seat.row.opens or settings.get(rows, _name(seat.row.gid)) is None:
            return False
    try:
        if not (yield from _stands(seat)):
            return False
    except _DENIED:
        return False
    with seat.change() as rows:
        if seat.row.status is not Status.lost:
            return False
        settled(rows, seat.row.gid)
        seat.replace(status=Status.active, trouble="")
        queues.wish(rows, seat.number, wishes.encode(wishes.Renew()))
        epoch = seat.epoch
        tell(seat, rows, Joined(seat.hex, name=seat.row.name, how="recovered", epoch=epoch))
    return True


def _stands(seat: Seat) -> Flow[bool]:
    """Whether the broker serves our epoch, and no commit has closed it."""
    row, access = seat.row, seat.access
    prover = Prover(Lane(Use.speak, row.gid), access.prove)
    after = max(row.seq, 0)
    answer = yield from prover.ask(
        "read", lambda proof: Read(row.gid, access.epoch, after, 0, proof), Entries
    )
    row.followed.read(access.epoch, answer)
    return answer.complete == 1 and all(each.kind is not Kind.commit for each in answer.entries)


def _name(gid: bytes) -> str:
    return f"{_DOUBTED}{gid.hex()}"
