"""Notes: what a member leaves in another one's inbox, past the log.

May import the client's flows, the protocol and this folder. Brokers carry them, and no client of
covey's does: somebody who writes one shows what the protocol promises about them.
"""

from __future__ import annotations

from hashlib import sha256
from typing import TYPE_CHECKING, Final

from covey.access.member import accounts, notes
from covey.access.member.addresses import note_slot_of
from covey.access.structs.basics import Nothing
from covey.access.structs.joining import InboxKind, PostNote, SetSlots, SlotHash
from covey.access.structs.sealed import NoteContext
from covey.client.sync.asking import alone, ask
from covey.client.sync.effects import Lane, Use
from covey.client.sync.identity.proving import Prover
from covey.client.sync.rows import groups
from covey.errors import AuthenticationError, DecodeError, StateError
from covey.mls.group import rows as engine

if TYPE_CHECKING:
    from covey.lab.company.person import Person
    from covey.lab.company.seat import Seat

_BACK: Final = 8  # epochs, for which a note to a leaf may have been under way


def post_tokens(person: Person) -> list[bytes]:
    """Those with which the members of a person's groups may leave notes."""
    with person.store.reading() as rows:
        return groups.slots(rows)


def take(person: Person) -> None:
    """Let the inbox take notes from the members of our groups.

    They learn of it by our first commit there; no KeyPackage says so, which the broker reads.
    """
    address, seed = person.inbox.address, person.inbox.seed
    slots = tuple(SlotHash(sha256(each).digest()) for each in post_tokens(person))
    prover = Prover(
        Lane(Use.inbox, address.inbox + b"slots"),
        lambda nonce: accounts.prove_inbox(seed, address.broker_id, address.inbox, nonce),
    )
    asked = prover.ask("set_slots", lambda proof: SetSlots(address.inbox, proof, slots), Nothing)
    person.run(asked)


def leave(seat: Seat, name: str, note: bytes) -> None:
    """Leave a note in a member's inbox.

    Raises:
        StateError: There is no such member, or it takes no notes.
        BrokerError: Its inbox takes none.
    """
    group, world = seat.group, seat.person.home.world
    found = group.find(name.encode())
    leaf = None if found is None else group.tree.leaf(found.index)
    slot = None if leaf is None else note_slot_of(leaf)
    if leaf is None or slot is None:
        msg = f"{name} is no member that takes notes"
        raise StateError(msg)
    context = NoteContext(slot.inbox, group.group_id, group.epoch)
    sealed = notes.seal_note(group.suite, leaf, context, note, world.entropy)
    request = PostNote(slot.inbox, slot.post_token, world.entropy(16), sealed)
    seat.person.run(alone(world, lambda lane: ask(lane, "post_note", request, Nothing)))


def fetch(person: Person) -> list[bytes]:
    """The notes in the inbox, up to the first pointer, which are taken out.

    One that cannot be opened is dropped: read the logs first, up to the epoch that it is for.
    """
    found = []
    for entry in person.run(person.inbox.fetch()):
        if entry.kind is not InboxKind.note:
            break
        person.inbox.take_out(entry)
        note = _opened(person, entry.body)
        if note is not None:
            found.append(note)
    return found


def _opened(person: Person, sealed: bytes) -> bytes | None:
    inbox = person.inbox.address.inbox
    for seat in person.seats.values():
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
    for row in engine.SnapshotRows.decode(snapshot).rows:
        if row.key[:1] == engine.EPOCH:
            return engine.EpochRow.decode(row.value).leaf_private
    msg = "there is no epoch in the snapshot"
    raise StateError(msg)
