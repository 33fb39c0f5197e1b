"""What the members of an epoch, and nobody else, can derive; and what they sign with it.

May import the structs, signing and the engine's crypto. All of it comes from the exporter of the
epoch (RFC 9420 §8.5), so that a commit's maker has it for the next epoch before anybody else::

    exporter ── s_n ─┬─ "covey access 1 sign" ───── ask_n ── avk_n
                     ├─ "covey access 1 envelope" ─ ek_n
                     └─ "covey access 1 idem" ───── pk_n

Whoever holds it keeps it only as long as its epoch is the current one.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, Self

import msgspec

from covey.access import signing
from covey.access.operations import OPERATIONS, PROVE
from covey.access.structs.basics import Fresh, GroupProof, Signed
from covey.access.structs.blobs import BeginBlob
from covey.access.structs.log import Append, Create, NextEpoch
from covey.access.structs.sealed import EpochContext, IdemInput
from covey.mls.crypto.kdf import HKDF_SHA256
from covey.mls.crypto.mac import hmac_digest

if TYPE_CHECKING:
    from collections.abc import Callable

LABEL: Final = "covey access 1"
"""The label of the exporter; with a word behind it, what is derived from s_n."""

_LENGTH: Final = 32
_IDEM_LENGTH: Final = 16


class EpochAccess(msgspec.Struct, frozen=True):
    """The keys of one epoch of a log. Shows none of them.

    Attributes:
        broker_id: The broker (32 bytes).
        gid: The log (32 bytes).
        epoch: The number of the epoch.
        access_key: avk_n, the public key that the broker knows (32 bytes).
        signing_key: ask_n, its private key (32 bytes).
        envelope_key: ek_n (32 bytes).
        idem_key: pk_n (32 bytes).
    """

    broker_id: bytes
    gid: bytes
    epoch: int
    access_key: bytes
    signing_key: bytes
    envelope_key: bytes
    idem_key: bytes

    @classmethod
    def derive(
        cls,
        export: Callable[[str, bytes, int], bytes],
        broker_id: bytes,
        gid: bytes,
        epoch: int,
    ) -> Self:
        """The keys of an epoch.

        Args:
            export: The exporter of that epoch: ``Group.export``, or ``PendingCommit.export``
                for the epoch that a commit opens.
            broker_id: The broker.
            gid: The log.
            epoch: The number of that epoch.

        Raises:
            StateError: We have been removed from the group.
        """
        context = EpochContext(broker_id, gid, epoch).encode()
        secret = export(LABEL, context, _LENGTH)
        sign, envelope, idem = (
            expand(secret, f"{LABEL} {word}") for word in ("sign", "envelope", "idem")
        )
        return cls(broker_id, gid, epoch, signing.public_key(sign), sign, envelope, idem)

    def __repr__(self) -> str:
        return f"{type(self).__name__}(…)"

    def __rich_repr__(self) -> list[tuple[str, object]]:
        """Show nothing to Rich, which does not ask ``repr`` and prints local variables."""
        return []

    def idem(
        self, content_type: int, leaf: int, generation: int, own: bytes | None = None
    ) -> bytes:
        """The idem of a message: 16 bytes, the same whenever it is sent again.

        Args:
            content_type: Application, proposal or commit (RFC 9420 §6).
            leaf: The leaf index of its sender.
            generation: Its place in the sender's ratchet; ``Group.next_generation`` tells it.
            own: A secret of the sender that its copies have, and nobody else (32 bytes). Without
                it, every member can know the idem before it is used, and use it first.
        """
        named = IdemInput(content_type, leaf, generation).encode()
        key = self.idem_key if own is None else hmac_digest(own, self.idem_key, "sha256")
        return hmac_digest(key, named, "sha256")[:_IDEM_LENGTH]

    def create(self, invite: bytes = b"") -> Signed:
        """The signed request that begins the log in this epoch.

        Args:
            invite: A code, where the broker wants one.
        """
        request = Create(self.broker_id, self.gid, self.epoch, self.access_key, invite)
        return signing.signed(self.signing_key, OPERATIONS["create"].label, request)

    def append(self, idem: bytes, body: bytes, next_epoch: NextEpoch | None = None) -> Signed:
        """The signed request that adds a message to the log.

        Args:
            idem: Of the message; see :meth:`idem`.
            body: The message in its envelope.
            next_epoch: What a commit brings besides itself; None for all other messages.
        """
        request = Append(self.broker_id, self.gid, self.epoch, idem, body, next_epoch)
        return signing.signed(self.signing_key, OPERATIONS["append"].label, request)

    def begin_blob(self, blob: bytes, size: int) -> Signed:
        """The signed request that announces a blob.

        Args:
            blob: Its id, 32 random bytes.
            size: In bytes.
        """
        request = BeginBlob(self.broker_id, self.gid, self.epoch, blob, size)
        return signing.signed(self.signing_key, OPERATIONS["begin_blob"].label, request)

    def prove(self, nonce: bytes) -> Fresh:
        """The proof that we are in this epoch.

        Args:
            nonce: Of a challenge, or of a greeting, on the same connection.
        """
        proof = GroupProof(self.broker_id, self.gid, self.epoch, nonce)
        return Fresh(nonce, signing.sign(self.signing_key, PROVE, proof))


def expand(secret: bytes, info: str, length: int = _LENGTH) -> bytes:
    """HKDF-Expand of a secret of this protocol, with SHA-256 whatever the cipher suite is."""
    return HKDF_SHA256.expand(secret, info.encode(), length)
