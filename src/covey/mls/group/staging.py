"""Applying a commit's proposals and path to the public state (RFC 9420 §12.3, §12.4).

May import rules, tree and structs. The same functions serve who creates a commit, who
receives it, and who only observes; secrets come in where a member has them, elsewhere.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from covey.errors import PolicyError, StateError
from covey.mls.group import app_data
from covey.mls.group.events import Changed, MemberInfo, member_info
from covey.mls.group.verify import Checker, leaf_job
from covey.mls.rules import paths, proposals, trees
from covey.mls.rules.proposal_list import extensions_after
from covey.mls.rules.registry import Local, enforce
from covey.mls.structs.proposals import AppDataUpdate, Remove
from covey.mls.structs.schedule import GroupContext
from covey.mls.tree.parent_hashes import path_parents
from covey.mls.wire.code_points import LeafNodeSource

if TYPE_CHECKING:
    from covey.mls.crypto.suite import Suite
    from covey.mls.group.epoch import PublicState
    from covey.mls.rules.proposal_list import ProposalList
    from covey.mls.rules.registry import Rule
    from covey.mls.structs.extensions import Extension
    from covey.mls.structs.tree import LeafNode, UpdatePath
    from covey.mls.tree.ratchet_tree import PathStep, RatchetTree


_LAST_EPOCH = (1 << 64) - 1


class Provisional(NamedTuple):
    """The public state after the proposals, before the path.

    Attributes:
        items: The proposals.
        tree: The tree after them.
        extensions: The GroupContext extensions after them.
        added: Leaf indices of the new members, sorted.
    """

    items: ProposalList
    tree: RatchetTree
    extensions: tuple[Extension, ...]
    added: tuple[int, ...]


def apply_proposals(items: ProposalList, public: PublicState, check: Checker) -> Provisional:
    """Check a list of proposals and apply it to the tree and the extensions (§12.2, §12.3).

    Raises:
        ProtocolError: The list is invalid.
        AuthenticationError: A leaf or a KeyPackage is not signed by its key.
        PolicyError: A credential, or an update of a component, is not accepted.
    """
    enforce(_rules_for(items), items, check.blame, strict=check.policy.strict)
    if check.blame is Local:
        enforce((proposals.reinit_can_be_followed,), items, Local)
    jobs = [
        job for each in items.items if not each.verified for job in check.proposal(each, public)
    ]
    check.signatures(public.suite, jobs)
    for each in items.items:
        if not each.verified:
            check.credentials(each, public)
    edited = public.tree.edited(
        updated={index: each.leaf_node for index, each in items.updates},
        removed=items.removed,
        added=[add.key_package.leaf_node for add in items.adds],
    )
    extensions = app_data.updated(extensions_after(items), items.of(AppDataUpdate), check.policy)
    return Provisional(items, edited.tree, extensions, edited.added)


def _rules_for(items: ProposalList) -> tuple[Rule, ...]:
    if items.committer is None:
        return proposals.EXTERNAL_COMMIT
    return proposals.REGULAR_COMMIT if items.items else proposals.EMPTY_COMMIT


def place_joiner(provisional: Provisional) -> tuple[Provisional, int]:
    """Make room for an external joiner: the leftmost blank leaf (§12.4.2, ERR-13)."""
    index = provisional.tree.leftmost_blank()
    tree = provisional.tree.extended_for(index)
    return provisional._replace(tree=tree), index


class Merged(NamedTuple):
    """The tree after a path, and the filtered direct path that it filled."""

    tree: RatchetTree
    steps: tuple[PathStep, ...]


def merge_path(
    provisional: Provisional, public: PublicState, path: UpdatePath, index: int, check: Checker
) -> Merged:
    """Check an UpdatePath and merge it into the tree (§7.5, §12.4.2).

    Args:
        provisional: The state after the proposals.
        public: The state before the commit.
        path: The UpdatePath.
        index: The leaf of its sender.
        check: How to check.

    Raises:
        ProtocolError: A rule is broken.
        AuthenticationError: The leaf is not signed by its key.
        PolicyError: The leaf's credential is not accepted.
    """
    old = replaced_leaf(provisional, public, index)
    suite = public.suite
    _check_leaf(path.leaf_node, suite, old, check)
    steps = provisional.tree.filtered_path(index)
    subject = paths.PathSubject(path, steps, provisional.tree, provisional.added)
    enforce(paths.PATH, subject, check.blame)
    keys = [node.encryption_key for node in path.nodes]
    parents, parent_hash = path_parents(suite, steps, keys)
    merging = paths.MergedSubject(path.leaf_node.parent_hash, parent_hash)
    enforce(paths.MERGED_PATH, merging, check.blame)
    check.signatures(suite, [leaf_job(path.leaf_node, public.context.group_id, index)])
    check.credential(path.leaf_node, old)
    return Merged(provisional.tree.with_path(index, path.leaf_node, parents), steps)


def _check_leaf(leaf: LeafNode, suite: Suite, old: LeafNode | None, check: Checker) -> None:
    """All that the leaf of a path must satisfy, but for its signature (§7.3, §12.4.2)."""
    check.leaf(leaf, suite, LeafNodeSource.commit, replaced=old)


def replaced_leaf(provisional: Provisional, public: PublicState, index: int) -> LeafNode | None:
    """The leaf that a path's leaf takes the place of, for the rules of an Update (VAL-173)."""
    if provisional.items.committer is not None:
        return public.tree.leaf(index)
    removes = [each.removed for each in provisional.items.of(Remove)]
    return public.tree.leaf(removes[0]) if removes else None


