"""Attachments: a blob is begun with a struct, then carried as plain bytes. Data only.

May import the basics.
"""

from __future__ import annotations

from covey.access.structs.basics import BlobId, BrokerId, Gid
from covey.mls.wire.struct import WireStruct
from covey.mls.wire.types import opaque, uint64


class BeginBlob(WireStruct):
    """Announces a blob. Signed with ask_n (label ``begin blob``).

    struct {
        opaque broker_id[32];
        opaque gid[32];
        uint64 epoch;
        opaque blob[32];
        uint64 size;
    } BeginBlob;

    ``size`` is in bytes. The gid pays for it, and is not kept beside it.
    """

    broker_id: BrokerId
    gid: Gid
    epoch: uint64
    blob: BlobId
    size: uint64


class BlobBegun(WireStruct):
    """How much of the blob is there already, and the ticket to send the rest with.

    struct {
        uint64 received;
        opaque ticket<V>;
    } BlobBegun;
    """

    received: uint64
    ticket: opaque
