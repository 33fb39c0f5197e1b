"""ML-DSA (FIPS 204) as a signature scheme of MLS (draft-ietf-tls-mldsa), computed by OpenSSL.

May import :mod:`covey.errors`. Private keys are the 32-byte seed from which FIPS 204 makes them.
Messages are signed as they are, not hashed before, with an empty context.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Final

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import mldsa

from covey.errors import DecodeError

if TYPE_CHECKING:
    from covey.mls.crypto.entropy import Entropy

    PrivateKey = mldsa.MLDSA44PrivateKey | mldsa.MLDSA65PrivateKey | mldsa.MLDSA87PrivateKey
    PublicKey = mldsa.MLDSA44PublicKey | mldsa.MLDSA65PublicKey | mldsa.MLDSA87PublicKey

_SEED: Final = 32
_READY_KEYS: Final = 16


@lru_cache(maxsize=_READY_KEYS)
def _ready(scheme: MlDsa, seed: bytes) -> PrivateKey:
    if len(seed) != _SEED:
        msg = f"an ML-DSA private key has {len(seed)} bytes, not {_SEED}"
        raise DecodeError(msg)
    return scheme.private.from_seed_bytes(seed)


@dataclass(frozen=True, slots=True)
class MlDsa:
    """One parameter set of FIPS 204 §4.

    Signatures are randomised, as FIPS 204 §3.4 prefers it, with OpenSSL's randomness
    (docs/adr/0014-post-quantum-suites.md): the same message is signed differently each time.

    Attributes:
        name: The name in the TLS SignatureScheme registry.
        private: The library's private keys.
        public: The library's public keys.
        public_length: Bytes of a public key.
        signature_length: Bytes of a signature.
    """

    name: str
    private: type[PrivateKey]
    public: type[PublicKey]
    public_length: int
    signature_length: int

    def generate(self, entropy: Entropy) -> bytes:
        """Draw a private key, in one draw."""
        return entropy(_SEED)

    def public_key(self, private: bytes) -> bytes:
        """Compute the public key."""
        return _ready(self, private).public_key().public_bytes_raw()

    def check_public(self, public: bytes) -> None:
        """Accept a public key, or refuse it: every text of the right length is one."""
        if len(public) != self.public_length:
            msg = f"an ML-DSA public key has {len(public)} bytes, not {self.public_length}"
            raise DecodeError(msg)

    def sign(self, private: bytes, message: bytes) -> bytes:
        """Sign: ``signature_length`` bytes."""
        return _ready(self, private).sign(message)

    def verify(self, public: bytes, message: bytes, signature: bytes) -> bool:
        """Tell whether OpenSSL accepts the signature."""
        if len(public) != self.public_length or len(signature) != self.signature_length:
            return False
        try:
            self.public.from_public_bytes(public).verify(signature, message)
        except InvalidSignature:
            return False
        return True


MLDSA44: Final = MlDsa("mldsa44", mldsa.MLDSA44PrivateKey, mldsa.MLDSA44PublicKey, 1312, 2420)
MLDSA65: Final = MlDsa("mldsa65", mldsa.MLDSA65PrivateKey, mldsa.MLDSA65PublicKey, 1952, 3309)
MLDSA87: Final = MlDsa("mldsa87", mldsa.MLDSA87PrivateKey, mldsa.MLDSA87PublicKey, 2592, 4627)
