"""Offering again: a broker that was set back gets what it had taken from us.

May import the flows below and the rows.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from covey.access.structs.basics import Signed
from covey.access.structs.log import EpochClosed
from covey.client.sync.asking import PASSING, append
from covey.client.sync.branches import again
from covey.client.sync.rows import marks, places, queues
from covey.client.sync.rows.marks import Mark
from covey.errors import BrokerError, TransportError

if TYPE_CHECKING:
    from covey.client.sync.effects import Flow, Lane
    from covey.client.sync.group.seat import Seat
    from covey.client.sync.rows.queues import Accepted


def begin_anew(seat: Seat, lane: Lane, served: int | None) -> Flow[None]:
    """Offer again what the broker has lost of ours, and read what it has from its beginning.

    It was set back, or shows for good another log of this epoch than before. All that is ours it
    gets again, the same bytes under the same idem; the others do likewise. What it then shows is
    checked from there on.

    Args:
        seat: The group.
        lane: The connection that speaks for it.
        served: The last entry that the broker has, if it was set back.

    Raises:
        BrokerError: It takes nothing at this moment.
        TransportError: It does not answer.
    """
    with seat.home.store.reading() as rows:
        accepted = queues.accepted(rows, seat.number)
    for each in accepted:
        was_read = served is not None and each.seq <= min(seat.row.seq, served)
        if each.epoch == seat.row.epoch or not was_read:
            yield from _offer(seat, lane, each)
    with seat.change() as rows:
        if not seat.is_in:
            return  # another flow has gone out meanwhile, and nothing is to be read any more
        places.set_aside(rows, seat.number, seat.row.seq)
        seat.replace(seq=-1, hash=b"", head=None)
        seat.replace(unsure_to=seat.row.epoch + again.UNSURE, set_back_at=seat.home.world.second)
        queues.unplace(rows, seat.number, seat.row.epoch)
        marks.put(rows, seat.number, Mark.read_anew)
        seat.again = True


def offer_rest(seat: Seat, lane: Lane) -> Flow[bool]:
    """Offer what has not come again, though the end of its epoch is reached; whether any was.

    When it was offered before, the log may not have reached that epoch: others have brought it
    there since.

    Raises:
        BrokerError: It takes nothing at this moment.
        TransportError: It does not answer.
    """
    with seat.home.store.reading() as rows:
        missing = queues.not_come_again(rows, seat.number, seat.row.epoch)
    for each in missing:
        yield from _offer(seat, lane, each)
    return bool(missing)


def end_anew(seat: Seat) -> None:
    """The end of a log that was read anew is reached."""
    with seat.change() as rows:
        marks.drop(rows, seat.number, Mark.read_anew)
        seat.again = False


def let_go(seat: Seat, idem: bytes | None) -> None:
    """The log was read, since it has something else under an idem of ours, as the broker says.

    If so, we are a copy, and have found it there. What still waits is made anew, with keys and an
    idem of its own.

    Raises:
        TransportError: It still waits: the log has no such entry.
    """
    with seat.change() as rows:
        under, waiting = queues.under_way(rows, seat.number), None
        if idem is not None and seat.is_in:
            waiting = queues.by_idem(rows, seat.number, idem)
        commits = under is not None and under.idem == idem and seat.is_in
        if commits:
            queues.end_commit(rows, seat.number)
            if seat.group.pending is not None:
                seat.group.discard(seat.group.pending)
        if waiting is not None:
            queues.to_be_encrypted_anew(rows, seat.number)
    if commits or waiting is not None:
        msg = "the broker says that the log has an entry under a number of ours, and shows none"
        raise TransportError(msg)


def _offer(seat: Seat, lane: Lane, accepted: Accepted) -> Flow[None]:
    try:
        answer = yield from append(lane, Signed.decode(accepted.request))
    except BrokerError as error:
        if error.code in PASSING:
            raise
        return  # its epoch is not there yet, or not any more: others may bring it
    if isinstance(answer, EpochClosed):
        with seat.change() as rows:
            again.say_again(rows, accepted, seat)
