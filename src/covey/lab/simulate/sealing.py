"""What is encrypted under which key, by everybody, for as long as a run lasts; what was verified.

May import the engine's crypto. In MLS and in this protocol a key encrypts once: keys of messages
are used up, those of envelopes and parcels are drawn, those of HPKE are agreed upon anew. So a key
that encrypts two things is a broken promise, whatever the nonces are.
"""

from __future__ import annotations

from contextlib import contextmanager
from hashlib import blake2b
from typing import TYPE_CHECKING
from unittest.mock import patch

from covey.mls.crypto.aead import Aead
from covey.mls.crypto.signature import Ed25519

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


class Sealed:
    """All that was sealed.

    Attributes:
        count: How many things.
        twice: What is to be said of keys that were used twice.
    """

    def __init__(self) -> None:
        self.count: int = 0
        self.twice: list[str] = []
        self._by_key: dict[bytes, bytes] = {}

    def note(self, key: bytes, nonce: bytes, aad: bytes, plaintext: bytes) -> bool:
        """Something is sealed; returns whether the key had sealed something else."""
        self.count += 1
        content = blake2b(aad, digest_size=16)
        content.update(nonce)
        content.update(plaintext)
        digest = content.digest()
        return self._by_key.setdefault(key, digest) != digest


@contextmanager
def noted(reused: Callable[[], None]) -> Iterator[Sealed]:
    """Note all that is sealed while the block lasts.

    Args:
        reused: Is called, in whoever seals, when a key is used for a second thing.
    """
    sealed = Sealed()
    seal = Aead.seal

    def noting(self: Aead, key: bytes, nonce: bytes, aad: bytes, plaintext: bytes) -> bytes:
        if sealed.note(key, nonce, aad, plaintext):
            sealed.twice.append(f"a key of {len(key)} bytes sealed a second thing")
            reused()
        return seal(self, key, nonce, aad, plaintext)

    with patch.object(Aead, "seal", noting):
        yield sealed


@contextmanager
def signing_once() -> Iterator[None]:
    """Sign and verify the same bytes again, as for the next client, only once in the block.

    The same key and message give the same signature (RFC 8032).
    """
    known: dict[tuple[bytes, bytes, bytes], bool] = {}
    made: dict[tuple[bytes, bytes], bytes] = {}
    verify, sign = Ed25519.verify, Ed25519.sign

    def knowing(self: Ed25519, public: bytes, message: bytes, signature: bytes) -> bool:
        asked = (public, message, signature)
        if asked not in known:
            known[asked] = verify(self, *asked)
        return known[asked]

    def signing(self: Ed25519, private: bytes, message: bytes) -> bytes:
        asked = (private, message)
        if asked not in made:
            made[asked] = sign(self, *asked)
        return made[asked]

    with patch.object(Ed25519, "verify", knowing), patch.object(Ed25519, "sign", signing):
        yield
