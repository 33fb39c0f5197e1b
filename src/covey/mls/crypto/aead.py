"""The AEADs of the cipher suites (RFC 9420 §5.1, RFC 5116).

May import :mod:`covey.errors`. Lengths are in bytes; a tag is the end of its ciphertext.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Protocol

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM, ChaCha20Poly1305

from covey.errors import AuthenticationError

if TYPE_CHECKING:
    from collections.abc import Callable


class _Cipher(Protocol):
    def encrypt(self, nonce: bytes, data: bytes, associated_data: bytes | None) -> bytes: ...

    def decrypt(self, nonce: bytes, data: bytes, associated_data: bytes | None) -> bytes: ...


@dataclass(frozen=True, slots=True)
class Aead:
    """One AEAD.

    Attributes:
        hpke_id: Code point in HPKE (RFC 9180 §7.3).
        cipher: Makes the cipher from a key of Nk bytes.
        Nk: Key.
        Nn: Nonce.
        Nt: Tag.
    """

    hpke_id: int
    cipher: Callable[[bytes], _Cipher]
    Nk: int
    Nn: int = 12
    Nt: int = 16

    def seal(self, key: bytes, nonce: bytes, aad: bytes, plaintext: bytes) -> bytes:
        """Encrypt: the ciphertext is Nt bytes longer than the plaintext."""
        return self.cipher(key).encrypt(nonce, plaintext, aad)

    def open(self, key: bytes, nonce: bytes, aad: bytes, ciphertext: bytes) -> bytes:
        """Decrypt.

        Raises:
            AuthenticationError: The tag does not fit, or there is none.
        """
        try:
            return self.cipher(key).decrypt(nonce, ciphertext, aad)
        except InvalidTag:
            raise AuthenticationError from None


AES_128_GCM: Final = Aead(0x0001, AESGCM, Nk=16)
AES_256_GCM: Final = Aead(0x0002, AESGCM, Nk=32)
CHACHA20_POLY1305: Final = Aead(0x0003, ChaCha20Poly1305, Nk=32)
