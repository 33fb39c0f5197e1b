"""What differs between two inspected trees or GroupInfos (RFC 9420 §7, §8.1, §12.4.3).

May import :mod:`covey.mls` and the data of an inspection. Nothing is verified: what the two say
is compared. Two GroupContexts can be compared as well, and a GroupInfo with the tree that comes
beside it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from covey.errors import DecodeError, UnsupportedError
from covey.lab.inspect.diff_found import (
    Change,
    Difference,
    Parents,
    Seat,
    TreeDifference,
    Unmerged,
    Updated,
)
from covey.lab.inspect.diff_tree import compare_trees, of_extensions
from covey.mls.crypto.dialects import get_suite
from covey.mls.picture.names import short, text_of
from covey.mls.structs.message import MLSMessage
from covey.mls.structs.schedule import GroupContext
from covey.mls.structs.tree import RatchetTreeNodes
from covey.mls.structs.welcome import GroupInfo
from covey.mls.tree.ratchet_tree import RatchetTree
from covey.mls.wire.code_points import CipherSuite, ExtensionType, ProtocolVersion
from covey.mls.wire.declared import code_point_name

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from covey.lab.inspect.inspected import Inspected
    from covey.mls.structs.extensions import Extension
    from covey.mls.structs.tree import Node
    from covey.mls.wire.struct import WireStruct

__all__ = [
    "Change",
    "Difference",
    "Parents",
    "Seat",
    "TreeDifference",
    "Unmerged",
    "Updated",
    "compare",
]


class _Side(NamedTuple):
    """What there is to compare of one of the two; ``stray``: the tree beside it is another's."""

    kind: str
    context: GroupContext | None
    info: GroupInfo | None
    nodes: tuple[Node | None, ...] | None
    stray: bool = False


def compare(before: Inspected, after: Inspected) -> Difference:
    """What differs between two objects, each a ratchet tree, a GroupInfo or a GroupContext.

    Raises:
        ValueError: One of them is something else, or could not be decoded.
    """
    old, new = _side(before), _side(after)
    context: Iterable[Change] = ()
    info: Iterable[Change] = ()
    tree = None
    if old.context is not None and new.context is not None:
        context = _of_context(old.context, new.context)
    if old.info is not None and new.info is not None:
        info = _of_info(old.info, new.info)
    if old.nodes is not None and new.nodes is not None:
        tree = compare_trees(old.nodes, new.nodes)
    notes = tuple(_notes(old, new))
    return Difference((old.kind, new.kind), tuple(context), tuple(info), tree, notes)


def _side(inspected: Inspected) -> _Side:
    value: WireStruct | None = inspected.value
    if isinstance(value, MLSMessage):
        value = value.message
    if isinstance(value, GroupInfo):
        return _of_group_info(inspected, value)
    if isinstance(value, GroupContext):
        return _Side(inspected.kind, value, None, None)
    if isinstance(value, RatchetTreeNodes):
        return _Side(inspected.kind, None, None, value.ratchet_tree)
    what = "could not be decoded" if value is None else "is neither"
    msg = f"two ratchet trees or GroupInfos can be compared; this {inspected.kind} {what}"
    raise ValueError(msg)


def _of_group_info(inspected: Inspected, info: GroupInfo) -> _Side:
    """A GroupInfo with the tree that it carries; else with one beside it that is its own."""
    context, beside = info.group_context, inspected.tree
    for each in info.extensions:
        if each.extension_type == ExtensionType.ratchet_tree:
            return _Side(inspected.kind, context, info, _decoded(each.extension_data))
    if beside is None:
        return _Side(inspected.kind, context, info, None)
    if beside.tree_hash != context.tree_hash:
        return _Side(inspected.kind, context, info, None, stray=True)
    return _Side(inspected.kind, context, info, beside.to_nodes())


def _decoded(carried: bytes) -> tuple[Node | None, ...] | None:
    """The nodes of a ratchet_tree extension, when they can be read (§12.4.3.3)."""
    try:
        return RatchetTreeNodes.decode(carried).ratchet_tree
    except DecodeError:
        return None


def _of_context(old: GroupContext, new: GroupContext) -> Iterator[Change]:
    """The fields of the GroupContext that differ, in the RFC's order (§8.1)."""
    if old.version != new.version:
        yield Change(
            "version",
            code_point_name(ProtocolVersion, old.version),
            code_point_name(ProtocolVersion, new.version),
        )
    if old.cipher_suite != new.cipher_suite:
        yield Change(
            "cipher_suite",
            code_point_name(CipherSuite, old.cipher_suite),
            code_point_name(CipherSuite, new.cipher_suite),
        )
    if old.group_id != new.group_id:
        yield Change("group_id", text_of(old.group_id), text_of(new.group_id))
    if old.epoch != new.epoch:
        yield Change("epoch", f"{old.epoch}", f"{new.epoch}")
    for name in ("tree_hash", "confirmed_transcript_hash"):
        was, now = getattr(old, name), getattr(new, name)
        if was != now:
            yield Change(name, short(was) or "empty", short(now) or "empty")
    yield from of_extensions(old.extensions, new.extensions)


def _of_info(old: GroupInfo, new: GroupInfo) -> Iterator[Change]:
    """The fields of the GroupInfo around the GroupContext that differ (§12.4.3)."""
    yield from of_extensions(_without_tree(old), _without_tree(new))
    if old.confirmation_tag != new.confirmation_tag:
        yield Change("confirmation_tag", short(old.confirmation_tag), short(new.confirmation_tag))
    if old.signer != new.signer:
        yield Change("signer", f"leaf {old.signer}", f"leaf {new.signer}")
    if old.signature != new.signature:
        yield Change("signature", short(old.signature), short(new.signature))


def _without_tree(info: GroupInfo) -> list[Extension]:
    """The extensions of a GroupInfo, but for the tree, which is compared node by node."""
    return [each for each in info.extensions if each.extension_type != ExtensionType.ratchet_tree]


def _notes(old: _Side, new: _Side) -> Iterator[str]:
    """What could not be compared, and whether a tree is the one of a GroupInfo."""
    if old.context is not None and new.context is not None:
        if old.context.group_id != new.context.group_id:
            yield "They are of different groups."
    else:
        for one, other in ((old, new), (new, old)):
            if one.context is not None and other.nodes is not None:
                yield _belongs(one.context, other.nodes)
    for which, side in (("first", old), ("second", new)):
        if side.stray and side.context is not None:
            yield (
                f"The tree that was handed in is not that of the {which} one: its hash is not "
                f"the tree_hash of epoch {side.context.epoch}. Trees were not compared."
            )
        elif side.nodes is None:
            yield f"The {which} one holds no ratchet tree: trees were not compared."


def _belongs(context: GroupContext, nodes: Sequence[Node | None]) -> str:
    """Whether a tree is the one of a GroupContext, by its hash (§7.8, §8.1)."""
    try:
        suite = get_suite(context.cipher_suite)
    except UnsupportedError:
        return f"Suite 0x{context.cipher_suite:04x} is unknown: no tree hash was computed."
    same = RatchetTree.from_nodes(suite, nodes).tree_hash == context.tree_hash
    belongs = "is the tree_hash" if same else "is not the tree_hash"
    return f"The hash of the tree {belongs} in the GroupContext of epoch {context.epoch}."
