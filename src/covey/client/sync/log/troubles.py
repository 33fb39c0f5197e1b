"""What is in the way, what it means, and when to try again. May import the rows and the events.

A broker that lies changes nothing here: what does not fit is not taken in. It is told, with what
the broker has signed, and tried again: a lie that ends has then done no more than delay.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from covey.access.member.replies import GapError, RestoredError, RolledBackError
from covey.access.refusals import Code
from covey.client.events import ForkFound, MessagesLost, RolledBack
from covey.client.sync.branches.again import unsure_again
from covey.client.sync.group import capabilities
from covey.client.sync.group.telling import tell, tell_missed
from covey.client.sync.identity import replacing
from covey.client.sync.log import entering, hearing, standing
from covey.client.sync.rows import marks, places, queues
from covey.client.sync.rows.marks import Mark
from covey.errors import BrokerError, ForkError, TransportError

if TYPE_CHECKING:
    from covey.client.events import Event
    from covey.client.sync.group.seat import Seat

_REFUSED: Final = frozenset({Code.proof_refused.value})

_HOPELESS: Final = 900.0
"""Seconds of contradictions after which what is missing will not come back: the members branch.

Time in which we slept is none: the others may have slept, too, and offer what they have now.
"""

_AGAIN: Final = 86_400.0
"""Seconds after which what lasts is told once more."""


class Troubles:
    """The troubles of one group.

    Args:
        seat: The group.

    Attributes:
        now: What is in the way, for people; empty when nothing is.
        contradictions: How often in a row the broker has contradicted what it had shown.
        served: The last entry that a broker which was set back has; None when it was not.
    """

    def __init__(self, seat: Seat) -> None:
        self._seat = seat
        self._failures = 0
        self._refusals = 0
        self._waited = 0.0
        self._met_at = 0.0
        self._until = 0.0
        self._told: dict[str, float] = {}
        self._may_be_marked = True
        self.now: str = ""
        self.contradictions: int = 0
        self.served: int | None = None

    @property
    def is_set(self) -> bool:
        """Whether the broker will not take back what contradicts what it had shown."""
        return self.contradictions >= self._seat.home.pace.refused

    @property
    def until(self) -> float:
        """When to look again at a broker that contradicts itself, whatever happens meanwhile.

        All members offer it again what it has lost, and are woken by what the others offer.
        """
        return self._until

    def over(self) -> None:
        """All went well."""
        self._failures = self._refusals = self.contradictions = 0
        self.served = None
        self._waited = self._met_at = self._until = 0.0
        self._told.clear()
        self.now = ""
        if self._may_be_marked and self._is_suspected():
            with self._seat.change() as rows:
                marks.drop(rows, self._seat.number, Mark.contradicted)
        self._may_be_marked = False

    def met(self, error: BrokerError | ForkError | TransportError) -> float:
        """Deal with what came in the way; returns when to try again, in seconds since the epoch."""
        self.now = str(error)
        self._failures += 1
        match error:
            case GapError() if not self._is_suspected():  # else it is another log by now
                return self._gap(error)
            case BrokerError(code=Code.group_unknown) if not self._seat.epoch:
                return self._unconfirmed(error)
            case ForkError() | BrokerError(code=Code.epoch_unknown | Code.group_unknown):
                return self._contradicted(error)
            case BrokerError(code=Code.gone):
                return self._lost(str(error))
            case BrokerError(code=code) if code in _REFUSED:
                return self._refused(error)
            case _:
                pass
        return self._later(error)

    def _is_suspected(self) -> bool:
        """Whether the broker has contradicted itself, also before we began, and to no end yet."""
        seat = self._seat
        with seat.home.store.reading() as rows:
            return marks.has(rows, seat.number, Mark.contradicted)

    def _later(self, error: Exception) -> float:
        home = self._seat.home
        asked = error.retry_after if isinstance(error, BrokerError) else 0.0
        pause = min(home.pace.again * 2.0 ** min(self._failures - 1, 30), home.pace.at_most)
        return home.world.now() + max(asked, pause * (0.5 + home.world.random() / 2))

    def _unconfirmed(self, error: BrokerError) -> float:
        """We are still alone, and the broker has not kept the log for so long: it begins anew.

        What we said there is not said again: who comes in later was not meant to read it.
        """
        seat = self._seat
        with seat.change() as rows:
            queues.forget_accepted(rows, seat.number)
            seat.replace(seq=-1, hash=b"", head=None)
            places.forget(rows, seat.number)
        return self._later(error)

    def _contradicted(self, error: BrokerError | ForkError) -> float:
        """The broker goes back behind what it had shown, or shows something else."""
        self.contradictions += 1
        seat = self._seat
        self._may_be_marked = True
        with seat.change() as rows:
            marks.put(rows, seat.number, Mark.contradicted)
        heads = self._evidence(error)
        if isinstance(error, RolledBackError | RestoredError | BrokerError):
            self.served = error.served if isinstance(error, RolledBackError) else -1
            told: Event = RolledBack(seat.hex, seq=seat.row.seq, served=self.served, heads=heads)
        else:
            told = ForkFound(seat.hex, heads=heads, sentence=str(error))
        self._tell_once(told)
        if self._waited_for_others() > _HOPELESS and self.contradictions > seat.home.pace.refused:
            with seat.change() as rows:  # nothing of the log can be relied on, wherever we are
                unsure_again(rows, seat)
                seat.replace(seq=-1, hash=b"", head=None)
                tell_missed(seat, rows)  # others may speak in an epoch to which it was set back
                entering.broke(seat, rows, str(error))
        self._until = self._later(error)
        return self._until

    def _waited_for_others(self) -> float:
        """For how long it has contradicted itself while we were awake, in seconds."""
        home = self._seat.home
        now = home.world.now()
        if self._met_at:
            self._waited += min(max(now - self._met_at, 0.0), home.pace.at_most)
        self._met_at = now
        return self._waited

    def _evidence(self, error: BrokerError | ForkError) -> tuple[str, ...]:
        """What the broker has signed, in hex: both heads, if it has signed two; else ours."""
        head = self._seat.row.head
        found = error.heads if isinstance(error, ForkError) else ()
        return tuple(each.hex() for each in found or (() if head is None else (head,)))

    def _refused(self, error: BrokerError) -> float:
        """The broker knows another key for our epoch: we are on a branch that it does not show."""
        self._refusals += 1
        seat = self._seat
        self._tell_once(ForkFound(seat.hex, heads=self._evidence(error), sentence=str(error)))
        if self._refusals >= seat.home.pace.refused:
            return self._lost(str(error), forked=True)
        return self._later(error)

    def _lost(self, why: str, *, forked: bool = False) -> float:
        """Only others can help: ask to be let in anew.

        Args:
            why: Why.
            forked: Whether what the broker has taken of late may be known to nobody.
        """
        seat = self._seat
        with seat.change() as rows:
            if seat.row.status.is_in:
                if forked:  # and what its shelves hand out may be of the other log, too
                    unsure_again(rows, seat)
                    seat.replace(set_back_at=seat.home.world.second)
                entering.fell_behind(seat, rows, why)
                standing.denied(rows, seat.row.gid)
        return seat.home.world.now()

    def _gap(self, error: GapError) -> float:
        """Entries of our epoch are not kept any more, or held back: they are lost, and we go on.

        The others may have lost the same; what they need of ours is said again.
        """
        seat = self._seat
        with seat.change() as rows:
            missing = error.missing.position
            if missing is not None and missing.seq > seat.row.seq:
                count = missing.seq - seat.row.seq
                told = MessagesLost(group=seat.hex, count=count, sender=None, why=str(error))
                tell(seat, rows, told)
                seat.row = seat.row.at(error.missing)
                if error.missing.head is not None:
                    signed = error.missing.head.head.position
                    places.remember(rows, seat.number, (signed,))
                seat.gap_in = seat.epoch
                hearing.tell_ways_back(seat, rows, capabilities.opened(seat))
        return seat.home.world.now()

    def _tell_once(self, event: Event) -> None:
        """Tell of what lasts once a day: later, it may be something else."""
        seat, kind = self._seat, type(event).__name__
        now = seat.home.world.now()
        if 0 <= now - self._told.get(kind, -_AGAIN) < _AGAIN:
            return
        self._told[kind] = now
        with seat.change() as rows:
            tell(seat, rows, event)
            if isinstance(event, RolledBack):  # and its shelf may be of before, too
                replacing.suspect(rows, seat.home.world.second)
