"""A seat in a group: what its member does there, each at a word, and every trouble as an error.

May import the client's flows and rows, and the engine.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple, TypeVar

from covey.client import events
from covey.client.events import ForkFound, MessageArrived, MessageSent, WishRefused
from covey.client.sync.identity import attachments
from covey.client.sync.log import entering, hearing
from covey.client.sync.log.troubles import Troubles
from covey.client.sync.log.turning import Turns
from covey.client.sync.rows import groups, queues, wishes
from covey.client.sync.rows.groups import Status
from covey.client.sync.rows.wishes import Renew
from covey.client.words import history
from covey.client.words.contents import Attachment
from covey.errors import ForkError, PolicyError, StateError

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Never

    from covey.access.member.epochs import EpochAccess
    from covey.access.structs.sealed import Door
    from covey.client.events import Event
    from covey.client.sync.effects import Flow
    from covey.client.sync.group.seat import Seat as ClientSeat
    from covey.client.sync.log.place import Place
    from covey.client.sync.rows.groups import GroupRow
    from covey.client.sync.rows.queues import UnderWay
    from covey.client.sync.rows.wishes import Wish
    from covey.client.words.contents import Body
    from covey.errors import BrokerError, TransportError
    from covey.lab.company.identity import Identity
    from covey.mls import Group

    Postpone = Callable[[Callable[[], None]], None]

T = TypeVar("T")

_PAGE: Final = 1_000  # events
_ANY: Final = b"application/octet-stream"


class BrokenEpochError(StateError):
    """The commit that closed the epoch is none that members can follow: they have to branch."""


class Heard(NamedTuple):
    """Something that a member was told.

    Attributes:
        event: What.
        said: What a message says.
    """

    event: Event
    said: Body | None = None


def at_once(post: Callable[[], None]) -> None:
    """Post pointers without delay. A client that hides waits for a random time."""
    post()


class Seat:
    """A member's place in one group.

    Args:
        person: Whose.
        place: The group, and its flows.

    Attributes:
        person: Whose.
        place: The group, and its flows.
        postpone: Is told how pointers are posted after a commit, and decides when.
    """

    def __init__(self, person: Identity, place: Place) -> None:
        self.person: Identity = person
        self.place: Place = place
        self.postpone: Postpone = at_once
        self._turns = _Turns(place.seat)
        place.turns = self._turns
        self._told = 0
        self._heard: list[Event] = []
        self._news()

    @property
    def row(self) -> GroupRow:
        """What the store has of the group."""
        return self.place.seat.look()

    @property
    def gid(self) -> bytes:
        """The log (32 bytes)."""
        return self.place.seat.row.gid

    @property
    def is_in(self) -> bool:
        """Whether we read and may send."""
        return self.row.status.is_in

    @property
    def group(self) -> Group:
        """The engine's group, for as long as we are in it."""
        return self.place.seat.group

    @property
    def access(self) -> EpochAccess:
        """The keys of the log in our epoch."""
        return self.place.seat.access

    @property
    def doors(self) -> tuple[Door, ...]:
        """Of the group's capabilities."""
        with self.person.store.reading() as rows:
            return groups.doors(rows, self.place.seat.number)

    @property
    def members(self) -> list[str]:
        """The names of all members, by leaf."""
        return [each.identity.decode() for each in self.group.members]

    # --- listening -----------------------------------------------------------------------

    def catch_up(self) -> list[Heard]:
        """Read the log to its end; what was not told yet, but for what we have said.

        Raises:
            BrokerError: The broker refuses; ``proof_refused`` when we hold a fork.
            ForkError: The broker contradicts itself, or what other members saw.
            BrokenEpochError: A commit closed the epoch that nobody can follow.
            StateError: We are a copy.
            TransportError: The broker does not answer.
        """
        self.read()
        return self.told()

    def read(self) -> None:
        """Likewise, and keep what is new for :meth:`catch_up`."""
        self.drive(self._turns.speaker.catch_up())

    def told(self) -> list[Heard]:
        """What was read and not told yet."""
        heard, self._heard = self._heard, []
        return [Heard(each, self._said(each)) for each in heard]

    def _said(self, event: Event) -> Body | None:
        if not isinstance(event, MessageArrived):
            return None
        message, now = bytes.fromhex(event.id), self.person.home.world.second
        with self.person.store.reading() as rows:
            found = history.find(rows, self.place.seat.number, message, now=now)
        return None if found is None else found.content.body

    def drive(self, flow: Flow[T]) -> T:
        """Drive a flow of this group, and see whether all is well then."""
        done = self.person.run(flow)
        self.see()
        return done

    def see(self) -> None:
        """Take what the application would be told now; troubles are errors."""
        row, news = self.row, self._news()
        self._heard += [each for each in news if not isinstance(each, MessageSent)]
        if row.status is Status.broken:
            raise BrokenEpochError(row.trouble)
        if row.status is Status.copy:
            raise StateError(row.trouble)
        for each in news:
            if isinstance(each, ForkFound):
                raise ForkError(each.sentence)
            if isinstance(each, WishRefused):
                msg = f"{each.what}: {each.why}"
                raise PolicyError(msg)

    def _news(self) -> list[Event]:
        found, now = [], self.person.home.world.second
        with self.person.store.reading() as rows:
            while page := events.after(rows, self._told, _PAGE, now=now):
                found += page
                self._told = page[-1][0]
        return [each for _, each in found if each.group == self.place.seat.hex]

    # --- speaking ------------------------------------------------------------------------

    def say(self, body: Body, *, look_first: bool = True) -> int:
        """Say something; returns the number of its entry.

        Args:
            body: What to say.
            look_first: Whether to read the log before, as every honest client does.

        Raises:
            StateError: We are a copy, or have been removed.
            TransportError: The broker does not answer; :meth:`flush` tries again.
        """
        seat = self.place.seat
        with seat.change() as rows:
            seat.require_in()
            content = hearing.say(seat, rows, body)
        self.drive(self._turns.turn() if look_first else self._turns.hurry())
        with self.person.store.reading() as rows:
            found = history.find(rows, seat.number, content.id, now=seat.home.world.second)
        if found is None or found.seq is None:
            msg = f"it could not be said: we are {seat.row.status} ({seat.row.trouble})"
            raise StateError(msg)
        return found.seq

    def flush(self) -> None:
        """Do all that is left to do: a commit under way, what was wished for, what waits."""
        self.drive(self._turns.turn())

    def attach(self, data: bytes, name: str = "", *, piece: int = attachments.PIECE) -> Attachment:
        """Encrypt a file and send it to the broker; say the Attachment afterwards.

        Args:
            data: The file.
            name: What it is called.
            piece: Bytes that are sent at once; a broker takes no fewer than 64 KiB.

        Raises:
            BrokerError: ``too_large``, ``over_quota``, ``not_offered``, …
            TransportError: The broker does not answer.
        """
        sent = self.drive(
            attachments.attach(
                lambda: self.access,
                data,
                self.person.home.world,
                catch_up=self._turns.speaker.catch_up,
                piece=piece,
            )
        )
        return Attachment(sent.blob, sent.key, name.encode(), _ANY, len(data), sent.size)

    def leave(self) -> None:
        """Ask the others to let us go."""
        seat = self.place.seat
        with seat.change() as rows:
            entering.leave(seat, rows)
        self.flush()

    # --- committing ----------------------------------------------------------------------

    def renew(self) -> int:
        """Commit what was proposed, with fresh keys of our own; returns the commit's number."""
        return self.commit(Renew())

    def commit(self, *wanted: Wish, dies: bool = False) -> int:
        """Commit what is wished for, until a commit of ours wins, or others have done all of it.

        Args:
            wanted: What is wished for besides what was already.
            dies: Whether to post no pointers, as who dies at that moment.

        Returns:
            The number of the commit; 0 when others were faster with all of it.
        """
        before = self.row.seq
        self._wish(*wanted)
        self.flush()
        if not dies:
            self.postpone(self.person.post)
        with self.person.store.reading() as rows:
            taken = queues.accepted(rows, self.place.seat.number)
        won = [each.seq for each in taken if each.wishes and each.seq > before]
        return max(won, default=0)

    def prepare(self, *wanted: Wish) -> UnderWay | None:
        """Make a commit and send nothing; None when nothing of it is left to do."""
        self._wish(*wanted)
        try:
            self.drive(self._turns.prepare())
        except _PreparedError as made:
            self.see()
            return made.commit
        return None

    def submit(self, commit: UnderWay) -> bool:
        """Send a commit; whether it has won. What is wished for stands until one does.

        Raises:
            TransportError: The broker does not answer; the next commit sends this one first.
        """
        won = self.drive(self._turns.submit(commit))
        self.read()
        if won:
            self.postpone(self.person.post)
        return won

    def _wish(self, *wanted: Wish) -> None:
        seat = self.place.seat
        with seat.change() as rows:
            seat.require_in()
            for each in wanted:
                queues.wish(rows, seat.number, wishes.encode(each))

    def post_missing(self) -> int:
        """Post all pointers of the commit that opened this epoch; what is there stays one.

        Returns:
            How many there are.
        """
        postings = self.drive(self._turns.speaker.pointers())
        with self.person.store.transaction() as rows:
            for each in postings:
                queues.post_later(rows, each, self.person.home.world.second)
        self.person.post()
        return len(postings)


