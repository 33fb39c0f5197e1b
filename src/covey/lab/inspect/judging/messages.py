"""Framed messages (RFC 9420 §6). May import rules, framing and the steps of an observer."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from covey.errors import AuthenticationError, CoveyError, DecodeError, ProtocolError
from covey.lab.conformance.verify.passive import POLICY
from covey.lab.inspect.judging import proposals
from covey.lab.inspect.judging.verdicts import GROUP, NO_TREE
from covey.mls.framing import authenticate
from covey.mls.group import process_commit, receiving
from covey.mls.group.verify import Checker
from covey.mls.rules import messages
from covey.mls.rules.registry import Remote
from covey.mls.structs.framing import AuthenticatedContent
from covey.mls.wire.code_points import ContentType, WireFormat

if TYPE_CHECKING:
    from covey.lab.inspect.judging.verdicts import Surroundings, Verdicts
    from covey.mls.structs.framing import FramedContent, PrivateMessage, PublicMessage

_BY_GROUP: Final = (
    messages.group_is_ours,
    messages.member_sender_is_in_the_tree,
    messages.external_sender_is_listed,
)
_SIGNATURE: Final = ("VAL-089", "6.1", "The signature of a message verifies.")
_MEMBERSHIP: Final = ("VAL-099", "6.2", "The membership_tag of a PublicMessage verifies.")
_CONFIRMATION: Final = ("VAL-157", "12.4.2", "The confirmation_tag of a commit verifies.")
_SEALED: Final = (
    ("VAL-104", "6.3.1", "The ciphertext opens, with its PrivateContentAAD."),
    ("VAL-105", "6.3.1", "The padding of a PrivateMessageContent is zero."),
    ("VAL-110", "6.3.2", "The leaf_index in the sender data identifies a non-blank leaf."),
)
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
    if around.group is not None and content.epoch == around.group.context.epoch:
        followed(into, message, around)


def framed_content(
    into: Verdicts, content: FramedContent, wire_format: int, around: Surroundings
) -> None:
    """Judge what a content says, and what it carries (§6)."""
    group = around.group
    context = proposals.own_context(content.group_id, content.epoch)
    tree = NO_TREE
    if group is not None:
        context, tree = group.context, group.tree
    subject = messages.MessageSubject(content, wire_format, context, tree)
    for rule in messages.MESSAGE:
        if group is None and rule in _BY_GROUP:
            into.unknown((rule,), GROUP)
        else:
            into.ask(rule, subject)
    handshake = content.content_type is not ContentType.application
    if handshake and group is None:
        into.unknown((messages.epoch_is_current,), GROUP)
    elif handshake:
        into.ask(messages.epoch_is_current, messages.EpochSubject(content.epoch, context.epoch))
    if content.proposal is not None:
        proposals.proposal(into, content.proposal, content.sender, around, "proposal")
    if content.commit is not None:
        proposals.commit(into, content.commit, content.sender, around, "commit")


def _signature(into: Verdicts, message: AuthenticatedContent, around: Surroundings) -> None:
    """The signature, which covers the GroupContext for most senders (§6.1)."""
    group = around.group
    if group is None:
        into.open(*_SIGNATURE, GROUP)
        return
    content = message.content
    subject = messages.MessageSubject(content, message.wire_format, group.context, group.tree)
    if any(rule.check(subject) is not None for rule in _BY_GROUP[1:]):
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
    """Let an observer follow the message; it names what was not asked rule by rule above."""
    group = around.group
    assert group is not None
    known = {each.rule for each in into.findings if each.verdict == "broken"}
    if known:
        return
    check = Checker(POLICY, around.now or 0, Remote)
    try:
        if message.content.commit is None:
            receiving.verified_proposal(message, group, check)
        else:
            process_commit.observe(message, group, {}, check)
    except (ProtocolError, AuthenticationError, DecodeError) as error:
        statement = error.statement if isinstance(error, ProtocolError) else str(error)
        detail = error.detail if isinstance(error, ProtocolError) else "it does not verify"
        into.fact(error.rule, error.section, statement, detail or "it is broken")
    except CoveyError as error:
        into.open(error.rule, error.section, "An observer can follow the message.", str(error))


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
