"""RFC 9420 §8: GroupContext and pre-shared keys. Data only; may import the wire layer."""

from __future__ import annotations

from typing import Annotated

from covey.mls.structs.extensions import Extension
from covey.mls.wire.code_points import PSKType, ResumptionPSKUsage
from covey.mls.wire.struct import WireStruct
from covey.mls.wire.types import Case, opaque, uint16, uint64


class GroupContext(WireStruct):
    """The state that all members of one epoch agree on (§8.1).

    struct {
        ProtocolVersion version = mls10;
        CipherSuite cipher_suite;
        opaque group_id<V>;
        uint64 epoch;
        opaque tree_hash<V>;
        opaque confirmed_transcript_hash<V>;
        Extension extensions<V>;
    } GroupContext;
    """

    version: uint16
    cipher_suite: uint16
    group_id: opaque
    epoch: uint64
    tree_hash: opaque
    confirmed_transcript_hash: opaque
    extensions: tuple[Extension, ...]


_RESUMPTION = (PSKType.resumption,)


class PreSharedKeyID(WireStruct):
    """Names a pre-shared key and this use of it (§8.4).

    struct {
        PSKType psktype;
        select (PreSharedKeyID.psktype) {
            case external:
                opaque psk_id<V>;
            case resumption:
                ResumptionPSKUsage usage;
                opaque psk_group_id<V>;
                uint64 psk_epoch;
        };
        opaque psk_nonce<V>;
    } PreSharedKeyID;
    """

    psktype: PSKType
    psk_id: Annotated[opaque | None, Case("psktype", (PSKType.external,))]
    usage: Annotated[ResumptionPSKUsage | None, Case("psktype", _RESUMPTION)]
    psk_group_id: Annotated[opaque | None, Case("psktype", _RESUMPTION)]
    psk_epoch: Annotated[uint64 | None, Case("psktype", _RESUMPTION)]
    psk_nonce: opaque


class PSKLabel(WireStruct):
    """The context in which one of several PSKs is mixed in (§8.4).

    struct {
        PreSharedKeyID id;
        uint16 index;
        uint16 count;
    } PSKLabel;
    """

    id: PreSharedKeyID
    index: uint16
    count: uint16
