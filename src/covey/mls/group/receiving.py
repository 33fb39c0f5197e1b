"""RFC 9420 §6, §12.1, §12.4.2: what happens to a message that comes in.

May import framing, rules and the other steps of this folder. Everything is computed beside
the state; the caller then applies the one secret-tree step and swaps the state in.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from covey.errors import (
    AuthenticationError,
    MissingKeyError,
    PolicyError,
    StateError,
    WrongEpochError,
)
from covey.mls.framing import authenticate, private, public
from covey.mls.group.epoch import PublicState
from covey.mls.group.events import (
    EpochChanged,
    Event,
    MessageReceived,
    OwnMessage,
    ProposalReceived,
    member_info,
)
from covey.mls.group.process_commit import Ours, Staged, process_commit
from covey.mls.rules import messages, proposals
from covey.mls.rules.proposal_list import ProposalList, Sent
from covey.mls.rules.registry import Remote, enforce
from covey.mls.schedule.secret_tree import APPLICATION, HANDSHAKE
from covey.mls.structs.framing import AuthenticatedContent, PrivateMessage, PublicMessage
from covey.mls.structs.message import MLSMessage
from covey.mls.structs.proposals import Add
from covey.mls.wire.code_points import ContentType, ProtocolVersion, SenderType, WireFormat

if TYPE_CHECKING:
    from collections.abc import Collection

    from covey.mls.group.epoch import Epoch, PastEpoch
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
        staged: A verified commit that has not been applied.
    """

    state: State
    event: Event
    spend: tuple[SecretTree, Step] | None = None
    staged: Staged | None = None

    def __repr__(self) -> str:
        return f"Outcome({self.event!r})"


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
    pending = state.pending
    if pending is not None and pending.message == data:
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
    if content.sender.leaf_index == epoch.private.index:
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
    enforce(messages.HANDSHAKE, subject, Remote)
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
    if epoch != current:
        rule = messages.epoch_is_current
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
    where = _epoch_of(message, state)
    context, tree, index, secret, secret_tree, encoded = where
    suite = tree.suite
    sender = private.open_sender_data(suite, secret, message)
    if sender.leaf_index == index:
        return _own_message(state, message.epoch, message.content_type)
    kind: RatchetKind = (
        APPLICATION if message.content_type is ContentType.application else HANDSHAKE
    )
    if tree.leaf(sender.leaf_index) is None:
        statement = "The leaf_index of a sender that is a member identifies a non-blank leaf."
        msg = "VAL-110"
        raise Remote(msg, "6.3.2", statement, f"leaf {sender.leaf_index} is blank")
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
            content.authenticated_data,
            content.epoch,
            sender.generation,
        )
        return Outcome(state, event, spend)
    authenticated = AuthenticatedContent(WireFormat.mls_private_message, content, opened.auth)
    return _handshake(authenticated, state, ours, check)._replace(spend=spend)


def _peek(
    secret_tree: SecretTree, leaf: int, kind: RatchetKind, generation: int, epoch: int
) -> Step:
    try:
        return secret_tree.peek(leaf, kind, generation)
    except MissingKeyError as error:
        raise MissingKeyError(error.reason, epoch=epoch, generation=generation) from None


def _epoch_of(
    message: PrivateMessage, state: State
) -> tuple[GroupContext, RatchetTree, int, bytes, SecretTree, bytes]:
    """What is needed to read a message: of the current epoch, or of a past one (VAL-102)."""
    epoch: Epoch = state.epoch
    context = epoch.public.context
    statement = "A message is for the group, and for an epoch whose keys are kept."
    if message.group_id != context.group_id:
        msg = "VAL-101"
        raise Remote(msg, "6", statement, f"group {message.group_id.hex()}")
    if message.epoch == context.epoch:
        public_state = epoch.public
        secret = epoch.secrets.sender_data_secret
        return (
            context,
            public_state.tree,
            epoch.private.index,
            secret,
            state.secret_tree,
            public_state.encoded,
        )
    if message.content_type is not ContentType.application:
        require_epoch(message.epoch, context.epoch)
    return _past_epoch(message, state)


def _past_epoch(
    message: PrivateMessage, state: State
) -> tuple[GroupContext, RatchetTree, int, bytes, SecretTree, bytes]:
    now = state.epoch.public.context.epoch
    kept: PastEpoch
    for kept in state.past:
        if kept.context.epoch == message.epoch:
            return (
                kept.context,
                kept.tree,
                kept.index,
                kept.sender_data_secret,
                kept.secret_tree,
                kept.encoded,
            )
    ahead = message.epoch > now
    reason = "the epoch has not begun here" if ahead else "the epoch is past, its keys are gone"
    raise MissingKeyError(reason, epoch=message.epoch)


def _own_message(state: State, epoch: int, kind: ContentType) -> Outcome:
    """A message of our own came back (ERR-34, VAL-111, VAL-164)."""
    if kind is ContentType.commit:
        msg = "a commit of our own that is not pending: this state is behind, or was cloned"
        raise StateError(msg)
    return Outcome(state, OwnMessage(epoch))


def _handshake(
    authenticated: AuthenticatedContent, state: State, ours: Ours, check: Checker
) -> Outcome:
    require_going_on(state.reinit)
    if authenticated.content.commit is not None:
        staged = process_commit(authenticated, ours, check)
        outcome = Outcome(*applied(staged, state, check), staged=staged)
        data = authenticated.content.authenticated_data
        event = outcome.event
        assert isinstance(event, EpochChanged)
        changed = EpochChanged(event.changed, event.own, event.removed, event.discarded, data)
        return outcome._replace(event=changed)
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
    event = ProposalReceived(content.sender, sent.proposal, reference, content.authenticated_data)
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
