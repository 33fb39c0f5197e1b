"""Hash, MAC and KDF of a cipher suite (RFC 9420 §5.1; HKDF of RFC 5869; RFC 9180 §4).

May import nothing of covey. In MLS the KDF is HKDF over the suite's hash and the MAC is
HMAC with it, so that one row holds all three. Lengths are in bytes.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from covey.mls.crypto.mac import hmac_digest

if TYPE_CHECKING:
    from collections.abc import Callable

_VERSION: Final = b"HPKE-v1"


@dataclass(frozen=True, slots=True)
class Kdf:
    """HKDF over one hash.

    Attributes:
        hpke_id: Code point of the KDF in HPKE (RFC 9180 §7.2).
        digest: Name of the hash for :mod:`hashlib`.
        Nh: Output of the hash and of Extract.
        function: The hash.
    """

    hpke_id: int
    digest: str
    Nh: int
    function: Callable[[bytes], hashlib._Hash]

    def hash(self, content: bytes) -> bytes:
        """Hash ``content`` to Nh bytes."""
        return self.function(content).digest()

    def extract(self, salt: bytes, ikm: bytes) -> bytes:
        """KDF.Extract: Nh bytes."""
        return hmac_digest(salt, ikm, self.digest)

    def expand(self, prk: bytes, info: bytes, length: int) -> bytes:
        """KDF.Expand: ``length`` bytes.

        Raises:
            ValueError: ``length`` is above 255 * Nh, or negative.
        """
        if 0 <= length <= self.Nh:
            return hmac_digest(prk, info + b"\x01", self.digest)[:length]
        if not 0 <= length <= 255 * self.Nh:
            msg = f"HKDF cannot expand to {length} bytes (0 to {255 * self.Nh})"
            raise ValueError(msg)
        block, blocks = b"", bytearray()
        for counter in range(1, -(-length // self.Nh) + 1):
            block = hmac_digest(prk, block + info + bytes((counter,)), self.digest)
            blocks += block
        return bytes(blocks[:length])

    def labeled_extract(self, suite_id: bytes, salt: bytes, label: bytes, ikm: bytes) -> bytes:
        """LabeledExtract (RFC 9180 §4)."""
        return self.extract(salt, b"".join((_VERSION, suite_id, label, ikm)))

    def labeled_expand(
        self, suite_id: bytes, prk: bytes, label: bytes, info: bytes, length: int
    ) -> bytes:
        """LabeledExpand (RFC 9180 §4)."""
        return self.expand(prk, labeled_info(suite_id, label, info, length), length)


def labeled_info(suite_id: bytes, label: bytes, info: bytes, length: int) -> bytes:
    """Assemble the ``labeled_info`` of LabeledExpand (RFC 9180 §4)."""
    return b"".join((length.to_bytes(2), _VERSION, suite_id, label, info))


HKDF_SHA256: Final = Kdf(0x0001, "sha256", 32, hashlib.sha256)
HKDF_SHA384: Final = Kdf(0x0002, "sha384", 48, hashlib.sha384)
HKDF_SHA512: Final = Kdf(0x0003, "sha512", 64, hashlib.sha512)
