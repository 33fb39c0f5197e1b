"""The identity plane: accounts, devices, KeyPackages, inboxes to be created. Data only.

May import the basics. Nothing here has a field for a group.
"""

from __future__ import annotations

from enum import IntEnum

from covey.access.structs.basics import (
    BrokerId,
    Digest,
    Handle,
    Idem,
    InboxId,
    PublicKey,
    Shelf,
    Signature,
)
from covey.mls.wire.struct import WireStruct
from covey.mls.wire.types import opaque, uint8, uint16, uint32, uint64


class EvidenceKind(IntEnum):
    """What entitles somebody to an account."""

    none = 1
    invite = 2
    oidc = 3


class Enrol(WireStruct):
    """Begins an account with its first device. Signed with the device's key (label ``enrol``).

    struct {
        opaque broker_id[32];
        opaque handle[32];
        opaque device[32];
        opaque nonce<V>;
        EvidenceKind evidence_kind;
        opaque evidence<V>;
    } Enrol;

    ``evidence`` is nothing, an invite code, or an ID token whose nonce is the device's key.
    """

    broker_id: BrokerId
    handle: Handle
    device: PublicKey
    nonce: opaque
    evidence_kind: EvidenceKind
    evidence: opaque


class Authenticate(WireStruct):
    """Asks for a token. Signed with the device's key (label ``authenticate``).

    struct {
        opaque broker_id[32];
        opaque device[32];
        opaque nonce<V>;
    } Authenticate;
    """

    broker_id: BrokerId
    device: PublicKey
    nonce: opaque


class Token(WireStruct):
    """Goes into the header ``Authorization: Bearer``, in hex, on this connection.

    struct {
        opaque token<V>;
        uint64 lifetime;
    } Token;

    ``lifetime`` is in seconds.
    """

    token: opaque
    lifetime: uint64


class NewDevice(WireStruct):
    """What a further device signs with its own key (label ``add device``).

    struct {
        opaque broker_id[32];
        opaque handle[32];
        opaque device[32];
    } NewDevice;
    """

    broker_id: BrokerId
    handle: Handle
    device: PublicKey


class AddDevice(WireStruct):
    """Adds a device to the asker's account.

    struct {
        opaque device[32];
        opaque signature[64];
    } AddDevice;

    ``signature`` is the new device's, over NewDevice.
    """

    device: PublicKey
    signature: Signature


class RemoveDevice(WireStruct):
    """Removes a device from the asker's account, with its KeyPackages.

    struct {
        opaque device[32];
    } RemoveDevice;
    """

    device: PublicKey


class Device(WireStruct):
    """One device of an account.

    struct {
        opaque device[32];
    } Device;
    """

    device: PublicKey


class Devices(WireStruct):
    """The devices of the asker's account, by key.

    struct {
        Device devices<V>;
    } Devices;
    """

    devices: tuple[Device, ...]


class KeyPackageMessage(WireStruct):
    """One KeyPackage, in an MLSMessage.

    struct {
        opaque message<V>;
    } KeyPackageMessage;
    """

    message: opaque


class Publish(WireStruct):
    """Leaves KeyPackages of the asker's device, to be claimed by others.

    struct {
        opaque idem[16];
        KeyPackageMessage key_packages<V>;
    } Publish;
    """

    idem: Idem
    key_packages: tuple[KeyPackageMessage, ...]


class FetchStock(WireStruct):
    """Asks how many KeyPackages of the asker's device wait, or waits until they are few.

    struct {
        uint16 wait;
    } FetchStock;

    ``wait`` is how long to wait for the stock to be low, in milliseconds.
    """

    wait: uint16


class Stock(WireStruct):
    """How many KeyPackages wait: for one use, and as last resort.

    struct {
        uint32 waiting;
        uint32 last_resorts;
        uint8 low;
    } Stock;

    ``low`` is 1 when it is time to publish more.
    """

    waiting: uint32
    last_resorts: uint32
    low: uint8


class Claim(WireStruct):
    """Takes one KeyPackage of each device of an account.

    struct {
        opaque handle[32];
        opaque idem[16];
        CipherSuite cipher_suite;
    } Claim;
    """

    handle: Handle
    idem: Idem
    cipher_suite: uint16


class ClaimedKeyPackage(WireStruct):
    """A KeyPackage that nobody else gets, unless it is a last resort.

    struct {
        opaque device[32];
        uint8 last_resort;
        opaque message<V>;
    } ClaimedKeyPackage;
    """

    device: PublicKey
    last_resort: uint8
    message: opaque


class Claimed(WireStruct):
    """One KeyPackage of each device that has one.

    struct {
        ClaimedKeyPackage key_packages<V>;
    } Claimed;
    """

    key_packages: tuple[ClaimedKeyPackage, ...]


class CreateInbox(WireStruct):
    """Begins an inbox. No row says whose it is.

    struct {
        opaque inbox[32];
        opaque key[32];
    } CreateInbox;

    ``key`` is the Ed25519 key with which its reader proves to be that.
    """

    inbox: InboxId
    key: PublicKey


class ShelvedKeyPackage(WireStruct):
    """A KeyPackage for the private directory, encrypted by its owner.

    struct {
        uint64 not_after;
        uint8 last_resort;
        opaque sealed<V>;
    } ShelvedKeyPackage;

    ``not_after`` is in seconds since 1970-01-01T00:00Z. Nothing says where a pointer for it goes:
    its owner expects that (Expect), and says so first.
    """

    not_after: uint64
    last_resort: uint8
    sealed: opaque


class PutOnShelf(WireStruct):
    """Leaves KeyPackages for whoever has the token of a shelf. No row says whose they are.

    struct {
        opaque idem[16];
        opaque shelf[32];
        ShelvedKeyPackage key_packages<V>;
    } PutOnShelf;
    """

    idem: Idem
    shelf: Shelf
    key_packages: tuple[ShelvedKeyPackage, ...]


class Shelved(WireStruct):
    """How many wait on the shelf.

    struct {
        uint32 waiting;
    } Shelved;
    """

    waiting: uint32


class TakeFromShelf(WireStruct):
    """Takes one KeyPackage from a shelf. Asked on the group plane: nobody says who he is.

    struct {
        opaque token[32];
        opaque idem[16];
    } TakeFromShelf;

    The shelf is the SHA-256 of ``token``.
    """

    token: Digest
    idem: Idem


class TakenFromShelf(WireStruct):
    """A KeyPackage, as its owner encrypted it.

    struct {
        uint8 last_resort;
        opaque sealed<V>;
    } TakenFromShelf;
    """

    last_resort: uint8
    sealed: opaque
