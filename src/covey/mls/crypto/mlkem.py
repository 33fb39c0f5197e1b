"""ML-KEM (FIPS 203) as a KEM of HPKE (draft-ietf-hpke-pq §3), computed by OpenSSL.

May import :mod:`covey.errors`. Private keys are the 64 bytes ``d || z`` from which FIPS 203 makes
them; the expanded ones are never written anywhere.

The randomness of an encapsulation is OpenSSL's own: no binding of it takes any from outside
(docs/adr/0014-post-quantum-suites.md).
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from functools import lru_cache
from typing import TYPE_CHECKING, Final

from cryptography.hazmat.primitives.asymmetric import mlkem

from covey.errors import DecodeError

if TYPE_CHECKING:
    from covey.mls.crypto.entropy import Entropy

    PrivateKey = mlkem.MLKEM768PrivateKey | mlkem.MLKEM1024PrivateKey
    PublicKey = mlkem.MLKEM768PublicKey | mlkem.MLKEM1024PublicKey

_SEED: Final = 64
_Q: Final = 3329


def labeled_derive(hpke_id: int, ikm: bytes, label: bytes, length: int) -> bytes:
    """SHAKE256's LabeledDerive with an empty context (draft-ietf-hpke-pq §2).

    Args:
        hpke_id: The KEM.
        ikm: The secret.
        label: What it is for.
        length: How many bytes to derive.
    """
    suite_id = b"KEM" + hpke_id.to_bytes(2)
    text = (ikm, b"HPKE-v1", suite_id, len(label).to_bytes(2), label, length.to_bytes(2))
    return hashlib.shake_256(b"".join(text)).digest(length)


def _unreduced(public: bytes, rank: int) -> bool:
    """Tell whether one of the 256 * k coefficients is q or above: the modulus check (§7.2).

    They are 12 bits each, of one little-endian number. Every second one is looked at at once, with
    room for a carry: adding 2^12 - q carries from q on.
    """
    vector = int.from_bytes(public[: 384 * rank], "little")
    lanes, surplus, carries = _every_second(rank)
    carried = (vector & lanes) + surplus | (vector >> 12 & lanes) + surplus
    return carried & carries != 0


@lru_cache
def _every_second(rank: int) -> tuple[int, int, int]:
    """In each 24 bits of 128 * k: the lower 12 all set, the number 2^12 - q, and the 13th bit."""
    ones = sum(1 << place for place in range(0, 24 * 128 * rank, 24))
    return 0xFFF * ones, (0x1000 - _Q) * ones, 0x1000 * ones


@dataclass(frozen=True, slots=True)
class Parameters:
    """A parameter set of FIPS 203 §8.

    Attributes:
        name: Its name.
        rank: The number k, of polynomials of 256 coefficients in a vector.
        public_length: Bytes of an encapsulation key.
        ciphertext_length: Bytes of a ciphertext.
        private: The library's private keys.
        public: The library's public keys.
    """

    name: str
    rank: int
    public_length: int
    ciphertext_length: int
    private: type[PrivateKey]
    public: type[PublicKey]

    def private_key(self, seed: bytes) -> PrivateKey:
        """KeyGen_internal, from 64 bytes.

        Raises:
            DecodeError: There are more or fewer.
        """
        if len(seed) != _SEED:
            msg = f"an {self.name} private key has {len(seed)} bytes, not {_SEED}"
            raise DecodeError(msg)
        return self.private.from_seed_bytes(seed)

    def public_key(self, public: bytes) -> PublicKey:
        """Decode an encapsulation key, with the checks of FIPS 203 §7.2.

        Raises:
            DecodeError: Wrong length, or coefficients that are not reduced.
        """
        self._require_length(public)
        try:
            return self.public.from_public_bytes(public)
        except ValueError:
            raise self._not_reduced() from None

    def check_public(self, public: bytes) -> None:
        """Only the checks: OpenSSL would make the key ready, which takes several times as long.

        Raises:
            DecodeError: Wrong length, or coefficients that are not reduced.
        """
        self._require_length(public)
        if _unreduced(public, self.rank):
            raise self._not_reduced()

    def _require_length(self, public: bytes) -> None:
        if len(public) != self.public_length:
            msg = f"an {self.name} public key has {len(public)} bytes, not {self.public_length}"
            raise DecodeError(msg)

    def _not_reduced(self) -> DecodeError:
        return DecodeError(f"the {self.name} public key has coefficients that are not reduced")

    def decapsulate(self, key: PrivateKey, ciphertext: bytes) -> bytes:
        """Decaps: 32 bytes; of a ciphertext that was changed, others (implicit rejection).

        Raises:
            DecodeError: The ciphertext has the wrong length (VAL-016).
        """
        self.check_ciphertext(ciphertext)
        return key.decapsulate(ciphertext)

    def check_ciphertext(self, ciphertext: bytes) -> None:
        """Any bytes are one, of the right length.

        Raises:
            DecodeError: The ciphertext has the wrong length (VAL-016).
        """
        if len(ciphertext) != self.ciphertext_length:
            msg = (
                f"an {self.name} ciphertext has {len(ciphertext)} bytes,"
                f" not {self.ciphertext_length}"
            )
            raise DecodeError(msg).of(rule="VAL-016", section="5.1.3")


@dataclass(frozen=True, slots=True)
class MlKem:
    """One parameter set as a KEM.

    Attributes:
        hpke_id: Code point.
        parameters: The parameter set.
    """

    hpke_id: int
    parameters: Parameters
    Nsk: int = field(default=_SEED, init=False)
    draw: int = field(default=0, init=False)

    @property
    def Npk(self) -> int:  # noqa: N802 - RFC 9180's name
        """Bytes of a public key."""
        return self.parameters.public_length

    @property
    def Nenc(self) -> int:  # noqa: N802 - RFC 9180's name
        """Bytes of an encapsulated key, in MLS ``kem_output``."""
        return self.parameters.ciphertext_length

    def derive_private_key(self, ikm: bytes) -> bytes:
        """DeriveKeyPair, its private half: 64 bytes."""
        return labeled_derive(self.hpke_id, ikm, b"DeriveKeyPair", self.Nsk)

    def generate_private_key(self, entropy: Entropy) -> bytes:
        """GenerateKeyPair, its private half, from one draw of 64 bytes."""
        return entropy(self.Nsk)

    def load(self, private: bytes, public: bytes | None = None) -> MlKemKey:
        """Make a private key ready; its public key comes with it, whatever is known."""
        del public
        return MlKemKey(self.parameters, self.parameters.private_key(private))

    def check_public(self, public: bytes) -> None:
        """Accept a public key, or refuse it."""
        self.parameters.check_public(public)

    def check_encapsulated(self, enc: bytes) -> None:
        """Accept a ciphertext, or refuse it."""
        self.parameters.check_ciphertext(enc)

    def encap(self, public: bytes, entropy: Entropy) -> tuple[bytes, bytes]:
        """Encap: the shared secret and the ciphertext; nothing is drawn from the entropy."""
        del entropy  # OpenSSL has its own
        return self.parameters.public_key(public).encapsulate()


class MlKemKey:
    """A private key that is ready for use."""

    __slots__ = ("_key", "_parameters")

    def __init__(self, parameters: Parameters, key: PrivateKey) -> None:
        self._parameters = parameters
        self._key = key

    @property
    def public(self) -> bytes:
        """The encapsulation key."""
        return self._key.public_key().public_bytes_raw()

    def decap(self, enc: bytes) -> bytes:
        """Decap: the shared secret, 32 bytes."""
        return self._parameters.decapsulate(self._key, enc)


PARAMETERS_768: Final = Parameters(
    "ML-KEM-768", 3, 1184, 1088, mlkem.MLKEM768PrivateKey, mlkem.MLKEM768PublicKey
)
PARAMETERS_1024: Final = Parameters(
    "ML-KEM-1024", 4, 1568, 1568, mlkem.MLKEM1024PrivateKey, mlkem.MLKEM1024PublicKey
)
MLKEM768: Final = MlKem(0x0041, PARAMETERS_768)
MLKEM1024: Final = MlKem(0x0042, PARAMETERS_1024)
