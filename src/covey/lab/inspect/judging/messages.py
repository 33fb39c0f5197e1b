"""Framed messages (RFC 9420 §6). May import rules, framing and the steps of an observer."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Final

from covey.errors import AuthenticationError, CoveyError, DecodeError, ProtocolError
from covey.lab.conformance.verify.passive import POLICY
from covey.lab.inspect.judging import commits, proposals
from covey.lab.inspect.judging.leaves import LEAF_SIGNATURE, PACKAGE_SIGNATURE
from covey.lab.inspect.judging.verdicts import AFTER, GROUP, NO_TREE
from covey.mls.framing import authenticate
from covey.mls.group import process_commit, receiving
from covey.mls.group.verify import Checker
from covey.mls.rules import messages
from covey.mls.rules.registry import Remote
from covey.mls.structs.components import has_safe_aad
from covey.mls.structs.framing import AuthenticatedContent
from covey.mls.structs.proposals import SelfRemove
from covey.mls.wire.code_points import ContentType, SenderType, WireFormat

if TYPE_CHECKING:
    from collections.abc import Collection

    from covey.lab.inspect.judging.verdicts import Surroundings, Verdicts
    from covey.mls.rules.registry import Rule
    from covey.mls.structs.framing import FramedContent, PrivateMessage, PublicMessage

_BY_SENDER: Final = (
    messages.member_sender_is_in_the_tree,
    messages.external_sender_is_listed,
)
_BY_GROUP: Final = (
    messages.group_is_ours,
    *_BY_SENDER,
    messages.authenticated_data_is_safe,
)
_BY_FORMAT: Final = (messages.application_data_is_private, messages.self_remove_is_public)
"""Rules that look at how a content came."""
_OBSERVER: Final = dataclasses.replace(POLICY, components=dict.fromkeys(range(1 << 16)))
"""Knows every component by name, and of none what its data means."""
_SIGNATURE: Final = ("VAL-089", "6.1", "The signature of a message verifies.")
_MEMBERSHIP: Final = ("VAL-099", "6.2", "The membership_tag of a PublicMessage verifies.")
_CONFIRMATION: Final = ("VAL-157", "12.4.2", "The confirmation_tag of a commit verifies.")
_SEALED: Final = (
    ("VAL-104", "6.3.1", "The ciphertext opens, with its PrivateContentAAD."),
    ("VAL-105", "6.3.1", "The padding of a PrivateMessageContent is zero."),
    ("VAL-110", "6.3.2", "The leaf_index in the sender data identifies a non-blank leaf."),
)
_SENDERS: Final = {
    messages.member_sender_is_in_the_tree: SenderType.member,
    messages.external_sender_proposes: SenderType.external,
    messages.external_sender_is_listed: SenderType.external,
    messages.new_member_commits: SenderType.new_member_commit,
    messages.new_member_proposes_an_add: SenderType.new_member_proposal,
}
"""The type of sender that a rule is about."""
_OBSERVED: Final = (
    "VAL-079",
    "VAL-080",
    "VAL-084",
    "VAL-081",
    "VAL-029",
    "VAL-043",
    "VAL-044",
    "VAL-046",
    "VAL-047",
    "VAL-048",
    "VAL-049",
)
"""What an observer checks of a path, and then of the tree that it gives, in this order."""
_SIGNATURES: Final = {each[0]: each[2] for each in (LEAF_SIGNATURE, PACKAGE_SIGNATURE)}
_TAG_BYTES: Final = 16  # of every AEAD of the RFC's suites
_SENDER_DATA_BYTES: Final = 12


def public_message(into: Verdicts, message: PublicMessage, around: Surroundings) -> None:
    """Judge a PublicMessage (§6.2)."""
    authenticated = AuthenticatedContent(
        WireFormat.mls_public_message, message.content, message.auth
    )
    authenticated_content(into, authenticated, around)
    if message.membership_tag is not None:
        into.open(*_MEMBERSHIP, "the membership_key of the epoch")


def authenticated_content(
    into: Verdicts, message: AuthenticatedContent, around: Surroundings
) -> None:
    """Judge a content that is signed, however it came (§6.1)."""
    content = message.content
    framed_content(into, content, message.wire_format, around)
    _signature(into, message, around)
    if content.content_type is ContentType.commit:
        into.open(*_CONFIRMATION, "the confirmation_key of the epoch that it opens")
    if _is_of_its_group(content, around):
        followed(into, message, around)


def framed_content(
    into: Verdicts, content: FramedContent, wire_format: int, around: Surroundings
) -> None:
    """Judge what a content says, and what it carries (§6).

    By the group, as far as it is that of the message, in its epoch.
    """
    group = around.group
    context = proposals.own_context(content.group_id, content.epoch)
    tree = NO_TREE
    if group is not None:
        context, tree = group.context, group.tree
    ours = _is_of_its_group(content, around)
    subject = messages.MessageSubject(content, wire_format, context, tree)
    known = [messages.group_is_ours] if group is not None else []
    _framing(into, subject, [*known, *_BY_GROUP] if ours else known)
    handshake = content.content_type is not ContentType.application
    if handshake and group is None:
        into.unknown((messages.epoch_is_current,), GROUP)
    elif handshake:
        into.ask(messages.epoch_is_current, messages.EpochSubject(content.epoch, context.epoch))
    if not ours:
        around = around._replace(group=None)
    if content.proposal is not None:
        proposals.proposal(into, content.proposal, content.sender, around, "proposal")
    if content.commit is not None:
        commits.commit(into, content.commit, content.sender, around, "commit")


def _framing(into: Verdicts, subject: messages.MessageSubject, known: Collection[Rule]) -> None:
    """Ask the rules for all messages; ``known`` are those about the group that can be asked."""
    for rule in messages.MESSAGE:
        if not _concerns(rule, subject):
            continue
        if rule in _BY_GROUP and rule not in known:
            into.unknown((rule,), GROUP)
        elif rule in _BY_FORMAT and not subject.wire_format:
            into.unknown((rule,), "the message that it came in")
        else:
            into.ask(rule, subject)


def _is_of_its_group(content: FramedContent, around: Surroundings) -> bool:
    """Whether the group that is known is that of a message, in its epoch."""
    if around.group is None:
        return False
    context = around.group.context
    return (content.group_id, content.epoch) == (context.group_id, context.epoch)


def _concerns(rule: Rule, subject: messages.MessageSubject) -> bool:
    """Whether a rule is about senders, proposals and groups such as these."""
    content = subject.content
    if rule in _SENDERS:
        return _SENDERS[rule] is content.sender.sender_type
    if rule is messages.proposal_type_is_not_grease:
        return content.proposal is not None
    if rule is messages.self_remove_is_public:
        return isinstance(content.proposal, SelfRemove)
    return rule is not messages.authenticated_data_is_safe or has_safe_aad(
        subject.context.extensions
    )


def _signature(into: Verdicts, message: AuthenticatedContent, around: Surroundings) -> None:
    """The signature, which covers the GroupContext for most senders (§6.1)."""
    group, content = around.group, message.content
    if group is None or not _is_of_its_group(content, around):
        into.open(*_SIGNATURE, GROUP)
        return
    subject = messages.MessageSubject(content, message.wire_format, group.context, group.tree)
    if any(rule.check(subject) is not None for rule in _BY_SENDER):
        into.open(*_SIGNATURE, "a sender who is known")
        return
    tbs = authenticate.to_be_signed(message.wire_format, content, group.encoded)
    try:
        receiving.verify_signature(group, content, tbs, message.auth.signature)
        broken = None
    except AuthenticationError:
        broken = "it does not"
    into.fact(*_SIGNATURE, broken)


def followed(into: Verdicts, message: AuthenticatedContent, around: Surroundings) -> None:
    """Let an observer follow the message; it judges what was not asked rule by rule above."""
    group, commit = around.group, message.content.commit
    assert group is not None
    referring = commit is not None and any(each.reference for each in commit.proposals)
    if referring or any(each.verdict == "broken" for each in into.findings):
        return
    check = Checker(_OBSERVER, around.now or 0, Remote)
    try:
        if commit is not None:
            process_commit.observe(message, group, {}, check)
            into.settle(AFTER, _OBSERVED)
        elif message.content.proposal is not None:
            receiving.verified_proposal(message, group, check)
    except (ProtocolError, AuthenticationError, DecodeError) as error:
        _refused(into, error)
    except CoveyError as error:
        statement = "The application lets it take effect."
        into.open(error.rule, error.section, statement, f"its consent: {error}")


def _refused(into: Verdicts, error: CoveyError) -> None:
    """Note the rule that an observer found broken; those that it checked before hold."""
    if isinstance(error, ProtocolError):
        statement, detail = error.statement, error.detail or "it is broken"
    else:
        statement = _SIGNATURES.get(error.rule, "All of it verifies that needs no secret.")
        detail = "it does not" if error.rule in _SIGNATURES else str(error)
    if error.rule in _OBSERVED:
        place = _OBSERVED.index(error.rule)
        into.settle(AFTER, _OBSERVED[:place])
        into.settle(AFTER, _OBSERVED[place : place + 1], "")
        into.settle(AFTER, _OBSERVED[place + 1 :], "what the rule that is broken asks for")
    into.fact(error.rule, error.section, statement, detail)


def private_message(into: Verdicts, message: PrivateMessage, around: Surroundings) -> None:
    """Judge a PrivateMessage: little more can be seen than its lengths (§6.3)."""
    length = len(message.encrypted_sender_data)
    wanted = _SENDER_DATA_BYTES + _TAG_BYTES
    statement = f"encrypted_sender_data is a SenderData and a tag: {wanted} bytes."
    into.fact("", "6.3.2", statement, None if length == wanted else f"it has {length}")
    length = len(message.ciphertext)
    statement = f"A ciphertext has at least the {_TAG_BYTES} bytes of its tag."
    into.fact("", "6.3.1", statement, None if length >= _TAG_BYTES else f"it has {length}")
    group = around.group
    if group is None:
        into.unknown((messages.group_is_ours, messages.epoch_is_current), GROUP)
    else:
        rule = messages.group_is_ours
        same = message.group_id == group.context.group_id
        broken = None if same else f"group {message.group_id.hex()}"
        into.fact(rule.id, rule.section, rule.statement, broken)
        if message.content_type is not ContentType.application:
            epochs = messages.EpochSubject(message.epoch, group.context.epoch)
            into.ask(messages.epoch_is_current, epochs)
    for rule_id, section, statement in _SEALED:
        into.open(rule_id, section, statement, "the secrets of the epoch")
    into.open(*_SIGNATURE, "the secrets of the epoch")
