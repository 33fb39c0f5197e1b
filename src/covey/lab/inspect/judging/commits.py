"""Commits: their lists of proposals, and their paths (RFC 9420 §7.6, §12.2, §12.4).

May import rules. A proposal by reference is not known here: it stands in a message of its own.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from covey.lab.inspect.judging import leaves
from covey.lab.inspect.judging.proposals import (
    BY_GROUP,
    concerns,
    index_of,
    inside,
    leaf,
    listing,
)
from covey.lab.inspect.judging.verdicts import (
    AFTER,
    GROUP,
    PROPOSALS,
    SENDER,
    SUITE,
    empty_tree,
    suite_for,
)
from covey.mls.rules import paths, proposals, trees
from covey.mls.rules.proposal_list import ProposalList, Sent
from covey.mls.structs.framing import Sender
from covey.mls.structs.proposals import Add, ExternalInit, Remove, UnknownProposal, proposal_type
from covey.mls.wire.code_points import GREASE, LeafNodeSource, SenderType

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from covey.lab.inspect.judging.verdicts import Surroundings, Verdicts
    from covey.mls.rules.registry import Rule
    from covey.mls.structs.commit import Commit
    from covey.mls.structs.tree import LeafNode, UpdatePath

_PLACEHOLDER: Final = UnknownProposal(0xF000, b"")
_BY_COMMITTER: Final = (
    proposals.committer_does_not_update_itself,
    proposals.committer_is_not_removed,
)
_RECEIVED: Final = (
    "VAL-148",
    "12.4",
    "Every proposal that a commit refers to has been received.",
)
_BY_TREE: Final = (
    paths.path_has_a_node_per_step,
    paths.steps_have_all_ciphertexts,
    paths.leaf_has_the_parent_hash,
)
"""Rules of a path that look at nothing but the tree after the proposals."""


def commit(
    into: Verdicts, found: Commit, sender: Sender | None, around: Surroundings, where: str = ""
) -> None:
    """Judge a commit: its list as far as it stands there by value, and its path (§12.2, §12.4).

    Of a commit without a message around it, an ExternalInit says that a joiner sent it.
    """
    who = Sender(SenderType.member, leaf_index=None) if sender is None else sender
    sent = tuple(Sent(each.proposal, who) for each in found.proposals if each.proposal is not None)
    external = who.sender_type is SenderType.new_member_commit
    if sender is None:
        external = any(isinstance(each.proposal, ExternalInit) for each in sent)
    committer = None if external else who.leaf_index
    items = listing(sent, committer, around, has_path=found.path is not None)
    references = tuple(
        Sent(_PLACEHOLDER, who, each.reference)
        for each in found.proposals
        if each.reference is not None
    )
    for rule in proposals.EXTERNAL_COMMIT if external else proposals.REGULAR_COMMIT:
        _of_list(into, rule, items, references, around, where)
    if references:
        into.open(*_RECEIVED, PROPOSALS, where)
    dotted = f"{where}." if where else ""
    for number, each in enumerate(found.proposals):
        if each.proposal is not None:
            inside(into, each.proposal, sender, around, f"{dotted}proposals[{number}]")
    needs = GROUP if around.group is None else PROPOSALS if references else AFTER
    if needs == AFTER and sender is None:
        needs = SENDER
    if found.path is not None:
        place = f"{dotted}path"
        index = leaves.JOINING if external else index_of(sender)
        _path(into, found.path, index, items, around, place, needs)
    if found.path is not None or items.adds or references:
        _unique_keys(into, found.path, items.adds, needs, where)


def _of_list(
    into: Verdicts,
    rule: Rule,
    items: ProposalList,
    references: tuple[Sent, ...],
    around: Surroundings,
    where: str,
) -> None:
    """Ask one rule about a list, as far as the list and the group are known."""
    if rule is proposals.references_are_different:
        if references:
            into.ask(rule, listing(references, items.committer, around), where)
        return
    if rule is proposals.reinit_stands_alone:  # how many there are is known
        items = listing((*items.items, *references), items.committer, around)
    if not references and not concerns(rule, items):
        return
    needs = _wanting(rule, items, around, referring=bool(references))
    if needs:
        into.unknown((rule,), needs, where)
    else:
        into.ask(rule, items, where)


def _wanting(rule: Rule, items: ProposalList, around: Surroundings, *, referring: bool) -> str:
    """What is needed to judge a rule about a list; empty when nothing is."""
    if rule is proposals.proposal_types_are_supported and any(
        proposal_type(each.proposal) in GREASE for each in items.items
    ):
        return ""
    needs = GROUP if rule in BY_GROUP and around.group is None else ""
    if not referring:
        by_committer = rule in _BY_COMMITTER and items.committer is None
        return SENDER if by_committer else needs
    if _is_of_the_path(rule, items):
        return ""
    if not needs and rule.check(items) is not None and not _can_be_undone(rule, items):
        return ""
    return PROPOSALS


def _is_of_the_path(rule: Rule, items: ProposalList) -> bool:
    """Whether a rule is judged by whether there is a path, whatever the list holds."""
    if rule is proposals.external_commit_has_a_path:
        return True
    return rule is proposals.path_is_there_when_required and items.has_path


def _can_be_undone(rule: Rule, items: ProposalList) -> bool:
    """Whether more proposals could make a rule hold that a part of the list breaks."""
    if rule is proposals.path_is_there_when_required:
        return not items.items
    if rule is proposals.one_external_init:
        return not items.sent(ExternalInit)
    return rule in {
        proposals.added_clients_are_not_members,
        proposals.proposal_types_are_supported,
    }


def update_path(into: Verdicts, path: UpdatePath, around: Surroundings) -> None:
    """Judge an UpdatePath that came without its commit (§7.6)."""
    needs = GROUP if around.group is None else "the commit that it stands in"
    nothing = listing((), None, around)
    _path(into, path, leaves.ANYWHERE, nothing, around, "", needs)


def _path(
    into: Verdicts,
    path: UpdatePath,
    index: int,
    items: ProposalList,
    around: Surroundings,
    where: str,
    needs: str,
) -> None:
    """Judge an UpdatePath: its leaf, and the keys of its nodes (§7.6).

    Args:
        into: Where verdicts go.
        path: The path.
        index: The leaf of the committer.
        items: The proposals of its commit.
        around: What is known besides.
        where: Its place.
        needs: What would be needed to have the tree after the proposals.
    """
    replaced = None
    if index == leaves.JOINING and items.of(Remove):
        replaced = _resynced(items, around)
        if around.group is None:
            index = leaves.ANYWHERE
    place = f"{where}.leaf_node" if where else "leaf_node"
    leaf(into, path.leaf_node, LeafNodeSource.commit, index, around, place, replaced)
    suite = suite_for(path.leaf_node, around)
    if suite is None:
        into.unknown((paths.path_keys_are_valid,), SUITE, where)
    else:
        subject = paths.PathSubject(path, (), empty_tree(suite), ())
        into.ask(paths.path_keys_are_valid, subject, where)
    into.unknown(_BY_TREE[:-1], needs, where)
    keys = [*(node.encryption_key for node in path.nodes), path.leaf_node.encryption_key]
    added = {add.key_package.leaf_node.encryption_key for add in items.adds}
    broken = "a key stands twice in the path" if _twice(keys) else ""
    if not broken and added.intersection(keys):
        broken = "a key is that of a client whom the commit adds"
    _known(into, paths.path_keys_are_new, broken, needs, where)
    into.unknown(_BY_TREE[-1:], needs, where)


def _resynced(items: ProposalList, around: Surroundings) -> LeafNode | None:
    """The former leaf of a joiner who removes it (§12.4.3.2)."""
    removed = items.of(Remove)[0].removed
    return None if around.group is None else around.group.tree.leaf(removed)


def _unique_keys(
    into: Verdicts, path: UpdatePath | None, adds: Sequence[Add], needs: str, where: str
) -> None:
    """Whether the tree that a commit results in has no key twice, as far as it brings them."""
    added = [add.key_package.leaf_node for add in adds]
    signers = {each.signature_key for each in added}
    known = path is not None and path.leaf_node.signature_key in signers
    broken = "the committer has that of a client whom it adds" if known else ""
    _known(into, trees.signature_keys_are_unique, broken, needs, where)
    twice = _twice([each.encryption_key for each in added])
    broken = "two Adds have the same one" if twice else ""
    _known(into, trees.encryption_keys_are_unique, broken, needs, where)


def _twice(keys: Collection[bytes]) -> bool:
    return len(set(keys)) != len(keys)


def _known(into: Verdicts, rule: Rule, broken: str, needs: str, where: str) -> None:
    """Note that a rule is broken already, or what is needed to know it."""
    if broken:
        into.fact(rule.id, rule.section, rule.statement, broken, where)
    else:
        into.unknown((rule,), needs, where)
