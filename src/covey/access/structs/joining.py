"""How people come into a group: parcels, pointers, inboxes, knocks. Data only.

May import earlier chapters.
"""

from __future__ import annotations

from enum import IntEnum
from hashlib import sha256
from typing import Annotated, Final

from covey.access.structs.basics import (
    BrokerId,
    Digest,
    Gid,
    Idem,
    InboxId,
    KnockId,
    ParcelId,
    Proof,
    PublicKey,
)
from covey.access.structs.log import Parcel
from covey.mls.wire.struct import WireStruct
from covey.mls.wire.types import Fixed, opaque, uint16, uint64

PostToken = Annotated[bytes, Fixed(16)]
"""Opens the note slot of an inbox for one group's members, and nothing else."""

MOST_TAKEN: Final = 256
"""How many entries of an inbox one Fetch names, at most: whatever the limits of a broker are."""


# --- parcels and the pointer list ----------------------------------------------------------


class WantedParcel(WireStruct):
    """A parcel that is asked for.

    struct {
        opaque id[32];
    } WantedParcel;
    """

    id: ParcelId


class FetchParcels(WireStruct):
    """Asks for parcels; to know their ids is the right to have them.

    struct {
        opaque gid[32];
        WantedParcel wanted<V>;
    } FetchParcels;
    """

    gid: Gid
    wanted: tuple[WantedParcel, ...]


class Parcels(WireStruct):
    """The parcels, in the order in which they were asked for.

    struct {
        Parcel parcels<V>;
    } Parcels;
    """

    parcels: tuple[Parcel, ...]


class FetchPointers(WireStruct):
    """Asks for the pointer list of the commit that opened an epoch.

    struct {
        opaque gid[32];
        uint64 epoch;
        Proof proof;
    } FetchPointers;
    """

    gid: Gid
    epoch: uint64
    proof: Proof


class Pointers(WireStruct):
    """A PointerList as the committer sealed it; empty when it let nobody in.

    struct {
        opaque idem[16];
        opaque sealed<V>;
    } Pointers;

    ``idem`` is that of the commit.
    """

    idem: Idem
    sealed: opaque


# --- inboxes -------------------------------------------------------------------------------


class InboxKind(IntEnum):
    """What waits in an inbox."""

    pointer = 1
    note = 2


class Post(WireStruct):
    """Leaves a pointer in an inbox, for a KeyPackage that was claimed and not used yet.

    struct {
        opaque inbox[32];
        opaque key_package_ref<V>;
        opaque pointer<V>;
    } Post;
    """

    inbox: InboxId
    key_package_ref: opaque
    pointer: opaque


class PostNote(WireStruct):
    """Leaves a small sealed note in an inbox.

    struct {
        opaque inbox[32];
        opaque post_token[16];
        opaque idem[16];
        opaque note<V>;
    } PostNote;
    """

    inbox: InboxId
    post_token: PostToken
    idem: Idem
    note: opaque


class EntryDigest(WireStruct):
    """Names an entry of an inbox by what it is: the SHA-256 of the encoded InboxEntry.

    struct {
        opaque digest[32];
    } EntryDigest;
    """

    digest: Digest


class Fetch(WireStruct):
    """Reads an inbox, and drops from it what has been dealt with.

    struct {
        opaque inbox[32];
        EntryDigest taken<V>;
        uint16 wait;
        Proof proof;
    } Fetch;

    ``taken`` names what has been dealt with, at most 256 entries in any order; an entry that is
    not there is passed over. ``wait`` is how long to wait for something new, in milliseconds.
    """

    inbox: InboxId
    taken: tuple[EntryDigest, ...]
    wait: uint16
    proof: Proof


class InboxEntry(WireStruct):
    """One thing that waits in an inbox.

    struct {
        InboxKind kind;
        opaque body<V>;
    } InboxEntry;
    """

    kind: InboxKind
    body: opaque

    @property
    def digest(self) -> EntryDigest:
        """What names it, whichever number a broker has given to it."""
        return EntryDigest(sha256(self.encode()).digest())


class Fetched(WireStruct):
    """What waits in an inbox, the oldest first.

    struct {
        InboxEntry entries<V>;
        opaque ticket<V>;
    } Fetched;
    """

    entries: tuple[InboxEntry, ...]
    ticket: opaque


class ExpectedPointer(WireStruct):
    """A KeyPackage that its owner gives to somebody by another way than a claim.

    struct {
        opaque key_package_ref<V>;
        uint64 not_after;
        uint16 pointers;
    } ExpectedPointer;

    ``not_after`` is in hours since 1970-01-01T00:00Z. ``pointers`` is how many may be left for
    it, from 1 to 1000: one for a KeyPackage for one use, more for one of last resort.
    """

    key_package_ref: opaque
    not_after: uint64
    pointers: uint16


class Expect(WireStruct):
    """Lets pointers be left for KeyPackages that nobody claims here.

    struct {
        opaque inbox[32];
        Proof proof;
        ExpectedPointer expected<V>;
    } Expect;

    What is expected already stays as it is, whether a pointer has come for it or not.
    """

    inbox: InboxId
    proof: Proof
    expected: tuple[ExpectedPointer, ...]


class SlotHash(WireStruct):
    """The SHA-256 of a post token.

    struct {
        opaque hash[32];
    } SlotHash;
    """

    hash: Digest


class SetSlots(WireStruct):
    """Says which post tokens open the note slot of an inbox: these and no others.

    struct {
        opaque inbox[32];
        Proof proof;
        SlotHash slots<V>;
    } SetSlots;
    """

    inbox: InboxId
    proof: Proof
    slots: tuple[SlotHash, ...]


# --- knocks --------------------------------------------------------------------------------


class Knock(WireStruct):
    """Leaves a KeyPackage at a group's door. Signed with the capability's key (label ``knock``).

    struct {
        opaque broker_id[32];
        opaque gid[32];
        opaque id[16];
        opaque capability[32];
        opaque sealed<V>;
    } Knock;

    ``sealed`` is a SealedKnock, which only members can open.
    """

    broker_id: BrokerId
    gid: Gid
    id: KnockId
    capability: PublicKey
    sealed: opaque


class FetchKnocks(WireStruct):
    """Asks who is at the door.

    struct {
        opaque gid[32];
        uint64 epoch;
        Proof proof;
    } FetchKnocks;
    """

    gid: Gid
    epoch: uint64
    proof: Proof


class WaitingKnock(WireStruct):
    """Somebody at the door.

    struct {
        opaque id[16];
        opaque capability[32];
        opaque sealed<V>;
    } WaitingKnock;
    """

    id: KnockId
    capability: PublicKey
    sealed: opaque


class Knocks(WireStruct):
    """Everybody at the door, by the hour in which they came.

    struct {
        WaitingKnock knocks<V>;
    } Knocks;
    """

    knocks: tuple[WaitingKnock, ...]
