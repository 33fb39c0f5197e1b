"""A member as it listens: entries of the log become events of the group, in their order.

May import the protocol, the engine, and the log. What has been read and cannot be done stays
where it is, and nothing after it happens.
"""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING, Final, NamedTuple

from covey.access.member import addresses, envelopes
from covey.access.member.epochs import EpochAccess
from covey.access.structs.basics import Kind
from covey.access.structs.heads import Position
from covey.access.structs.sealed import ClaimedPosition, Purpose
from covey.errors import (
    AuthenticationError,
    DecodeError,
    MissingKeyError,
    PolicyError,
    ProtocolError,
    StateError,
    TransportError,
)
from covey.lab.company.contents import Content, NewDoor
from covey.mls import EpochChanged, MessageReceived, OwnMessage, StagedCommit

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from covey.access.structs.log import Entry
    from covey.access.structs.sealed import Door
    from covey.lab.company.contents import Said
    from covey.lab.company.log import Log
    from covey.mls import Event, Group

COPY: Final = (
    "this client is a copy of one that has gone on: it must not send, ask to be let in anew"
)

_PATIENCE: Final = 10_000  # milliseconds to wait for an entry that is known to be there
_UNREADABLE: Final = (
    AuthenticationError,
    DecodeError,
    MissingKeyError,
    PolicyError,
    ProtocolError,
)


class BrokenEpochError(StateError):
    """The commit that closed the epoch is none that members can follow: they have to branch."""


class Heard(NamedTuple):
    """One entry of the log.

    Attributes:
        seq: Its number.
        epoch: In which it was appended.
        event: What the engine made of it; None for what nobody can read.
        said: What a message says.
        trouble: Why it cannot be read.
    """

    seq: int
    epoch: int
    event: Event | None
    said: Said | None = None
    trouble: str = ""


class Listening:
    """The listening half of a seat.

    Args:
        group: The group.
        log: Its log.
        doors: Of the group's capabilities.
        sent: The idems under which we have sent something in this epoch.

    Attributes:
        group: The group.
        log: Its log.
        doors: Of the group's capabilities.
        entered: Is called when a commit has taken effect, whoever made it.
    """

    def __init__(
        self, group: Group, log: Log, doors: Iterable[Door] = (), sent: Iterable[bytes] = ()
    ) -> None:
        self.group: Group = group
        self.log: Log = log
        self.doors: list[Door] = list(doors)
        self.entered: Callable[[], None] = _nothing
        self._sent = set(sent)
        self._arrived: deque[Entry] = deque()
        self._heard: list[Heard] = []

    @property
    def gid(self) -> bytes:
        """The log (32 bytes)."""
        return self.log.access.gid

    @property
    def claimed(self) -> ClaimedPosition:
        """What we say of the log to the others."""
        seq = max(self.log.history, default=0)
        return ClaimedPosition(Position(seq, self.log.history.get(seq, bytes(32))))

    def catch_up(self, until: int = 0) -> list[Heard]:
        """Read the log to its end, and at least up to a number; what was not told yet.

        Args:
            until: An entry that is known to be there.

        Raises:
            BrokerError: The broker refuses; ``proof_refused`` when we hold a fork.
            ForkError: The broker contradicts itself, or what other members saw.
            BrokenEpochError: A commit closed the epoch that nobody can follow.
            StateError: We are a copy.
            TransportError: The broker does not answer.
        """
        self.read(until)
        return self.told()

    def told(self) -> list[Heard]:
        """What was read and not told yet."""
        heard, self._heard = self._heard, []
        return heard

    def read(self, until: int = 0) -> None:
        """Likewise, and keep what is new for :meth:`catch_up`."""
        self._take_in()
        while self.group.is_active:
            wait = _PATIENCE if self.log.seq < until else 0
            entries = self.log.read(wait)
            self._arrived.extend(entries)
            self._take_in()
            if not entries and wait:
                msg = f"entry {until} of the log did not come"
                raise TransportError(msg)
            if not entries:
                return

    def arrived(self, entry: Entry) -> None:
        """Take in an entry that came on a WebSocket, and that the log has checked."""
        self._arrived.append(entry)
        self._take_in()

    def _take_in(self) -> None:
        """Do what has arrived; what cannot be done stays, and nothing after it happens."""
        while self._arrived and self.group.is_active:
            self._heard.append(self._receive(self._arrived[0]))
            self._arrived.popleft()

    def _receive(self, entry: Entry) -> Heard:
        try:
            access, purpose = self.log.access, Purpose(entry.kind)
            message = envelopes.unseal(access, purpose, entry.idem, entry.body)
            event = self.group.stage(message)
        except _UNREADABLE as error:
            if entry.kind is Kind.commit:
                msg = f"nobody can follow the commit of entry {entry.seq}: {error}"
                raise BrokenEpochError(msg) from error
            return Heard(entry.seq, entry.epoch, None, trouble=str(error))
        if isinstance(event, StagedCommit) is not (entry.kind is Kind.commit):
            if entry.kind is Kind.commit:
                msg = f"entry {entry.seq} closed the epoch, and is no commit"
                raise BrokenEpochError(msg)
            return Heard(entry.seq, entry.epoch, None, trouble="a commit that closes no epoch")
        done = self.group.apply(event) if isinstance(event, StagedCommit) else event
        return self._done(entry, done)

    def _done(self, entry: Entry, event: Event) -> Heard:
        said = None
        match event:
            case OwnMessage() if entry.idem not in self._sent:
                raise StateError(COPY)
            case EpochChanged():
                self._enter_next(event)
            case MessageReceived(data=data):
                said = _said(data)
                if isinstance(said, NewDoor):
                    self.doors.append(said.door)
        if not isinstance(event, OwnMessage):
            self._compare(event.authenticated_data)
        return Heard(entry.seq, entry.epoch, event, said)

    def _enter_next(self, event: EpochChanged) -> None:
        """A commit has taken effect: the keys of its epoch are forgotten."""
        self._sent.clear()
        if not event.removed:
            self._renew_keys()
        self.entered()

    def _renew_keys(self) -> None:
        """Take the keys of the new epoch, and the doors that still stand."""
        access, group = self.log.access, self.group
        self.log.enter(EpochAccess.derive(group.export, access.broker_id, access.gid, group.epoch))
        standing = addresses.capabilities_of(group.extensions).capabilities
        known = {each.key for each in standing}
        self.doors = [each for each in self.doors if each.capability in known]

    def _compare(self, authenticated_data: bytes) -> None:
        try:
            claimed = ClaimedPosition.decode(authenticated_data)
        except DecodeError:
            return  # it claims nothing
        self.log.compare(claimed)


def _nothing() -> None:
    """Do nothing."""


def _said(data: bytes) -> Said | None:
    """What a message says; None for contents of another application."""
    try:
        return Content.decode(data).said
    except DecodeError:
        return None
