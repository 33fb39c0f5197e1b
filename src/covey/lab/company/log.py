"""A group's log, as somebody in one of its epochs sees it: proven, checked, and no MLS in it.

May import the lines and the protocol. Every answer is compared with what was seen before, so
that a broker which drops, reorders, replays or forks is found out here.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from covey.access import chain
from covey.access.member.replies import Followed, compare
from covey.access.structs.basics import Kind
from covey.access.structs.joining import FetchKnocks, FetchPointers, Knocks, Pointers
from covey.access.structs.log import Create, Created, Entries, EpochClosed, Read
from covey.errors import ForkError
from covey.lab.company.line import Prover

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from covey.access.member.epochs import EpochAccess
    from covey.access.structs.basics import Signed
    from covey.access.structs.heads import Position, SignedHead
    from covey.access.structs.log import Appended, Entry
    from covey.access.structs.sealed import ClaimedPosition
    from covey.lab.company.line import Line


class Log:
    """A log.

    Args:
        line: The connection for it.
        access: The keys of the epoch to begin in.
        followed: How far it has been followed before.
        history: The hashes that were computed before, by the number of the entry.

    Attributes:
        line: The connection for it.
        access: The keys of the epoch.
        followed: How far it has been followed.
        history: The hash of the log up to each entry that was seen.
    """

    def __init__(
        self,
        line: Line,
        access: EpochAccess,
        followed: Followed | None = None,
        history: Mapping[int, bytes] | None = None,
    ) -> None:
        self.line: Line = line
        self.access: EpochAccess = access
        self.followed: Followed = followed or Followed(access.broker_id, access.gid)
        self.history: dict[int, bytes] = dict(history or {})
        self._prover = Prover(line, access.prove)
        self._closing: Entry | None = None

    @property
    def seq(self) -> int:
        """The number of the last entry that was read."""
        return 0 if self.followed.position is None else self.followed.position.seq

    def enter(self, access: EpochAccess) -> None:
        """Go on in the next epoch; the keys of this one are forgotten."""
        self.access = access
        self._prover = Prover(self.line, access.prove)

    def create(self, invite: bytes = b"") -> None:
        """Begin the log in this epoch.

        Args:
            invite: A code, where the broker wants one.

        Raises:
            BrokerError: ``group_exists``, ``invite_needed``, …
        """
        request = self.access.create(invite)
        created = self.line.ask("create", request, Created)
        start = chain.start(Create.decode(request.request))
        self.followed = self.followed.begin(start).reach(created.head, complete=True)
        self.history[start.seq] = start.hash

    def append(self, request: Signed) -> Appended | EpochClosed:
        """Add an entry; see :meth:`~covey.lab.company.line.Line.append`."""
        answer = self.line.append(request)
        if isinstance(answer, EpochClosed):
            self._closing = answer.commit
        return answer

    def read(self, wait: int = 0) -> tuple[Entry, ...]:
        """The next entries of the epoch, checked; empty when there are none.

        Args:
            wait: How long to wait for some, in milliseconds.

        Raises:
            BrokerError: ``proof_refused``: we hold a fork of the epoch, or are no member.
            ForkError: The broker contradicts itself.
        """
        gid, epoch, after = self.access.gid, self.access.epoch, self.seq
        answer = self._prover.ask(
            "read", lambda proof: Read(gid, epoch, after, wait, proof), Entries
        )
        self._prover.keep(answer.ticket)
        followed = self.followed.read(epoch, answer)
        self._remember(answer.before, answer.entries)
        self.followed = followed
        return answer.entries

    # --- as they come on a WebSocket -----------------------------------------------------

    def begun(self, before: Position) -> None:
        """A subscription begins, after this place."""
        self.followed = self.followed.begin(before)
        self.history.setdefault(before.seq, before.hash)

    def arrived(self, entry: Entry) -> None:
        """An entry has come."""
        before = self.followed.position
        self.followed = self.followed.take(self.access.epoch, (entry,))
        assert before is not None
        self._remember(before, (entry,))

    def reached(self, head: SignedHead) -> None:
        """The broker says that nothing more is there."""
        self.followed = self.followed.reach(head, complete=True)

    def _remember(self, before: Position, entries: Sequence[Entry]) -> None:
        self.history.setdefault(before.seq, before.hash)
        for entry in entries:
            before = chain.link(before, self.access.gid, entry)
            self.history[before.seq] = before.hash
            closing = self._closing
            if closing is not None and entry.kind is Kind.commit and entry.epoch == closing.epoch:
                self._closing = None
                if entry != closing:
                    msg = f"the broker handed out two commits that close epoch {entry.epoch}"
                    raise ForkError(msg)

    def compare(self, claimed: ClaimedPosition) -> None:
        """Compare our log with what another member says of its own.

        Raises:
            ForkError: The broker shows us another log than that member.
        """
        compare(self.history, claimed)

    # --- what lies beside it -------------------------------------------------------------

    def pointers(self) -> Pointers:
        """The sealed pointer list of the commit that opened this epoch."""
        gid, epoch = self.access.gid, self.access.epoch
        return self._prover.ask(
            "pointers", lambda proof: FetchPointers(gid, epoch, proof), Pointers
        )

    def knocks(self) -> Knocks:
        """Who is at the door."""
        gid, epoch = self.access.gid, self.access.epoch
        return self._prover.ask("knocks", lambda proof: FetchKnocks(gid, epoch, proof), Knocks)
