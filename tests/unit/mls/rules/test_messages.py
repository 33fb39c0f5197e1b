"""What a framed message must satisfy: every rule, kept and broken."""

from __future__ import annotations

from covey.mls.framing import authenticate
from covey.mls.rules import messages
from covey.mls.rules.messages import EpochSubject, MessageSubject
from covey.mls.structs.commit import Commit
from covey.mls.structs.components import with_app_data
from covey.mls.structs.extensions import Extension, ExternalSender, ExternalSenders
from covey.mls.structs.framing import FramedContent, Sender
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
from covey.mls.wire.code_points import GREASE, ExtensionType, SenderType
from group_samples import (
    PRIVATE,
    PUBLIC,
    UNKNOWN_TYPE,
    commit_of,
    external_psk,
    found,
    from_member,
    key_package,
    member,
)
from rule_cases import Case, breaks, each_of, holds, without_cases

GROUP = found("abc")[0]
BOB = GROUP.member_at(1)
assert BOB is not None
LEAF = GROUP.tree.leaf(1)
assert LEAF is not None
ADD = Add(key_package(member("new")))
FULL = commit_of(GROUP.commit(handshake=PUBLIC).message)
PATHLESS = Commit((), None)
EXTERNAL = Sender(SenderType.external, sender_index=0)
NEW_COMMIT = Sender(SenderType.new_member_commit)
NEW_PROPOSAL = Sender(SenderType.new_member_proposal)
LISTED = (ExternalSender(BOB.signature_key, BOB.credential),)


def application(sender: Sender, group_id: bytes = b"group") -> FramedContent:
    """Application data."""
    return authenticate.application_content(group_id, 1, sender, b"", b"hello")


def proposal(sender: Sender, value: Proposal) -> FramedContent:
    """A proposal."""
    return authenticate.proposal_content(b"group", 1, sender, b"", value)


def commit(sender: Sender, value: Commit = FULL) -> FramedContent:
    """A commit."""
    return authenticate.commit_content(b"group", 1, sender, b"", value)


def of(
    content: FramedContent, wire_format: int = PUBLIC, listed: tuple[ExternalSender, ...] = LISTED
) -> MessageSubject:
    """A message for the group."""
    extension = Extension(ExtensionType.external_senders, ExternalSenders(listed).encode())
    context = GROUP.context.replace(extensions=(extension,))
    return MessageSubject(content, wire_format, context, GROUP.tree)


def framed(data: bytes, *extensions: Extension) -> MessageSubject:
    """A message with something beside it, in a group with these extensions."""
    content = authenticate.application_content(b"group", 1, from_member(1), data, b"hello")
    context = GROUP.context.replace(extensions=extensions)
    return MessageSubject(content, PRIVATE, context, GROUP.tree)


SAFE = with_app_data((), {2: b"\x00"})

