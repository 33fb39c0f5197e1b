"""Proposals, one by one and as the list of a commit: every rule, kept and broken."""

from __future__ import annotations

import pytest

from covey import mls
from covey.mls.rules import proposals
from covey.mls.rules.proposal_list import ProposalList, Sent
from covey.mls.rules.proposals import requires_path
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
    external_senders,
    found,
    key_package,
    member,
    proposal_list,
    required,
    resumption_psk,
    sent,
)
from rule_cases import Case, breaks, each_of, holds, without_cases

GROUP = found("abcd")[0]
SUPPORTING = found("ab", policy=mls.Policy(proposal_types=frozenset({UNKNOWN_TYPE})))[0]
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


def of(*items: Sent | Proposal, **how: object) -> ProposalList:
    """The list of a commit of leaf 0."""
    return proposal_list(GROUP, *items, **how)  # type: ignore[arg-type]


def external(*items: Sent | Proposal, **how: object) -> ProposalList:
    """The list of an external commit."""
    return of(*items, committer=None, **how)


def without_support(subject: ProposalList, index: int) -> ProposalList:
    """The list in a group where one leaf does not list self_remove."""
    leaf = subject.tree.leaf(index)
    assert leaf is not None
    kept = tuple(k for k in leaf.capabilities.proposals if k != ProposalType.self_remove)
    changed = leaf.replace(capabilities=leaf.capabilities.replace(proposals=kept))
    tree = subject.tree.edited(updated={index: changed}).tree
    return ProposalList(
        subject.items, subject.committer, subject.context, tree, has_path=subject.has_path
    )


BY_REFERENCE = sent(UPDATE, 1, b"update")
LEAVING = sent(SelfRemove(), 2, b"leave")
SAME_CLIENT = Add(ADD.key_package.replace(init_key=b"another"))
SAME_INIT_KEY = Add(OTHER_ADD.key_package.replace(init_key=ADD.key_package.init_key))
MEMBER_AGAIN = Add(ADD.key_package.replace(leaf_node=LEAF))

