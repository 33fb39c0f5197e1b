"""A person: an identity, and a seat in each of its groups. May import this folder."""

from __future__ import annotations

from typing import TYPE_CHECKING

from covey.access.structs.joining import InboxKind
from covey.client.sync.coming import joining, returning
from covey.client.sync.rows import groups
from covey.client.sync.rows.groups import Status
from covey.client.words.profile import first_profile
from covey.errors import TransportError
from covey.lab.company.identity import SUITE, Identity
from covey.lab.company.seat import Seat

if TYPE_CHECKING:
    from covey.access.structs.joining import InboxEntry
    from covey.lab.company.identity import Stolen
    from covey.lab.company.lines import Lines


class Person(Identity):
    """Somebody; see :class:`~covey.lab.company.identity.Identity` for the arguments.

    Attributes:
        seats: The seats, by gid.
    """

    def __init__(
        self, name: str, lines: Lines, suite: int = SUITE, stolen: Stolen | None = None
    ) -> None:
        super().__init__(name, lines, suite, stolen)
        self.seats: dict[bytes, Seat] = {}
        for place in self.peer.places():
            self._seated(Seat(self, place))

    def found(self, invite: bytes = b"") -> Seat:
        """Create a group of one, and its log.

        Args:
            invite: A code for creating groups, where the broker wants one.
        """
        place = self.peer.create(first_profile("", self.name.encode()))
        self.run(place.turns.speaker.create(invite))
        return self._seated(Seat(self, place))

    def join(self, wait: int = 10_000) -> Seat:
        """Come into the next group whose pointer waits in the inbox.

        Args:
            wait: How long to wait for one, in milliseconds.

        Raises:
            TransportError: None came.
        """
        while entries := self.run(self.inbox.fetch(wait)):
            for entry in entries:
                seat = self.come_in(entry)
                if seat is not None:
                    return seat
        msg = f"no pointer came for {self.name}"
        raise TransportError(msg)

    def come_in(self, entry: InboxEntry) -> Seat | None:
        """Come in by an entry of the inbox, and take it out; None when it leads nowhere."""
        found = None
        if entry.kind is InboxKind.pointer:
            found = joining.opened(self.home, self.inbox.address, entry.body)
        seat = None if found is None else self.run(joining.join(self.home, found))
        self.inbox.take_out(entry)
        if seat is None:
            return None
        with self.store.transaction() as rows:
            returning.came_in(rows, seat.row.gid)
        return self._seated(Seat(self, self.peer.entered(seat)))

    def _seated(self, seat: Seat) -> Seat:
        self.seats[seat.gid] = seat
        return seat

    def lose(self, seat: Seat) -> None:
        """Lose the place in the log, as who was away for too long; the rest is known."""
        with seat.place.seat.change():
            seat.place.seat.replace(status=Status.lost)
        del self.seats[seat.gid]

    def forget(self, seat: Seat) -> None:
        """Lose all that is known of a group."""
        with self.store.transaction() as rows:
            groups.drop(rows, seat.place.seat.number)
        del self.seats[seat.gid]
