"""What this protocol puts into MLS's own structs: extensions of private use. Data only.

May import earlier chapters. No secret stands in any of them: KeyPackages are public, and who
observes a group reads its GroupContext and its leaves.
"""

from __future__ import annotations

from enum import IntEnum

from covey.access.structs.basics import BrokerId, Digest, InboxId, PublicKey
from covey.access.structs.joining import PostToken
from covey.mls.wire.struct import WireStruct
from covey.mls.wire.types import opaque, uint64


class ExtensionCode(IntEnum):
    """The extension types, of those for private use (RFC 9420 §17.3)."""

    inbox_address = 0xF0C1
    """In a KeyPackage: an InboxAddress."""
    note_slot = 0xF0C2
    """In a leaf: a NoteSlot."""
    capabilities = 0xF0C3
    """In the GroupContext: GroupCapabilities."""
    succession = 0xF0C6
    """In the GroupContext of a group that took the place of another in its log: Succession."""


class InboxAddress(WireStruct):
    """Where the pointer for a KeyPackage is to be left.

    struct {
        opaque broker_id[32];
        opaque inbox[32];
    } InboxAddress;
    """

    broker_id: BrokerId
    inbox: InboxId


class NoteSlot(WireStruct):
    """Where members of this group may leave notes for this one.

    struct {
        opaque broker_id[32];
        opaque inbox[32];
        opaque post_token[16];
    } NoteSlot;
    """

    broker_id: BrokerId
    inbox: InboxId
    post_token: PostToken


class Succession(WireStruct):
    """What came before a group that another one was moved to, by a ReInit, in the same log.

    struct {
        opaque first_group_id<V>;
        uint64 epochs;
    } Succession;

    ``first_group_id`` is that of the group with which the log began. Epoch n of this group is the
    log's epoch ``epochs + n``. Neither ever changes.
    """

    first_group_id: opaque
    epochs: uint64


class Right(IntEnum):
    """What a capability lets its holder ask for."""

    join = 1
    recover = 2


class GroupCapability(WireStruct):
    """A capability, as members know it; who holds its seed may knock.

    struct {
        opaque key[32];
        opaque creator[32];
        uint64 not_after;
        Right right;
    } GroupCapability;

    ``creator`` says which device has opened it, in whatever cipher suite: SHA-256 of a DeviceOf,
    its owner and the first of its signature keys. With its removal the capability falls.
    ``not_after`` is in hours since 1970-01-01T00:00Z.
    """

    key: PublicKey
    creator: Digest
    not_after: uint64
    right: Right


class GroupCapabilities(WireStruct):
    """All capabilities of a group.

    struct {
        GroupCapability capabilities<V>;
    } GroupCapabilities;
    """

    capabilities: tuple[GroupCapability, ...]
