"""Taking in the log: entries become events, history and the next state, in one transaction.

May import the engine, the protocol, the rows, and what is said. Entries come in the order of the
log and are checked against all that was seen before; ours come back too, and take effect then.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

from covey.access import chain
from covey.access.member import envelopes
from covey.access.member.replies import RolledBackError, compare
from covey.access.structs.basics import Kind
from covey.access.structs.sealed import ClaimedPosition, Purpose
from covey.client.events import ForkFound, MessagesLost, Unreadable
from covey.client.sync.branches import again
from covey.client.sync.group.impossible import IMPOSSIBLE
from covey.client.sync.group.telling import tell, tell_missed
from covey.client.sync.log import copies, entering, hearing
from covey.client.sync.log.moving import following
from covey.client.sync.rows import groups, places, queues
from covey.client.words import history, profile
from covey.errors import (
    AuthenticationError,
    DecodeError,
    ForkError,
    MissingKeyError,
    PolicyError,
    ProtocolError,
    StateError,
)
from covey.mls import EpochChanged, MessageReceived, OwnMessage, ProposalReceived, StagedCommit

if TYPE_CHECKING:
    from collections.abc import Iterable

    from covey.access.structs.heads import Position
    from covey.access.structs.log import Entries, Entry
    from covey.client.sync.group.seat import Seat
    from covey.mls import Event
    from covey.store.port import Rows

_PUT_BEFORE: Final = (
    "the broker was set back, and the log before our epoch is another one now: who has said"
    " something there that is not seen says it again, if it is still there"
)

_CAME_LATE: Final = "you have not looked for a day since you were let in: what was said may be gone"

_DAY: Final = 86_400

_OTHERS: Final = (
    "a member who has ended an epoch had seen something else in it than we did: what was said there"
    " may be missing"
)

_FORGED: Final = (
    "it says that it is of us, and is not: a member, whoever that may be, has forged it"
)

_ENDED: Final = "the group is being moved to another suite, and nobody can say anything in between"

_OWN_COMMIT: Final = "VAL-164"
"""The rule that a commit of our own breaks which is not pending."""

_UNREADABLE: Final = (AuthenticationError, DecodeError, MissingKeyError, PolicyError, ProtocolError)


def take(seat: Seat, epoch: int, after: int, answer: Entries, promised: int = -1) -> bool:
    """Take in the answer to a read.

    Args:
        seat: The group.
        epoch: The epoch that was asked for.
        after: The entry after which it was asked.
        answer: The answer.
        promised: The last entry that the broker had said it has before it was asked.

    Returns:
        Whether there is more to read; an answer that comes late, when others have read on
        meanwhile, is dropped.

    Raises:
        ForkError: The broker contradicts itself; nothing was taken in.
        AuthenticationError: A head is not signed by the broker.
        DecodeError: The answer makes no sense.
    """
    if promised <= seat.row.seq and _is_known(seat, epoch, answer):
        return False
    with seat.change() as rows:
        if not seat.is_in:
            return False
        if (seat.row.epoch, max(seat.row.seq, 0)) != (epoch, after):
            return True
        followed = seat.row.followed.read(epoch, answer)
        if seat.row.seq < 0:
            _begins(seat, rows, answer.before)
        seen = _places(seat, answer)
        _require_promised(seat, rows, seen, answer.head.head.position.seq, promised)
        places.remember(rows, seat.number, seen)
        _require_closing(seat, answer.entries)
        if not _take_page(seat, rows, answer.entries, seen):
            return False
        seat.row = seat.row.at(followed)
        return not answer.complete or seat.epoch != epoch


def _take_page(seat: Seat, rows: Rows, entries: Iterable[Entry], seen: list[Position]) -> bool:
    """Take in entry after entry; whether we are in the group after them."""
    seat.page = {each.seq: each.hash for each in seen}  # what is said of them is looked up here
    try:
        for entry, place in zip(entries, seen[1:], strict=True):
            seat.replace(seq=place.seq, hash=place.hash)
            if not take_entry(seat, rows, entry):
                return False
        return True
    finally:
        seat.page = {}


def _begins(seat: Seat, rows: Rows, start: Position) -> None:
    """The log is read from the beginning of our epoch on; in one that is set back, that moves.

    What others have put before it since, we have no keys for any more. Nobody knows how much that
    is: what stood there before may be gone, or have another place; so who has said it, says it
    again. And who had not read anything yet does not know where it began, nor what is not kept any
    more if that is long ago.
    """
    row = seat.row
    has_moved = (row.began, row.began_hash) != (start.seq, start.hash)
    if seat.again and has_moved:
        tell(seat, rows, MessagesLost(seat.hex, count=0, sender=None, why=_PUT_BEFORE))
        again.unread_again(rows, seat)
    if row.began < 0 and seat.home.world.second - row.joined_at > _DAY:
        tell(seat, rows, MessagesLost(seat.hex, count=0, sender=None, why=_CAME_LATE))
    seat.replace(began=start.seq, began_hash=start.hash)


def _is_known(seat: Seat, epoch: int, answer: Entries) -> bool:
    """Whether the broker says, with the head that we have, that we are at the end: as before."""
    row, head = seat.row, answer.head
    return (
        not (answer.entries or seat.again)
        and answer.complete == 1
        and row.epoch == epoch
        and (row.seq, row.hash) == (answer.before.seq, answer.before.hash)
        and head.head.position == answer.before
        and head.encode() == row.head
    )


def _places(seat: Seat, answer: Entries) -> list[Position]:
    """The place before the first entry, and after each of them."""
    seen = [answer.before]
    for entry in answer.entries:
        seen.append(chain.link(seen[-1], seat.row.gid, entry))
    return seen


def _require_promised(
    seat: Seat, rows: Rows, seen: list[Position], end: int, promised: int
) -> None:
    """Compare what is read with where the broker has said that it put what is ours.

    Raises:
        ForkError: Something else is there, or the log ends before.
    """
    if end < promised:
        msg = f"the log ends at entry {end}, and the broker had taken entry {promised}"
        raise RolledBackError(msg, end)
    known = places.after(rows, seat.number, seat.row.seq)
    for place in seen:
        if known.get(place.seq, place.hash) != place.hash:
            msg = f"the broker had taken something else of ours as entry {place.seq}"
            raise ForkError(msg)


def _require_closing(seat: Seat, entries: Iterable[Entry]) -> None:
    """Compare the commit with which a request of ours was answered, and what is now read."""
    closing = seat.closing
    for entry in entries:
        if closing and entry.kind is Kind.commit and entry.epoch == closing.epoch:
            seat.closing = None
            if entry != closing:
                msg = f"the broker handed out two commits that close epoch {entry.epoch}"
                raise ForkError(msg)


def take_entry(seat: Seat, rows: Rows, entry: Entry) -> bool:
    """Take in one entry; whether we are in the group after it."""
    if not groups.note_taken(rows, seat.number, entry.idem, entry.seq):
        _once_more(seat, rows, entry)
        return True
    if seat.group.reinit is None:
        _receive(seat, rows, entry)
    else:
        _after_the_end(seat, rows, entry)
    return seat.is_in


def _once_more(seat: Seat, rows: Rows, entry: Entry) -> None:
    """An entry that was taken in before: it has another place, or is replayed.

    Raises:
        ForkError: It comes behind a gap: that was none, the log is another one by now.
    """
    known = groups.taken_at(rows, seat.number, entry.idem)
    if seat.gap_in == entry.epoch and not seat.again:
        msg = f"entry {known} has come again as entry {entry.seq}, behind what seemed to be missing"
        raise ForkError(msg)
    if seat.again:
        history.moved(rows, seat.number, entry.idem, entry.seq)
        groups.note_moved(rows, seat.number, entry.idem, entry.seq)
        queues.moved(rows, seat.number, entry.idem, entry.seq)
        return
    why = f"the broker has put entry {known} into the log once more"
    tell(seat, rows, Unreadable(seat.hex, seq=entry.seq, why=why))


def _receive(seat: Seat, rows: Rows, entry: Entry) -> None:
    is_commit = entry.kind is Kind.commit
    try:
        message = envelopes.unseal(seat.access, Purpose(entry.kind), entry.idem, entry.body)
    except _UNREADABLE as error:
        _not_sealed(seat, rows, entry, str(error))
        return
    try:
        event = seat.group.stage(message)
    except StateError as error:
        if error.rule != _OWN_COMMIT:
            raise
        _own_commit(seat, rows, entry, str(error))
        return
    except _UNREADABLE as error:
        if is_commit and isinstance(error, MissingKeyError) and seat.gap_in == entry.epoch:
            why = f"the commit of entry {entry.seq} is about what is not kept any more: {error}"
            entering.fell_behind(seat, rows, why)
            return
        if is_commit and isinstance(error, MissingKeyError) and not seat.again:
            msg = f"something was held back before entry {entry.seq}: {error}"
            raise ForkError(msg) from error
        if is_commit and isinstance(error, MissingKeyError):
            tell_missed(seat, rows)  # it was set back: others may have read what is not there now
        _cannot_read(seat, rows, entry, str(error))
        return
    if isinstance(event, StagedCommit) is not is_commit:
        why = "it is no commit" if is_commit else "it is a commit, and closes no epoch"
        _cannot_read(seat, rows, entry, why)
        return
    if isinstance(event, StagedCommit):
        _follow(seat, rows, entry, event)
    else:
        _done(seat, rows, entry, event)


def _follow(seat: Seat, rows: Rows, entry: Entry, staged: StagedCommit) -> None:
    group = seat.group
    before = entering.Before(profile.profile_of(group.extensions), group.tree)
    event = group.apply(staged)
    assert isinstance(event, EpochChanged)
    seen = _compare(seat, rows, event.authenticated_data)
    entering.entered(seat, rows, entry, event, before)
    if event.own:
        seat.replace(unsure_to=-1)  # whoever was beyond that epoch has another one behind it
        return
    if seat.is_in and seen.other:  # in the epoch that has ended, for which nobody has keys any more
        tell(seat, rows, MessagesLost(seat.hex, count=0, sender=None, why=_OTHERS))
    if seat.is_in and (seen.other or entry.epoch <= seat.row.unsure_to):
        again.unseen_again(rows, seat, entry.epoch, seen.last)


def _after_the_end(seat: Seat, rows: Rows, entry: Entry) -> None:
    """Come into the group after the ReInit, which closes the epoch in the place of a commit."""
    if entry.kind is not Kind.commit:
        tell(seat, rows, Unreadable(seat.hex, seq=entry.seq, why=_ENDED))
        return
    under = queues.under_way(rows, seat.number)
    ours = None if under is None or under.idem != entry.idem else under.request
    if copies.differs(ours, entry) if ours else copies.made(seat, rows, entry):
        copies.is_one(seat, rows)
        return
    try:
        following.follow(seat, rows, entry)
    except following.NoSuiteError as error:
        entering.fell_behind(seat, rows, str(error))
    except IMPOSSIBLE as error:
        _cannot_read(seat, rows, entry, str(error))


def _not_sealed(seat: Seat, rows: Rows, entry: Entry, why: str) -> None:
    """No member has made this; if it stands in the place of ours, that is made anew."""
    if entry.kind is Kind.commit:
        _cannot_read(seat, rows, entry, why)
        return
    if queues.by_idem(rows, seat.number, entry.idem) is not None:
        queues.to_be_encrypted_anew(rows, seat.number)
    tell(seat, rows, Unreadable(seat.hex, seq=entry.seq, why=why))


def _cannot_read(seat: Seat, rows: Rows, entry: Entry, why: str) -> None:
    """Nobody can follow a commit that cannot be read; a message that cannot is passed over."""
    if entry.kind is Kind.commit:
        entering.broke(seat, rows, f"nobody can follow the commit of entry {entry.seq}: {why}")
        return
    if groups.was_sent(rows, seat.number, entry.idem):  # of ours, from before a reload
        _own(seat, rows, entry)
        return
    if not seat.again:
        tell(seat, rows, Unreadable(seat.hex, seq=entry.seq, why=why))


def _done(seat: Seat, rows: Rows, entry: Entry, event: Event) -> None:
    match event:
        case OwnMessage():
            _own(seat, rows, entry)
            return
        case MessageReceived():
            _compare(seat, rows, event.authenticated_data)
            hearing.heard(seat, rows, entry, event)
        case ProposalReceived():
            _compare(seat, rows, event.authenticated_data)
            _keep_proposal(seat, rows, entry)
            if seat.proposed_at is None:
                seat.proposed_at = seat.home.world.now()


def _keep_proposal(seat: Seat, rows: Rows, entry: Entry) -> None:
    """Keep a proposal as the request that has brought it: a broker that loses it gets it from us.

    Who has made it may have gone by it. Without it, nobody can follow the commit that names it.
    """
    request = seat.access.append(entry.idem, entry.body).encode()
    taken = queues.Accepted(entry.idem, entry.seq, entry.epoch, None, (), request)
    queues.taken(rows, seat.number, taken)


def _own_commit(seat: Seat, rows: Rows, entry: Entry, why: str) -> None:
    """A commit of our leaf has closed the epoch, and is not the one that is under way.

    It may be one whose keys were given up since; or somebody else's, who says that it is ours.
    """
    under = queues.under_way(rows, seat.number)
    other = under is not None and under.idem == entry.idem and copies.differs(under.request, entry)
    if other or copies.made(seat, rows, entry):
        copies.is_one(seat, rows)
    else:
        _cannot_read(seat, rows, entry, why)


def _own(seat: Seat, rows: Rows, entry: Entry) -> None:
    """A message of our own has come back, so the broker has it."""
    if copies.made(seat, rows, entry):
        copies.is_one(seat, rows)
        return
    if not groups.was_sent(rows, seat.number, entry.idem):
        tell(seat, rows, Unreadable(seat.hex, seq=entry.seq, why=_FORGED))
        return
    waiting = queues.by_idem(rows, seat.number, entry.idem)
    if waiting is not None and waiting.request is not None:
        if copies.differs(waiting.request, entry):
            copies.is_one(seat, rows)
        else:
            hearing.has_it(seat, rows, waiting, entry.seq)
    elif seat.again:
        hearing.has_it_elsewhere(seat, rows, entry)


class _Seen(NamedTuple):
    """What a member has seen of the log, as it says.

    Attributes:
        last: The last entry of our log that it had seen; -1 when that is not known.
        other: Whether it has seen entries that we have not, now or before the log was set back.
    """

    last: int = -1
    other: bool = False


def _compare(seat: Seat, rows: Rows, authenticated_data: bytes) -> _Seen:
    """Compare our log with what a member says of its own, and tell when they differ.

    The broker shows us different logs, or that member lies: who could tell? So nothing stops.
    """
    try:
        claimed = ClaimedPosition.decode(authenticated_data)
    except DecodeError:
        return _Seen()  # it claims nothing
    if claimed.head.seq >= seat.row.seq:  # the broker has lost what was between
        return _Seen(other=not places.was_seen(rows, seat.number, claimed.head))
    known = seat.page.get(claimed.head.seq) or places.hash_at(rows, seat.number, claimed.head.seq)
    try:
        is_known = compare({} if known is None else {claimed.head.seq: known}, claimed)
    except ForkError as error:
        head = b"" if seat.row.head is None else seat.row.head
        tell(seat, rows, ForkFound(seat.hex, sentence=str(error), heads=(head.hex(),)))
        return _Seen(other=not places.was_seen(rows, seat.number, claimed.head))
    return _Seen(claimed.head.seq if is_known else -1)
