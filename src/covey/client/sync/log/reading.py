"""Reading a group's log over one connection: proven in each epoch, checked, taken in.

May import the flows below and the protocol.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from covey.access import chain
from covey.access.member.pointers import open_pointer_list
from covey.access.structs.joining import FetchKnocks, FetchPointers, Knocks, Pointers
from covey.access.structs.log import Create, Created, Entries, Read
from covey.client.sync.asking import ask
from covey.client.sync.effects import Lane
from covey.client.sync.identity.proving import Prover
from covey.client.sync.log.taking import take
from covey.client.sync.rows import places

if TYPE_CHECKING:
    from covey.access.structs.joining import WaitingKnock
    from covey.access.structs.sealed import Posting
    from covey.client.sync.effects import Flow, Use
    from covey.client.sync.group.seat import Seat


class Reader:
    """Reads one group's log.

    Args:
        seat: The group.
        use: What its connection is for: to speak, or to listen.

    Attributes:
        seat: The group.
        lane: The connection.
    """

    def __init__(self, seat: Seat, use: Use) -> None:
        self.seat: Seat = seat
        self.lane: Lane = Lane(use, seat.row.gid)
        self._prover: Prover | None = None
        self._epoch = -1

    def read(self, wait: int = 0) -> Flow[bool]:
        """Read once, and take it in; whether there may be more.

        Args:
            wait: How long to wait for something new, in milliseconds.

        Raises:
            BrokerError: ``proof_refused``: we hold a fork; ``gone``: it is not kept any more.
            ForkError: The broker contradicts itself.
            TransportError: It does not answer.
        """
        seat = self.seat
        prover = self._proving()
        gid, epoch, after = seat.row.gid, self._epoch, max(seat.row.seq, 0)
        promised = self._promised()
        answer = yield from prover.ask(
            "read", lambda proof: Read(gid, epoch, after, wait, proof), Entries
        )
        prover.keep(answer.ticket)
        return take(seat, epoch, after, answer, promised)

    def _promised(self) -> int:
        """The last entry that the broker says it has, before it is asked; -1 for none."""
        seat = self.seat
        with seat.home.store.reading() as rows:
            return max(places.after(rows, seat.number, seat.row.seq), default=-1)

    def catch_up(self) -> Flow[None]:
        """Read to the end, epoch by epoch."""
        while self.seat.row.status.is_in:
            if not (yield from self.read()):
                return

    def pointers(self) -> Flow[tuple[Posting, ...]]:
        """The pointers of the commit that opened this epoch.

        Raises:
            BrokerError: ``epoch_passed``: it is too late for that.
        """
        prover, access = self._proving(), self.seat.access
        found = yield from prover.ask(
            "pointers", lambda proof: FetchPointers(access.gid, access.epoch, proof), Pointers
        )
        return open_pointer_list(access, found.idem, found.sealed)

    def knocks(self) -> Flow[tuple[WaitingKnock, ...]]:
        """Who is at the door."""
        prover, access = self._proving(), self.seat.access
        found = yield from prover.ask(
            "knocks", lambda proof: FetchKnocks(access.gid, access.epoch, proof), Knocks
        )
        return found.knocks

    def create(self, invite: bytes = b"") -> Flow[None]:
        """Begin the log in the group's epoch; done twice, it is done once.

        Args:
            invite: A code, where the broker wants one.
        """
        seat = self.seat
        request = seat.access.create(invite)
        created = yield from ask(self.lane, "create", request, Created)
        start = chain.start(Create.decode(request.request))
        with seat.change():
            if seat.row.seq < 0:
                followed = seat.row.followed.begin(start).reach(created.head, complete=True)
                seat.row = seat.row.at(followed)

    def _proving(self) -> Prover:
        """What proves that we are in the group's epoch."""
        epoch = self.seat.epoch
        if self._prover is None or self._epoch != epoch:
            self._prover = Prover(self.lane, self.seat.access.prove)
            self._epoch = epoch
        return self._prover