class _PreparedError(Exception):
    """Not an error: a commit is made, and goes no further."""

    def __init__(self, commit: UnderWay) -> None:
        super().__init__("a commit is made")
        self.commit = commit


class _Raised(Troubles):
    """Troubles of somebody who does not deal with them."""

    def met(self, error: BrokerError | ForkError | TransportError) -> Never:
        """Raise it."""
        raise error


class _Turns(Turns):
    """Turns that can be stopped, and taken blindly."""

    def __init__(self, seat: ClientSeat) -> None:
        super().__init__(seat)
        self.troubles = _Raised(seat)
        self._prepares = False

    def hurry(self) -> Flow[float | None]:
        """A turn that does not begin by reading the log, as no honest client takes one."""
        self._behind = False
        return self.turn(listening=True)

    def prepare(self) -> Flow[None]:
        """A turn until a commit is made."""
        self._prepares = True
        try:
            yield from self.turn()
        finally:
            self._prepares = False

    def submit(self, under: UnderWay) -> Flow[bool]:
        """Send a commit; whether it was taken."""
        self.seat.closing = None
        yield from super()._submit(under)
        return self.seat.closing is None

    def _submit(self, under: UnderWay) -> Flow[None]:
        if self._prepares:
            raise _PreparedError(under)
        yield from super()._submit(under)
