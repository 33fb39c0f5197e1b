"""Proposals and the lists of commits (RFC 9420 §12.1, §12.2, §12.4). May import rules."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from covey.lab.inspect.judging import leaves
from covey.lab.inspect.judging.verdicts import GROUP, NO_TREE, STAND_IN, empty_tree, suite_for
from covey.mls.rules import paths, proposals
from covey.mls.rules.proposal_list import ProposalList, Sent
from covey.mls.structs.framing import Sender
from covey.mls.structs.proposals import Add, UnknownProposal, Update
from covey.mls.structs.schedule import GroupContext
from covey.mls.wire.code_points import LeafNodeSource, ProtocolVersion, SenderType

if TYPE_CHECKING:
    from collections.abc import Sequence

    from covey.lab.inspect.judging.verdicts import Surroundings, Verdicts
    from covey.mls.rules.registry import Rule
    from covey.mls.structs.commit import Commit
    from covey.mls.structs.proposals import Proposal
    from covey.mls.structs.tree import LeafNode, UpdatePath

_BY_GROUP: Final = (
    proposals.removes_name_members,
    proposals.psk_nonces_have_the_right_length,
    proposals.reinit_does_not_lower_the_version,
    proposals.added_clients_are_not_members,
    proposals.proposal_types_are_supported,
)
"""Rules that look at the group."""
_PLACEHOLDER: Final = UnknownProposal(0xF000, b"")
PROPOSALS: Final = "the proposals that it refers to"


def own_context(group_id: bytes = b"", epoch: int = 0) -> GroupContext:
    """A GroupContext about which nothing is known but what a message says itself."""
    return GroupContext(ProtocolVersion.mls10, STAND_IN.code, group_id, epoch, b"", b"", ())


def proposal(
    into: Verdicts, found: Proposal, sender: Sender | None, around: Surroundings, where: str = ""
) -> None:
    """Judge a proposal by itself, as it is received (§12.1)."""
    who = Sender(SenderType.member, leaf_index=0) if sender is None else sender
    sent = Sent(found, who, b"" if sender is not None or isinstance(found, Update) else None)
    items = _list((sent,), None, around, has_path=True)
    _ask(into, proposals.ALONE, items, around, where)
    inside(into, found, sender, around, where)


def inside(
    into: Verdicts, found: Proposal, sender: Sender | None, around: Surroundings, where: str = ""
) -> None:
    """Judge what a proposal brings in: a KeyPackage, or a leaf."""
    dotted = f"{where}." if where else ""
    if isinstance(found, Add):
        group = around.group
        known = around if group is None else around._replace(suite=group.suite.code)
        leaves.key_package(into, found.key_package, known, f"{dotted}key_package")
    elif isinstance(found, Update):
        index = None if sender is None else sender.leaf_index
        leaf(into, found.leaf_node, LeafNodeSource.update, index, around, f"{dotted}leaf_node")


def leaf(
    into: Verdicts,
    node: LeafNode,
    source: LeafNodeSource | None,
    index: int | None,
    around: Surroundings,
    where: str,
) -> None:
    """Judge a leaf that is to stand in the tree of a group at an index."""
    group = around.group
    suite = suite_for(node, around)
    replaced = None if group is None or index is None else group.tree.leaf(index)
    known = around if group is None else around._replace(group_id=group.context.group_id)
    at = leaves.ANYWHERE if index is None else index
    leaves.leaf(into, node, suite, known, where, source=source, replaced=replaced, index=at)


def commit(
    into: Verdicts, found: Commit, sender: Sender | None, around: Surroundings, where: str = ""
) -> None:
    """Judge a commit: its list as far as it stands there by value, and its path (§12.2, §12.4)."""
    who = Sender(SenderType.member, leaf_index=None) if sender is None else sender
    sent = tuple(Sent(each.proposal, who) for each in found.proposals if each.proposal is not None)
    external = who.sender_type is SenderType.new_member_commit
    committer = None if external else who.leaf_index
    items = _list(sent, committer, around, has_path=found.path is not None)
    rules = list(proposals.EXTERNAL_COMMIT if external else proposals.REGULAR_COMMIT)
    rules.remove(proposals.references_are_different)
    referring = len(sent) < len(found.proposals)
    required = proposals.path_is_there_when_required
    if referring and required in rules and required.check(items) == "an empty commit has no path":
        rules.remove(required)
        into.unknown((required,), PROPOSALS, where)
    _ask(into, rules, items, around, where)
    references = [
        Sent(_PLACEHOLDER, who, each.reference) for each in found.proposals if each.reference
    ]
    listed = _list(tuple(references), committer, around, has_path=True)
    into.ask(proposals.references_are_different, listed, where)
    if referring:
        statement = "Every proposal that a commit refers to has been received."
        into.open("VAL-148", "12.4", statement, PROPOSALS, where)
    dotted = f"{where}." if where else ""
    for number, each in enumerate(found.proposals):
        if each.proposal is not None:
            inside(into, each.proposal, sender, around, f"{dotted}proposals[{number}]")
    if found.path is not None:
        update_path(into, found.path, None if external else who.leaf_index, around, f"{dotted}path")


def _list(
    sent: tuple[Sent, ...], committer: int | None, around: Surroundings, *, has_path: bool
) -> ProposalList:
    group = around.group
    if group is None:
        return ProposalList(sent, committer, own_context(), NO_TREE, has_path=has_path)
    return ProposalList(sent, committer, group.context, group.tree, has_path=has_path)


def _ask(
    into: Verdicts,
    rules: Sequence[Rule],
    items: ProposalList,
    around: Surroundings,
    where: str,
) -> None:
    """Ask about a list; what looks at the group is asked only where the group is known."""
    present = items.items
    for rule in rules:
        if around.group is None and rule in _BY_GROUP:
            if present:
                into.unknown((rule,), GROUP, where)
        else:
            into.ask(rule, items, where)


def update_path(
    into: Verdicts, path: UpdatePath, index: int | None, around: Surroundings, where: str = ""
) -> None:
    """Judge an UpdatePath: its leaf, and the keys of its nodes (§7.6)."""
    dotted = f"{where}." if where else ""
    leaf(into, path.leaf_node, LeafNodeSource.commit, index, around, f"{dotted}leaf_node")
    suite = suite_for(path.leaf_node, around)
    if suite is not None:
        tree = empty_tree(suite) if around.group is None else around.group.tree
        subject = paths.PathSubject(path, (), tree, ())
        into.ask(paths.path_keys_are_valid, subject, where)
        into.ask(paths.path_keys_are_new, subject, where)
    counted = (paths.path_has_a_node_per_step, paths.steps_have_all_ciphertexts)
    into.unknown((*counted, paths.leaf_has_the_parent_hash), "the tree after the proposals", where)
