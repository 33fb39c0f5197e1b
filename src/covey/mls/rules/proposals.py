"""RFC 9420 §12.1, §12.2: proposals, one by one and as the list of a commit.

May import structs and the tree. The sets at the end read like the RFC's lists.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Final

from covey.mls.crypto.dialects import is_known
from covey.mls.rules import app_data
from covey.mls.rules.leaves import duplicate_types
from covey.mls.rules.registry import rule
from covey.mls.rules.trees import undecodable
from covey.mls.structs.proposals import (
    Add,
    AppDataUpdate,
    AppEphemeral,
    ExternalInit,
    GroupContextExtensions,
    PreSharedKey,
    Proposal,
    ReInit,
    Remove,
    SelfRemove,
    UnknownProposal,
    Update,
    proposal_type,
)
from covey.mls.tree.census import Kind, lists
from covey.mls.wire.code_points import (
    DEFAULT_PROPOSAL_TYPES,
    GREASE,
    ProtocolVersion,
    PSKType,
    ResumptionPSKUsage,
    SenderType,
)

if TYPE_CHECKING:
    from covey.mls.rules.proposal_list import ProposalList


@rule("VAL-116", "12.1.2", also=("VAL-115",))
def updates_are_sent_by_members(subject: ProposalList) -> str | None:
    """An Update comes from a member, by reference."""
    for each in subject.sent(Update):
        if each.reference is None:
            return "an Update stands in the commit by value"
        if each.sender.sender_type is not SenderType.member:
            return f"an Update comes from {each.sender.sender_type.name}"
    return None


@rule("VAL-117", "12.1.3")
def removes_name_members(subject: ProposalList) -> str | None:
    """A Remove names a non-blank leaf."""
    for index in subject.removed:
        if subject.tree.leaf(index) is None:
            return f"leaf {index} is blank"
    return None


@rule("VAL-118", "12.1.4", also=("VAL-206",))
def reinit_psk_is_for_reinit(subject: ProposalList) -> str | None:
    """A resumption PSK with usage reinit is used in a reinitialization only."""
    return _wrong_usage(subject, ResumptionPSKUsage.reinit)


@rule("VAL-119", "12.1.4", also=("VAL-209",))
def branch_psk_is_for_branch(subject: ProposalList) -> str | None:
    """A resumption PSK with usage branch is used in a branch only."""
    return _wrong_usage(subject, ResumptionPSKUsage.branch)


def _wrong_usage(subject: ProposalList, usage: ResumptionPSKUsage) -> str | None:
    if subject.successor:
        return None
    for psk in subject.psks:
        if psk.psktype is PSKType.resumption and psk.usage is usage:
            return f"usage {usage.name} in an ordinary commit"
    return None


@rule("VAL-120", "12.1.4", also=("VAL-199",))
def psk_nonces_have_the_right_length(subject: ProposalList) -> str | None:
    """The psk_nonce of a PreSharedKey proposal has KDF.Nh bytes."""
    wanted = subject.tree.suite.Nh
    for psk in subject.psks:
        if len(psk.psk_nonce) != wanted:
            return f"{len(psk.psk_nonce)} bytes, not {wanted}"
    return None


@rule("VAL-121", "12.1.5")
def reinit_does_not_lower_the_version(subject: ProposalList) -> str | None:
    """A ReInit has a version that is not below the group's."""
    for each in subject.of(ReInit):
        if each.version < subject.context.version:
            return f"version {each.version}"
    return None


@rule("VAL-122", "12.1.5")
def reinit_can_be_followed(subject: ProposalList) -> str | None:
    """Who sends a ReInit can create the group that it asks for.

    Checked of what we send. Of what we receive it is not: the group ends all the same.
    """
    for each in subject.of(ReInit):
        if each.version != ProtocolVersion.mls10:
            return f"version {each.version} is not implemented"
        if not is_known(each.cipher_suite):
            return f"cipher suite 0x{each.cipher_suite:04x} is not implemented"
    return None


@rule("VAL-014", "13.4")
def proposed_extensions_are_unique(subject: ProposalList) -> str | None:
    """The extensions of a GroupContextExtensions or ReInit have at most one of each type."""
    for each in subject.items:
        if isinstance(each.proposal, GroupContextExtensions | ReInit):
            twice = duplicate_types(each.proposal.extensions)
            if twice is not None:
                return twice
    return None


