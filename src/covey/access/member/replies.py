"""What a reader checks of all that a broker tells it about a log.

May import the structs, the chain and the heads. A broker can hold back what it has; it cannot
drop, reorder or replay an entry, go back, or show a reader two logs, without failing here. The
same checks serve the answers to ``read`` and the frames of a subscription.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from covey.access import chain, heads
from covey.access.structs.basics import Kind
from covey.access.structs.heads import Position, SignedHead
from covey.errors import DecodeError, ForkError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from covey.access.structs.heads import Head
    from covey.access.structs.log import Entries, Entry
    from covey.access.structs.sealed import ClaimedPosition


class RolledBackError(ForkError):
    """The broker's log ends before an entry that it has shown already.

    Attributes:
        served: The last entry that it has.
    """

    def __init__(self, message: str, served: int) -> None:
        self.served = served
        super().__init__(message)


class GapError(ForkError):
    """The broker goes on behind our place: what lies between is held back, or no longer kept.

    Brokers say for how many days they keep a log. Who was away for longer, in one epoch all the
    time, has missed those entries and may go on with ``missing``; anybody else has been cheated.

    Attributes:
        missing: How far the log is followed, if one goes on.
    """

    def __init__(self, message: str, missing: Followed) -> None:
        self.missing = missing
        super().__init__(message)


class RestoredError(ForkError):
    """The broker's database is another copy than before: it was restored from a backup.

    Members then offer again what the log has lost.
    """


class Followed(msgspec.Struct, frozen=True):
    """How far a reader has followed a log. Each step gives the next one.

    Attributes:
        broker_id: The broker's, as it was pinned.
        gid: The log.
        position: The last place that was reached; None for a joiner, who takes the place before
            the first entry that it may see as it is told.
        head: The last signed head that was seen, as evidence; None before the first.
    """

    broker_id: bytes
    gid: bytes
    position: Position | None = None
    head: SignedHead | None = None

    def read(self, epoch: int, answer: Entries) -> Followed:
        """Take in the answer to a read.

        Args:
            epoch: The epoch that was asked for.
            answer: The answer.

        Raises:
            AuthenticationError: The head is not signed for the broker.
            RestoredError: The broker's database is another one.
            RolledBackError: Its log ends before our place.
            GapError: It begins behind our place.
            ForkError: Entries are missing, or contradict what we know or what is signed.
            DecodeError: ``complete`` is neither 0 nor 1.
        """
        try:
            return self._read(epoch, answer)
        except ForkError as error:
            before = () if self.head is None else (self.head.encode(),)
            error.heads = (*before, answer.head.encode())
            raise

    def _read(self, epoch: int, answer: Entries) -> Followed:
        self._verified(answer.head)
        if answer.complete > 1:
            msg = f"complete is 0 or 1, not {answer.complete}"
            raise DecodeError(msg)
        if not (answer.complete or answer.entries):
            msg = "there is more to read, says the broker, and hands out nothing"
            raise ForkError(msg)
        reached = self._begin(answer).take(epoch, answer.entries)
        return reached.reach(answer.head, complete=bool(answer.complete))

    def _begin(self, answer: Entries) -> Followed:
        """Go on from the place that an answer names; who goes on behind a gap keeps its head."""
        try:
            return self.begin(answer.before)
        except GapError as error:
            error.missing = msgspec.structs.replace(error.missing, head=answer.head)
            raise

    def begin(self, before: Position) -> Followed:
        """Go on from the place that a broker names, which has to be ours.

        Raises:
            RolledBackError: It is before ours: there is nothing behind it.
            GapError: It is behind ours.
            ForkError: It has another hash than ours.
        """
        ours = self.position
        if ours is None:
            return self._at(before)
        if before.seq < ours.seq:
            msg = f"the log ends at entry {before.seq}, and entry {ours.seq} was shown already"
            raise RolledBackError(msg, before.seq)
        if before.seq > ours.seq:
            msg = f"entries {ours.seq + 1} to {before.seq} are held back, or no longer kept"
            raise GapError(msg, self._at(before))
        if before.hash != ours.hash:
            msg = f"the broker has another log up to entry {ours.seq} than it has shown before"
            raise ForkError(msg)
        return self

    def take(self, epoch: int, entries: Iterable[Entry]) -> Followed:
        """Go on over entries of an epoch, of which only the last one may be a commit.

        Raises:
            ForkError: One is missing, of another epoch, or behind the commit.
        """
        position = self._begun()
        closed = False
        for entry in entries:
            if closed or entry.epoch != epoch:
                msg = f"entry {entry.seq} does not belong to epoch {epoch}: the broker put it there"
                raise ForkError(msg)
            position = chain.follow(position, self.gid, (entry,))
            closed = entry.kind is Kind.commit
        return self._at(position)

    def reach(self, head: SignedHead, *, complete: bool) -> Followed:
        """Compare our place with a signed head.

        Args:
            head: What the broker signed.
            complete: Whether it says that we have reached it.

        Raises:
            AuthenticationError: The head is not signed for the broker.
            RestoredError: The broker's database is another one.
            RolledBackError: Its log ends before our place.
            ForkError: The head is of another log, or we are not where the broker says.
        """
        theirs, ours = self._verified(head).position, self._begun()
        if theirs.seq < ours.seq:
            msg = f"the log ends at entry {theirs.seq}, and entry {ours.seq} was shown already"
            raise RolledBackError(msg, theirs.seq)
        if theirs.seq == ours.seq and theirs.hash != ours.hash:
            msg = f"the broker signed another log up to entry {ours.seq} than it has sent"
            raise ForkError(msg)
        if complete and theirs.seq > ours.seq:
            msg = (
                f"entries {ours.seq + 1} to {theirs.seq} are held back: the broker says that is all"
            )
            raise ForkError(msg)
        return msgspec.structs.replace(self, head=head)

    def _verified(self, signed: SignedHead) -> Head:
        head = heads.verify(signed, self.broker_id)
        if head.gid != self.gid:
            msg = "the broker signed the head of another log"
            raise ForkError(msg)
        known = None if self.head is None else self.head.head
        if known is not None and known.incarnation != head.incarnation:
            msg = "the broker's database is another one than before: it was restored from a backup"
            raise RestoredError(msg)
        if known is not None and heads.contradict(known, head):
            msg = (
                f"the broker signed two heads for entry {head.position.seq}: keep both as evidence"
            )
            raise ForkError(msg)
        return head

    def _begun(self) -> Position:
        if self.position is None:
            msg = "the broker sent entries before it said where they begin"
            raise ForkError(msg)
        return self.position

    def _at(self, position: Position) -> Followed:
        return msgspec.structs.replace(self, position=position)


def compare(history: Mapping[int, bytes], claimed: ClaimedPosition) -> bool:
    """Compare our log with what another member says of its own.

    Args:
        history: The hashes that we have computed, by the number of the entry.
        claimed: What stood in the authenticated data of its message.

    Returns:
        Whether there was something to compare: we keep the hash of that entry.

    Raises:
        ForkError: The broker shows us another log than that member.
    """
    ours = history.get(claimed.head.seq)
    if ours is None:
        return False
    if ours != claimed.head.hash:
        msg = f"a member was shown another log up to entry {claimed.head.seq} than we were"
        raise ForkError(msg)
    return True
