"""Proposals, one by one and as the list of a commit: every rule, kept and broken."""

from __future__ import annotations

import pytest

from covey import mls
from covey.mls.rules import proposals
from covey.mls.rules.proposals import Sent, requires_path
from covey.mls.structs.framing import Sender
from covey.mls.structs.proposals import (
    Add,
    ExternalInit,
    GroupContextExtensions,
    PreSharedKey,
    Proposal,
    ReInit,
    Remove,
    SelfRemove,
    UnknownProposal,
    Update,
)
from covey.mls.wire.code_points import GREASE, ProposalType, ResumptionPSKUsage, SenderType
from group_samples import (
    UNKNOWN_TYPE,
    extension,
    external_psk,
    found,
    key_package,
    member,
    proposal_list,
    resumption_psk,
    sent,
)
from rule_cases import Case, breaks, holds, name_of, without_cases

ALICE, BOB, CAROL, _ = found("abcd")
SUPPORTING = found("ab", policy=mls.Policy(proposal_types=frozenset({UNKNOWN_TYPE})))[0]
GROUP = ALICE
LEAF = GROUP.tree.leaf(1)
assert LEAF is not None
UPDATE = Update(LEAF)
ADD = Add(key_package(member("new")))
OTHER_ADD = Add(key_package(member("other")))
REINIT = ReInit(b"next", 1, 1, ())
CUSTOM = UnknownProposal(UNKNOWN_TYPE, b"")
GCE = GroupContextExtensions(())
PSK = PreSharedKey(external_psk())
EXTERNAL = Sender(SenderType.external, sender_index=0)
REINIT_PSK = PreSharedKey(resumption_psk(ResumptionPSKUsage.reinit))
BRANCH_PSK = PreSharedKey(resumption_psk(ResumptionPSKUsage.branch))
TWICE = (extension(UNKNOWN_TYPE), extension(UNKNOWN_TYPE, b"again"))


def of(*items: Sent | Proposal, **how: object) -> proposals.ProposalList:
    """The list of a commit of leaf 0."""
    return proposal_list(GROUP, *items, **how)  # type: ignore[arg-type]


def external(*items: Sent | Proposal, **how: object) -> proposals.ProposalList:
    """The list of an external commit."""
    return of(*items, committer=None, **how)


def without_self_remove() -> mls.Group:
    """A group whose leaf 2 does not list self_remove."""
    group = found("abcd")[0]
    leaf = group.tree.leaf(2)
    assert leaf is not None
    kept = tuple(
        kind for kind in leaf.capabilities.proposals if kind != ProposalType.self_remove
    )
    changed = leaf.replace(capabilities=leaf.capabilities.replace(proposals=kept))
    tree = group.tree.edited(updated={2: changed}).tree
    state = group._state  # noqa: SLF001 - no honest member makes such a leaf
    public = state.epoch.public
    for struct, name, value in (
        (public, "tree", tree),
        (state.epoch, "public", None),
        (state, "epoch", None),
    ):
        del struct, name, value
    return GroupWithTree(group, tree)  # type: ignore[return-value]


class GroupWithTree:
    """A group whose tree is another one, for lists of proposals."""

    def __init__(self, group: mls.Group, tree: object) -> None:
        self.context = group.context
        self.tree = tree
