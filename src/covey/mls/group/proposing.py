"""RFC 9420 §12.1: proposals as a member makes them. May import framing, structs and rules."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple, get_args

from covey.errors import LocalProtocolError, StateError
from covey.mls.framing import authenticate
from covey.mls.group import receiving, seal
from covey.mls.group.app_data import announced
from covey.mls.group.member import Member, PrivateKeyPackage, sign_leaf
from covey.mls.group.process_commit import OwnUpdate
from covey.mls.rules.proposal_list import ProposalList, Sent
from covey.mls.rules.proposals import (
    ALONE,
    proposal_types_are_supported,
    reinit_can_be_followed,
    removes_name_members,
)
from covey.mls.rules.registry import enforce
from covey.mls.structs.framing import AuthenticatedContent, FramedContentAuthData
from covey.mls.structs.key_package import KeyPackage
from covey.mls.structs.proposals import Proposal, SelfRemove, Update
from covey.mls.wire.code_points import LeafNodeSource, WireFormat
from covey.mls.wire.struct import as_a

if TYPE_CHECKING:
    from covey.mls.crypto.entropy import Entropy
    from covey.mls.group.epoch import Epoch
    from covey.mls.group.state import State
    from covey.mls.group.verify import Checker
    from covey.mls.structs.tree import LeafNode


_OURS = (*ALONE, proposal_types_are_supported, reinit_can_be_followed)
"""What our own proposals satisfy: those that some member does not support are not sent."""


_PROPOSALS = get_args(get_args(Proposal)[0])
"""The classes that are proposals."""


class Proposed(NamedTuple):
    """A proposal of our own: the message to send, and the state that remembers it."""

    message: bytes
    state: State

    def __repr__(self) -> str:
        return f"Proposed({len(self.message)} bytes)"

    def __rich_repr__(self) -> list[tuple[str, Any]]:
        return []


def require_member(state: State, index: int) -> None:
    """Refuse to remove somebody who is not there, before anything is encoded (VAL-117).

    Raises:
        LocalProtocolError: The leaf is blank, or outside of the tree.
    """
    if state.epoch.public.tree.leaf(index) is None:
        rule = removes_name_members
        raise LocalProtocolError(rule.id, rule.section, rule.statement, f"leaf {index} is blank")


def key_package(data: bytes | KeyPackage | PrivateKeyPackage) -> KeyPackage:
    """The KeyPackage of an MLSMessage; the public half of one with its private keys.

    Raises:
        TypeError: It is neither a KeyPackage nor bytes.
        DecodeError: The bytes are no MLSMessage.
        StateError: It holds something else.
    """
    if isinstance(data, PrivateKeyPackage):
        return data.package
    if not isinstance(data, (bytes, bytearray, memoryview)):
        return as_a(KeyPackage, data)
    message = receiving.decode_message(data).message
    if not isinstance(message, KeyPackage):
        msg = f"a KeyPackage is needed, this is a {type(message).__name__}"
        raise StateError(msg)
    return message


def require_proposal(value: Proposal) -> None:
    """Refuse what is no proposal, before anything is done with it.

    Raises:
        TypeError: It is something else.
    """
    if not isinstance(value, _PROPOSALS):
        msg = f"a proposal is needed here, not {type(value).__name__}"
        raise TypeError(msg)


def propose(
    state: State,
    proposal: Proposal,
    wire_format: WireFormat,
    authenticated_data: bytes,
    check: Checker,
    entropy: Entropy,
    update: OwnUpdate | None = None,
) -> Proposed:
    """Sign a proposal and protect it; it is kept like a received one (§12.1).

    Raises:
        LocalProtocolError: The proposal is not valid by itself.
        PolicyError: The policy refuses it.
    """
    epoch = state.epoch
    public = epoch.public
    if isinstance(proposal, SelfRemove):
        wire_format = WireFormat.mls_public_message
    content = authenticate.proposal_content(
        public.context.group_id,
        public.context.epoch,
        seal.own_sender(epoch),
        authenticated_data,
        proposal,
    )
    signed = seal.sign(epoch, content, wire_format)
    auth = FramedContentAuthData(signed.signature)
    authenticated = AuthenticatedContent(wire_format, content, auth)
    reference = receiving.proposal_ref(authenticated, public)
    sent = Sent(proposal, content.sender, reference, verified=True)
    alone = ProposalList((sent,), None, public.context, public.tree)
    enforce(_OURS, alone, check.blame)
    check.signatures(public.suite, check.proposal(sent, public))
    check.credentials(sent, public)
    check.policy.accept_proposal(sent, public)
    message = seal.protect(epoch, state.secret_tree, signed, None, check.policy, entropy)
    proposals = {**state.proposals, reference: sent}
    updates = state.updates if update is None else {**state.updates, reference: update}
    return Proposed(message, state.replace(proposals=proposals, updates=updates))


def new_leaf(epoch: Epoch, member: Member | None) -> tuple[LeafNode, bytes]:
    """Our leaf with another client's identity and key, if given, and the key that signs it.

    Raises:
        StateError: The other identity has keys of another suite.
    """
    leaf = epoch.public.tree.leaf(epoch.private.index)
    assert leaf is not None
    if member is None:
        return leaf, epoch.signer
    if member.suite is not epoch.public.suite:
        msg = f"the group has {epoch.public.suite!r}, the new identity {member.suite!r}"
        raise StateError(msg)
    changed = leaf.replace(
        credential=member.credential,
        signature_key=member.signature_key,
        capabilities=member.capabilities(),
        extensions=announced(leaf.extensions, member.policy, member.entropy),
    )
    return changed, member.signer


def own_update(epoch: Epoch, member: Member | None, entropy: Entropy) -> tuple[Update, OwnUpdate]:
    """An Update of our leaf with a fresh key, and the private keys that belong to it (§12.1.2)."""
    suite, index = epoch.public.suite, epoch.private.index
    template, signer = new_leaf(epoch, member)
    private, public = suite.generate_key_pair(entropy)
    leaf = template.replace(
        encryption_key=public,
        leaf_node_source=LeafNodeSource.update,
        lifetime=None,
        parent_hash=None,
        signature=b"",
    )
    signed = sign_leaf(suite, leaf, signer, epoch.public.context.group_id, index)
    return Update(signed), OwnUpdate(private, signer)
