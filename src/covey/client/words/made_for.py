"""For which group a leaf was made, and when: by that members know a way back from any other leaf.

May import the engine's structs. The rules of roles look at it, so it knows no clock: the moment is
what the owner of the leaf says, and is compared only with what the same owner has said before.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from covey.errors import DecodeError
from covey.mls.structs.extensions import Extension
from covey.mls.wire.code_points import LeafNodeSource
from covey.mls.wire.struct import WireStruct
from covey.mls.wire.types import opaque, uint64

if TYPE_CHECKING:
    from covey.mls.structs.tree import LeafNode

MADE_FOR: Final = 0xF0C5
"""The extension type, of those for private use (RFC 9420 §17.3)."""

_LATEST: Final = (1 << 64) - 1


class MadeFor(WireStruct):
    """Says of a leaf what it was made for, and when; data of the extension 0xF0C5.

    struct {
        opaque group_id<V>;
        uint64 at;
    } MadeFor;

    In the leaf of a KeyPackage, ``group_id`` names the one group into which its owner means to come
    back by it. In a leaf that stands in a group it is empty: the group signs it along (RFC 9420
    §7.2). ``at`` is in milliseconds since the epoch by the owner's clock, and grows with
    each leaf: fine enough that nobody who makes one commit after the other runs ahead of its clock.
    """

    group_id: opaque
    at: uint64


def extension(at: int, group_id: bytes = b"") -> Extension:
    """The extension of a leaf.

    Args:
        at: When the leaf is made, in milliseconds since the epoch.
        group_id: The group into which one means to come back; empty for a leaf inside of a group.
    """
    return Extension(MADE_FOR, MadeFor(group_id, at).encode())


def moment(leaf: LeafNode) -> int:
    """When a leaf was made, as its owner says, in milliseconds since the epoch.

    For one that does not say: when its KeyPackage began to be good; 0 if it comes from none. What
    cannot be read is later than everything.
    """
    try:
        stated = _stated(leaf)
    except DecodeError:
        return _LATEST
    if stated is not None:
        return stated.at
    return 0 if leaf.lifetime is None else min(1_000 * leaf.lifetime.not_before, _LATEST)


def after(leaf: LeafNode | None, now: int) -> int:
    """The moment of the leaf that its owner makes next, whatever the clock says by then.

    Args:
        leaf: The leaf before it, if it is known.
        now: In seconds since the epoch.
    """
    return now if leaf is None else min(max(now, moment(leaf) + 1), _LATEST)


def brings_back(new: LeafNode, old: LeafNode, group_id: bytes) -> bool:
    """Whether a leaf was made to take the place of another one in a group.

    It was when the same signature key has signed both, it says that it is for this group, and it is
    the later one. So neither a KeyPackage that was published, nor one for another group, nor one
    that has been used, is a way back in the hands of somebody else.

    Args:
        new: The leaf of a KeyPackage.
        old: The leaf in the group.
        group_id: The group's.
    """
    if new.signature_key != old.signature_key or not is_for(new, group_id):
        return False
    return moment(new) > moment(old)


def never_came(standing: LeafNode, new: LeafNode) -> bool:
    """Whether a leaf stands for somebody who was let in and never came, and another is its too.

    Who has come renews its keys soon, as RFC 9420 §16.8 wants it. Until then whoever may invite may
    let it in by another KeyPackage that was published, so that a Welcome which got lost does not
    keep it out: also by an older one, since a broker that was set back has no other.

    Args:
        standing: The leaf in the group.
        new: The leaf of a KeyPackage.
    """
    if standing.leaf_node_source is not LeafNodeSource.key_package:
        return False
    if new.signature_key != standing.signature_key or not is_for(new, b""):
        return False
    return new.encryption_key != standing.encryption_key


def is_for(leaf: LeafNode, group_id: bytes) -> bool:
    """Whether a leaf was made to come back into a group; for none, by an empty id."""
    try:
        stated = _stated(leaf)
    except DecodeError:
        return False
    return group_id == (b"" if stated is None else stated.group_id)


def _stated(leaf: LeafNode) -> MadeFor | None:
    for each in leaf.extensions:
        if each.extension_type == MADE_FOR:
            return MadeFor.decode(each.extension_data)
    return None