def check_result(
    before: PublicState, tree: RatchetTree, extensions: tuple[Extension, ...], check: Checker
) -> None:
    """Check the tree that a commit results in (VAL-144).

    What members support and what the group asks for is looked at again only when one of the
    two has changed.

    Raises:
        ProtocolError: It is not valid.
    """
    same = tree.census is before.tree.census and extensions is before.context.extensions
    rules = trees.UNIQUE_KEYS if same else trees.TREE
    enforce(rules, trees.TreeSubject(tree, extensions), check.blame)


def provisional_context(
    public: PublicState, tree: RatchetTree, extensions: tuple[Extension, ...]
) -> GroupContext:
    """The GroupContext under which path secrets are encrypted (§12.4.2).

    It is that of the next epoch, but for the *old* ``confirmed_transcript_hash``.
    """
    return next_context(public, tree, extensions, public.context.confirmed_transcript_hash)


def next_context(
    public: PublicState, tree: RatchetTree, extensions: tuple[Extension, ...], confirmed: bytes
) -> GroupContext:
    """The GroupContext of the next epoch (§8.1)."""
    old = public.context
    if old.epoch == _LAST_EPOCH:
        msg = "the group is in the last epoch that there is"
        raise StateError(msg)
    return GroupContext(
        old.version,
        old.cipher_suite,
        old.group_id,
        old.epoch + 1,
        tree.tree_hash,
        confirmed,
        extensions,
    )


def summarise(
    provisional: Provisional, public: PublicState, committer: MemberInfo, *, with_path: bool
) -> Changed:
    """What a commit changes, for people and for the policy."""
    items, before, after = provisional.items, public.tree, provisional.tree
    gone = [(index, before.leaf(index)) for index in items.removed]
    come = [(index, after.leaf(index)) for index in provisional.added]
    new = [(index, after.leaf(index)) for index, _ in items.updates]
    return Changed(
        epoch=public.context.epoch + 1,
        committer=committer,
        external=items.committer is None,
        added=_infos(come),
        removed=_infos(gone),
        updated=_infos(new),
        proposals=items.items,
        with_path=with_path,
    )


def ask_policy(changed: Changed, public: PublicState, check: Checker) -> None:
    """Let the application refuse a commit that is valid (§11.1, §12.2).

    Raises:
        PolicyError: It does.
    """
    try:
        if changed.external:
            check.policy.accept_external_commit(changed, public)
        else:
            check.policy.accept_commit(changed, public)
    except PolicyError as error:
        rule, section = ("VAL-180", "11.1") if changed.external else ("VAL-145", "12.2")
        raise (error if error.rule else error.of(rule=rule, section=section)) from error.__cause__


def _infos(found: list[tuple[int, LeafNode | None]]) -> tuple[MemberInfo, ...]:
    return tuple(member_info(index, leaf) for index, leaf in found if leaf is not None)
