"""The hash chain over a log, and the heads of it that a broker signs. Data only.

May import the basics.
"""

from __future__ import annotations

from covey.access.structs.basics import (
    Digest,
    Gid,
    Incarnation,
    Kind,
    PublicKey,
    Signature,
)
from covey.mls.wire.struct import WireStruct
from covey.mls.wire.types import opaque, uint64


class ChainStart(WireStruct):
    """What the hash before the first entry is the SHA-256 of.

    struct {
        opaque label<V>;
        opaque broker_id[32];
        opaque gid[32];
        uint64 epoch;
        opaque access_key[32];
    } ChainStart;

    ``label`` is ``"covey access 1 chain"``; epoch and key are those the log began with.
    """

    label: opaque
    broker_id: Digest
    gid: Gid
    epoch: uint64
    access_key: PublicKey


class ChainLink(WireStruct):
    """What h_seq is the SHA-256 of.

    struct {
        opaque previous[32];
        opaque gid[32];
        uint64 seq;
        uint64 epoch;
        Kind kind;
        opaque body_hash[32];
    } ChainLink;

    ``previous`` is h_(seq-1), ``body_hash`` the SHA-256 of the body.
    """

    previous: Digest
    gid: Gid
    seq: uint64
    epoch: uint64
    kind: Kind
    body_hash: Digest


class Position(WireStruct):
    """A place in a log: the number of an entry, and the hash of all up to it.

    struct {
        uint64 seq;
        opaque hash[32];
    } Position;
    """

    seq: uint64
    hash: Digest


class Head(WireStruct):
    """What a broker says of a log (label ``head``).

    struct {
        opaque incarnation[16];
        opaque gid[32];
        Position position;
    } Head;
    """

    incarnation: Incarnation
    gid: Gid
    position: Position


class HeadKey(WireStruct):
    """A key that signs heads (label ``head key``).

    struct {
        opaque broker_key[32];
        opaque head_key[32];
        uint64 not_after;
    } HeadKey;

    ``broker_key`` is the broker's long-term key, ``not_after`` in hours since 1970-01-01T00:00Z.
    """

    broker_key: PublicKey
    head_key: PublicKey
    not_after: uint64


class HeadCertificate(WireStruct):
    """A key that signs heads, signed with the broker's long-term key.

    struct {
        HeadKey head_key;
        opaque signature[64];
    } HeadCertificate;
    """

    head_key: HeadKey
    signature: Signature


class SignedHead(WireStruct):
    """A head that can be shown to others: two of them for one seq are evidence of a fork.

    struct {
        Head head;
        opaque signature[64];
        HeadCertificate certificate;
    } SignedHead;
    """

    head: Head
    signature: Signature
    certificate: HeadCertificate
