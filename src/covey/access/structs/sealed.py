"""What members seal for each other, and what is inside. The broker sees only the outside.

Data only; may import earlier chapters.
"""

from __future__ import annotations

from enum import IntEnum
from typing import Annotated, ClassVar

from covey.access.structs.basics import BrokerId, Digest, Gid, Idem, InboxId, ParcelId, PublicKey
from covey.access.structs.heads import Position
from covey.access.structs.identity import KeyPackageMessage
from covey.mls.wire.struct import WireStruct
from covey.mls.wire.types import Fixed, opaque, uint8, uint16, uint32, uint64

Salt = Annotated[bytes, Fixed(32)]


# --- epochs --------------------------------------------------------------------------------


class EpochContext(WireStruct):
    """The exporter context of s_n; the label is ``"covey access 1"``.

    struct {
        opaque broker_id[32];
        opaque gid[32];
        uint64 epoch;
    } EpochContext;
    """

    broker_id: BrokerId
    gid: Gid
    epoch: uint64


class IdemInput(WireStruct):
    """What an idem is the HMAC-SHA256 of under pk_n, cut to 16 bytes.

    struct {
        uint8 content_type;
        uint32 leaf;
        uint32 generation;
    } IdemInput;
    """

    content_type: uint8
    leaf: uint32
    generation: uint32


class Purpose(IntEnum):
    """What an envelope is for."""

    commit = 1
    other = 2
    pointers = 3
    successor = 4


class EnvelopeContext(WireStruct):
    """The additional data of an envelope.

    struct {
        uint8 version;
        opaque broker_id[32];
        opaque gid[32];
        uint64 epoch;
        Purpose purpose;
        opaque idem[16];
    } EnvelopeContext;

    ``version`` is 1. The epoch is that whose ek it is sealed under: for pointers n+1.
    """

    version: uint8
    broker_id: BrokerId
    gid: Gid
    epoch: uint64
    purpose: Purpose
    idem: Idem


class Envelope(WireStruct):
    """A sealed message, padded so that few sizes are seen.

    struct {
        opaque salt[32];
        opaque ciphertext<V>;
    } Envelope;
    """

    salt: Salt
    ciphertext: opaque


class ClaimedPosition(WireStruct):
    """What a sender says of the log, in the authenticated data of its messages.

    struct {
        Position head;
    } ClaimedPosition;
    """

    head: Position


# --- a group in the place of another -------------------------------------------------------


class Successor(WireStruct):
    """What leads the members of a group into the one that takes its place in the log.

    struct {
        opaque welcome<V>;
        opaque ratchet_tree<V>;
    } Successor;

    ``welcome`` is an MLSMessage, with the secrets of all of them. It closes the last epoch of the
    group that a ReInit has ended (RFC 9420 §11.2).
    """

    welcome: opaque
    ratchet_tree: opaque


# --- letting in ----------------------------------------------------------------------------


class ParcelContext(WireStruct):
    """The additional data of a parcel.

    struct {
        uint8 version;
        opaque gid[32];
        opaque id[32];
    } ParcelContext;

    ``version`` is 1; a parcel is sealed under no other.
    """

    version: uint8
    gid: Gid
    id: ParcelId


class ParcelKey(WireStruct):
    """Where a parcel is, and its key.

    struct {
        opaque id[32];
        opaque key[32];
    } ParcelKey;
    """

    secret: ClassVar[bool] = True

    id: ParcelId
    key: Digest


class Door(WireStruct):
    """With which the holder of a pointer can open what is left at the door.

    struct {
        opaque capability[32];
        CipherSuite cipher_suite;
        opaque private_key<V>;
    } Door;

    One capability has a door in each suite that the log's groups have had since it was opened.
    """

    secret: ClassVar[bool] = True

    capability: PublicKey
    cipher_suite: uint16
    private_key: opaque


class WayBack(WireStruct):
    """With which a member who has lost its way knocks, to be let in anew.

    struct {
        opaque seed[32];
    } WayBack;
    """

    secret: ClassVar[bool] = True

    seed: Digest


