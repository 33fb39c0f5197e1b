"""A broker on either store, and people at it who form groups when asked: for stories."""

from __future__ import annotations

import tempfile
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from covey.client.sync.rows.wishes import Invite
from covey.lab.analyst import places
from covey.lab.company.lines import Lines
from covey.lab.company.person import Person

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    import httpx

    from covey.lab.analyst.places import Kind, Place
    from covey.lab.company.identity import Stolen
    from covey.lab.company.seat import Seat


class Household:
    """People at one broker.

    Args:
        place: The broker.
        ending: Closes what was opened.
    """

    def __init__(self, place: Place, ending: ExitStack) -> None:
        self.place = place
        self.url = place.url
        self.people: dict[str, Person] = {}
        self._ending = ending

    def lines(self, _: str, transport: Callable[[], httpx.BaseTransport] | None = None) -> Lines:
        """Connections of somebody's."""
        return self._ending.enter_context(Lines(self.url, transport=transport))

    def person(self, name: str) -> Person:
        """Somebody, who is enrolled and can be added."""
        if name not in self.people:
            person = self.people[name] = Person(name, self.lines(name))
            person.enrol()
            person.publish(2)
        return self.people[name]

    def group(self, *names: str) -> list[Seat]:
        """A new group of these people, and the seat of each; they have renewed their keys."""
        first, *others = [self.person(name) for name in names]
        seat = first.found()
        seat.commit(Invite(first.claim([each.name for each in others])))
        seats = [seat, *(each.join() for each in others)]
        for each in seats:
            each.renew()
        for each in seats:
            each.catch_up()
        return seats

    def opened(
        self,
        seat: Seat,
        stolen: Stolen | None = None,
        transport: Callable[[], httpx.BaseTransport] | None = None,
    ) -> Seat:
        """A seat in the hands of somebody else, as it is now, or was when it was stolen."""
        stolen = seat.person.stolen() if stolen is None else stolen
        name = seat.person.name
        return Person(name, self.lines(name, transport), stolen=stolen).seats[seat.gid]


@contextmanager
def household(kind: Kind) -> Iterator[Household]:
    """A broker with nobody yet."""
    with (
        tempfile.TemporaryDirectory() as folder,
        places.empty(kind, Path(folder)) as empty,
        places.process(empty) as place,
        ExitStack() as ending,
    ):
        yield Household(place, ending)
