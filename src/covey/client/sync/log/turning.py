"""A turn: all that is due in one group now, in the order in which it has to be.

May import the flows below, the engine and the rows. A turn reads the log to its end, learns what
became of a commit under way, commits what is wished for, says what waits, and says when it is to
be taken again. It can be dropped at any yield: the next turn goes on from the store.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Final

from covey.access.member import envelopes
from covey.access.refusals import Code
from covey.access.structs.basics import Signed
from covey.access.structs.log import EpochClosed
from covey.access.structs.sealed import Purpose
from covey.client.events import MessagesLost, WishRefused
from covey.client.sync.asking import append
from covey.client.sync.effects import Use
from covey.client.sync.expiring import UNSENT
from covey.client.sync.group import capabilities, commits, electing, proposed
from covey.client.sync.group.impossible import IMPOSSIBLE
from covey.client.sync.group.telling import tell
from covey.client.sync.log import answering, entering, hearing, offering, own_commit
from covey.client.sync.log.moving import making
from covey.client.sync.log.reading import Reader
from covey.client.sync.log.troubles import Troubles
from covey.client.sync.rows import groups, places, queues, wishes
from covey.client.sync.rows.groups import Status
from covey.client.words.explaining import explained
from covey.errors import (
    BrokerError,
    CoveyError,
    ForkError,
    StateError,
    TransportError,
)
from covey.mls import ContentType

if TYPE_CHECKING:
    from covey.client.sync.effects import Flow
    from covey.client.sync.group.proposed import References
    from covey.client.sync.group.seat import Seat
    from covey.client.sync.rows.queues import UnderWay, Waiting
    from covey.client.sync.rows.wishes import Wish
    from covey.store.port import Rows

_PASSING: Final = frozenset(
    {Code.over_quota.value, Code.unavailable.value, Code.full.value, Code.broken.value}
)
_PROOF: Final = frozenset(
    {Code.proof_refused.value, Code.epoch_unknown.value, Code.gone.value, Code.group_unknown.value}
)


class Turns:
    """The turns of one group.

    Args:
        seat: The group.

    Attributes:
        seat: The group.
        speaker: Reads its log, and says things in it.
        troubles: What is in the way, and when to try again.
    """

    def __init__(self, seat: Seat) -> None:
        self.seat: Seat = seat
        self.speaker: Reader = Reader(seat, Use.speak)
        self.troubles: Troubles = Troubles(seat)
        self.election: electing.Election = electing.Election(seat)
        self.doorkeeper: answering.Doorkeeper = answering.Doorkeeper(seat, self.speaker)
        self._behind = True
        self._passed_at: tuple[int, int, Status] | None = None

    def turn(self, *, listening: bool = False) -> Flow[float | None]:
        """Take a turn.

        Args:
            listening: Whether another flow reads the log at this time, so that what is new has
                been taken in already.

        Returns:
            When to take the next one, in seconds since the epoch, unless something happens before;
            None when nothing is due any more.

        Raises:
            StorageError: The store cannot be used.
        """
        self.seat.look()
        if not self.seat.row.status.is_in:
            return None
        if self.seat.home.world.now() < self.troubles.until:
            return self.troubles.until
        try:
            if self.troubles.is_set:
                yield from offering.begin_anew(self.seat, self.speaker.lane, self.troubles.served)
                self._behind = True
            if self.seat.is_in and (self._behind or not listening):
                yield from self._catch_up()
            place = self._place()
            while (yield from self._step()):
                if self._behind:
                    yield from self._catch_up()
                    if self._place() == place:
                        msg = "the broker says that the log has gone on, and does not show it"
                        return self.troubles.met(TransportError(msg))
                place = self._place()
        except (BrokerError, ForkError, TransportError) as error:
            if not self.seat.look().status.is_in:  # another flow has gone out while we waited
                return None
            return (yield from self._met(error))
        self.troubles.over()
        return self._due()

    def _met(self, error: BrokerError | ForkError | TransportError) -> Flow[float]:
        """Deal with what came in the way; when to go on, in seconds since the epoch."""
        if self._is_news(error):
            return self.seat.home.world.now()
        if isinstance(error, BrokerError) and error.code == Code.gone:
            try:
                if (yield from own_commit.has_closed(self.seat)):
                    return self.seat.home.world.now()
            except TransportError as cut:
                return self.troubles.met(cut)
        return self.troubles.met(error)

    def _is_news(self, error: Exception) -> bool:
        """Whether we only hear that the epoch has passed: once where we are, that is no trouble."""
        if not (isinstance(error, BrokerError) and error.code == Code.epoch_passed):
            return False
        self._behind = True  # whoever listens may rest
        before, self._passed_at = self._passed_at, self._place()
        return before != self._passed_at

    def _place(self) -> tuple[int, int, Status]:
        """How far we are; another flow may read on while we wait."""
        row = self.seat.row
        return row.seq, row.epoch, row.status

    def _catch_up(self) -> Flow[None]:
        if self.seat.row.seq < 0 and self.seat.epoch == 0:
            yield from self.speaker.create()
        yield from self.speaker.catch_up()
        self._behind = False
        if self.seat.again:
            if (yield from offering.offer_rest(self.seat, self.speaker.lane)):
                yield from self.speaker.catch_up()
            offering.end_anew(self.seat)

    def _due(self) -> float | None:
        if not self.seat.row.status.is_in:
            return None
        if self.seat.group.reinit is not None:
            return self.seat.home.world.now() + self.seat.home.pace.slot
        with self.seat.home.store.reading() as rows:
            wished = bool(queues.wishes(rows, self.seat.number))
        return min(self.election.due(wished=wished), self.doorkeeper.due())

    # --- steps ---------------------------------------------------------------------------

    def _step(self) -> Flow[bool]:
        """Do what is to be done next; whether there was something."""
        seat = self.seat
        if not seat.look().status.is_in:
            return False
        with seat.home.store.reading() as rows:
            under = queues.under_way(rows, seat.number)
            first = queues.first(rows, seat.number)
            wished = queues.wishes(rows, seat.number)
        if under is None and seat.group.reinit is not None:
            under = making.made(seat)
        if under is not None:
            yield from self._submit(under)
        if under is not None or seat.group.reinit is not None:
            return under is not None
        due = bool(wished) or self.election.others_wait()
        waits = self.election.waits_to_go() and not (due and self.election.is_left_alone())
        if not waits and (wished or self.election.is_ours(speaks=first is not None)):
            return (yield from self._commit(wished))
        if first is not None and (yield from self._say(first)):
            return True
        if seat.row.status is Status.leaving and first is None and not self.election.waits_to_go():
            self._leave()
            return True
        return (yield from self.doorkeeper.attend())

    # --- commits -------------------------------------------------------------------------

    def _commit(self, wished: dict[int, bytes]) -> Flow[bool]:
        """Make a commit of all wishes; if they cannot be together, of the first one."""
        decoded = {number: wishes.decode(each) for number, each in wished.items()}
        why: Exception | None = None
        for references in proposed.attempts(self.seat.group):
            try:
                made = self._make(decoded, references)
            except IMPOSSIBLE as error:
                why = why or error
                continue
            if made is not None:
                yield from self._submit(made)
            return True
        if len(decoded) > 1:
            number = next(iter(decoded))
            return (yield from self._commit({number: wished[number]}))
        assert why is not None
        self._refuse(decoded, why)
        return bool(decoded)

    def _make(self, decoded: dict[int, Wish], references: References) -> UnderWay | None:
        """Make a commit and keep it; None when there is nothing left to do."""
        seat, chosen = self.seat, dict(decoded)
        while True:
            seat.reserve(ContentType.commit)
            with seat.change() as rows:
                if not seat.row.status.is_in:
                    return None
                under = queues.under_way(rows, seat.number)
                if under is not None:  # another process was faster
                    return under
                if not seat.group.reserved(ContentType.commit):
                    continue
                standing = queues.wishes(rows, seat.number)
                chosen = {each: chosen[each] for each in chosen if each in standing}
                if decoded and not chosen:  # likewise: all of them have come true
                    return None
                chosen = commits.together(seat.group, chosen)  # none, if somebody is to go first
                merged = commits.merge(seat, tuple(chosen.values()), references)
                if not merged.is_needed:
                    queues.unwish(rows, chosen)
                    return None
                if capabilities.lacks_recovery(seat, merged.stay):
                    door = capabilities.way_back(seat.home.world)
                    chosen[queues.wish(rows, seat.number, wishes.encode(door))] = door
                    merged = commits.merge(seat, tuple(chosen.values()), references)
                made = commits.make(seat, rows, merged, tuple(chosen))
                queues.begin_commit(rows, seat.number, made)
                groups.note_sent(rows, seat.number, made.idem)
                return made

    def _refuse(self, decoded: dict[int, Wish], error: Exception) -> None:
        seat = self.seat
        with seat.change() as rows:
            queues.unwish(rows, decoded)
            for number, wish in decoded.items():
                what, why = wishes.sentence(wish), explained(error)
                tell(seat, rows, WishRefused(seat.hex, what=what, why=why, wish=number))
        if not decoded:
            self.election.failed()

    def _submit(self, under: UnderWay) -> Flow[None]:
        """Send the commit under way; what comes of it is read in the log."""
        seat = self.seat
        try:
            answer = yield from append(self.speaker.lane, Signed.decode(under.request))
        except BrokerError as error:
            if error.code in _PASSING or error.code in _PROOF:
                raise
            if error.code == Code.idem_mismatch:
                yield from self._catch_up()
                offering.let_go(seat, under.idem)
            else:
                self._commit_refused(under, error)
            return
        self._behind = True
        if isinstance(answer, EpochClosed):
            seat.closing = answer.commit
            return
        with seat.change() as rows:
            places.remember(rows, seat.number, (answer.position,))

    def _commit_refused(self, under: UnderWay, error: BrokerError) -> None:
        """The broker will never take this commit: nothing of it has happened."""
        seat = self.seat
        self.election.failed()  # what is due by itself is due still, and would be refused again
        with seat.change() as rows:
            queues.end_commit(rows, seat.number)
            making.refused(rows, seat.number)
            if seat.is_in and seat.group.pending is not None:
                seat.group.discard(seat.group.pending)
            wished = queues.wishes(rows, seat.number)
            queues.unwish(rows, under.wishes)
            for number in under.wishes:
                if number in wished:
                    what, why = wishes.sentence(wishes.decode(wished[number])), explained(error)
                    tell(seat, rows, WishRefused(seat.hex, what=what, why=why, wish=number))

    # --- saying --------------------------------------------------------------------------

    def _say(self, waiting: Waiting) -> Flow[bool]:
        """Send what waits next; whether anything was done."""
        seat = self.seat
        if waiting.is_over(seat.home.world):
            self._unsayable(waiting, StateError(UNSENT))
            return True
        if waiting.request is None or waiting.epoch != seat.epoch:
            try:
                encrypted = self._encrypt(waiting)
            except IMPOSSIBLE as error:
                self._unsayable(waiting, error)
                return True
            if encrypted is None:
                return False
            waiting = encrypted
        assert waiting.request is not None
        try:
            request, over = (
                Signed.decode(waiting.request),
                partial(waiting.is_over, seat.home.world),
            )
            answer = yield from append(self.speaker.lane, request, over=over)
        except BrokerError as error:
            if error.code in _PASSING or error.code in _PROOF:
                raise
            if error.code == Code.idem_mismatch:
                yield from self._catch_up()
                offering.let_go(seat, waiting.idem)
            else:
                self._unsayable(waiting, error)
            return True
        if isinstance(answer, EpochClosed):
            seat.closing, self._behind = answer.commit, True
            return True
        with seat.change() as rows:
            still = queues.by_idem(rows, seat.number, waiting.idem or b"")
            if still is not None:
                hearing.has_it(seat, rows, still, answer.position.seq)
                places.remember(rows, seat.number, (answer.position,))
        return True

    def _encrypt(self, waiting: Waiting) -> Waiting | None:
        """Encrypt what waits for this epoch, and keep that; None when it has to wait."""
        seat = self.seat
        kind = ContentType.application if waiting.content else ContentType.proposal
        while True:
            group = seat.group
            if waiting.content and (not group.can_send or self.election.waits_to_go()):
                return None
            seat.reserve(kind)
            with seat.change() as rows:
                current = queues.first(rows, seat.number)
                if not seat.row.status.is_in or current is None:
                    return None
                if current.request is not None and current.epoch == seat.epoch:
                    return current  # another process was faster
                if not seat.group.reserved(kind) or current.id != waiting.id:
                    waiting = current
                    continue
                return self._encrypted(rows, current, kind)

    def _encrypted(self, rows: Rows, waiting: Waiting, kind: ContentType) -> Waiting:
        seat = self.seat
        group, access, idem = seat.group, seat.access, seat.idem(kind)
        claimed = seat.claimed.encode()
        message = group.protect(waiting.content, claimed) if waiting.content else group.leave()
        body = envelopes.seal(access, Purpose.other, idem, message, seat.home.world.entropy)
        request = access.append(idem, body).encode()
        queues.encrypted(rows, waiting, access.epoch, idem, request)
        groups.note_sent(rows, seat.number, idem)
        if waiting.content:
            seat.replace(sent=seat.row.sent + 1)
        return waiting._replace(epoch=access.epoch, idem=idem, request=request)

    def _unsayable(self, waiting: Waiting, error: CoveyError | ValueError) -> None:
        """It will never be taken: say so, and go on with what comes after it."""
        seat = self.seat
        with seat.change() as rows:
            queues.done(rows, waiting)
            if waiting.content:
                ids, why = (waiting.message.hex(),), explained(error)
                tell(seat, rows, MessagesLost(seat.hex, count=1, sender=None, why=why, ids=ids))
                return
            seat.replace(status=Status.active, out_since=0)
            tell(seat, rows, WishRefused(group=seat.hex, what="leave", why=explained(error)))

    def _leave(self) -> None:
        """Ask the others to let us go; who is alone goes."""
        seat = self.seat
        with seat.change() as rows:
            if seat.row.status is not Status.leaving:
                return
            if seat.group.tree.census.members == 1:
                entering.abandoned(seat, rows)
            elif queues.first(rows, seat.number) is None:
                world = seat.home.world
                queues.say(rows, seat.number, world.entropy(16), b"")
