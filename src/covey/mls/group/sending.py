"""The sending half of the facade: application messages and proposals (RFC 9420 §6, §12.1).

May import this folder's steps.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from covey.errors import LocalProtocolError, StateError
from covey.mls.framing import authenticate
from covey.mls.framing.private import ratchet_of
from covey.mls.group import proposing, psks, safe_aad, seal, welcome
from covey.mls.group.core import GroupCore
from covey.mls.rules.registry import Local
from covey.mls.structs.extensions import Extension
from covey.mls.structs.message import MLSMessage
from covey.mls.structs.proposals import (
    Add,
    GroupContextExtensions,
    PreSharedKey,
    ReInit,
    Remove,
    SelfRemove,
)
from covey.mls.wire.code_points import (
    ContentType,
    ProtocolVersion,
    ResumptionPSKUsage,
    WireFormat,
)
from covey.mls.wire.struct import as_a, as_all, as_bytes

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from covey.mls.group.member import Member, PrivateKeyPackage
    from covey.mls.group.process_commit import OwnUpdate
    from covey.mls.structs.key_package import KeyPackage
    from covey.mls.structs.proposals import Proposal
    from covey.mls.structs.schedule import PreSharedKeyID


class Sending(GroupCore):
    """What a member sends besides commits."""

    __slots__ = ()

    def reserve(self, content_type: ContentType, count: int = 16) -> None:
        """Take the keys of our next generations ahead, so that sending changes no row (§9.1).

        ``changes()`` then hands out a ratchet that stands beyond them; once that is stored, they
        cannot be used twice; with ``Ports(require_reserved=True)`` they are not used before. The
        keys are only in memory: each is erased as it is used, and the rest when the epoch ends. A
        group that is loaded anew skips them, and receivers follow.

        Args:
            content_type: Application; or proposal or commit, which share one ratchet.
            count: How many, on top of those that are left: up to 1,000 together.

        Raises:
            StateError: We have been removed, or the ratchet has no such generations any more.
            LocalProtocolError: The group has ended (VAL-163).
            TypeError: It is no ContentType.
            ValueError: There cannot be so many.
        """
        kind = ratchet_of(as_a(ContentType, content_type))
        self._require_active()
        self._state.secret_tree.take_ahead(self.own_index, kind, count)

    def _require_reserved(self, content_type: ContentType, form: WireFormat) -> None:
        """Refuse to encrypt with a generation that no store has given up, if that is required."""
        if not self.ports.require_reserved or form != WireFormat.mls_private_message:
            return
        reserve = self._state.secret_tree.reserve
        if not reserve.is_settled(self.own_index, ratchet_of(content_type)):
            call = f"reserve(ContentType.{content_type.name})"
            msg = f"nothing is reserved: {call}, then store changes(), then send"
            raise StateError(msg)

    def protect(self, data: bytes, authenticated_data: bytes | Mapping[int, bytes] = b"") -> bytes:
        """Encrypt an application message (§6.3).

        Args:
            data: What to say.
            authenticated_data: Goes beside it, signed and not encrypted; in a group with
                ``safe_aad``, what each component says.

        Returns:
            The MLSMessage for all members.

        Raises:
            LocalProtocolError: Proposals wait to be committed first (VAL-112), or the group
                has ended (VAL-163).
            StateError: We have been removed, or nothing is reserved though the ports require it.
        """
        data, beside = as_bytes(data), safe_aad.framed(authenticated_data, self.context)
        self._require_active()
        if self._is_leaving:
            msg = "we have asked to leave (SelfRemove), and wait for another member to commit that"
            raise StateError(msg)
        self._require_all_committed()
        self._require_reserved(ContentType.application, WireFormat.mls_private_message)
        epoch = self._state.epoch
        content = authenticate.application_content(
            self.group_id, self.epoch, seal.own_sender(epoch), beside, data
        )
        signed = seal.sign(epoch, content, WireFormat.mls_private_message)
        return seal.protect(
            epoch, self._state.secret_tree, signed, None, self.ports.policy, self.ports.entropy
        )

    def _require_all_committed(self) -> None:
        """Refuse to send application data while proposals wait (VAL-112)."""
        if self._state.proposals:
            statement = "No application data is sent before proposals that were seen are committed."
            detail = f"{len(self._state.proposals)} proposal(s) wait: commit() first"
            rule = "VAL-112"
            raise LocalProtocolError(rule, "12.4", statement, detail)

    @property
    def _is_leaving(self) -> bool:
        return any(
            isinstance(each.proposal, SelfRemove) and each.sender.leaf_index == self.own_index
            for each in self._state.proposals.values()
        )

    def propose(
        self,
        proposal: Proposal,
        *,
        authenticated_data: bytes | Mapping[int, bytes] = b"",
        handshake: WireFormat | None = None,
    ) -> bytes:
        """Propose anything (§12.1).

        Args:
            proposal: What to propose.
            authenticated_data: Goes beside it, signed and not encrypted; in a group with
                ``safe_aad``, what each component says.
            handshake: Public or private; the policy's choice by default.

        Returns:
            The MLSMessage for all members.

        Raises:
            LocalProtocolError: It is not valid by itself.
            PolicyError: The policy refuses it.
            StateError: We have been removed, or nothing is reserved though the ports require it.
        """
        return self._propose(proposal, None, authenticated_data, handshake)

    def _propose(
        self,
        proposal: Proposal,
        update: OwnUpdate | None,
        authenticated_data: bytes | Mapping[int, bytes],
        handshake: WireFormat | None,
    ) -> bytes:
        proposing.require_proposal(proposal)
        form = seal.handshake_form(handshake, self.ports.policy)
        self._require_active()
        if not isinstance(proposal, SelfRemove):  # which is public always
            self._require_reserved(ContentType.proposal, form)
        message, state = proposing.propose(
            self._state,
            proposal,
            form,
            safe_aad.framed(authenticated_data, self.context),
            self.ports.check(Local),
            self.ports.entropy,
            update,
        )
        self._state = state
        return message

    def propose_add(self, package: bytes | KeyPackage | PrivateKeyPackage) -> bytes:
        """Propose to add the client of a KeyPackage (§12.1.1)."""
        return self.propose(Add(proposing.key_package(package)))

    def propose_update(self, member: Member | None = None) -> bytes:
        """Propose a fresh leaf key for us, and another identity or signature key if given."""
        self._require_active()
        proposal, update = proposing.own_update(self._state.epoch, member, self.ports.entropy)
        return self._propose(proposal, update, b"", None)

    def propose_remove(self, index: int) -> bytes:
        """Propose to remove the member at a leaf index (§12.1.3).

        Raises:
            LocalProtocolError: There is no such member (VAL-117).
        """
        proposing.require_member(self._state, index)
        return self.propose(Remove(index))

    def propose_psk(self, psk: bytes | PreSharedKeyID) -> bytes:
        """Propose to mix in a PSK, by its external id or whole PreSharedKeyID (§12.1.4)."""
        return self.propose(PreSharedKey(self.psk_id(psk)))

    def propose_extensions(self, extensions: Iterable[Extension]) -> bytes:
        """Propose to replace all GroupContext extensions (§12.1.7)."""
        return self.propose(GroupContextExtensions(as_all(Extension, extensions)))

    def propose_reinit(self, reinit: ReInit) -> bytes:
        """Propose to end the group and continue it with other parameters (§12.1.5)."""
        return self.propose(reinit)

    def leave(self) -> bytes:
        """Ask to be removed, by SelfRemove (extensions draft); somebody else commits it."""
        return self.propose(SelfRemove())

    def psk_id(self, psk: bytes | PreSharedKeyID) -> PreSharedKeyID:
        """The PreSharedKeyID for one use of an external PSK, with a fresh nonce (§8.4)."""
        return psks.use_of(self.suite, psk, self.ports.entropy)

    def resumption_psk_id(self, epoch: int, group_id: bytes | None = None) -> PreSharedKeyID:
        """The PreSharedKeyID for one use of a past epoch's resumption PSK (§8.6)."""
        return psks.resumption_id(
            ResumptionPSKUsage.application,
            self.group_id if group_id is None else group_id,
            epoch,
            psks.fresh_nonce(self.suite, self.ports.entropy),
        )

    def safe_export_secret(self, component_id: int) -> bytes:
        """SafeExportSecret(ComponentID): a component's secret of this epoch, once (Nh bytes).

        Unlike ``export`` it is forward secure (extensions draft): what it is derived from is
        deleted with it. Keep the secret as long as it is needed, and store ``changes()``.

        Args:
            component_id: Whose it is.

        Raises:
            MissingKeyError: It has been handed out in this epoch; or the epoch was stored by a
                covey that knew of none.
            StateError: We have been removed.
            ValueError: There is no such component.
        """
        self._require_not_removed()
        epoch = self._state.epoch
        secret, left = epoch.exporter.export(self.suite, component_id)
        epoch = msgspec.structs.replace(epoch, exporter=left)
        self._state = self._state.replace(epoch=epoch)
        return secret

    def group_info(
        self,
        *,
        with_tree: bool = True,
        external: bool = True,
        extensions: Iterable[Extension] = (),
    ) -> bytes:
        """A signed GroupInfo of this epoch, as an MLSMessage (§12.4.3).

        Args:
            with_tree: Whether it carries the ratchet tree.
            external: Whether it carries external_pub, so that others can join by it.
            extensions: Further extensions for it.
        """
        self._require_active()
        info = welcome.group_info(
            self._state.epoch,
            self.ports.policy,
            self.ports.entropy,
            with_tree=with_tree,
            with_external_pub=external,
            extensions=as_all(Extension, extensions),
        )
        return MLSMessage(ProtocolVersion.mls10, info).encode()
