"""One role of a scenario: a client that is told what to do (RFC 9420, by the service's calls).

May import the calls and the witness. An actor remembers its numbers at its client, and nothing of
the protocol.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

from covey.lab.interop.calls import CallError
from covey.lab.interop.play.answers import Committed, Ended, Founded, Published
from covey.lab.interop.play.witness import require_form
from covey.lab.interop.proto import mls_client_pb2 as pb
from covey.lab.interop.proto import peer_pb2

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from google.protobuf.message import Message

    from covey.lab.interop.calls import Client

R = TypeVar("R", bound="Message")


class Actor:
    """A client in a role.

    Args:
        name: The role, which is also the client's identity.
        client: Who plays it.
        suite: The cipher suite.
        encrypt: Whether it sends its handshakes encrypted.

    Attributes:
        claimed: The epoch authenticator in the last answer that had one.
    """

    def __init__(self, name: str, client: Client, suite: int, *, encrypt: bool) -> None:
        self.name: str = name
        self.client: Client = client
        self.suite: int = suite
        self.encrypt: bool = encrypt
        self._state: int = 0
        self._transaction: int = 0
        self._reinit: int = 0
        self._signer: int = 0
        self.claimed: bytes = b""

    def __repr__(self) -> str:
        return f"{self.name} ({self.client.name})"

    @property
    def identity(self) -> bytes:
        """The identity of its credential."""
        return self.name.encode()

    def _ask(self, call: str, request: Message, answer: type[R]) -> R:
        got = self.client.answer(call, request)
        if not isinstance(got, answer):
            said = f"answered with a {type(got).__name__}"
            raise CallError(self.client.name, call, "UNKNOWN", said)
        return got

    def _claims(self, authenticator: bytes) -> bytes:
        self.claimed = authenticator
        return authenticator

    # --- becoming a member -----------------------------------------------------------------

    def use_certificate(self, chain: Sequence[bytes], roots: Sequence[bytes], key: bytes) -> None:
        """Have an X.509 credential from now on (§5.3)."""
        request = peer_pb2.UseCertificateRequest(
            identity=self.identity,
            certificates=chain,
            roots=roots,
            signature_priv=key,
            cipher_suite=self.suite,
        )
        self._ask("UseCertificate", request, peer_pb2.UseCertificateResponse)

    def create_group(self, group_id: bytes) -> None:
        """Create a group of one (§11)."""
        request = pb.CreateGroupRequest(
            group_id=group_id,
            cipher_suite=self.suite,
            encrypt_handshake=self.encrypt,
            identity=self.identity,
        )
        self._state = self._ask("CreateGroup", request, pb.CreateGroupResponse).state_id

    def key_package(self) -> bytes:
        """A fresh KeyPackage, by which it waits for a Welcome (§10)."""
        request = pb.CreateKeyPackageRequest(cipher_suite=self.suite, identity=self.identity)
        answer = self._ask("CreateKeyPackage", request, pb.CreateKeyPackageResponse)
        self._transaction = answer.transaction_id
        return answer.key_package

    def join(self, welcome: bytes, ratchet_tree: bytes = b"") -> bytes:
        """Join by a Welcome; returns the epoch authenticator (§12.4.3.1)."""
        request = pb.JoinGroupRequest(
            transaction_id=self._transaction,
            welcome=welcome,
            encrypt_handshake=self.encrypt,
            identity=self.identity,
            ratchet_tree=ratchet_tree,
        )
        answer = self._ask("JoinGroup", request, pb.JoinGroupResponse)
        self._state = answer.state_id
        return self._claims(answer.epoch_authenticator)

    def external_join(
        self, published: Published, psks: Iterable[tuple[bytes, bytes]], *, remove_prior: bool
    ) -> tuple[bytes, bytes]:
        """Join by an external commit; returns it and the epoch authenticator (§12.4.3.2)."""
        request = pb.ExternalJoinRequest(
            group_info=published.group_info,
            ratchet_tree=published.ratchet_tree,
            encrypt_handshake=self.encrypt,
            identity=self.identity,
            remove_prior=remove_prior,
            psks=[pb.PreSharedKey(psk_id=key, psk_secret=secret) for key, secret in psks],
        )
        answer = self._ask("ExternalJoin", request, pb.ExternalJoinResponse)
        self._state = answer.state_id
        return answer.commit, self._claims(answer.epoch_authenticator)

    def store_psk(self, psk_id: bytes, secret: bytes) -> None:
        """Keep an external PSK: in its group, or until it has joined one (§8.4)."""
        number = self._state or self._transaction
        request = pb.StorePSKRequest(
            state_or_transaction_id=number, psk_id=psk_id, psk_secret=secret
        )
        self._ask("StorePSK", request, pb.StorePSKResponse)

    # --- being a member --------------------------------------------------------------------

    def group_info(self, *, external_tree: bool = False) -> Published:
        """What others need to join by themselves (§12.4.3)."""
        request = pb.GroupInfoRequest(state_id=self._state, external_tree=external_tree)
        answer = self._ask("GroupInfo", request, pb.GroupInfoResponse)
        return Published(answer.group_info, answer.ratchet_tree)

    def epoch_authenticator(self) -> bytes:
        """Equal among members who agree (§8.7)."""
        request = pb.StateAuthRequest(state_id=self._state)
        return self._ask("StateAuth", request, pb.StateAuthResponse).state_auth_secret

    def export(self, label: str, context: bytes, length: int) -> bytes:
        """MLS-Exporter (§8.5)."""
        request = pb.ExportRequest(
            state_id=self._state, label=label, context=context, key_length=length
        )
        return self._ask("Export", request, pb.ExportResponse).exported_secret

    def protect(self, plaintext: bytes, authenticated_data: bytes = b"") -> bytes:
        """Encrypt an application message (§6.3)."""
        request = pb.ProtectRequest(
            state_id=self._state, plaintext=plaintext, authenticated_data=authenticated_data
        )
        return self._ask("Protect", request, pb.ProtectResponse).ciphertext

    def unprotect(self, ciphertext: bytes) -> tuple[bytes, bytes]:
        """Decrypt an application message: what it says, and what came beside it (§6.3)."""
        request = pb.UnprotectRequest(state_id=self._state, ciphertext=ciphertext)
        answer = self._ask("Unprotect", request, pb.UnprotectResponse)
        return answer.plaintext, answer.authenticated_data

    # --- proposing (§12.1) -----------------------------------------------------------------

    def _propose(self, call: str, request: Message) -> bytes:
        proposal = self._ask(call, request, pb.ProposalResponse).proposal
        require_form(proposal, encrypted=self.encrypt)
        return proposal

    def propose_add(self, key_package: bytes) -> bytes:
        """Add."""
        request = pb.AddProposalRequest(state_id=self._state, key_package=key_package)
        return self._propose("AddProposal", request)

    def propose_update(self) -> bytes:
        """Update."""
        request = pb.UpdateProposalRequest(state_id=self._state)
        return self._propose("UpdateProposal", request)

    def propose_remove(self, removed: Actor) -> bytes:
        """Remove."""
        request = pb.RemoveProposalRequest(state_id=self._state, removed_id=removed.identity)
        return self._propose("RemoveProposal", request)

    def propose_external_psk(self, psk_id: bytes) -> bytes:
        """PreSharedKey, external."""
        request = pb.ExternalPSKProposalRequest(state_id=self._state, psk_id=psk_id)
        return self._propose("ExternalPSKProposal", request)

    def propose_resumption_psk(self, epoch: int) -> bytes:
        """PreSharedKey of a past epoch."""
        request = pb.ResumptionPSKProposalRequest(state_id=self._state, epoch_id=epoch)
        return self._propose("ResumptionPSKProposal", request)

    def propose_extensions(self, extensions: Iterable[pb.Extension]) -> bytes:
        """GroupContextExtensions."""
        request = pb.GroupContextExtensionsProposalRequest(
            state_id=self._state, extensions=extensions
        )
        return self._propose("GroupContextExtensionsProposal", request)

    def propose_reinit(
        self, suite: int, group_id: bytes, extensions: Iterable[pb.Extension]
    ) -> bytes:
        """ReInit."""
        request = pb.ReInitProposalRequest(
            state_id=self._state, cipher_suite=suite, group_id=group_id, extensions=extensions
        )
        return self._propose("ReInitProposal", request)

    def propose_external_signer(self, sender: bytes) -> bytes:
        """GroupContextExtensions with one external sender more."""
        request = pb.AddExternalSignerRequest(state_id=self._state, external_sender=sender)
        return self._propose("AddExternalSigner", request)

    # --- proposing from outside (§12.1.8) --------------------------------------------------

    def become_signer(self) -> bytes:
        """Be an external signer; returns the ExternalSender."""
        request = pb.CreateExternalSignerRequest(cipher_suite=self.suite, identity=self.identity)
        answer = self._ask("CreateExternalSigner", request, pb.CreateExternalSignerResponse)
        self._signer = answer.signer_id
        return answer.external_sender

    def propose_as_signer(
        self, published: Published, description: pb.ProposalDescription, index: int = 0
    ) -> bytes:
        """Any proposal, as an external signer; ``index`` is its place among them."""
        request = pb.ExternalSignerProposalRequest(
            signer_id=self._signer,
            signer_index=index,
            group_info=published.group_info,
            ratchet_tree=published.ratchet_tree,
            description=description,
        )
        return self._ask("ExternalSignerProposal", request, pb.ProposalResponse).proposal

    def propose_to_join(self, published: Published) -> bytes:
        """Ask to be added."""
        request = pb.NewMemberAddProposalRequest(
            group_info=published.group_info, identity=self.identity
        )
        answer = self._ask("NewMemberAddProposal", request, pb.NewMemberAddProposalResponse)
        self._transaction = answer.transaction_id
        return answer.proposal

    # --- committing (§12.4) ----------------------------------------------------------------

    def commit(
        self,
        by_reference: Sequence[bytes] = (),
        by_value: Sequence[pb.ProposalDescription] = (),
        *,
        force_path: bool = False,
        external_tree: bool = False,
        call: str = "Commit",
    ) -> Committed:
        """Make a commit, which is pending then."""
        request = pb.CommitRequest(
            state_id=self._state,
            by_reference=by_reference,
            by_value=by_value,
            force_path=force_path,
            external_tree=external_tree,
        )
        answer = self._ask(call, request, pb.CommitResponse)
        require_form(answer.commit, encrypted=self.encrypt)
        return Committed(answer.commit, answer.welcome, answer.ratchet_tree)

    def accept(self) -> bytes:
        """Apply the pending commit; returns the epoch authenticator."""
        request = pb.HandlePendingCommitRequest(state_id=self._state)
        answer = self._ask("HandlePendingCommit", request, pb.HandleCommitResponse)
        self._state = answer.state_id
        return self._claims(answer.epoch_authenticator)

    def receive_commit(self, commit: bytes, proposals: Sequence[bytes] = ()) -> bytes:
        """Apply another member's commit; returns the epoch authenticator."""
        request = pb.HandleCommitRequest(state_id=self._state, proposal=proposals, commit=commit)
        answer = self._ask("HandleCommit", request, pb.HandleCommitResponse)
        self._state = answer.state_id
        return self._claims(answer.epoch_authenticator)

    # --- continuing (§11.2, §11.3) ---------------------------------------------------------

    def accept_reinit(self) -> Ended:
        """Apply the pending commit of a ReInit."""
        request = pb.HandlePendingCommitRequest(state_id=self._state)
        return self._ended("HandlePendingReInitCommit", request)

    def receive_reinit(self, commit: bytes, proposals: Sequence[bytes]) -> Ended:
        """Apply another member's commit of a ReInit."""
        request = pb.HandleCommitRequest(state_id=self._state, proposal=proposals, commit=commit)
        return self._ended("HandleReInitCommit", request)

    def _ended(self, call: str, request: Message) -> Ended:
        answer = self._ask(call, request, pb.HandleReInitCommitResponse)
        self._reinit = answer.reinit_id
        return Ended(answer.key_package, self._claims(answer.epoch_authenticator))

    def reinit_welcome(
        self, key_packages: Sequence[bytes], *, force_path: bool, external_tree: bool
    ) -> Founded:
        """Make the group that follows a ReInit."""
        request = pb.ReInitWelcomeRequest(
            reinit_id=self._reinit,
            key_package=key_packages,
            force_path=force_path,
            external_tree=external_tree,
        )
        return self._founded(self._ask("ReInitWelcome", request, pb.CreateSubgroupResponse))

    def join_reinit(self, welcome: bytes, ratchet_tree: bytes) -> bytes:
        """Join the group that follows a ReInit; returns the epoch authenticator."""
        request = pb.HandleReInitWelcomeRequest(
            reinit_id=self._reinit, welcome=welcome, ratchet_tree=ratchet_tree
        )
        answer = self._ask("HandleReInitWelcome", request, pb.JoinGroupResponse)
        self._state = answer.state_id
        return self._claims(answer.epoch_authenticator)

    def branch(
        self,
        group_id: bytes,
        extensions: Iterable[pb.Extension],
        key_packages: Sequence[bytes],
        *,
        force_path: bool,
        external_tree: bool,
    ) -> Founded:
        """Make a group of some of the members, and be in that one from now on."""
        request = pb.CreateBranchRequest(
            state_id=self._state,
            group_id=group_id,
            extensions=extensions,
            key_packages=key_packages,
            force_path=force_path,
            external_tree=external_tree,
        )
        return self._founded(self._ask("CreateBranch", request, pb.CreateSubgroupResponse))

    def _founded(self, answer: pb.CreateSubgroupResponse) -> Founded:
        self._state = answer.state_id
        authenticator = self._claims(answer.epoch_authenticator)
        return Founded(answer.welcome, answer.ratchet_tree, authenticator)

    def join_branch(self, welcome: bytes, ratchet_tree: bytes) -> bytes:
        """Join a group of some of the members, and be in that one from now on."""
        request = pb.HandleBranchRequest(
            state_id=self._state,
            transaction_id=self._transaction,
            welcome=welcome,
            ratchet_tree=ratchet_tree,
        )
        answer = self._ask("HandleBranch", request, pb.HandleBranchResponse)
        self._state = answer.state_id
        return self._claims(answer.epoch_authenticator)

    # --- going -----------------------------------------------------------------------------

    def another_life(self) -> Actor:
        """The same client, as it is now: to go on in an old group after it has branched."""
        other = Actor(self.name, self.client, self.suite, encrypt=self.encrypt)
        other._state, other.claimed = self._state, self.claimed
        return other

    def free(self) -> None:
        """Have the client forget the state, if there is one."""
        if self._state:
            self._ask("Free", pb.FreeRequest(state_id=self._state), pb.FreeResponse)
            self._state = 0
