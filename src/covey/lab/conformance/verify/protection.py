"""Public and private messages of one sender (RFC 9420 §6).

May import structs, the schedule, framing and its rules.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

from covey.errors import LocalProtocolError
from covey.lab.conformance.case import CaseError, ensure
from covey.mls.crypto.entropy import Entropy, system_entropy
from covey.mls.framing import authenticate, private, public
from covey.mls.rules.messages import MessageSubject, application_data_is_private
from covey.mls.rules.registry import Local, enforce
from covey.mls.schedule.secret_tree import APPLICATION, HANDSHAKE, SecretTree
from covey.mls.structs.commit import Commit
from covey.mls.structs.framing import (
    FramedContentAuthData,
    PrivateMessage,
    PublicMessage,
    Sender,
)
from covey.mls.structs.message import MLSMessage
from covey.mls.structs.proposals import ProposalFrame
from covey.mls.structs.schedule import GroupContext
from covey.mls.tree import census, keys
from covey.mls.tree.ratchet_tree import RatchetTree
from covey.mls.wire.code_points import ContentType, ProtocolVersion, SenderType, WireFormat

if TYPE_CHECKING:
    from covey.lab.conformance.case import Case
    from covey.mls.crypto.suite import Suite
    from covey.mls.schedule.secret_tree import RatchetKind
    from covey.mls.structs.framing import FramedContent

SENDER: Final = Sender(SenderType.member, leaf_index=1)
"""Who sends every message of this family."""

_LEAVES: Final = 2
_AUTHENTICATED_DATA: Final = b"said in the clear"


class Epoch(NamedTuple):
    """The keys of the sender and of the receivers."""

    suite: Suite
    group_id: bytes
    epoch: int
    context: bytes
    signature_priv: bytes
    signature_pub: bytes
    encryption_secret: bytes
    sender_data_secret: bytes
    membership_key: bytes
    entropy: Entropy = system_entropy

    def secret_tree(self) -> SecretTree:
        """A tree of which nothing has been used."""
        return SecretTree(self.suite, _LEAVES, self.encryption_secret)


def message_protection(case: Case) -> None:
    """A proposal, a commit and application data, protected by the vector and by us."""
    epoch = _epoch(case)
    for name, kind in (("proposal", ContentType.proposal), ("commit", ContentType.commit)):
        raw = case.octets(name)
        received = _unprotect_public(epoch, case.octets(f"{name}_pub"))
        ensure(_raw(received, kind) == raw, f"{name}_pub holds something else")
        again = _unprotect_public(epoch, protect_public(epoch, content_of(epoch, kind, raw)))
        ensure(_raw(again, kind) == raw, f"our public {name} holds something else")
        _private(epoch, case, name, kind, raw)
    kind, data = ContentType.application, case.octets("application")
    _private(epoch, case, "application", kind, data)
    ensure(_refused_in_public(epoch, kind, data), "we would send application data in public")


def _refused_in_public(epoch: Epoch, kind: ContentType, data: bytes) -> bool:
    tree = RatchetTree(epoch.suite, 0, None, keys.EMPTY, census.EMPTY)
    content, form = content_of(epoch, kind, data), WireFormat.mls_public_message
    subject = MessageSubject(content, form, GroupContext.decode(epoch.context), tree)
    try:
        enforce((application_data_is_private,), subject, Local)
    except LocalProtocolError:
        return True
    return False


def _epoch(case: Case) -> Epoch:
    suite, group_id, epoch = case.suite(), case.octets("group_id"), case.number("epoch")
    context = GroupContext(
        ProtocolVersion.mls10,
        suite.code,
        group_id,
        epoch,
        case.octets("tree_hash"),
        case.octets("confirmed_transcript_hash"),
        (),
    )
    made = Epoch(
        suite,
        group_id,
        epoch,
        context.encode(),
        case.octets("signature_priv"),
        case.octets("signature_pub"),
        case.octets("encryption_secret"),
        case.octets("sender_data_secret"),
        case.octets("membership_key"),
    )
    ensure(
        suite.signature_public(made.signature_priv) == made.signature_pub,
        "signature_priv is not that of signature_pub",
    )
    return made


def _private(epoch: Epoch, case: Case, name: str, kind: ContentType, raw: bytes) -> None:
    received = _unprotect_private(epoch, case.octets(f"{name}_priv"))
    ensure(_raw(received, kind) == raw, f"{name}_priv holds something else")
    again = _unprotect_private(epoch, protect_private(epoch, content_of(epoch, kind, raw)))
    ensure(_raw(again, kind) == raw, f"our private {name} holds something else")


def content_of(epoch: Epoch, kind: ContentType, raw: bytes) -> FramedContent:
    """What the sender is going to protect."""
    where = (epoch.group_id, epoch.epoch, SENDER, _AUTHENTICATED_DATA)
    if kind is ContentType.application:
        return authenticate.application_content(*where, raw)
    if kind is ContentType.proposal:
        return authenticate.proposal_content(*where, ProposalFrame.decode(raw).proposal)
    return authenticate.commit_content(*where, Commit.decode(raw))


def _raw(content: FramedContent, kind: ContentType) -> bytes:
    """What stands in a content of this kind."""
    ensure(content.content_type is kind, f"a {content.content_type.name} came out")
    if content.application_data is not None:
        return content.application_data
    return authenticate.arm_of(content)


def _auth(epoch: Epoch, content: FramedContent, tbs: bytes) -> FramedContentAuthData:
    """Sign a content; a commit's confirmation tag is not under test, and any bytes will do."""
    commits = content.content_type is ContentType.commit
    signature = authenticate.sign(epoch.suite, epoch.signature_priv, tbs)
    return FramedContentAuthData(signature, epoch.entropy(epoch.suite.Nh) if commits else None)


