"""DHKEM: Diffie-Hellman as a KEM of HPKE (RFC 9180 §4.1, §7.1).

May import :mod:`covey.errors` and this package's curves, kdf and mac.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from covey.errors import DecodeError
from covey.mls.crypto.curves import P256, P384, P521, X448, X25519, Curve, KeyPair
from covey.mls.crypto.kdf import HKDF_SHA256, HKDF_SHA384, HKDF_SHA512, Kdf, labeled_info
from covey.mls.crypto.mac import hmac_digest

if TYPE_CHECKING:
    from covey.mls.crypto.entropy import Entropy

_CANDIDATES: Final = 256


@dataclass(frozen=True, slots=True)
class DhKem:
    """DHKEM(curve, kdf) of RFC 9180 §4.1.

    Attributes:
        hpke_id: Code point (RFC 9180 §7.1).
        curve: The group.
        kdf: HKDF with Nsecret = Nh; not necessarily the cipher suite's.
    """

    hpke_id: int
    curve: Curve
    kdf: Kdf
    _suite_id: bytes = field(init=False, repr=False)
    _eae_label: bytes = field(init=False, repr=False)
    _secret_label: bytes = field(init=False, repr=False)

    def __post_init__(self) -> None:
        """Assemble what does not change."""
        suite_id = b"KEM" + self.hpke_id.to_bytes(2)
        object.__setattr__(self, "_suite_id", suite_id)
        object.__setattr__(self, "_eae_label", b"HPKE-v1" + suite_id + b"eae_prk")
        label = labeled_info(suite_id, b"shared_secret", b"", self.kdf.Nh)
        object.__setattr__(self, "_secret_label", label)

    @property
    def Nsk(self) -> int:  # noqa: N802 - RFC 9180's name
        """Bytes of a private key."""
        return self.curve.Nsk

    @property
    def Npk(self) -> int:  # noqa: N802 - RFC 9180's name
        """Bytes of a public key."""
        return self.curve.Npk

    @property
    def Nenc(self) -> int:  # noqa: N802 - RFC 9180's name
        """Bytes of an encapsulated key, in MLS ``kem_output``."""
        return self.curve.Npk

    @property
    def draw(self) -> int:
        """Bytes that ``encap`` draws, for the ephemeral key."""
        return self.curve.Nsk

    def load(self, private: bytes, public: bytes | None = None) -> DhKey:
        """Make a private key ready.

        Raises:
            DecodeError: ``private`` is no private key, or not that of ``public``.
        """
        return DhKey(self, self.curve.load(private, public))

    def check_public(self, public: bytes) -> None:
        """Accept a public key, or refuse it.

        Raises:
            DecodeError: Wrong length, not a point of the curve, or of small order.
        """
        self.curve.check_public(public)

    def check_encapsulated(self, enc: bytes) -> None:
        """Accept an encapsulated key, or refuse it: it is a public one."""
        self.curve.check_public(enc)

    def derive_private_key(self, ikm: bytes) -> bytes:
        """DeriveKeyPair (RFC 9180 §7.1.3), its private half: Nsk bytes.

        Raises:
            DecodeError: No candidate was below the order (chance below 2^-8000).
        """
        kdf, curve = self.kdf, self.curve
        prk = kdf.labeled_extract(self._suite_id, b"", b"dkp_prk", ikm)
        if curve.bitmask is None:
            return kdf.labeled_expand(self._suite_id, prk, b"sk", b"", curve.Nsk)
        for counter in range(_CANDIDATES):
            candidate = bytearray(
                kdf.labeled_expand(self._suite_id, prk, b"candidate", bytes((counter,)), curve.Nsk)
            )
            candidate[0] &= curve.bitmask
            private = bytes(candidate)
            if curve.accepts(private):
                return private
        msg = "DeriveKeyPair found no private key"
        raise DecodeError(msg)

    def generate_private_key(self, entropy: Entropy) -> bytes:
        """GenerateKeyPair, its private half, from one draw of Nsk bytes."""
        if self.curve.bitmask is None:
            return entropy(self.curve.Nsk)
        return self.derive_private_key(entropy(self.curve.Nsk))

    def encap(self, public: bytes, entropy: Entropy) -> tuple[bytes, bytes]:
        """Encap: the shared secret and the encapsulated key.

        Raises:
            DecodeError: ``public`` is no public key that can be encrypted to.
        """
        ephemeral = self.curve.load(self.generate_private_key(entropy))
        dh = ephemeral.exchange(public)
        return self._extract_and_expand(dh, ephemeral.public + public), ephemeral.public

    def decap(self, enc: bytes, key: KeyPair) -> bytes:
        """Decap: the shared secret.

        Args:
            enc: The encapsulated key.
            key: The recipient's key pair.

        Raises:
            DecodeError: ``enc`` is no public key, or of small order (VAL-016).
        """
        try:
            dh = key.exchange(enc)
        except DecodeError as error:
            raise error.of(rule="VAL-016", section="5.1.3") from None
        return self._extract_and_expand(dh, enc + key.public)

    def _extract_and_expand(self, dh: bytes, kem_context: bytes) -> bytes:
        digest = self.kdf.digest
        eae_prk = hmac_digest(b"", self._eae_label + dh, digest)
        return hmac_digest(eae_prk, self._secret_label + kem_context + b"\x01", digest)


class DhKey:
    """A private key that is ready for use."""

    __slots__ = ("_kem", "_pair")

    def __init__(self, kem: DhKem, pair: KeyPair) -> None:
        self._kem = kem
        self._pair = pair

    @property
    def public(self) -> bytes:
        """The serialized public key, Npk bytes."""
        return self._pair.public

    def decap(self, enc: bytes) -> bytes:
        """Decap: the shared secret.

        Raises:
            DecodeError: ``enc`` is no public key, or of small order (VAL-016).
        """
        return self._kem.decap(enc, self._pair)


DHKEM_P256: Final = DhKem(0x0010, P256, HKDF_SHA256)
DHKEM_P384: Final = DhKem(0x0011, P384, HKDF_SHA384)
DHKEM_P521: Final = DhKem(0x0012, P521, HKDF_SHA512)
DHKEM_X25519: Final = DhKem(0x0020, X25519(), HKDF_SHA256)
DHKEM_X448: Final = DhKem(0x0021, X448(), HKDF_SHA512)
