"""Proposals by themselves, and what they bring in (RFC 9420 §12.1). May import rules."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from covey.lab.inspect.judging import leaves
from covey.lab.inspect.judging.verdicts import GROUP, NO_TREE, SENDER, STAND_IN, suite_for
from covey.mls.rules import app_data, proposals
from covey.mls.rules.proposal_list import ProposalList, Sent
from covey.mls.structs.framing import Sender
from covey.mls.structs.proposals import (
    Add,
    AppDataUpdate,
    ExternalInit,
    GroupContextExtensions,
    PreSharedKey,
    ReInit,
    Remove,
    SelfRemove,
    Update,
    proposal_type,
)
from covey.mls.structs.schedule import GroupContext
from covey.mls.wire.code_points import (
    DEFAULT_PROPOSAL_TYPES,
    LeafNodeSource,
    ProtocolVersion,
    SenderType,
)

if TYPE_CHECKING:
    from covey.lab.inspect.judging.verdicts import Surroundings, Verdicts
    from covey.mls.rules.registry import Rule
    from covey.mls.structs.proposals import Proposal
    from covey.mls.structs.tree import LeafNode
    from covey.mls.wire.struct import WireStruct

BY_GROUP: Final = (
    proposals.removes_name_members,
    proposals.psk_nonces_have_the_right_length,
    proposals.reinit_does_not_lower_the_version,
    proposals.added_clients_are_not_members,
    proposals.proposal_types_are_supported,
    app_data.removals_find_data,
    app_data.dictionary_is_left_alone,
)
"""Rules that look at the group."""
_BY_MESSAGE: Final = (proposals.updates_are_sent_by_members, proposals.no_external_init)
"""Rules that look at who sent a proposal, and how."""
_ABOUT: Final[dict[Rule, tuple[type[WireStruct], ...]]] = {
    proposals.updates_are_sent_by_members: (Update,),
    proposals.removes_name_members: (Remove,),
    proposals.reinit_psk_is_for_reinit: (PreSharedKey,),
    proposals.branch_psk_is_for_branch: (PreSharedKey,),
    proposals.psk_nonces_have_the_right_length: (PreSharedKey,),
    proposals.reinit_does_not_lower_the_version: (ReInit,),
    proposals.proposed_extensions_are_unique: (GroupContextExtensions, ReInit),
    proposals.proposed_extensions_decode: (GroupContextExtensions,),
    proposals.committer_does_not_update_itself: (Update,),
    proposals.committer_is_not_removed: (Remove, SelfRemove),
    proposals.one_change_per_leaf: (Update, Remove, SelfRemove),
    proposals.adds_are_of_different_clients: (Add,),
    proposals.added_clients_are_not_members: (Add,),
    proposals.psks_are_different: (PreSharedKey,),
    proposals.one_group_context_extensions: (GroupContextExtensions,),
    proposals.reinit_stands_alone: (ReInit,),
    proposals.no_external_init: (ExternalInit,),
    proposals.self_removes_are_by_reference: (SelfRemove,),
    app_data.one_removal_or_updates: (AppDataUpdate,),
    app_data.removals_find_data: (AppDataUpdate,),
    app_data.dictionary_is_left_alone: (GroupContextExtensions,),
}
"""The types of proposals that a rule is about; without them there is nothing to ask."""


def own_context(group_id: bytes = b"", epoch: int = 0) -> GroupContext:
    """A GroupContext about which nothing is known but what a message says itself."""
    return GroupContext(ProtocolVersion.mls10, STAND_IN.code, group_id, epoch, b"", b"", ())


def listing(
    sent: tuple[Sent, ...], committer: int | None, around: Surroundings, *, has_path: bool = True
) -> ProposalList:
    """Proposals as the rules look at them, in the group as far as it is known."""
    group = around.group
    if group is None:
        return ProposalList(sent, committer, own_context(), NO_TREE, has_path=has_path)
    return ProposalList(sent, committer, group.context, group.tree, has_path=has_path)


def concerns(rule: Rule, items: ProposalList) -> bool:
    """Whether there is any proposal that a rule is about."""
    if rule is proposals.proposal_types_are_supported:
        kinds = {proposal_type(each.proposal) for each in items.items}
        return not kinds <= DEFAULT_PROPOSAL_TYPES
    about = _ABOUT.get(rule)
    return about is None or any(items.sent(kind) for kind in about)


def proposal(
    into: Verdicts, found: Proposal, sender: Sender | None, around: Surroundings, where: str = ""
) -> None:
    """Judge a proposal by itself, as it is received (§12.1)."""
    who = Sender(SenderType.member, leaf_index=0) if sender is None else sender
    items = listing((Sent(found, who, b""),), None, around)
    for rule in proposals.ALONE:
        if not concerns(rule, items):
            continue
        if around.group is None and rule in BY_GROUP:
            into.unknown((rule,), GROUP, where)
        elif sender is None and rule in _BY_MESSAGE:
            into.unknown((rule,), SENDER, where)
        else:
            into.ask(rule, items, where)
    inside(into, found, sender, around, where)


def inside(
    into: Verdicts, found: Proposal, sender: Sender | None, around: Surroundings, where: str = ""
) -> None:
    """Judge what a proposal brings in: a KeyPackage, or a leaf."""
    dotted = f"{where}." if where else ""
    if isinstance(found, Add):
        leaves.key_package(into, found.key_package, around, f"{dotted}key_package")
    elif isinstance(found, Update):
        place = f"{dotted}leaf_node"
        leaf(into, found.leaf_node, LeafNodeSource.update, index_of(sender), around, place)


def index_of(sender: Sender | None) -> int:
    """The leaf index of a sender; ``ANYWHERE`` when it has none that is known."""
    known = sender is not None and sender.leaf_index is not None
    return sender.leaf_index if known else leaves.ANYWHERE  # type: ignore[union-attr, return-value]


def leaf(
    into: Verdicts,
    node: LeafNode,
    source: LeafNodeSource | None,
    index: int,
    around: Surroundings,
    where: str,
    replaced: LeafNode | None = None,
) -> None:
    """Judge a leaf that is to stand in the tree of a group at an index.

    Args:
        into: Where verdicts go.
        node: The leaf.
        source: Where it has to come from.
        index: Its place; ``ANYWHERE`` or ``JOINING`` where there is none yet.
        around: What is known besides.
        where: Its place in the message.
        replaced: The leaf that it takes the place of, when that is not the one at its index.
    """
    group = around.group
    suite = suite_for(node, around)
    known = around
    if group is not None:
        known = around._replace(group_id=group.context.group_id)
        if index >= 0:
            replaced = group.tree.leaf(index)
    leaves.leaf(into, node, suite, known, where, source=source, replaced=replaced, index=index)