def _ensure_signed(
    epoch: Epoch, content: FramedContent, auth: FramedContentAuthData, tbs: bytes
) -> None:
    ensure(content.group_id == epoch.group_id, "the message is for another group")
    ensure(content.epoch == epoch.epoch, "the message is for another epoch")
    ensure(content.sender == SENDER, f"the message is from {content.sender}")
    ensure(
        authenticate.verify(epoch.suite, epoch.signature_pub, tbs, auth.signature),
        "the message is not signed by its sender",
    )


def protect_public(epoch: Epoch, content: FramedContent) -> bytes:
    """Sign a content and tag it (§6.2): an MLSMessage."""
    tbs = authenticate.to_be_signed(WireFormat.mls_public_message, content, epoch.context)
    auth = _auth(epoch, content, tbs)
    message = public.protect(epoch.suite, epoch.membership_key, content, auth, tbs)
    return MLSMessage(ProtocolVersion.mls10, message).encode()


def _unprotect_public(epoch: Epoch, encoded: bytes) -> FramedContent:
    message = MLSMessage.decode(encoded).message
    if not isinstance(message, PublicMessage):
        msg = "a public message has another wire_format"
        raise CaseError(msg)
    tbs = authenticate.to_be_signed(WireFormat.mls_public_message, message.content, epoch.context)
    ensure(
        public.verify_membership(epoch.suite, epoch.membership_key, message, tbs),
        "a public message has another membership_tag",
    )
    _ensure_signed(epoch, message.content, message.auth, tbs)
    return message.content


def protect_private(epoch: Epoch, content: FramedContent) -> bytes:
    """Sign a content and encrypt it with the first key of its ratchet (§6.3): an MLSMessage."""
    suite = epoch.suite
    tbs = authenticate.to_be_signed(WireFormat.mls_private_message, content, epoch.context)
    step = epoch.secret_tree().peek_next(1, _ratchet(content.content_type))
    message = private.protect(
        suite,
        epoch.sender_data_secret,
        step,
        content,
        _auth(epoch, content, tbs),
        _padded,
        epoch.entropy(private.GUARD_SIZE),
    )
    return MLSMessage(ProtocolVersion.mls10, message).encode()


def _padded(size: int) -> int:
    """Some zeros at the end, so that reading them is under test."""
    return size + 7


def _unprotect_private(epoch: Epoch, encoded: bytes) -> FramedContent:
    message = MLSMessage.decode(encoded).message
    if not isinstance(message, PrivateMessage):
        msg = "a private message has another wire_format"
        raise CaseError(msg)
    sender = private.open_sender_data(epoch.suite, epoch.sender_data_secret, message)
    step = epoch.secret_tree().peek(
        sender.leaf_index, _ratchet(message.content_type), sender.generation
    )
    opened = private.open_content(epoch.suite, step.key, step.nonce, message, sender)
    tbs = authenticate.to_be_signed(WireFormat.mls_private_message, opened.content, epoch.context)
    _ensure_signed(epoch, opened.content, opened.auth, tbs)
    return opened.content


def _ratchet(kind: ContentType) -> RatchetKind:
    return APPLICATION if kind is ContentType.application else HANDSHAKE
