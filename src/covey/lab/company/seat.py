"""A seat in a group: the engine's Group, the log that it lives by, and the commits to it.

May import the protocol, the engine, and this folder. Everything goes through the log in its
order, one's own messages too: a commit of one's own takes effect when it comes back.
"""

from __future__ import annotations

import time
from functools import partial
from typing import TYPE_CHECKING, Final

import msgspec

from covey.access.member import addresses
from covey.access.member.epochs import EpochAccess
from covey.access.member.pointers import let_in, open_pointer_list
from covey.access.member.replies import Followed
from covey.access.refusals import Code
from covey.access.structs.basics import Nothing
from covey.access.structs.extensions import GroupCapabilities
from covey.access.structs.joining import FetchParcels, Parcels, Post, WantedParcel
from covey.access.structs.log import Appended, EpochClosed
from covey.access.structs.sealed import Door
from covey.errors import BrokerError, StateError
from covey.lab.company import commits
from covey.lab.company.commits import Plan
from covey.lab.company.log import Log
from covey.lab.company.speaking import Speaking
from covey.mls import Group, Policy, Ports
from covey.mls.crypto.entropy import system_entropy

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from covey.access.structs.extensions import NoteSlot
    from covey.access.structs.sealed import Pointer, Posting
    from covey.lab.company.commits import Made
    from covey.lab.company.lines import Lines
    from covey.mls import Member, PrivateKeyPackage

    Postpone = Callable[[Callable[[], None]], None]

_HOUR: Final = 3600


class Saved(msgspec.Struct, frozen=True):
    """All of a seat, to be kept, or stolen. Shows nothing.

    Attributes:
        group: The engine's snapshot.
        broker_id: The broker's.
        gid: The log.
        followed: How far it was followed.
        history: The hashes of the log.
        doors: Of the capabilities.
        sent: The idems of this epoch.
    """

    group: bytes
    broker_id: bytes
    gid: bytes
    followed: Followed
    history: dict[int, bytes]
    doors: tuple[Door, ...]
    sent: tuple[bytes, ...]

    def __repr__(self) -> str:
        return f"{type(self).__name__}(…)"


def at_once(post: Callable[[], None]) -> None:
    """Post a pointer without delay. A client that hides waits for a random time."""
    post()