CASES = [
    *holds(
        messages.authenticated_data_is_safe,
        framed(b"anything"),
        framed(b"anything", *with_app_data((), {1: b"\x00"})),
        framed(b"\x00", *SAFE),
        framed(bytes.fromhex("06000100000200"), *SAFE),
    ),
    *breaks(
        messages.authenticated_data_is_safe,
        (framed(b"", *SAFE), "SafeAAD"),
        (framed(b"anything", *SAFE), ""),
        (framed(b"\x00\x00", *SAFE), "left over"),
        (framed(bytes.fromhex("06000200000100"), *SAFE), "do not increase"),
    ),
    *holds(messages.group_is_ours, of(application(from_member(1)), PRIVATE)),
    *breaks(messages.group_is_ours, (of(application(from_member(1), b"other")), "6f74686572")),
    *holds(messages.epoch_is_current, EpochSubject(1, 1)),
    *breaks(
        messages.epoch_is_current,
        (EpochSubject(0, 1), "epoch 0"),
        (EpochSubject(2**64 - 1, 1), "the group is in 1"),
    ),
    *holds(
        messages.application_data_is_private,
        of(application(from_member(1)), PRIVATE),
        of(commit(from_member(1))),
    ),
    *breaks(
        messages.application_data_is_private, (of(application(from_member(1))), "PublicMessage")
    ),
    *holds(
        messages.member_sender_is_in_the_tree, of(commit(from_member(2))), of(commit(NEW_COMMIT))
    ),
    *breaks(
        messages.member_sender_is_in_the_tree,
        (of(commit(from_member(3))), "leaf 3"),
        (of(commit(from_member(2**32 - 1))), "blank"),
    ),
    *holds(
        messages.external_sender_proposes,
        of(proposal(EXTERNAL, ADD)),
        of(proposal(EXTERNAL, Remove(1))),
        of(proposal(EXTERNAL, PreSharedKey(external_psk()))),
        of(proposal(EXTERNAL, ReInit(b"n", 1, 1, ()))),
        of(proposal(EXTERNAL, GroupContextExtensions(()))),
        of(proposal(from_member(1), Update(LEAF))),
        of(commit(from_member(1))),
    ),
    *breaks(
        messages.external_sender_proposes,
        (of(commit(EXTERNAL)), "commit"),
        (of(application(EXTERNAL)), "application"),
        (of(proposal(EXTERNAL, Update(LEAF))), "0x0002"),
        (of(proposal(EXTERNAL, ExternalInit(b""))), "0x0006"),
        (of(proposal(EXTERNAL, SelfRemove())), "0x000a"),
        (of(proposal(EXTERNAL, UnknownProposal(UNKNOWN_TYPE, b""))), "0xf0aa"),
    ),
    *holds(
        messages.external_sender_is_listed,
        of(proposal(EXTERNAL, ADD)),
        of(proposal(from_member(1), ADD), listed=()),
    ),
    *breaks(
        messages.external_sender_is_listed,
        (of(proposal(EXTERNAL, ADD), listed=()), "lists 0"),
        (of(proposal(Sender(SenderType.external, sender_index=1), ADD)), "index 1"),
    ),
    *holds(messages.new_member_commits, of(commit(NEW_COMMIT)), of(commit(from_member(1)))),
    *breaks(
        messages.new_member_commits,
        (of(proposal(NEW_COMMIT, ADD)), "proposal"),
        (of(application(NEW_COMMIT)), "application"),
        (of(commit(NEW_COMMIT, PATHLESS)), "no path"),
    ),
    *holds(
        messages.new_member_proposes_an_add,
        of(proposal(NEW_PROPOSAL, ADD)),
        of(proposal(from_member(1), Remove(2))),
    ),
    *breaks(
        messages.new_member_proposes_an_add,
        (of(proposal(NEW_PROPOSAL, Remove(1))), "proposal"),
        (of(commit(NEW_PROPOSAL)), "commit"),
        (of(application(NEW_PROPOSAL)), "application"),
    ),
    *holds(
        messages.proposal_type_is_not_grease,
        of(commit(from_member(1))),
        of(proposal(from_member(1), UnknownProposal(UNKNOWN_TYPE, b""))),
    ),
    *breaks(
        messages.proposal_type_is_not_grease,
        (of(proposal(from_member(1), UnknownProposal(GREASE[0], b""))), "0x0a0a"),
    ),
    *holds(
        messages.self_remove_is_public,
        of(proposal(from_member(1), SelfRemove())),
        of(proposal(from_member(1), Remove(1)), PRIVATE),
    ),
    *breaks(
        messages.self_remove_is_public,
        (of(proposal(from_member(1), SelfRemove()), PRIVATE), "PrivateMessage"),
        (of(proposal(EXTERNAL, SelfRemove())), "member"),
        (of(proposal(NEW_PROPOSAL, SelfRemove())), "member"),
    ),
]


@each_of(CASES)
def test_rule(case: Case) -> None:
    case.check()


def test_every_rule_has_a_case_for_it_and_one_against_it() -> None:
    assert without_cases(messages, CASES) == set()