@rule("VAL-024", "12.1.8.1", also=("VAL-130",))
def proposed_extensions_decode(subject: ProposalList) -> str | None:
    """The extensions of a GroupContextExtensions whose structs are known hold them."""
    found = (undecodable(each.extensions) for each in subject.of(GroupContextExtensions))
    return next((broken for broken in found if broken is not None), None)


@rule("VAL-134", "12.2")
def committer_does_not_update_itself(subject: ProposalList) -> str | None:
    """A regular commit has no Update of its committer."""
    for index, _ in subject.updates:
        if index == subject.committer:
            return f"leaf {index}"
    return None


@rule("VAL-135", "12.2")
def committer_is_not_removed(subject: ProposalList) -> str | None:
    """A regular commit has no Remove of its committer."""
    return f"leaf {subject.committer}" if subject.committer in subject.removed else None


@rule("VAL-136", "12.2")
def one_change_per_leaf(subject: ProposalList) -> str | None:
    """A commit has no two Updates or Removes of the same leaf."""
    changed = Counter(subject.removed)
    changed.update(index for index, _ in subject.updates)
    for index, times in changed.items():
        if times > 1:
            return f"leaf {index} is changed {times} times"
    return None


@rule("VAL-137", "12.2", also=("VAL-058",))
def adds_are_of_different_clients(subject: ProposalList) -> str | None:
    """A commit has no two Adds of the same client."""
    signers = Counter(add.key_package.leaf_node.signature_key for add in subject.adds)
    inits = Counter(add.key_package.init_key for add in subject.adds)
    if any(times > 1 for times in signers.values()):
        return "two Adds have the same signature_key"
    if any(times > 1 for times in inits.values()):
        return "two Adds have the same init_key"
    return None


@rule("VAL-138", "12.2")
def added_clients_are_not_members(subject: ProposalList) -> str | None:
    """A commit adds no client that is in the group already, unless it also removes it."""
    removed = set(subject.removed)
    for add in subject.adds:
        index = subject.tree.keys.signature.get(add.key_package.leaf_node.signature_key)
        if index is not None and index not in removed:
            return f"the client is at leaf {index}"
    return None


@rule("VAL-139", "12.2")
def psks_are_different(subject: ProposalList) -> str | None:
    """A commit has no two PreSharedKey proposals with the same PreSharedKeyID (ERR-25)."""
    psks = subject.psks
    return "the same PSK stands twice" if len(set(psks)) != len(psks) else None


@rule("VAL-140", "12.2")
def one_group_context_extensions(subject: ProposalList) -> str | None:
    """A commit has at most one GroupContextExtensions proposal."""
    count = len(subject.of(GroupContextExtensions))
    return f"it has {count}" if count > 1 else None


@rule("VAL-141", "12.2")
def reinit_stands_alone(subject: ProposalList) -> str | None:
    """A ReInit is the only proposal of its commit."""
    if len(subject.items) > 1 and subject.of(ReInit):
        return f"the commit has {len(subject.items)} proposals"
    return None


@rule("VAL-142", "12.2", also=("VAL-123",))
def no_external_init(subject: ProposalList) -> str | None:
    """A regular commit has no ExternalInit."""
    return "it has one" if subject.of(ExternalInit) else None


@rule("VAL-143", "12.2", also=("VAL-131",))
def proposal_types_are_supported(subject: ProposalList) -> str | None:
    """Every member that processes the commit supports its non-default proposal types."""
    kinds = {proposal_type(each.proposal) for each in subject.items} - DEFAULT_PROPOSAL_TYPES
    for kind in kinds:
        if kind in GREASE:
            return f"proposal type 0x{kind:04x} is GREASE"
        if not _remaining_support(subject, kind):
            return f"some member does not support proposal type 0x{kind:04x}"
    return None


def _remaining_support(subject: ProposalList, kind: int) -> bool:
    """Whether all members that stay list the type; those that go need not."""
    gone = [subject.tree.leaf(index) for index in set(subject.removed)]
    leaving = [leaf for leaf in gone if leaf is not None]
    supporting = sum(lists(leaf.capabilities, Kind.proposal, kind) for leaf in leaving)
    census = subject.tree.census
    counted = census.counts.get(Kind.proposal << 16 | kind, 0)
    return counted - supporting == census.members - len(leaving)