CASES = [
    *holds(proposals.updates_are_sent_by_members, of(), of(BY_REFERENCE)),
    *breaks(
        proposals.updates_are_sent_by_members,
        (of(sent(UPDATE, 1)), "by value"),
        (of(Sent(UPDATE, EXTERNAL, b"r")), "external"),
        (of(Sent(UPDATE, Sender(SenderType.new_member_proposal), b"r")), "new_member_proposal"),
    ),
    *holds(proposals.removes_name_members, of(), of(Remove(1), Remove(3)), of(LEAVING)),
    *breaks(
        proposals.removes_name_members,
        (of(Remove(4)), "leaf 4"),
        (of(Remove(2**32 - 1)), "leaf 4294967295"),
        (of(sent(SelfRemove(), 9, b"r")), "leaf 9"),
    ),
    *holds(
        proposals.reinit_psk_is_for_reinit,
        of(PSK, BRANCH_PSK, PreSharedKey(resumption_psk())),
        of(REINIT_PSK, successor=True),
    ),
    *breaks(proposals.reinit_psk_is_for_reinit, (of(REINIT_PSK), "reinit")),
    *holds(proposals.branch_psk_is_for_branch, of(PSK, REINIT_PSK), of(BRANCH_PSK, successor=True)),
    *breaks(proposals.branch_psk_is_for_branch, (of(BRANCH_PSK), "branch")),
    *holds(proposals.psk_nonces_have_the_right_length, of(PSK)),
    *breaks(
        proposals.psk_nonces_have_the_right_length,
        (of(PreSharedKey(external_psk(nonce=bytes(31)))), "31 bytes, not 32"),
        (of(PSK, PreSharedKey(external_psk(nonce=bytes(48)))), "48 bytes"),
        (of(PreSharedKey(external_psk(nonce=b""))), "0 bytes"),
    ),
    *holds(proposals.reinit_does_not_lower_the_version, of(REINIT), of(ReInit(b"next", 2, 1, ()))),
    *breaks(
        proposals.reinit_does_not_lower_the_version, (of(ReInit(b"next", 0, 1, ())), "version 0")
    ),
    *holds(
        proposals.reinit_can_be_followed,
        of(PSK),
        of(REINIT),
        of(ReInit(b"next", 1, 7, ())),
        of(ReInit(b"group", 1, 1, ())),
    ),
    *breaks(
        proposals.reinit_can_be_followed,
        (of(ReInit(b"next", 2, 1, ())), "version 2"),
        (of(ReInit(b"next", 1, 0x000B, ())), "0x000b"),
    ),
    *holds(
        proposals.proposed_extensions_are_unique,
        of(GCE),
        of(GroupContextExtensions((extension(UNKNOWN_TYPE), extension(UNKNOWN_TYPE + 1)))),
    ),
    *breaks(
        proposals.proposed_extensions_are_unique,
        (of(GroupContextExtensions(TWICE)), "twice"),
        (of(ReInit(b"next", 1, 1, TWICE)), "twice"),
    ),
    *holds(
        proposals.proposed_extensions_decode,
        of(GCE, REINIT),
        of(GroupContextExtensions((required(), external_senders(), extension(UNKNOWN_TYPE)))),
    ),
    *breaks(
        proposals.proposed_extensions_decode,
        (of(GroupContextExtensions((extension(3, b"\x01"),))), "required_capabilities"),
        (of(GCE, GroupContextExtensions((extension(5, b"\x01"),))), "external_senders"),
    ),
    *holds(proposals.committer_does_not_update_itself, of(BY_REFERENCE)),
    *breaks(proposals.committer_does_not_update_itself, (of(sent(UPDATE, 0, b"r")), "leaf 0")),
    *holds(proposals.committer_is_not_removed, of(Remove(1)), of(LEAVING)),
    *breaks(
        proposals.committer_is_not_removed,
        (of(Remove(0)), "leaf 0"),
        (of(sent(Remove(0), 1, b"r")), "leaf 0"),
        (of(sent(SelfRemove(), 0, b"r")), "leaf 0"),
    ),
    *holds(proposals.one_change_per_leaf, of(Remove(2), BY_REFERENCE), of(LEAVING, Remove(3))),
    *breaks(
        proposals.one_change_per_leaf,
        (of(Remove(1), Remove(1)), "leaf 1"),
        (of(Remove(1), BY_REFERENCE), "leaf 1"),
        (of(BY_REFERENCE, sent(UPDATE, 1, b"again")), "leaf 1"),
        (of(LEAVING, Remove(2)), "leaf 2"),
        (of(LEAVING, sent(UPDATE, 2, b"r")), "leaf 2"),
    ),
    *holds(proposals.adds_are_of_different_clients, of(ADD), of(ADD, OTHER_ADD)),
    *breaks(
        proposals.adds_are_of_different_clients,
        (of(ADD, ADD), "signature_key"),
        (of(ADD, SAME_CLIENT), "signature_key"),
        (of(ADD, SAME_INIT_KEY), "init_key"),
    ),
    *holds(
        proposals.added_clients_are_not_members,
        of(ADD),
        of(MEMBER_AGAIN, Remove(1)),
        of(MEMBER_AGAIN, sent(SelfRemove(), 1, b"r")),
    ),
    *breaks(
        proposals.added_clients_are_not_members,
        (of(MEMBER_AGAIN), "leaf 1"),
        (of(MEMBER_AGAIN, Remove(2)), "leaf 1"),
    ),
    *holds(
        proposals.psks_are_different,
        of(PSK),
        of(PSK, PreSharedKey(external_psk(nonce=b"\x01" * 32))),
        of(PSK, PreSharedKey(external_psk(b"other"))),
    ),
    *breaks(
        proposals.psks_are_different, (of(PSK, PSK), "twice"), (of(PSK, REINIT_PSK, PSK), "twice")
    ),
    *holds(proposals.one_group_context_extensions, of(), of(GCE)),
    *breaks(proposals.one_group_context_extensions, (of(GCE, GCE), "2")),
    *holds(proposals.reinit_stands_alone, of(REINIT), of(ADD, PSK)),
    *breaks(
        proposals.reinit_stands_alone,
        (of(REINIT, PSK), "2 proposals"),
        (of(REINIT, REINIT), "2 proposals"),
    ),
    *holds(proposals.no_external_init, of(ADD, PSK)),
    *breaks(proposals.no_external_init, (of(ExternalInit(b"kem")), "has one")),
    *holds(
        proposals.proposal_types_are_supported,
        of(ADD, LEAVING),
        proposal_list(SUPPORTING, CUSTOM),
        without_support(of(LEAVING), 2),
        without_support(of(LEAVING, Remove(3)), 3),
    ),
    *breaks(
        proposals.proposal_types_are_supported,
        (of(CUSTOM), "0xf0aa"),
        (of(UnknownProposal(GREASE[3], b"")), "GREASE"),
        (without_support(of(LEAVING), 1), "0x000a"),
        (without_support(of(LEAVING, Remove(3)), 1), "0x000a"),
    ),
    *holds(
        proposals.references_are_different,
        of(PSK, PSK),
        of(BY_REFERENCE, LEAVING),
    ),
    *breaks(proposals.references_are_different, (of(BY_REFERENCE, BY_REFERENCE), "twice")),
    *holds(
        proposals.path_is_there_when_required,
        of(),
        of(Remove(1)),
        of(ADD, PSK, has_path=False),
        of(REINIT, has_path=False),
        of(CUSTOM, has_path=False),
    ),
    *breaks(
        proposals.path_is_there_when_required,
        (of(has_path=False), "empty"),
        (of(ADD, Remove(1), has_path=False), "requires"),
        (of(BY_REFERENCE, has_path=False), "requires"),
        (of(GCE, has_path=False), "requires"),
        (of(LEAVING, has_path=False), "requires"),
        (of(ExternalInit(b""), has_path=False), "requires"),
    ),
    *holds(proposals.self_removes_are_by_reference, of(LEAVING)),
    *breaks(proposals.self_removes_are_by_reference, (of(sent(SelfRemove(), 2)), "by value")),
    *holds(proposals.external_commit_has_a_path, external(ExternalInit(b""))),
    *breaks(
        proposals.external_commit_has_a_path,
        (external(ExternalInit(b""), has_path=False), "none"),
    ),
    *holds(proposals.external_commit_is_by_value, external(ExternalInit(b""), PSK, LEAVING)),
    *breaks(
        proposals.external_commit_is_by_value,
        (external(sent(Remove(1), 2, b"r")), "0x0003"),
        (external(sent(PSK, 2, b"r")), "0x0004"),
    ),
    *holds(proposals.one_external_init, external(ExternalInit(b""))),
    *breaks(
        proposals.one_external_init,
        (external(), "has 0"),
        (external(ExternalInit(b""), ExternalInit(b"")), "has 2"),
    ),
    *holds(
        proposals.external_commit_has_nothing_else,
        external(ExternalInit(b""), Remove(1), PSK, LEAVING),
    ),
    *breaks(
        proposals.external_commit_has_nothing_else,
        (external(Remove(1), Remove(2)), "2 Removes"),
        (external(ADD), "0x0001"),
        (external(BY_REFERENCE), "0x0002"),
        (external(REINIT), "0x0005"),
        (external(GCE), "0x0007"),
        (external(CUSTOM), "0xf0aa"),
    ),
]


@each_of(CASES)
def test_rule(case: Case) -> None:
    case.check()


def test_every_rule_has_a_case_for_it_and_one_against_it() -> None:
    assert without_cases(proposals, CASES) == set()


@pytest.mark.parametrize(
    ("proposal", "wanted"),
    [
        (ADD, False),
        (UPDATE, True),
        (Remove(1), True),
        (PSK, False),
        (REINIT, False),
        (ExternalInit(b""), True),
        (GCE, True),
        (SelfRemove(), True),
        (CUSTOM, False),
    ],
    ids=lambda value: type(value).__name__,
)
def test_which_types_require_a_path(proposal: Proposal, *, wanted: bool) -> None:
    assert requires_path(proposal) is wanted


def test_a_list_tells_what_it_holds_in_order() -> None:
    listed = of(PSK, Remove(3), ADD, BY_REFERENCE, LEAVING, OTHER_ADD)
    assert listed.adds == [ADD, OTHER_ADD]
    assert listed.removed == [3, 2]
    assert listed.updates == [(1, UPDATE)]
    assert listed.psks == [PSK.psk]
    assert listed.of(Remove) == [Remove(3)]
    assert listed.sent(SelfRemove) == [LEAVING]