class Pointer(WireStruct):
    """All that a joiner needs to find the group, and to open the Welcome.

    struct {
        opaque broker_id[32];
        opaque gid[32];
        uint64 epoch;
        CipherSuite cipher_suite;
        ParcelKey welcome;
        ParcelKey ratchet_tree;
        opaque group_secrets<V>;
        Door doors<V>;
        WayBack ways_back<V>;
    } Pointer;

    ``welcome`` holds the Welcome without its secrets, ``group_secrets`` the joiner's own
    EncryptedGroupSecrets. ``ways_back`` are the seeds of the group's recovery capabilities.
    """

    secret: ClassVar[bool] = True

    broker_id: BrokerId
    gid: Gid
    epoch: uint64
    cipher_suite: uint16
    welcome: ParcelKey
    ratchet_tree: ParcelKey
    group_secrets: opaque
    doors: tuple[Door, ...]
    ways_back: tuple[WayBack, ...]


class PointerContext(WireStruct):
    """The context of EncryptWithLabel for a pointer; the label is ``"covey pointer 1"``.

    struct {
        opaque inbox[32];
        opaque key_package_ref<V>;
    } PointerContext;
    """

    inbox: InboxId
    key_package_ref: opaque


class SealedPointer(WireStruct):
    """A pointer, encrypted to the init_key of the joiner's KeyPackage.

    struct {
        opaque kem_output<V>;
        opaque ciphertext<V>;
    } SealedPointer;
    """

    kem_output: opaque
    ciphertext: opaque


class Posting(WireStruct):
    """A pointer, and where it has to go.

    struct {
        opaque inbox[32];
        opaque key_package_ref<V>;
        opaque pointer<V>;
    } Posting;
    """

    inbox: InboxId
    key_package_ref: opaque
    pointer: opaque


class PointerList(WireStruct):
    """All pointers of a commit, so that any member can post them.

    struct {
        Posting postings<V>;
    } PointerList;
    """

    postings: tuple[Posting, ...]


# --- knocking ------------------------------------------------------------------------------


class KnockContext(WireStruct):
    """The context of EncryptWithLabel for a knock; the label is ``"covey knock 1"``.

    struct {
        opaque broker_id[32];
        opaque gid[32];
        opaque capability[32];
    } KnockContext;
    """

    broker_id: BrokerId
    gid: Gid
    capability: PublicKey


class KnockContent(WireStruct):
    """Who knocks.

    struct {
        opaque key_package<V>;
        uint8 recovers;
        KeyPackageMessage others<V>;
    } KnockContent;

    ``key_package`` is an MLSMessage; ``recovers`` is 1 when an old leaf of the same identity is
    to be removed. ``others`` are of further suites, for whoever has not heard to which one the
    group was moved.
    """

    key_package: opaque
    recovers: uint8
    others: tuple[KeyPackageMessage, ...] = ()


class SealedKnock(WireStruct):
    """KnockContent, encrypted to the capability's door key.

    struct {
        opaque kem_output<V>;
        opaque ciphertext<V>;
    } SealedKnock;
    """

    kem_output: opaque
    ciphertext: opaque


class Link(WireStruct):
    """What the fragment of an invite link says, in base64url.

    struct {
        uint8 version;
        opaque broker_id[32];
        opaque gid[32];
        CipherSuite cipher_suite;
        opaque seed[32];
    } Link;

    ``version`` is 1; a link with another one is refused.
    """

    secret: ClassVar[bool] = True

    version: uint8
    broker_id: BrokerId
    gid: Gid
    cipher_suite: uint16
    seed: Digest


# --- notes ---------------------------------------------------------------------------------


class NoteContext(WireStruct):
    """The context of EncryptWithLabel for a note; the label is ``"covey note 1"``.

    struct {
        opaque inbox[32];
        opaque group_id<V>;
        uint64 epoch;
    } NoteContext;
    """

    inbox: InboxId
    group_id: opaque
    epoch: uint64


class SealedNote(WireStruct):
    """A note, encrypted to the encryption_key of the reader's leaf.

    struct {
        opaque kem_output<V>;
        opaque ciphertext<V>;
    } SealedNote;
    """

    kem_output: opaque
    ciphertext: opaque