@rule("VAL-149", "12.4", strict=True)
def references_are_different(subject: ProposalList) -> str | None:
    """A commit refers to no proposal twice."""
    references = [each.reference for each in subject.items if each.reference is not None]
    return "a reference stands twice" if len(set(references)) != len(references) else None


@rule("VAL-155", "12.4")
def path_is_there_when_required(subject: ProposalList) -> str | None:
    """A commit has a path unless it has proposals and all are of types that need none."""
    if subject.has_path:
        return None
    if not subject.items:
        return "an empty commit has no path"
    if any(requires_path(each.proposal) for each in subject.items):
        return "a proposal requires a path"
    return None


_WITHOUT_PATH: Final = (Add, PreSharedKey, ReInit, AppDataUpdate, AppEphemeral, UnknownProposal)


def requires_path(proposal: Proposal) -> bool:
    """Whether a commit of this proposal must have a path (§12.4, §17.4)."""
    return not isinstance(proposal, _WITHOUT_PATH)


@rule("SELF-REMOVE-2", "extensions draft, SelfRemove")
def self_removes_are_by_reference(subject: ProposalList) -> str | None:
    """A SelfRemove is committed by reference only."""
    for each in subject.sent(SelfRemove):
        if each.reference is None:
            return "a SelfRemove stands in the commit by value"
    return None


@rule("VAL-168", "12.4.3.2", also=("VAL-169",))
def external_commit_has_a_path(subject: ProposalList) -> str | None:
    """An external commit has a path."""
    return None if subject.has_path else "it has none"


@rule("VAL-170", "12.4.3.2")
def external_commit_is_by_value(subject: ProposalList) -> str | None:
    """An external commit has no proposal by reference, SelfRemove excepted (ERR-15)."""
    for each in subject.items:
        if each.reference is not None and not isinstance(each.proposal, SelfRemove):
            return f"proposal type 0x{proposal_type(each.proposal):04x}"
    return None


@rule("VAL-171", "12.2")
def one_external_init(subject: ProposalList) -> str | None:
    """An external commit has exactly one ExternalInit."""
    count = len(subject.of(ExternalInit))
    return None if count == 1 else f"it has {count}"


_EXTERNAL: Final = (ExternalInit, Remove, PreSharedKey, SelfRemove, AppDataUpdate, AppEphemeral)


@rule("VAL-172", "12.2")
def external_commit_has_nothing_else(subject: ProposalList) -> str | None:
    """An external commit has one Remove at most, PSKs, SelfRemoves, components' data, no more."""
    for each in subject.items:
        if not isinstance(each.proposal, _EXTERNAL):
            return f"proposal type 0x{proposal_type(each.proposal):04x}"
    count = len(subject.of(Remove))
    return f"it has {count} Removes" if count > 1 else None


_EACH: Final = (
    removes_name_members,
    reinit_psk_is_for_reinit,
    branch_psk_is_for_branch,
    psk_nonces_have_the_right_length,
    reinit_does_not_lower_the_version,
    proposed_extensions_are_unique,
    proposed_extensions_decode,
    *app_data.LISTED,
)

ALONE: Final = (updates_are_sent_by_members, *_EACH, no_external_init)
"""When a proposal is valid by itself (§12.1), as it is received.

Whether all members support its type is asked of the commit, which may remove those that do not.
"""

REGULAR_COMMIT: Final = (
    path_is_there_when_required,
    updates_are_sent_by_members,
    *_EACH,
    committer_does_not_update_itself,
    committer_is_not_removed,
    one_change_per_leaf,
    adds_are_of_different_clients,
    added_clients_are_not_members,
    psks_are_different,
    one_group_context_extensions,
    reinit_stands_alone,
    no_external_init,
    self_removes_are_by_reference,
    proposal_types_are_supported,
    references_are_different,
)
"""When the list of a regular commit is valid (§12.2), its tree aside (VAL-144)."""

EMPTY_COMMIT: Final = (path_is_there_when_required,)
"""The same for a commit without proposals; the other rules have nothing to look at."""

EXTERNAL_COMMIT: Final = (
    external_commit_has_a_path,
    external_commit_is_by_value,
    one_external_init,
    external_commit_has_nothing_else,
    *_EACH,
    one_change_per_leaf,
    psks_are_different,
    self_removes_are_by_reference,
    proposal_types_are_supported,
    references_are_different,
)
"""When the list of an external commit is valid (§12.2, §12.4.3.2)."""
