"""Everything secret in a member's state, by what it is, to be searched for where it must not be.

May import the engine and the protocol. A group's secrets are read from its snapshot, which is
all that it knows.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from covey.access.member.epochs import LABEL
from covey.access.structs.sealed import EpochContext
from covey.mls.group import rows
from covey.mls.schedule import rows as ratchets

if TYPE_CHECKING:
    from collections.abc import Iterator

    from covey.access.member.epochs import EpochAccess
    from covey.mls import Group, Member, PrivateKeyPackage

_ACCESS_SECRET: Final = 32  # bytes
_TREE_ROW: Final = len(rows.SECRET) + 8  # what stands before the key of a secret tree's row


def of_group(group: Group) -> dict[str, bytes]:
    """The secrets of a group's state, and one secret exported from it; none after a removal."""
    found = dict(of_snapshot(group.snapshot()))
    if not group.is_active:
        return found
    name = f"epoch {group.epoch} exported secret"
    return {**found, name: group.export("covey demo", b"", group.suite.Nh)}


def of_snapshot(snapshot: bytes) -> Iterator[tuple[str, bytes]]:
    """The secrets in a snapshot of a group, with what each is; what was wiped is left out."""
    for name, secret in _fields(snapshot):
        if secret:
            yield name, secret


def _fields(snapshot: bytes) -> Iterator[tuple[str, bytes]]:
    """What holds a secret, or did until the member was removed (VAL-162)."""
    for row in rows.SnapshotRows.decode(snapshot).rows:
        table, number = row.key[:1], int.from_bytes(row.key[1:9])
        if table == rows.EPOCH:
            yield from _of_epoch(rows.EpochRow.decode(row.value))
        elif table == rows.PAST:
            past = rows.PastRow.decode(row.value)
            yield f"epoch {number} sender_data_secret", past.sender_data_secret
        elif table == rows.RESUMPTION:
            yield f"epoch {number} resumption_psk", row.value
        elif table == rows.SECRET:
            yield _of_ratchet(number, row.key[_TREE_ROW:], row.value)


def of_access(access: EpochAccess, group: Group) -> dict[str, bytes]:
    """What members derive for the broker's sake, and the group_id, which it is never told."""
    epoch = f"epoch {access.epoch}"
    context = EpochContext(access.broker_id, access.gid, access.epoch).encode()
    return {
        f"{epoch} access secret": group.export(LABEL, context, _ACCESS_SECRET),
        f"{epoch} request key": access.signing_key,
        f"{epoch} envelope key": access.envelope_key,
        f"{epoch} idem key": access.idem_key,
        "group_id": group.group_id,
    }


def of_member(member: Member) -> dict[str, bytes]:
    """The secrets of a client before it is in any group."""
    return {"signature private key": member.signer}


def of_key_package(package: PrivateKeyPackage) -> dict[str, bytes]:
    """The private keys of a KeyPackage."""
    reference = package.reference.hex()[:8]
    return {
        f"KeyPackage {reference} init private key": package.init_private,
        f"KeyPackage {reference} leaf private key": package.leaf_private,
    }


def _of_epoch(row: rows.EpochRow) -> Iterator[tuple[str, bytes]]:
    epoch = f"epoch {row.context.epoch}"
    for name in row.secrets.__struct_fields__:
        yield f"{epoch} {name}", getattr(row.secrets, name)
    yield f"{epoch} leaf private key", row.leaf_private
    for key in row.path:
        yield f"{epoch} path private key {key.height}", key.private_key
    yield f"{epoch} signature private key", row.signer


def _of_ratchet(epoch: int, key: bytes, value: bytes) -> tuple[str, bytes]:
    """A row of a secret tree; a ratchet's head is its generation, then its secret."""
    secret = ratchets.decode_head(value)[1] if key[:1] == ratchets.HEAD else value
    return f"epoch {epoch} secret tree {key.hex()}", secret
