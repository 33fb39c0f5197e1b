"""How a group's state is laid out in rows for storage.

May import structs and the wire layer. Rows hold secrets in the clear: a store encrypts them.
Keys are bytes that sort: a letter for the table, then big-endian numbers.

=====  ==============================  ===================================================
table  key                             value
=====  ==============================  ===================================================
F                                      the version of this layout (2 bytes)
E                                      the current epoch: EpochRow
L                                      the dialect of its suite, if that is not of the RFC
P      epoch (8)                       a past epoch: PastRow
N      array index (8), epoch (8)      a tree node as of that epoch, until a later row
S      epoch (8), key (10)             a row of an epoch's secret tree
R      epoch (8)                       a resumption PSK
X      array index (8)                 a node of the current epoch's Exporter Tree
O      ProposalRef                     a proposal of this epoch: ProposalRow
U      ProposalRef                     the keys of our own proposed Update: UpdateRow
Z                                      whether we are out, and a ReInit: StatusRow
C                                      the pending commit: PendingRow
D      array index (8)                 a node that it changes
T      key (10)                        a row of its epoch's secret tree
Y      array index (8)                 a node of its epoch's Exporter Tree
=====  ==============================  ===================================================
"""

from __future__ import annotations

from struct import Struct
from typing import TYPE_CHECKING, ClassVar, Final

from covey.mls.structs.credentials import Credential
from covey.mls.structs.framing import Sender
from covey.mls.structs.proposals import Proposal, ReInit
from covey.mls.structs.schedule import GroupContext
from covey.mls.structs.tree import Node
from covey.mls.wire.code_points import NodeType
from covey.mls.wire.struct import WireStruct
from covey.mls.wire.types import opaque, uint8, uint16, uint32, uint64

if TYPE_CHECKING:
    from collections.abc import Mapping

    from covey.mls.tree.stored import Stored

VERSION: Final = 1
"""The version of the layout; a reader refuses a newer one."""

FORMAT: Final = b"F"
EPOCH: Final = b"E"
DIALECT: Final = b"L"
PAST: Final = b"P"
NODE: Final = b"N"
SECRET: Final = b"S"
RESUMPTION: Final = b"R"
EXPORTER: Final = b"X"
PROPOSAL: Final = b"O"
UPDATE: Final = b"U"
STATUS: Final = b"Z"
PENDING: Final = b"C"
PENDING_NODE: Final = b"D"
PENDING_SECRET: Final = b"T"
PENDING_EXPORTER: Final = b"Y"

_NUMBER: Final = 8
_LAYOUTS: Final = tuple(Struct(f">{count}Q") for count in range(3))
_LEAF_NODE: Final = bytes((1, NodeType.leaf))
"""How the value of a row with a leaf begins: there is a node, and it is one."""


def number(value: int) -> bytes:
    """A number inside a key."""
    return value.to_bytes(_NUMBER)


def numbers(key: bytes, count: int) -> tuple[int, ...]:
    """The numbers that a key consists of, without the letter of its table.

    Raises:
        ValueError: The key has another length.
    """
    if len(key) != count * _NUMBER:
        msg = f"a key of {len(key)} bytes is not one of {count} number(s)"
        raise ValueError(msg)
    return _LAYOUTS[count].unpack(key)


class SecretRow(WireStruct):
    """The base of rows that hold secrets; shows none of them."""

    secret: ClassVar[bool] = True


class SecretsRow(SecretRow):
    """The secrets of an epoch that are kept (§8)."""

    sender_data_secret: opaque
    exporter_secret: opaque
    external_secret: opaque
    membership_key: opaque
    resumption_psk: opaque
    epoch_authenticator: opaque
    init_secret: opaque


class PathKeyRow(SecretRow):
    """A private key of the tree, by height."""

    height: uint8
    private_key: opaque


class EpochRow(SecretRow):
    """An epoch, but for its tree and its secret tree."""

    context: GroupContext
    confirmation_tag: opaque
    height: uint8
    secrets: SecretsRow
    index: uint32
    leaf_private: opaque
    path: tuple[PathKeyRow, ...]
    signer: opaque


class PastRow(SecretRow):
    """A past epoch, but for its tree and its secret tree."""

    context: GroupContext
    height: uint8
    index: uint32
    sender_data_secret: opaque


class NodeRow(WireStruct):
    """A node of the tree, or its being blank."""

    node: Node | None


def stored_node(value: bytes) -> Stored:
    """The node of a NodeRow; a leaf's bytes, which nobody may ever look at.

    Raises:
        DecodeError: It is neither.
    """
    if value.startswith(_LEAF_NODE):
        return value[len(_LEAF_NODE) :]
    return NodeRow.decode(value).node


class SentRow(WireStruct):
    """A proposal of a pending commit; without a reference when it is there by value."""

    sender: Sender
    verified: uint8
    reference: opaque
    proposal: Proposal


class ProposalRow(WireStruct):
    """A received proposal, and its place in the order of arrival."""

    order: uint32
    sender: Sender
    verified: uint8
    proposal: Proposal


class UpdateRow(SecretRow):
    """The private keys of an Update that we proposed."""

    leaf_private: opaque
    signer: opaque


class StatusRow(WireStruct):
    """Whether we have been removed, the ReInit that ended the group, our last commit's hash."""

    removed: uint8
    reinit: ReInit | None
    accepted: opaque


class MemberRow(WireStruct):
    """A member as an event shows it."""

    index: uint32
    credential: Credential
    signature_key: opaque


class ChangedRow(WireStruct):
    """What a pending commit changes."""

    epoch: uint64
    committer: MemberRow
    external: uint8
    added: tuple[MemberRow, ...]
    removed: tuple[MemberRow, ...]
    updated: tuple[MemberRow, ...]
    proposals: tuple[SentRow, ...]
    with_path: uint8


class InvitationRow(WireStruct):
    """A Welcome and whom it is for."""

    message: opaque
    references: tuple[ReferenceRow, ...]


class ReferenceRow(WireStruct):
    """A KeyPackageRef."""

    reference: opaque


class PendingRow(SecretRow):
    """A pending commit, but for what it changes in the tree and for its secret tree."""

    message: opaque
    welcomes: tuple[InvitationRow, ...]
    changed: ChangedRow
    epoch: EpochRow


class Row(SecretRow):
    """One row of a snapshot."""

    key: opaque
    value: opaque


class SnapshotRows(SecretRow):
    """All rows of a group, sorted by key."""

    version: uint16
    rows: tuple[Row, ...]


def encode_snapshot(rows: Mapping[bytes, bytes]) -> bytes:
    """All rows in one, sorted; equal states give equal bytes."""
    return SnapshotRows(VERSION, tuple(Row(key, rows[key]) for key in sorted(rows))).encode()
