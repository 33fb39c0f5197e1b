"""What clients and the broker say to each other: one struct for a request, one for its answer.

May import the wire layer. MLS messages are opaque inside, and no struct has a field for a
name: inboxes and groups are random numbers here. An answer that is none of these structs is
an error (:mod:`covey.broker.refusals`).
"""

from __future__ import annotations

from enum import IntEnum
from typing import Annotated

from covey.mls.wire.struct import WireStruct
from covey.mls.wire.types import Fixed, opaque, uint16, uint32, uint64

InboxId = Annotated[bytes, Fixed(32)]
"""Names an inbox; random, chosen by its owner."""

Gid = Annotated[bytes, Fixed(32)]
"""Names a group's log; random, chosen by its creator, and never the MLS group_id."""

Idem = Annotated[bytes, Fixed(16)]
"""Names an intention: what is sent again under the same idem happens once."""


class Kind(IntEnum):
    """What the order of a log depends on: whether an entry closes its epoch."""

    commit = 1
    other = 2


# --- KeyPackages ---------------------------------------------------------------------------


class KeyPackageMessage(WireStruct):
    """One KeyPackage, in an MLSMessage.

    struct {
        opaque message<V>;
    } KeyPackageMessage;
    """

    message: opaque


class Publish(WireStruct):
    """Leaves KeyPackages in an inbox, to be claimed by others.

    struct {
        opaque inbox[32];
        opaque idem[16];
        KeyPackageMessage key_packages<V>;
    } Publish;
    """

    inbox: InboxId
    idem: Idem
    key_packages: tuple[KeyPackageMessage, ...]


class Published(WireStruct):
    """How many KeyPackages now wait in the inbox, last resorts not counted.

    struct {
        uint32 waiting;
    } Published;
    """

    waiting: uint32


class Claim(WireStruct):
    """Takes one KeyPackage out of an inbox.

    struct {
        opaque inbox[32];
        CipherSuite cipher_suite;
    } Claim;
    """

    inbox: InboxId
    cipher_suite: uint16


class Claimed(WireStruct):
    """A KeyPackage that nobody else gets, unless it is the last resort.

    struct {
        opaque key_package<V>;
    } Claimed;
    """

    key_package: opaque


# --- inboxes -------------------------------------------------------------------------------


class Deliver(WireStruct):
    """Leaves a message, such as a Welcome, in an inbox.

    struct {
        opaque inbox[32];
        opaque idem[16];
        opaque message<V>;
    } Deliver;
    """

    inbox: InboxId
    idem: Idem
    message: opaque


class Delivered(WireStruct):
    """The number of the message in its inbox, from 1.

    struct {
        uint64 seq;
    } Delivered;
    """

    seq: uint64


class Fetch(WireStruct):
    """Reads an inbox after a message, which drops that one and all before it.

    struct {
        opaque inbox[32];
        uint64 after;
        uint16 wait;
    } Fetch;

    ``wait`` is how long to wait for something new, in milliseconds.
    """

    inbox: InboxId
    after: uint64
    wait: uint16


class InboxEntry(WireStruct):
    """One message of an inbox.

    struct {
        uint64 seq;
        opaque message<V>;
    } InboxEntry;
    """

    seq: uint64
    message: opaque


class Fetched(WireStruct):
    """What waits in an inbox, the oldest first.

    struct {
        InboxEntry entries<V>;
    } Fetched;
    """

    entries: tuple[InboxEntry, ...]


# --- logs ----------------------------------------------------------------------------------


class Create(WireStruct):
    """Begins a group's log at an epoch.

    struct {
        opaque gid[32];
        opaque idem[16];
        uint64 epoch;
    } Create;
    """

    gid: Gid
    idem: Idem
    epoch: uint64


class Created(WireStruct):
    """The log is there, and this is the epoch that it began with.

    struct {
        uint64 epoch;
    } Created;
    """

    epoch: uint64


class Append(WireStruct):
    """Adds a message to a group's log. A commit closes its epoch.

    struct {
        opaque gid[32];
        uint64 epoch;
        Kind kind;
        opaque idem[16];
        opaque body<V>;
    } Append;
    """

    gid: Gid
    epoch: uint64
    kind: Kind
    idem: Idem
    body: opaque


class Appended(WireStruct):
    """The number of the entry in its log, from 1.

    struct {
        uint64 seq;
    } Appended;
    """

    seq: uint64


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
    } Read;

    ``wait`` is how long to wait for something new, in milliseconds.
    """

    gid: Gid
    epoch: uint64
    after: uint64
    wait: uint16


class Entries(WireStruct):
    """Some entries, in order. Unless the last one is a commit there may be more.

    struct {
        Entry entries<V>;
    } Entries;
    """

    entries: tuple[Entry, ...]
