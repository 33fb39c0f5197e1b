"""The log of a group: create, append, read, heads. Data only; may import earlier chapters."""

from __future__ import annotations

from covey.access.structs.basics import (
    BrokerId,
    Gid,
    Idem,
    InboxId,
    Kind,
    KnockId,
    ParcelId,
    Proof,
    PublicKey,
)
from covey.access.structs.heads import Position, SignedHead
from covey.mls.wire.struct import WireStruct
from covey.mls.wire.types import opaque, uint8, uint16, uint64


class Create(WireStruct):
    """Begins a group's log. Signed with ask_n of its first epoch (label ``create``).

    struct {
        opaque broker_id[32];
        opaque gid[32];
        uint64 epoch;
        opaque access_key[32];
        opaque invite<V>;
    } Create;

    ``access_key`` is avk_n of that epoch; ``invite`` a code, where the broker wants one.
    """

    broker_id: BrokerId
    gid: Gid
    epoch: uint64
    access_key: PublicKey
    invite: opaque


class Created(WireStruct):
    """The log is there, with nothing in it.

    struct {
        SignedHead head;
    } Created;
    """

    head: SignedHead


class Parcel(WireStruct):
    """Something for those who are let in, encrypted under a key of its own.

    struct {
        opaque id[32];
        opaque body<V>;
    } Parcel;
    """

    id: ParcelId
    body: opaque


class Capability(WireStruct):
    """A key that may knock, and until when, in hours since 1970-01-01T00:00Z.

    struct {
        opaque key[32];
        uint64 not_after;
    } Capability;
    """

    key: PublicKey
    not_after: uint64


class AnsweredKnock(WireStruct):
    """A knock that a commit has dealt with.

    struct {
        opaque id[16];
    } AnsweredKnock;
    """

    id: KnockId


class BundledPointer(WireStruct):
    """A pointer that goes along with the commit. This is *not blind*.

    struct {
        opaque inbox[32];
        opaque key_package_ref<V>;
        opaque pointer<V>;
    } BundledPointer;
    """

    inbox: InboxId
    key_package_ref: opaque
    pointer: opaque


class NextEpoch(WireStruct):
    """What a commit brings besides itself; all of it takes effect with the commit, or none.

    struct {
        opaque access_key[32];
        Parcel parcels<V>;
        opaque pointers<V>;
        Capability capabilities<V>;
        AnsweredKnock answered<V>;
        BundledPointer bundled<V>;
    } NextEpoch;

    ``access_key`` is avk_(n+1); ``pointers`` a PointerList sealed under ek_(n+1), or empty;
    ``capabilities`` all those that are to stay.
    """

    access_key: PublicKey
    parcels: tuple[Parcel, ...]
    pointers: opaque
    capabilities: tuple[Capability, ...]
    answered: tuple[AnsweredKnock, ...]
    bundled: tuple[BundledPointer, ...]


class Append(WireStruct):
    """Adds a message to a log. Signed with ask_n (label ``append``).

    struct {
        opaque broker_id[32];
        opaque gid[32];
        uint64 epoch;
        opaque idem[16];
        opaque body<V>;
        optional<NextEpoch> next;
    } Append;

    With ``next`` it is a commit, and closes its epoch.
    """

    broker_id: BrokerId
    gid: Gid
    epoch: uint64
    idem: Idem
    body: opaque
    next: NextEpoch | None

    @property
    def kind(self) -> Kind:
        """Whether it closes its epoch."""
        return Kind.other if self.next is None else Kind.commit


class Appended(WireStruct):
    """The number of the entry in its log, from 1, and the hash of the log up to it.

    struct {
        Position position;
    } Appended;
    """

    position: Position


class Entry(WireStruct):
    """One entry of a log.

    struct {
        uint64 seq;
        uint64 epoch;
        Kind kind;
        opaque idem[16];
        opaque body<V>;
    } Entry;
    """

    seq: uint64
    epoch: uint64
    kind: Kind
    idem: Idem
    body: opaque


class EpochClosed(WireStruct):
    """The answer to who comes too late: the commit that closed the epoch it wrote for.

    struct {
        Entry commit;
    } EpochClosed;
    """

    commit: Entry


class Read(WireStruct):
    """Reads the entries of one epoch after an entry, up to the commit that closes it.

    struct {
        opaque gid[32];
        uint64 epoch;
        uint64 after;
        uint16 wait;
        Proof proof;
    } Read;

    ``wait`` is how long to wait for something new, in milliseconds.
    """

    gid: Gid
    epoch: uint64
    after: uint64
    wait: uint16
    proof: Proof


class Entries(WireStruct):
    """Some entries, in order.

    struct {
        Position before;
        Entry entries<V>;
        SignedHead head;
        uint8 complete;
        opaque ticket<V>;
    } Entries;

    ``before`` is the place before the first of them. ``head`` is the last place that this
    epoch's members may see: the end of the log, or the commit that closed the epoch;
    ``complete`` is 1 when the entries reach it. ``ticket`` makes further reads cheap.
    """

    before: Position
    entries: tuple[Entry, ...]
    head: SignedHead
    complete: uint8
    ticket: opaque


class HeadQuery(WireStruct):
    """Asks whether a log has moved.

    struct {
        opaque gid[32];
        uint64 epoch;
        uint64 seq;
        Proof proof;
    } HeadQuery;

    ``seq`` is the last entry that the asker has.
    """

    gid: Gid
    epoch: uint64
    seq: uint64
    proof: Proof


class Heads(WireStruct):
    """Asks which of several logs have moved. Asked together, they can be linked.

    struct {
        HeadQuery queries<V>;
    } Heads;
    """

    queries: tuple[HeadQuery, ...]


class Moved(WireStruct):
    """One log that has moved.

    struct {
        opaque gid[32];
        SignedHead head;
    } Moved;
    """

    gid: Gid
    head: SignedHead


class NotAnswered(WireStruct):
    """One log that could not be looked at, and the code that says why.

    struct {
        opaque gid[32];
        opaque code<V>;
    } NotAnswered;
    """

    gid: Gid
    code: opaque


class HeadsMoved(WireStruct):
    """Those that have moved, and those that could not be asked; all others stand still.

    struct {
        Moved moved<V>;
        NotAnswered refused<V>;
    } HeadsMoved;
    """

    moved: tuple[Moved, ...]
    refused: tuple[NotAnswered, ...]
