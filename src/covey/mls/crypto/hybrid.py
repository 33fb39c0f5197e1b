"""ML-KEM and a curve as one KEM, as strong as the stronger one (draft-ietf-hpke-pq §4).

May import :mod:`covey.errors` and this package's curves and mlkem. The one with X25519 is also
known as X-Wing. Private keys are 32-byte seeds, which expand to a private key of each kind.

A stored or transmitted key, ciphertext or secret is that of ML-KEM first, then that of the curve.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from covey.errors import DecodeError
from covey.mls.crypto.curves import P256, P384, X25519, Curve, KeyPair
from covey.mls.crypto.mlkem import PARAMETERS_768, PARAMETERS_1024, Parameters, labeled_derive

if TYPE_CHECKING:
    from collections.abc import Callable

    from covey.mls.crypto.entropy import Entropy
    from covey.mls.crypto.mlkem import PrivateKey

_SEED: Final = 32
_MLKEM_SEED: Final = 64


def _labeled(hpke_id: int, ikm: bytes) -> bytes:
    """DeriveKeyPair of draft-ietf-hpke-pq: the seed."""
    return labeled_derive(hpke_id, ikm, b"DeriveKeyPair", _SEED)


def _unlabeled(_: int, ikm: bytes) -> bytes:
    """DeriveKeyPair of draft-connolly-cfrg-xwing-kem: the seed."""
    return hashlib.shake_256(ikm).digest(_SEED)


@dataclass(frozen=True, slots=True)
class HybridKem:
    """A parameter set of ML-KEM with a curve.

    Attributes:
        hpke_id: Code point.
        parameters: The parameter set of ML-KEM.
        curve: The curve.
        scalar_seed: Bytes from which a private key of the curve is sampled.
        label: What ends the text that the combiner hashes.
        derive: DeriveKeyPair, as far as the seed.
    """

    hpke_id: int
    parameters: Parameters
    curve: Curve
    scalar_seed: int
    label: bytes
    derive: Callable[[int, bytes], bytes] = field(default=_labeled, repr=False)
    Nsk: int = field(default=_SEED, init=False)

    @property
    def Npk(self) -> int:  # noqa: N802 - RFC 9180's name
        """Bytes of a public key."""
        return self.parameters.public_length + self.curve.Npk

    @property
    def Nenc(self) -> int:  # noqa: N802 - RFC 9180's name
        """Bytes of an encapsulated key, in MLS ``kem_output``."""
        return self.parameters.ciphertext_length + self.curve.Npk

    @property
    def draw(self) -> int:
        """Bytes that ``encap`` draws, for the ephemeral key of the curve."""
        return self.scalar_seed

    def derive_private_key(self, ikm: bytes) -> bytes:
        """DeriveKeyPair, its private half: a seed of 32 bytes."""
        return self.derive(self.hpke_id, ikm)

    def generate_private_key(self, entropy: Entropy) -> bytes:
        """GenerateKeyPair, its private half, from one draw of 32 bytes."""
        return entropy(_SEED)

    def load(self, private: bytes, public: bytes | None = None) -> HybridKey:
        """Make a private key ready."""
        if len(private) != _SEED:
            msg = f"a private key of {self.parameters.name} and a curve has {_SEED} bytes"
            raise DecodeError(msg)
        seeds = hashlib.shake_256(private).digest(_MLKEM_SEED + self.scalar_seed)
        first = self.parameters.private_key(seeds[:_MLKEM_SEED])
        known = None if public is None else public[self.parameters.public_length :]
        return HybridKey(self, first, self.curve.load(self._scalar(seeds[_MLKEM_SEED:]), known))

    def check_public(self, public: bytes) -> None:
        """Accept a public key, or refuse it."""
        first, second = self._split(public)
        self.parameters.check_public(first)
        self.curve.check_public(second)

    def check_encapsulated(self, enc: bytes) -> None:
        """Accept what both kinds have encapsulated, or refuse it."""
        size = self.parameters.ciphertext_length
        self.parameters.check_ciphertext(enc[:size])
        self.curve.check_public(enc[size:])

    def encap(self, public: bytes, entropy: Entropy) -> tuple[bytes, bytes]:
        """Encap: the shared secret, and what both kinds have encapsulated."""
        first, second = self._split(public)
        ephemeral = self.curve.load(self._scalar(entropy(self.scalar_seed)))
        exchanged = ephemeral.exchange(second)
        secret, ciphertext = self.parameters.public_key(first).encapsulate()
        combined = self.combined(secret, exchanged, ephemeral.public, second)
        return combined, ciphertext + ephemeral.public

    def combined(self, secret: bytes, exchanged: bytes, ephemeral: bytes, public: bytes) -> bytes:
        """The shared secret, 32 bytes, of those of both kinds.

        Args:
            secret: What ML-KEM has encapsulated.
            exchanged: What the curve has exchanged.
            ephemeral: The ephemeral public key of the curve.
            public: The recipient's public key of the curve.
        """
        text = secret + exchanged + ephemeral + public + self.label
        return hashlib.sha3_256(text).digest()

    def _split(self, public: bytes) -> tuple[bytes, bytes]:
        """What of a public key is of ML-KEM, and what of the curve; each refuses a wrong length."""
        length = self.parameters.public_length
        return public[:length], public[length:]

    def _scalar(self, seed: bytes) -> bytes:
        """RandomScalar: the first window of a seed that is a private key of the curve.

        Raises:
            DecodeError: None is (chance below 2^-64 if nobody has searched for such a seed).
        """
        size = self.curve.Nsk
        for start in range(0, len(seed), size):
            if self.curve.accepts(seed[start : start + size]):
                return seed[start : start + size]
        msg = "the seed holds no private key of the curve"
        raise DecodeError(msg)


class HybridKey:
    """A private key that is ready for use."""

    __slots__ = ("_first", "_kem", "_second")

    def __init__(self, kem: HybridKem, first: PrivateKey, second: KeyPair) -> None:
        self._kem = kem
        self._first = first
        self._second = second

    @property
    def public(self) -> bytes:
        """The serialized public key, Npk bytes."""
        return self._first.public_key().public_bytes_raw() + self._second.public

    def decap(self, enc: bytes) -> bytes:
        """Decap: the shared secret, 32 bytes.

        Raises:
            DecodeError: Wrong length, or no point of the curve, or one of small order (VAL-016).
        """
        kem = self._kem
        size = kem.parameters.ciphertext_length
        try:
            exchanged = self._second.exchange(enc[size:])
        except DecodeError as error:
            raise error.of(rule="VAL-016", section="5.1.3") from None
        secret = kem.parameters.decapsulate(self._first, enc[:size])
        return kem.combined(secret, exchanged, enc[size:], self._second.public)


MLKEM768_X25519: Final = HybridKem(
    0x647A, PARAMETERS_768, X25519(), 32, bytes.fromhex("5c2e2f2f5e5c")
)
MLKEM768_P256: Final = HybridKem(0x0050, PARAMETERS_768, P256, 128, b"MLKEM768-P256")
MLKEM1024_P384: Final = HybridKem(0x0051, PARAMETERS_1024, P384, 48, b"MLKEM1024-P384")
XWING_DRAFT: Final = HybridKem(
    0x647A, PARAMETERS_768, X25519(), 32, MLKEM768_X25519.label, _unlabeled
)
"""X-Wing with the DeriveKeyPair of its own draft, as ts-mls and OpenMLS up to 0.9 have it."""
