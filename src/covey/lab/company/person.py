"""A person: one account, one inbox, KeyPackages, and a seat in each group.

May import the protocol, the engine, and this folder.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from covey.access.member import notes
from covey.access.member.addresses import EXTENSION_TYPES, extension, note_slot_of
from covey.access.structs.basics import Nothing
from covey.access.structs.extensions import NoteSlot
from covey.access.structs.identity import EvidenceKind
from covey.access.structs.joining import InboxKind, PostNote
from covey.access.structs.sealed import NoteContext
from covey.errors import AuthenticationError, DecodeError, PolicyError, StateError, TransportError
from covey.lab.company import doors
from covey.lab.company.commits import Plan, key_package
from covey.lab.company.device import Device
from covey.lab.company.inbox import Inbox
from covey.lab.company.seat import Seat
from covey.mls import CipherSuite, Member, Policy
from covey.mls.crypto.entropy import system_entropy
from covey.mls.group import rows
from covey.mls.group.identity import identity

if TYPE_CHECKING:
    from collections.abc import Iterable

    from covey.access.structs.joining import InboxEntry
    from covey.lab.company.lines import Lines
    from covey.mls import PrivateKeyPackage

SUITE: Final = CipherSuite.MLS_128_DHKEMX25519_AES128GCM_SHA256_Ed25519
"""Of groups, unless another one is asked for."""

_BACK: Final = 8  # epochs, for which a note to a leaf may have been under way


class Person:
    """Somebody.

    Args:
        name: Who: the name of the account, and the identity in groups.
        lines: Opens connections.
        suite: Of the groups.
        broker_id: The broker's, when it is pinned already; else the broker is asked.

    Attributes:
        name: Who.
        member: The identity in groups.
        device: The device.
        inbox: The inbox.
        packages: KeyPackages that may have been claimed.
        seats: The seats, by gid.
        post_tokens: Those with which the members of our groups may leave notes.
    """

    def __init__(
        self,
        name: str,
        lines: Lines,
        suite: int = SUITE,
        broker_id: bytes | None = None,
    ) -> None:
        self.name: str = name
        self.lines: Lines = lines
        self.member: Member = Member.basic(
            name.encode(), suite, policy=Policy(extension_types=EXTENSION_TYPES)
        )
        if broker_id is None:
            broker_id = bytes.fromhex(lines.identity().about().broker_id)
        self.device: Device = Device(lines.identity(), broker_id)
        self.inbox: Inbox = Inbox(lines.group(), broker_id)
        self.packages: list[PrivateKeyPackage] = []
        self.seats: dict[bytes, Seat] = {}
        self.post_tokens: list[bytes] = []
        self._notes: list[bytes] = []

    @property
    def broker_id(self) -> bytes:
        """The broker's."""
        return self.device.broker_id

    # --- being found ---------------------------------------------------------------------

    def enrol(self, kind: EvidenceKind = EvidenceKind.none, evidence: bytes = b"") -> None:
        """Begin the account, and the inbox."""
        self.device.enrol(self.name, kind, evidence)
        self.inbox.begin(self.device)

    def publish(self, count: int = 1, *, last_resort: bool = True) -> list[bytes]:
        """Leave KeyPackages for others to claim.

        Args:
            count: How many for one use.
            last_resort: Whether to leave one besides for when they are used up.

        Returns:
            Those, as MLSMessages.
        """
        made = [self.new_package() for _ in range(count)]
        made += [self.new_package(last_resort=True)] if last_resort else []
        messages = [each.message for each in made]
        self.device.publish(messages)
        return messages

    def new_package(self, *, last_resort: bool = False) -> PrivateKeyPackage:
        """A KeyPackage that names our inbox, and that we can be let in by."""
        package = self.member.key_package(
            last_resort=last_resort, extensions=[extension(self.inbox.address)]
        )
        self.packages.append(package)
        return package

    def _new_slot(self) -> NoteSlot:
        self.post_tokens.append(system_entropy(16))
        address = self.inbox.address
        return NoteSlot(address.broker_id, address.inbox, self.post_tokens[-1])

    # --- groups --------------------------------------------------------------------------

    def found(self, invite: bytes = b"") -> Seat:
        """Create a group of one."""
        slot = self._new_slot()
        seat = Seat.found(self.member, self.lines, self.broker_id, slot=slot, invite=invite)
        self.seats[seat.gid] = seat
        return seat

    def claim(self, names: Iterable[str]) -> tuple[bytes, ...]:
        """Take a KeyPackage of each device of some people.

        Raises:
            BrokerError: ``account_unknown`` or ``nothing_to_claim``.
            PolicyError: The broker hands out a KeyPackage of somebody else.
        """
        claimed = []
        for name in names:
            for each in self.device.claim(name, self.member.suite.code).key_packages:
                found = identity(key_package(each.message).leaf_node.credential)
                if found != name.encode():
                    msg = f"the broker handed out a KeyPackage that is not {name}'s"
                    raise PolicyError(msg)
                claimed.append(each.message)
        return tuple(claimed)

    def invite(self, seat: Seat, names: Iterable[str], *, die_before_pointers: bool = False) -> int:
        """Add people; returns the number of the commit."""
        packages = self.claim(names)
        return seat.commit(Plan(add=packages, die_before_pointers=die_before_pointers))

    def join(self, wait: int = 10_000) -> Seat:
        """Come into the next group whose pointer waits in the inbox.

        Args:
            wait: How long to wait for one, in milliseconds.

        Raises:
            TransportError: None came.
        """
        while entries := self.inbox.fetch(wait):
            for entry in entries:
                seat = self._join_by(entry)
                self.inbox.take_out(entry)
                if seat is not None:
                    return seat
        msg = f"no pointer came for {self.name}"
        raise TransportError(msg)

    def _join_by(self, entry: InboxEntry) -> Seat | None:
        """Come in by an entry of the inbox; a note is kept for later."""
        if entry.kind is InboxKind.note:
            self._notes.append(entry.body)
            return None
        found = self.inbox.opened(entry, self.packages)
        if found is None:
            return None
        package, pointer = found
        groups = [each.group.group_id for each in self.seats.values()]
        seat = Seat.join(self.member, self.lines, package, pointer, groups)
        seat.slot = self._new_slot()
        if not package.last_resort:
            self.packages.remove(package)
        self.seats[seat.gid] = seat
        return seat

    def knock(self, fragment: str, *, recovers: bool = False) -> None:
        """Knock at a group's door, by a link or a recovery code."""
        package = self.new_package()
        doors.knock(self.lines, self.inbox, package, fragment, recovers=recovers)

    # --- notes ---------------------------------------------------------------------------

    def take_notes(self) -> None:
        """Let the inbox take notes from the members of our groups.

        They learn of it by our next commit there; no KeyPackage says so, which the broker reads.
        """
        self.inbox.set_slots(self.post_tokens)

    def leave_note(self, seat: Seat, name: str, note: bytes) -> None:
        """Leave a note in a member's inbox, past the log.

        Raises:
            StateError: There is no such member, or it takes no notes.
        """
        group = seat.group
        found = group.find(name.encode())
        leaf = None if found is None else group.tree.leaf(found.index)
        slot = None if leaf is None else note_slot_of(leaf)
        if leaf is None or slot is None:
            msg = f"{name} is no member that takes notes"
            raise StateError(msg)
        context = NoteContext(slot.inbox, group.group_id, group.epoch)
        sealed = notes.seal_note(group.suite, leaf, context, note, system_entropy)
        line = self.lines.group()
        try:
            request = PostNote(slot.inbox, slot.post_token, system_entropy(16), sealed)
            line.ask("post_note", request, Nothing)
        finally:
            self.lines.done(line)

    def notes(self) -> list[bytes]:
        """The notes in the inbox that can be opened; those for later epochs stay."""
        for entry in self.inbox.fetch():
            if entry.kind is not InboxKind.note:
                break
            self._notes.append(entry.body)
            self.inbox.take_out(entry)
        opened = {each: self._opened(each) for each in self._notes}
        self._notes = [each for each, note in opened.items() if note is None]
        return [note for note in opened.values() if note is not None]

    def _opened(self, sealed: bytes) -> bytes | None:
        inbox = self.inbox.address.inbox
        for seat in self.seats.values():
            group = seat.group
            key = _leaf_private(group.snapshot())
            for epoch in range(group.epoch, max(group.epoch - _BACK, -1), -1):
                context = NoteContext(inbox, group.group_id, epoch)
                try:
                    return notes.open_note(group.suite, key, context, sealed)
                except (AuthenticationError, DecodeError):
                    continue
        return None


def _leaf_private(snapshot: bytes) -> bytes:
    """The private key of our leaf."""
    for row in rows.SnapshotRows.decode(snapshot).rows:
        if row.key[:1] == rows.EPOCH:
            return rows.EpochRow.decode(row.value).leaf_private
    msg = "there is no epoch in the snapshot"
    raise StateError(msg)
