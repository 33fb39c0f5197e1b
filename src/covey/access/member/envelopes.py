"""Envelopes: messages as they stand in a log, sealed under ek_n, in few sizes.

May import the structs and the engine's crypto. An envelope hides from the broker what MLS shows
on the outside of its messages: group_id, epoch, kind, and how long a commit is.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from covey.access.member.padding import needed, pad, unpad
from covey.access.structs.sealed import Envelope, EnvelopeContext, Purpose
from covey.mls.crypto.aead import AES_256_GCM
from covey.mls.crypto.kdf import HKDF_SHA256
from covey.mls.group.padding import padme

if TYPE_CHECKING:
    from covey.access.member.epochs import EpochAccess
    from covey.mls.crypto.entropy import Entropy

VERSION: Final = 1

SIZES: Final = (256, 512, *(1024 << power for power in range(7)))
"""The sizes of envelopes up to 64 KiB, in bytes; above it is Padmé's."""

LIMITS: Final = {
    Purpose.commit: 16 << 20,
    Purpose.successor: 16 << 20,
    Purpose.other: SIZES[-1],
    Purpose.pointers: 16 << 20,
}
"""The largest envelopes, in bytes."""

_SALT_LENGTH: Final = 32
_TWO_BYTE_HEADER: Final = 16_384


def seal(
    access: EpochAccess, purpose: Purpose, idem: bytes, message: bytes, entropy: Entropy
) -> bytes:
    """Put a message into an envelope.

    Args:
        access: The keys of the epoch: for pointers of the next one, else of the current one.
        purpose: What it is.
        idem: Of the entry (16 bytes); for pointers that of the commit.
        message: The MLSMessage, or the PointerList.
        entropy: Where the salt comes from.

    Returns:
        The encoded Envelope: of one of SIZES, or of a size of Padmé's above 64 KiB.

    Raises:
        ValueError: It is too large for the log.
    """
    salt = entropy(_SALT_LENGTH)
    plaintext = pad(message, _plaintext_size(message, LIMITS[purpose]))
    context = _context(access, purpose, idem)
    sealed = AES_256_GCM.seal(_key(access, salt), bytes(AES_256_GCM.Nn), context, plaintext)
    return Envelope(salt, sealed).encode()


def unseal(access: EpochAccess, purpose: Purpose, idem: bytes, envelope: bytes) -> bytes:
    """Take the message out of an envelope.

    Args:
        access: The keys of the epoch that it was sealed under.
        purpose: What it is said to be.
        idem: Of the entry.
        envelope: The encoded Envelope.

    Raises:
        DecodeError: It is none, or the padding is wrong.
        AuthenticationError: It was sealed for another epoch, log, purpose or idem, or changed.
    """
    outer = Envelope.decode(envelope)
    context = _context(access, purpose, idem)
    key, nonce = _key(access, outer.salt), bytes(AES_256_GCM.Nn)
    return unpad(AES_256_GCM.open(key, nonce, context, outer.ciphertext))


def _context(access: EpochAccess, purpose: Purpose, idem: bytes) -> bytes:
    return EnvelopeContext(
        VERSION, access.broker_id, access.gid, access.epoch, purpose, idem
    ).encode()


def _key(access: EpochAccess, salt: bytes) -> bytes:
    return HKDF_SHA256.expand(access.envelope_key, salt, AES_256_GCM.Nk)


def _plaintext_size(message: bytes, limit: int) -> int:
    """How long the plaintext has to be for the whole envelope to have a size that is allowed."""
    length = needed(message)
    fitting = (size for size in SIZES if size - _overhead(size) >= length)
    total = next(fitting, None) or padme(length + _overhead(SIZES[-1]))
    if total > limit:
        msg = (
            f"a message of {len(message)} bytes makes an envelope of {total}, and at most {limit}"
            " are allowed: send what is long as an attachment"
        )
        raise ValueError(msg)
    return total - _overhead(total)


def _overhead(total: int) -> int:
    """How much of an envelope of a size (at least 256 bytes) is not plaintext."""
    header = 2 if total - _SALT_LENGTH - 2 < _TWO_BYTE_HEADER else 4
    return _SALT_LENGTH + header + AES_256_GCM.Nt
