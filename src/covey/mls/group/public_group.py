"""An observer: follows a group from its public messages, without any secret.

May import this folder's steps. It checks every signature, rule, parent hash and tree hash;
what needs a secret it cannot check: membership tags, confirmation tags and the encryption
of path secrets (RFC 9420 §6.2, §12.4.2). It cannot follow private handshakes.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from covey.errors import StateError
from covey.mls.crypto.dialects import get_suite
from covey.mls.group import external, receiving, staging
from covey.mls.group.core import Ports
from covey.mls.group.epoch import PublicState
from covey.mls.group.events import EpochChanged, MemberInfo, ProposalReceived, member_info
from covey.mls.group.process_commit import observe
from covey.mls.group.safe_aad import beside
from covey.mls.rules.registry import Remote
from covey.mls.schedule import transcript
from covey.mls.structs.framing import PublicMessage, Sender
from covey.mls.wire.code_points import SenderType
from covey.mls.wire.struct import as_a

if TYPE_CHECKING:
    from collections.abc import Mapping

    from covey.mls.group.member import Member
    from covey.mls.rules.proposal_list import Sent
    from covey.mls.structs.framing import AuthenticatedContent
    from covey.mls.structs.proposals import Proposal, ReInit
    from covey.mls.structs.schedule import GroupContext
    from covey.mls.tree.ratchet_tree import RatchetTree


class PublicGroup:
    """The public state of a group, as an observer follows it.

    Args:
        group_info: A GroupInfo of the current epoch, as an MLSMessage.
        ratchet_tree: The tree, when the GroupInfo does not carry it.
        ports: Policy and clock.

    Raises:
        ProtocolError: A rule is broken.
        AuthenticationError: A signature does not verify.
        StateError: No tree is at hand.
        UnsupportedError: The group has a cipher suite that covey does not implement.
    """

    __slots__ = ("_proposals", "_reinit", "_state", "ports")

    def __init__(
        self,
        group_info: bytes,
        *,
        ratchet_tree: bytes | None = None,
        ports: Ports | None = None,
    ) -> None:
        self.ports: Ports = as_a(Ports, ports or Ports())
        info = external.decode_group_info(group_info)
        check = self.ports.check(Remote)
        suite = get_suite(info.group_context.cipher_suite)
        self._state: PublicState = external.public_state(info, ratchet_tree, suite, check)
        self._proposals: dict[bytes, Sent] = {}
        self._reinit: ReInit | None = None

    @property
    def context(self) -> GroupContext:
        """The GroupContext (§8.1)."""
        return self._state.context

    @property
    def epoch(self) -> int:
        """The number of the current epoch."""
        return self.context.epoch

    @property
    def tree(self) -> RatchetTree:
        """The ratchet tree."""
        return self._state.tree

    @property
    def members(self) -> list[MemberInfo]:
        """All members, by leaf index."""
        return [member_info(index, leaf) for index, leaf in self.tree.members()]

    @property
    def proposals(self) -> Mapping[bytes, Sent]:
        """The proposals of this epoch, by reference."""
        return dict(self._proposals)

    @property
    def reinit(self) -> ReInit | None:
        """The ReInit that ended the group, or None."""
        return self._reinit

    def _repr_html_(self) -> str:
        from covey.mls.picture import page  # noqa: PLC0415 - only notebooks need it

        notes = {"proposals": str(len(self._proposals)), "reinitialized": self._reinit is not None}
        return page.of_group(self.context, self.tree, notes=notes)

    def receive(self, data: bytes) -> ProposalReceived | EpochChanged:
        """Verify a public message and follow it (§6.2, §12.4.2).

        Raises:
            DecodeError: The bytes are no message.
            ProtocolError: A rule is broken.
            AuthenticationError: A signature does not verify.
            MissingKeyError: A proposal that is committed was not seen.
            PolicyError: The policy refuses.
            StateError: The message cannot be followed without secrets.
        """
        message = receiving.decode_message(data).message
        if not isinstance(message, PublicMessage):
            msg = f"an observer follows PublicMessages, this is a {type(message).__name__}"
            raise StateError(msg)
        authenticated = receiving.open_public(message, self._state, None)
        receiving.require_going_on(self._reinit)
        if authenticated.content.commit is not None:
            return self._commit(authenticated)
        return self._proposal(authenticated)

    def _proposal(self, authenticated: AuthenticatedContent) -> ProposalReceived:
        check = self.ports.check(Remote)
        sent = receiving.verified_proposal(authenticated, self._state, check)
        assert sent.reference is not None
        receiving.require_room(self._proposals, check.policy)
        self._proposals = {**self._proposals, sent.reference: sent}
        event = ProposalReceived(sent.sender, sent.proposal, sent.reference)
        return beside(event, authenticated.content, self.context)

    def _commit(self, authenticated: AuthenticatedContent) -> EpochChanged:
        check = self.ports.check(Remote)
        observed = observe(authenticated, self._state, self._proposals, check)
        state, auth = self._state, authenticated.auth
        confirmed = transcript.confirmed(
            state.suite,
            state.interim,
            authenticated.wire_format,
            authenticated.content.encode(),
            auth.signature,
        )
        context = staging.next_context(
            state, observed.tree, observed.provisional.extensions, confirmed
        )
        assert auth.confirmation_tag is not None
        following = PublicState.of(context, observed.tree, auth.confirmation_tag)
        event = beside(EpochChanged(observed.changed), authenticated.content, state.context)
        self._state, self._proposals, self._reinit = following, {}, observed.changed.reinit
        return event

    def propose(self, member: Member, proposal: Proposal) -> bytes:
        """Propose as one of the group's external senders (§12.1.8).

        Args:
            member: The sender; its signature key stands in ``external_senders``.
            proposal: What to propose.

        Returns:
            The MLSMessage for all members.

        Raises:
            StateError: The key is not among the external senders.
        """
        index = external.sender_index(self._state, member.signature_key)
        sender = Sender(SenderType.external, sender_index=index)
        return external.propose_from_outside(sender, member.signer, proposal, self._state)
