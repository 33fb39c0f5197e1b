"""What a test client leaves to the runner: it takes whatever the RFC allows.

May import :mod:`covey.mls`. No check of the RFC is loosened here; only decisions that the RFC
leaves to applications are taken.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from covey import mls
from covey.mls.crypto import x509
from covey.mls.group.identity import identity
from covey.mls.wire.code_points import WireFormat

if TYPE_CHECKING:
    from covey.mls.structs.credentials import Credential

PRIVATE_EXTENSION: Final = 0xF0A0
"""An extension type for private use that our test clients say they support (§17.3)."""


@dataclass(frozen=True, kw_only=True)
class InteropPolicy(mls.Policy):
    """Takes strangers' Adds and any lifetime, keeps past epochs, knows a private extension."""

    max_lifetime: int = 1 << 64  # a default of some stacks; how long is right, the RFC leaves open
    past_epochs: int = 16
    resumption_epochs: int = 64
    extension_types: frozenset[int] = frozenset({PRIVATE_EXTENSION})

    def accept_proposal(self, sent: mls.Sent, state: mls.PublicState) -> None:
        """Take it: a runner that lets a new member propose wants it to be added (§12.1.8)."""

    def with_handshake(self, *, encrypt: bool) -> InteropPolicy:
        """The policy of a member that sends its handshakes encrypted, or not."""
        form = WireFormat.mls_private_message if encrypt else WireFormat.mls_public_message
        return InteropPolicy(trust_anchors=self.trust_anchors, handshake=form)


def ports(member: mls.Member, psks: mls.MemoryPsks, *, encrypt: bool) -> mls.Ports:
    """What a group of a test client is given from outside."""
    policy = member.policy
    assert isinstance(policy, InteropPolicy)
    return mls.Ports(policy.with_handshake(encrypt=encrypt), psks)


def encrypts(group: mls.Group) -> bool:
    """Whether a group's handshakes are sent encrypted."""
    return group.ports.policy.handshake == WireFormat.mls_private_message


def is_named(credential: Credential, name: bytes) -> bool:
    """Whether a runner means this credential: by its identity, or by its common name."""
    if isinstance(credential, mls.X509Credential):
        return name.decode() in x509.common_names(credential.certificates[0].cert_data)
    return identity(credential) == name
