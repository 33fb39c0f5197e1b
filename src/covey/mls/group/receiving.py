"""RFC 9420 §6, §12.1, §12.4.2: what happens to a message that comes in.

May import framing, rules and the other steps of this folder. Everything is computed beside
the state; the caller then applies the one secret-tree step and swaps the state in.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from covey.errors import (
    AuthenticationError,
    MissingKeyError,
    PolicyError,
    StateError,
    WrongEpochError,
)
from covey.mls.framing import authenticate, private, public
from covey.mls.group.epoch import PublicState, past
from covey.mls.group.events import (
    EpochChanged,
    Event,
    MessageReceived,
    OwnMessage,
    ProposalReceived,
    member_info,
)
from covey.mls.group.process_commit import Ours, Staged, process_commit
from covey.mls.group.safe_aad import beside
from covey.mls.rules import messages, proposals
from covey.mls.rules.proposal_list import ProposalList, Sent
from covey.mls.rules.registry import Remote, enforce
from covey.mls.structs.framing import AuthenticatedContent, PrivateMessage, PublicMessage
from covey.mls.structs.message import MLSMessage
from covey.mls.structs.proposals import Add
from covey.mls.wire.code_points import ContentType, ProtocolVersion, SenderType, WireFormat

if TYPE_CHECKING:
    from collections.abc import Collection

    from covey.mls.group.epoch import PastEpoch
    from covey.mls.group.policy import Policy
    from covey.mls.group.state import State
    from covey.mls.group.verify import Checker
    from covey.mls.schedule.secret_tree import RatchetKind, SecretTree, Step
    from covey.mls.structs.framing import FramedContent
    from covey.mls.structs.proposals import ReInit
    from covey.mls.structs.schedule import GroupContext
    from covey.mls.tree.ratchet_tree import RatchetTree


class Outcome(NamedTuple):
    """What receiving a message leads to, before any of it is done.

    Attributes:
        state: The next state.
        event: What to tell the application.
        spend: The secret-tree step to apply, and the tree, for a private message.
    """

    state: State
    event: Event
    spend: tuple[SecretTree, Step] | None = None

    def __repr__(self) -> str:
        return f"Outcome({self.event!r})"

    def __rich_repr__(self) -> list[tuple[str, Any]]:
        return []


def decode_message(data: bytes) -> MLSMessage:
    """Decode an MLSMessage of version mls10 (VAL-008).

    Raises:
        DecodeError: The bytes are no MLSMessage.
        RemoteProtocolError: It has another version.
    """
    message = MLSMessage.decode(data)
    if message.version != ProtocolVersion.mls10:
        statement = "The version of an MLSMessage is mls10."
        msg = "VAL-008"
        raise Remote(msg, "6", statement, f"version {message.version}")
    return message


def receive(data: bytes, state: State, ours: Ours, check: Checker) -> Outcome:
    """Verify a message and compute what it changes.

    Raises:
        DecodeError: The bytes are no message.
        ProtocolError: A rule is broken.
        AuthenticationError: A signature, a tag or an encryption does not verify.
        MissingKeyError: The key is gone, or a proposal or PSK is not known.
        PolicyError: The policy refuses.
        StateError: The message is of a kind that is not received here.
    """
    message = decode_message(data).message
    if _is_pending(data, state):
        return own_commit(state, check)
    echo = bool(state.accepted) and state.accepted == state.epoch.public.suite.hash(data)
    if isinstance(message, PublicMessage):
        if echo:
            return Outcome(state, OwnMessage(message.content.epoch))
        return _public(message, state, ours, check)
    if isinstance(message, PrivateMessage):
        if echo:
            return Outcome(state, OwnMessage(message.epoch))
        return _private(message, state, ours, check)
    msg = f"a {type(message).__name__} is not received by a group; it is for joining"
    raise StateError(msg)


def _is_pending(data: bytes, state: State) -> bool:
    """Whether a message is our pending commit, which is known by its bytes."""
    return state.pending is not None and state.pending.message == data


def own_commit(state: State, check: Checker) -> Outcome:
    """Our pending commit has been accepted: its epoch begins (VAL-164)."""
    pending = state.pending
    assert pending is not None
    reinit = pending.changed.reinit
    following = state.advanced(pending.epoch, pending.secret_tree, reinit, check.policy)
    following = following.replace(accepted=state.epoch.public.suite.hash(pending.message))
    return Outcome(following, EpochChanged(pending.changed, own=True))


def _public(message: PublicMessage, state: State, ours: Ours, check: Checker) -> Outcome:
    epoch = state.epoch
    content = message.content
    authenticated = open_public(message, epoch.public, epoch.secrets.membership_key)
    if _is_own(content.sender.leaf_index, epoch.private.index):
        return _own_message(state, content.epoch, content.content_type)
    return _handshake(authenticated, state, ours, check)


def open_public(
    message: PublicMessage, state: PublicState, membership_key: bytes | None
) -> AuthenticatedContent:
    """Verify a PublicMessage: rules, membership tag, signature (§6.1, §6.2).

    Args:
        message: The message.
        state: The public state of its epoch.
        membership_key: Of its epoch, or None for an observer who cannot know it.

    Raises:
        RemoteProtocolError: A rule is broken.
        AuthenticationError: The tag or the signature does not verify.
    """
    content = message.content
    wire_format = WireFormat.mls_public_message
    subject = messages.MessageSubject(content, wire_format, state.context, state.tree)
    if content.group_id == state.context.group_id:
        require_epoch(content.epoch, state.context.epoch)
    enforce(messages.MESSAGE, subject, Remote)
    tbs = authenticate.to_be_signed(wire_format, content, state.encoded)
    is_member = content.sender.sender_type is SenderType.member
    if (
        is_member
        and membership_key is not None
        and not public.verify_membership(state.suite, membership_key, message, tbs)
    ):
        rule = "VAL-099"
        raise AuthenticationError(rule, "6.2")
    verify_signature(state, content, tbs, message.auth.signature)
    return AuthenticatedContent(wire_format, content, message.auth)


def require_epoch(epoch: int, current: int) -> None:
    """Refuse a handshake message of another epoch than the current one (VAL-102).

    Raises:
        WrongEpochError: It is of another.
    """
    rule = messages.epoch_is_current
    if rule.check(messages.EpochSubject(epoch, current)) is not None:
        raise WrongEpochError(rule.id, rule.section, rule.statement, epoch, current)


def verify_signature(
    state: PublicState, content: FramedContent, tbs: bytes, signature: bytes
) -> None:
    """Verify a signature with the key that the sender's type says (VAL-089).

    Raises:
        AuthenticationError: It does not verify.
    """
    key = _signature_key(content, state)
    if key is None or not authenticate.verify(state.suite, key, tbs, signature):
        rule = "VAL-089"
        raise AuthenticationError(rule, "6.1")


def _signature_key(content: FramedContent, state: PublicState) -> bytes | None:
    sender = content.sender
    match sender.sender_type:
        case SenderType.member:
            assert sender.leaf_index is not None
            leaf = state.tree.leaf(sender.leaf_index)
            return None if leaf is None else leaf.signature_key
        case SenderType.external:
            assert sender.sender_index is not None
            return messages.external_senders(state.context)[sender.sender_index].signature_key
        case SenderType.new_member_commit:
            path = None if content.commit is None else content.commit.path
            return None if path is None else path.leaf_node.signature_key
        case SenderType.new_member_proposal:
            proposal = content.proposal
            if not isinstance(proposal, Add):
                return None
            return proposal.key_package.leaf_node.signature_key


def _private(message: PrivateMessage, state: State, ours: Ours, check: Checker) -> Outcome:
    now = state.epoch.public.context
    _require_group(message.group_id, now)
    if message.content_type is not ContentType.application:
        require_epoch(message.epoch, now.epoch)
    keys = _keys_of(message.epoch, state)
    context, tree, secret_tree, encoded = keys.context, keys.tree, keys.secret_tree, keys.encoded
    suite = tree.suite
    sender = private.open_sender_data(suite, keys.sender_data_secret, message)
    if _is_own(sender.leaf_index, keys.index):
        return _own_message(state, message.epoch, message.content_type)
    _require_member(sender.leaf_index, tree)
    kind = private.ratchet_of(message.content_type)
    step = _peek(secret_tree, sender.leaf_index, kind, sender.generation, message.epoch)
    opened = private.open_content(suite, step.key, step.nonce, message, sender)
    at = PublicState(context, encoded, tree, b"", b"")
    content = opened.content
    subject = messages.MessageSubject(content, WireFormat.mls_private_message, context, tree)
    enforce(messages.MESSAGE, subject, Remote)
    tbs = authenticate.to_be_signed(WireFormat.mls_private_message, content, encoded)
    verify_signature(at, content, tbs, opened.auth.signature)
    spend = (secret_tree, step)
    if content.application_data is not None:
        leaf = tree.leaf(sender.leaf_index)
        assert leaf is not None
        event = MessageReceived(
            member_info(sender.leaf_index, leaf),
            content.application_data,
            b"",
            content.epoch,
            sender.generation,
        )
        return Outcome(state, beside(event, content, context), spend)
    authenticated = AuthenticatedContent(WireFormat.mls_private_message, content, opened.auth)
    return _handshake(authenticated, state, ours, check)._replace(spend=spend)


def _peek(
    secret_tree: SecretTree, leaf: int, kind: RatchetKind, generation: int, epoch: int
) -> Step:
    try:
        return secret_tree.peek(leaf, kind, generation)
    except MissingKeyError as error:
        found = MissingKeyError(error.reason, epoch=epoch, generation=generation)
        raise found.of(rule=error.rule, section=error.section) from None


def _require_group(group_id: bytes, context: GroupContext) -> None:
    """Refuse a private message of another group (VAL-101).

    Raises:
        RemoteProtocolError: It is of another.
    """
    if group_id != context.group_id:
        rule = messages.group_is_ours
        raise Remote(rule.id, rule.section, rule.statement, f"group {group_id.hex()}")


def _require_member(leaf_index: int, tree: RatchetTree) -> None:
    """Refuse a private message of a leaf that is blank (VAL-110).

    Raises:
        RemoteProtocolError: It is.
    """
    if tree.leaf(leaf_index) is None:
        statement = "The leaf_index in the sender data identifies a non-blank leaf."
        rule = "VAL-110"
        raise Remote(rule, "6.3.2", statement, f"leaf {leaf_index} is blank")


def _keys_of(epoch: int, state: State) -> PastEpoch:
    """What is needed to read a message: of the current epoch, or of a past one (VAL-102).

    Raises:
        MissingKeyError: It is not kept any more, or the epoch has not begun.
    """
    for each in (past(state.epoch, state.secret_tree), *state.past):
        if each.context.epoch == epoch:
            return each
    ahead = epoch > state.epoch.public.context.epoch
    reason = "the epoch has not begun here" if ahead else "the epoch is past, its keys are gone"
    raise MissingKeyError(reason, epoch=epoch).of(rule="VAL-102", section="6")


def _is_own(leaf_index: int | None, own: int) -> bool:
    """Whether the sender of a message is we ourselves, by its leaf."""
    return leaf_index == own


def _own_message(state: State, epoch: int, kind: ContentType) -> Outcome:
    """A message of our own came back (ERR-34, VAL-111, VAL-164)."""
    if kind is ContentType.commit:
        msg = "a commit of our own that is not pending: this state is behind, or was cloned"
        raise StateError(msg).of(rule="VAL-164", section="12.4.2")
    return Outcome(state, OwnMessage(epoch))


def _handshake(
    authenticated: AuthenticatedContent, state: State, ours: Ours, check: Checker
) -> Outcome:
    require_going_on(state.reinit)
    if authenticated.content.commit is not None:
        staged = process_commit(authenticated, ours, check)
        after, event = applied(staged, state, check)
        return Outcome(after, beside(event, authenticated.content, state.epoch.public.context))
    return _proposal(authenticated, state, check)


def require_going_on(reinit: ReInit | None) -> None:
    """Refuse a proposal or a commit in a group that a ReInit has ended (VAL-163).

    Raises:
        RemoteProtocolError: It has ended.
    """
    if reinit is not None:
        statement = "After a commit with a ReInit no more messages are sent in the group."
        rule = "VAL-163"
        raise Remote(rule, "12.4.2", statement)


def applied(staged: Staged, state: State, check: Checker) -> tuple[State, EpochChanged]:
    """The state after a staged commit, and the event."""
    discarded = state.pending is not None
    if staged.following is None:
        return state.wiped(), EpochChanged(staged.changed, removed=True, discarded=discarded)
    following = staged.following
    after = state.advanced(
        following.epoch, following.secret_tree, staged.changed.reinit, check.policy
    )
    return after, EpochChanged(staged.changed, discarded=discarded)


def _proposal(authenticated: AuthenticatedContent, state: State, check: Checker) -> Outcome:
    """Verify a proposal and keep it under its reference (§12.1, VAL-113)."""
    public_state = state.epoch.public
    sent = verified_proposal(authenticated, public_state, check)
    reference = sent.reference
    assert reference is not None
    require_room(state.proposals, check.policy)
    content = authenticated.content
    event = ProposalReceived(content.sender, sent.proposal, reference)
    event = beside(event, content, public_state.context)
    return Outcome(state.replace(proposals={**state.proposals, reference: sent}), event)


def require_room(proposals: Collection[bytes], policy: Policy) -> None:
    """Refuse to keep more proposals of one epoch than the policy allows.

    Raises:
        PolicyError: There are as many already.
    """
    if len(proposals) >= policy.max_proposals:
        msg = f"more than {policy.max_proposals} proposals in one epoch"
        raise PolicyError(msg)


def verified_proposal(
    authenticated: AuthenticatedContent, state: PublicState, check: Checker
) -> Sent:
    """Check a proposal by itself (§12.1).

    Raises:
        ProtocolError: A rule is broken.
        AuthenticationError: A leaf or a KeyPackage is not signed by its key.
        PolicyError: The policy refuses it.
    """
    content = authenticated.content
    proposal, sender = content.proposal, content.sender
    assert proposal is not None
    reference = proposal_ref(authenticated, state)
    sent = Sent(proposal, sender, reference, verified=True)
    alone = ProposalList((sent,), None, state.context, state.tree)
    enforce(proposals.ALONE, alone, check.blame)
    check.signatures(state.suite, check.proposal(sent, state))
    check.credentials(sent, state)
    check.policy.accept_proposal(sent, state)
    return sent


def proposal_ref(authenticated: AuthenticatedContent, state: PublicState) -> bytes:
    """MakeProposalRef(value): of the AuthenticatedContent that carries it (Nh bytes, §5.2)."""
    return state.suite.ref_hash("MLS 1.0 Proposal Reference", authenticated.encode())