class Seat(Speaking):
    """A member's place in one group.

    Args:
        lines: Opens connections.
        group: The group.
        log: Its log.
        doors: Of the group's capabilities.
        sent: The idems under which we have sent something in this epoch.

    Attributes:
        lines: Opens connections.
        slot: Where notes for us may be left; our next commit tells the others.
        postpone: Is told each pointer to be posted, and decides when.
    """

    def __init__(
        self,
        lines: Lines,
        group: Group,
        log: Log,
        doors: Iterable[Door] = (),
        sent: Iterable[bytes] = (),
    ) -> None:
        super().__init__(group, log, doors, sent)
        self.lines: Lines = lines
        self.slot: NoteSlot | None = None
        self.postpone: Postpone = at_once
        self._made: Made | None = None

    # --- beginning -----------------------------------------------------------------------

    @classmethod
    def found(
        cls,
        member: Member,
        lines: Lines,
        broker_id: bytes,
        *,
        slot: NoteSlot | None = None,
        invite: bytes = b"",
    ) -> Seat:
        """Create a group of one, and its log.

        Args:
            member: Who creates it.
            lines: Opens connections.
            broker_id: The broker's.
            slot: Where notes for the creator may be left.
            invite: A code for creating groups, where the broker wants one.
        """
        extensions = addresses.with_capabilities((), GroupCapabilities(()))
        own = [] if slot is None else [addresses.extension(slot)]
        group = Group.create(member, extensions=extensions, leaf_extensions=own)
        access = EpochAccess.derive(group.export, broker_id, system_entropy(32), group.epoch)
        log = Log(lines.group(), access)
        log.create(invite)
        return cls(lines, group, log)

    @classmethod
    def join(
        cls,
        member: Member,
        lines: Lines,
        package: PrivateKeyPackage,
        pointer: Pointer,
        groups: Iterable[bytes] = (),
    ) -> Seat:
        """Come in by a pointer.

        Args:
            member: Who joins.
            lines: Opens connections.
            package: The KeyPackage that was added.
            pointer: What was found in the inbox.
            groups: The group_ids of the groups that we are in.
        """
        line = lines.group()
        wanted = tuple(WantedParcel(each.id) for each in (pointer.welcome, pointer.ratchet_tree))
        parcels = line.ask("parcels", FetchParcels(pointer.gid, wanted), Parcels).parcels
        group = let_in(member, package, pointer, parcels, groups=groups).accept()
        access = EpochAccess.derive(group.export, pointer.broker_id, pointer.gid, group.epoch)
        return cls(lines, group, Log(line, access), pointer.doors)

    @classmethod
    def opened(cls, saved: Saved, lines: Lines) -> Seat:
        """Go on from what was saved. Only one copy may ever send."""
        policy = Policy(extension_types=addresses.EXTENSION_TYPES)
        group = Group.restore(saved.group, Ports(policy=policy))
        access = EpochAccess.derive(group.export, saved.broker_id, saved.gid, group.epoch)
        log = Log(lines.group(), access, saved.followed, saved.history)
        return cls(lines, group, log, saved.doors, saved.sent)

    def saved(self) -> Saved:
        """All of it, but for what waits to be sent or to be read."""
        access = self.log.access
        return Saved(
            self.group.snapshot(),
            access.broker_id,
            access.gid,
            self.log.followed,
            dict(self.log.history),
            tuple(self.doors),
            tuple(self._sent),
        )

    @property
    def members(self) -> list[str]:
        """The names of all members, by leaf."""
        return [each.identity.decode() for each in self.group.members]

    # --- committing ----------------------------------------------------------------------

    def renew(self) -> int:
        """Commit what was proposed, with fresh keys of our own; returns the commit's number."""
        return self.commit(Plan())

    def commit(self, plan: Plan) -> int:
        """Commit, again until a commit of ours wins, or others have done what was wanted.

        Returns:
            The number of the commit; 0 when others were faster with all of it.
        """
        while True:
            made = self.prepare(plan)
            if made is None:
                return 0
            answer = self.submit(made)
            if isinstance(answer, Appended):
                return answer.position.seq

    def prepare(self, plan: Plan) -> Made | None:
        """Read, and make a commit; None when nothing of the plan is left to do."""
        if self._made is not None:  # whose answer has been lost
            self.submit(self._made)
        self.read()
        hour = int(time.time()) // _HOUR
        now = commits.Circumstances(
            self.group, self.log.access, self.doors, self.claimed, self.slot, hour
        )
        return commits.make(plan, now)

    def submit(self, made: Made) -> Appended | EpochClosed:
        """Send a commit; if it wins, follow it, and have its pointers posted.

        Raises:
            TransportError: The broker does not answer; the next commit sends this one first.
        """
        self._made = made
        try:
            answer = self._append(made.request)
        except (BrokerError, StateError):
            self._made = None
            self.group.discard(made.pending)
            raise
        self._made = None
        if isinstance(answer, EpochClosed):
            self.read()
        else:
            if made.plan.die_before_pointers:
                return answer
            self.read(answer.position.seq)
            for posting in made.postings:
                self.postpone(partial(self._post, posting))
        return answer

    def post_missing(self) -> int:
        """Post all pointers of the commit that opened this epoch; what is there stays one.

        Returns:
            How many there are.
        """
        found = self.log.pointers()
        postings = open_pointer_list(self.log.access, found.idem, found.sealed)
        for posting in postings:
            self._post(posting)
        return len(postings)

    def _post(self, posting: Posting) -> None:
        """Post a pointer over a connection that knows no group."""
        line = self.lines.group()
        try:
            line.ask("post", Post(posting.inbox, posting.key_package_ref, posting.pointer), Nothing)
        except BrokerError as error:
            if error.code != Code.not_claimed:  # then one was posted, and has been used
                raise
        finally:
            self.lines.done(line)
