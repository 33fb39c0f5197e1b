"""What differs between two ratchet trees in their array form (RFC 9420 §7, §12.4.3.3).

May import structs and the tree. No cipher suite is needed, nor a valid tree: a node of the wrong
kind for its place counts as the blank one that it should not be either. Time is linear.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from covey.lab.inspect.diff_found import (
    Change,
    Parents,
    Seat,
    TreeDifference,
    Unmerged,
    Updated,
)
from covey.mls.picture.names import name_of, short
from covey.mls.structs.credentials import credential_type
from covey.mls.structs.tree import LeafNode, ParentNode
from covey.mls.tree.math import height_of, level, node_index
from covey.mls.wire.code_points import (
    CipherSuite,
    CredentialType,
    ExtensionType,
    LeafNodeSource,
    ProposalType,
    ProtocolVersion,
)
from covey.mls.wire.declared import code_point_name

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from enum import IntEnum

    from covey.mls.structs.extensions import Extension
    from covey.mls.structs.tree import Capabilities, Node

_CAPABILITIES: Final[dict[str, type[IntEnum]]] = {
    "versions": ProtocolVersion,
    "cipher_suites": CipherSuite,
    "extensions": ExtensionType,
    "proposals": ProposalType,
    "credentials": CredentialType,
}


def compare_trees(before: Sequence[Node | None], after: Sequence[Node | None]) -> TreeDifference:
    """What differs between two trees, both in the array form."""
    old, new = _leaves(before), _leaves(after)
    kept = {index for index in old.keys() & new.keys() if _same_member(old[index], new[index])}
    added = _seats(new, new.keys() - kept, old)
    updated = tuple(
        Updated(index, name_of(new[index].credential), tuple(_of_leaf(old[index], new[index])))
        for index in sorted(kept)
        if old[index] != new[index]
    )
    parents = _parents(_parent_nodes(before), _parent_nodes(after))
    return TreeDifference(
        leaves=(_size(before), _size(after)),
        members=(len(old), len(new)),
        added=added,
        removed=_seats(old, old.keys() - kept, new),
        updated=updated,
        parents=parents,
        committer=_committer(old, new, parents),
    )


def _size(array: Sequence[Node | None]) -> int:
    return 1 << height_of((len(array) + 1) // 2)


def _leaves(array: Sequence[Node | None]) -> dict[int, LeafNode]:
    """The members of a tree, by leaf index."""
    return {i: each for i, each in enumerate(array[::2]) if isinstance(each, LeafNode)}


def _parent_nodes(array: Sequence[Node | None]) -> dict[int, ParentNode]:
    """The parents of a tree that are not blank, by array index."""
    odd = enumerate(array[1::2])
    return {2 * i + 1: each for i, each in odd if isinstance(each, ParentNode)}


def _same_member(old: LeafNode, new: LeafNode) -> bool:
    return old.credential == new.credential or old.signature_key == new.signature_key


def _seats(
    here: Mapping[int, LeafNode], indices: set[int], there: Mapping[int, LeafNode]
) -> tuple[Seat, ...]:
    """Who sits at some leaves of one tree, and where in the other."""
    if not indices:
        return ()
    elsewhere = {leaf.signature_key: index for index, leaf in there.items()}
    return tuple(
        Seat(index, name_of(here[index].credential), elsewhere.get(here[index].signature_key))
        for index in sorted(indices)
    )


def _parents(old: Mapping[int, ParentNode], new: Mapping[int, ParentNode]) -> Parents:
    both = sorted(old.keys() & new.keys())
    same_key = [i for i in both if old[i].encryption_key == new[i].encryption_key]
    rekeyed = set(both).difference(same_key)
    return Parents(
        blanked=tuple(sorted(old.keys() - new.keys())),
        filled=tuple(sorted(new.keys() - old.keys())),
        rekeyed=tuple(sorted(rekeyed)),
        rehashed=tuple(i for i in same_key if old[i].parent_hash != new[i].parent_hash),
        unmerged=tuple(_unmerged(old, new)),
    )


def _unmerged(old: Mapping[int, ParentNode], new: Mapping[int, ParentNode]) -> Iterator[Unmerged]:
    for index in sorted(old.keys() | new.keys()):
        were = old[index].unmerged_leaves if index in old else ()
        are = new[index].unmerged_leaves if index in new else ()
        if were != are:
            come, gone = set(are).difference(were), set(were).difference(are)
            yield Unmerged(index, tuple(sorted(come)), tuple(sorted(gone)))


def _committer(
    old: Mapping[int, LeafNode], new: Mapping[int, LeafNode], parents: Parents
) -> Seat | None:
    """The one member with a new leaf of a commit below all parents with new keys (§7.5)."""
    fresh = {*parents.filled, *parents.rekeyed}
    if not fresh:
        return None
    heights = {index: level(index) for index in fresh}
    lowest = min(fresh, key=heights.__getitem__)
    width = 1 << heights[lowest]
    first = lowest >> (heights[lowest] + 1) << heights[lowest]
    found = [
        leaf
        for leaf in range(first, first + width)
        if leaf in new
        and new[leaf].leaf_node_source is LeafNodeSource.commit
        and (leaf not in old or old[leaf].encryption_key != new[leaf].encryption_key)
        and all(node_index(h, leaf >> h) == index for index, h in heights.items())
    ]
    return Seat(found[0], name_of(new[found[0]].credential)) if len(found) == 1 else None


# --- leaves ---------------------------------------------------------------------------


def _of_leaf(old: LeafNode, new: LeafNode) -> Iterator[Change]:
    """The fields of a leaf that differ (§7.2)."""
    for name in ("encryption_key", "signature_key"):
        was, now = getattr(old, name), getattr(new, name)
        if was != now:
            yield Change(name, short(was), short(now))
    if old.credential != new.credential:
        yield Change("credential", _credential(old), _credential(new))
    if old.capabilities != new.capabilities:
        yield from _of_capabilities(old.capabilities, new.capabilities)
    if old.leaf_node_source is not new.leaf_node_source:
        yield Change("leaf_node_source", old.leaf_node_source.name, new.leaf_node_source.name)
    if old.lifetime != new.lifetime:
        yield Change("lifetime", _lifetime(old), _lifetime(new))
    if old.parent_hash != new.parent_hash:
        yield Change("parent_hash", _hash(old.parent_hash), _hash(new.parent_hash))
    yield from of_extensions(old.extensions, new.extensions)
    if old.signature != new.signature:
        yield Change("signature", short(old.signature), short(new.signature))


def _credential(leaf: LeafNode) -> str:
    kind = code_point_name(CredentialType, credential_type(leaf.credential))
    return f"{kind} {name_of(leaf.credential)}"


def _lifetime(leaf: LeafNode) -> str:
    lifetime = leaf.lifetime
    return "" if lifetime is None else f"{lifetime.not_before} to {lifetime.not_after}"


def _hash(value: bytes | None) -> str:
    return "" if value is None else short(value) or "empty"


def _of_capabilities(old: Capabilities, new: Capabilities) -> Iterator[Change]:
    for name, registry in _CAPABILITIES.items():
        was, now = getattr(old, name), getattr(new, name)
        if was != now:
            yield Change(f"capabilities.{name}", _codes(registry, was), _codes(registry, now))


def _codes(registry: type[IntEnum], codes: tuple[int, ...]) -> str:
    return ", ".join(code_point_name(registry, code) for code in codes) or "none"


def of_extensions(old: Sequence[Extension], new: Sequence[Extension]) -> Iterator[Change]:
    """Extensions that differ, by type; where a type stands twice, its last one counts."""
    were = {each.extension_type: each.extension_data for each in old}
    are = {each.extension_type: each.extension_data for each in new}
    for kind in sorted(were.keys() | are.keys()):
        was, now = were.get(kind), are.get(kind)
        if was != now:
            name = f"extension {code_point_name(ExtensionType, kind)}"
            yield Change(name, _extension(was), _extension(now))


def _extension(content: bytes | None) -> str:
    if content is None:
        return ""
    size = "1 byte" if len(content) == 1 else f"{len(content):,} bytes"
    return f"{short(content)} ({size})" if content else "empty"
