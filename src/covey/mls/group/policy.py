"""What the RFC leaves to the application, with safe and named defaults (RFC 9420 §5.3.1, §15).

May import crypto and structs. A Policy is a frozen value; whoever wants another decision
subclasses it and overrides a method. A method refuses by raising PolicyError.
"""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from covey.errors import PolicyError
from covey.mls.crypto import x509
from covey.mls.group.identity import identity
from covey.mls.group.padding import padme
from covey.mls.structs.credentials import BasicCredential, X509Credential
from covey.mls.wire.code_points import WireFormat

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from covey.mls.group.epoch import PublicState
    from covey.mls.group.events import Changed
    from covey.mls.rules.proposal_list import Sent
    from covey.mls.structs.credentials import Credential
    from covey.mls.structs.tree import LeafNode

    Updating = Callable[[bytes | None, Sequence[bytes]], bytes]

DAY: Final = 86_400
"""Seconds of a day."""


@dataclass(frozen=True, kw_only=True)
class Policy:
    """Decisions and limits of one group; all members have to agree on what they accept.

    Attributes:
        strict: Also enforce the rules that are marked strict, which some peers break.
        handshake: How proposals and commits are sent.
        past_epochs: How many past epochs' messages can still be read.
        resumption_epochs: How many past epochs' resumption PSKs are kept.
        max_forward: Generations that a sender's ratchet is followed ahead (§15.3).
        max_skipped: Skipped message keys that are kept per ratchet (§15.3).
        max_lifetime: The longest lifetime of a KeyPackage that is accepted, in seconds.
        received_lifetimes: Also refuse what has expired when it is *received*: leaves and
            certificates in proposals, commits and trees (VAL-037). Whoever sends checks them
            always; if receivers did too, members with different clocks, or who come back
            late, would disagree about a commit.
        max_proposals: Proposals that are kept in one epoch.
        padding: The padded size for a plaintext size, in bytes.
        grease: Mix GREASE values into what is sent (§13.5).
        threads: How many threads verify and seal in large batches.
        extension_types: Non-default extension types that the application supports.
        proposal_types: Non-default proposal types that the application supports; their
            content is one ``opaque data<V>``.
        components: The application's components, by ComponentID, and how the data that the group
            holds for each is updated: a pure function of the old data (None without any) and
            the updates of a commit, in their order, to the new data; it refuses by raising
            PolicyError. All members need the same. None for one whose data is not updated so.
            With any, the client says in its leaves that it supports the components, and
            AppDataUpdate and AppEphemeral (extensions draft).
        safe_aad: Those of the components that put data beside messages.
        trust_anchors: DER certificates of the authorities for X.509 credentials.
        suites: Cipher suites, the best first. Who creates a group must then choose the
            first of them that all members support (VAL-220); empty is no opinion.
    """

    strict: bool = True
    handshake: WireFormat = WireFormat.mls_private_message
    past_epochs: int = 3
    resumption_epochs: int = 8
    max_forward: int = 1_000
    max_skipped: int = 100
    max_lifetime: int = 366 * DAY
    received_lifetimes: bool = False
    max_proposals: int = 10_000
    padding: Callable[[int], int] = padme
    grease: bool = True
    threads: int = min(os.cpu_count() or 1, 8)
    extension_types: frozenset[int] = frozenset()
    proposal_types: frozenset[int] = frozenset()
    components: Mapping[int, Updating | None] = field(default_factory=dict, hash=False)
    safe_aad: frozenset[int] = frozenset()
    trust_anchors: Sequence[bytes] = ()
    suites: Sequence[int] = ()

    @property
    def bounds(self) -> tuple[int, int]:
        """The bounds of a secret tree: ``max_forward`` and ``max_skipped``."""
        return self.max_forward, self.max_skipped

    def validate_credential(
        self, credential: Credential, signature_key: bytes, now: int | None
    ) -> None:
        """The Authentication Service (§5.3.1): is this who it says, with this key?

        The default takes a basic credential at its word, as the RFC does, and X.509 chains
        that lead to a trust anchor.

        Args:
            credential: Of a new member, or a member's new one.
            signature_key: The key that the credential stands for.
            now: Seconds since the epoch; None when what expired since counts as valid, as
                for whatever is received unless ``received_lifetimes`` says otherwise.

        Raises:
            PolicyError: The credential is not accepted.
            AuthenticationError: No chain of certificates leads to a trust anchor.
        """
        del signature_key
        if isinstance(credential, X509Credential):
            chain = [each.cert_data for each in credential.certificates]
            if not self.trust_anchors:
                msg = "an X.509 credential came, and the policy has no trust anchors"
                raise PolicyError(msg)
            x509.verify_chain(chain, self.trust_anchors, now)
        elif not isinstance(credential, BasicCredential):
            msg = f"credential type 0x{credential.credential_type:04x} is not supported"
            raise PolicyError(msg)

    def is_successor(self, old: LeafNode, new: LeafNode) -> bool:
        """Whether a member may replace its credential so (§5.3.1, VAL-025).

        It is asked when the credential, the signature key or an extension of the leaf is another
        one. The default asks for the same identity.
        """
        return identity(old.credential) == identity(new.credential)

    def client_id(self, leaf: LeafNode) -> bytes:
        """By what leaves of different groups are known to be of one client (§11.2, §11.3)."""
        return identity(leaf.credential)

    def accept_proposal(self, sent: Sent, state: PublicState) -> None:
        """Whether a proposal is welcome; the default refuses strangers' Adds (§12.1.8).

        Args:
            sent: The proposal, ours included, and who sent it how.
            state: The group's context and tree, in the epoch of the proposal.

        Raises:
            PolicyError: It is not.
        """
        del state
        if sent.sender.sender_type.name == "new_member_proposal":
            msg = "the policy does not let strangers propose to add themselves"
            raise PolicyError(msg).of(rule="VAL-129", section="12.1.8")

    def accept_commit(self, changed: Changed, state: PublicState) -> None:
        """Whether a commit may take effect (§12.2, VAL-145); the default takes all valid ones.

        Args:
            changed: What it changes, and the proposals it consists of.
            state: The group's context and tree before the commit.

        Raises:
            PolicyError: It may not.
        """

    def accept_external_commit(self, changed: Changed, state: PublicState) -> None:
        """Whether a stranger may join by itself (VAL-180); the default takes all valid ones.

        Args:
            changed: What it changes; its committer is who joins.
            state: The group's context and tree before the commit.

        Raises:
            PolicyError: It may not.
        """
