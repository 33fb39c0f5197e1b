"""HPKE in base mode (RFC 9180 §4.1, §5.1, §6.1), as MLS uses it (RFC 9420 §5.1.3).

May import :mod:`covey.errors` and this package's curves, kdf and aead. Composed here and
not taken from ``cryptography``'s one-shot ``hpke.Suite`` because of three things that it
does not do: serve X448, export (RFC 9420 §8.3), and hash ``info`` once for many
recipients. The last matters: the info of a Welcome holds the ratchet tree, and hashing
it again for each of n new members makes a Welcome cost O(n^2). The tests compare both.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from covey.errors import AuthenticationError, DecodeError
from covey.mls.crypto.curves import P256, P384, P521, X448, X25519, Curve, KeyPair
from covey.mls.crypto.kdf import (
    HKDF_SHA256,
    HKDF_SHA384,
    HKDF_SHA512,
    Kdf,
    labeled_info,
)
from covey.mls.crypto.mac import hmac_digest

if TYPE_CHECKING:
    from covey.mls.crypto.aead import Aead
    from covey.mls.crypto.entropy import Entropy

_MODE_BASE: Final = b"\x00"
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


class Hpke:
    """One combination of KEM, KDF and AEAD."""

    __slots__ = ("_psk_id_hash", "aead", "kdf", "kem", "suite_id")

    def __init__(self, kem: DhKem, kdf: Kdf, aead: Aead) -> None:
        self.kem: DhKem = kem
        self.kdf: Kdf = kdf
        self.aead: Aead = aead
        ids = (kem.hpke_id, kdf.hpke_id, aead.hpke_id)
        self.suite_id: bytes = b"HPKE" + b"".join(code.to_bytes(2) for code in ids)
        self._psk_id_hash = kdf.labeled_extract(self.suite_id, b"", b"psk_id_hash", b"")

    def key_schedule_context(self, info: bytes) -> bytes:
        """Hash ``info`` into the ``key_schedule_context`` (RFC 9180 §5.1)."""
        info_hash = self.kdf.labeled_extract(self.suite_id, b"", b"info_hash", info)
        return _MODE_BASE + self._psk_id_hash + info_hash

    def export(self, shared_secret: bytes, exporter_context: bytes, length: int) -> bytes:
        """Context.Export (RFC 9180 §5.3) of a context whose ``info`` is empty."""
        kdf, suite_id = self.kdf, self.suite_id
        secret = kdf.labeled_extract(suite_id, shared_secret, b"secret", b"")
        context = self.key_schedule_context(b"")
        exporter_secret = kdf.labeled_expand(suite_id, secret, b"exp", context, kdf.Nh)
        return kdf.labeled_expand(suite_id, exporter_secret, b"sec", exporter_context, length)


class Encryption:
    """EncryptWithLabel and DecryptWithLabel with one EncryptContext (RFC 9420 §5.1.3).

    The context is hashed once, here; then any number of recipients can be served, from
    any number of threads.
    """

    __slots__ = ("_hpke", "_key_info", "_nonce_info", "_secret_label")

    def __init__(self, hpke: Hpke, info: bytes) -> None:
        self._hpke = hpke
        suite_id, aead = hpke.suite_id, hpke.aead
        context = hpke.key_schedule_context(info)
        self._secret_label = b"HPKE-v1" + suite_id + b"secret"
        self._key_info = labeled_info(suite_id, b"key", context, aead.Nk) + b"\x01"
        self._nonce_info = labeled_info(suite_id, b"base_nonce", context, aead.Nn) + b"\x01"

    @property
    def draw(self) -> int:
        """Bytes that one ``seal`` draws from its entropy."""
        return self._hpke.kem.Nsk

    def _key_and_nonce(self, shared_secret: bytes) -> tuple[bytes, bytes]:
        """KeySchedule (RFC 9180 §5.1), without the exporter; Nk and Nn are below Nh."""
        hpke = self._hpke
        digest = hpke.kdf.digest
        secret = hmac_digest(shared_secret, self._secret_label, digest)
        key = hmac_digest(secret, self._key_info, digest)[: hpke.aead.Nk]
        return key, hmac_digest(secret, self._nonce_info, digest)[: hpke.aead.Nn]

    def seal(self, public: bytes, plaintext: bytes, entropy: Entropy) -> tuple[bytes, bytes]:
        """Encrypt to a public key, with a fresh ephemeral key.

        Args:
            public: The recipient's HPKE public key.
            plaintext: What to encrypt.
            entropy: Drawn from exactly once, for Nsk bytes.

        Returns:
            ``kem_output`` and ``ciphertext``.

        Raises:
            DecodeError: ``public`` cannot be encrypted to.
        """
        hpke = self._hpke
        shared_secret, kem_output = hpke.kem.encap(public, entropy)
        key, nonce = self._key_and_nonce(shared_secret)
        return kem_output, hpke.aead.seal(key, nonce, b"", plaintext)

    def open(
        self, private: bytes, kem_output: bytes, ciphertext: bytes, public: bytes | None = None
    ) -> bytes:
        """Decrypt with a private key.

        Args:
            private: The recipient's HPKE private key.
            kem_output: As received.
            ciphertext: As received.
            public: The recipient's public key, if at hand: spares a third of the time.
                A wrong one does no harm, but then nothing decrypts.

        Raises:
            AuthenticationError: Not encrypted to this key with this context, or
                ``kem_output`` is no valid encapsulation (VAL-016).
            DecodeError: ``private`` is no private key, or not that of ``public``.
        """
        hpke = self._hpke
        key_pair = hpke.kem.curve.load(private, public)
        try:
            shared_secret = hpke.kem.decap(kem_output, key_pair)
        except DecodeError as error:
            raise AuthenticationError(error.rule, error.section) from None
        key, nonce = self._key_and_nonce(shared_secret)
        return hpke.aead.open(key, nonce, b"", ciphertext)


DHKEM_P256: Final = DhKem(0x0010, P256, HKDF_SHA256)
DHKEM_P384: Final = DhKem(0x0011, P384, HKDF_SHA384)
DHKEM_P521: Final = DhKem(0x0012, P521, HKDF_SHA512)
DHKEM_X25519: Final = DhKem(0x0020, X25519(), HKDF_SHA256)
DHKEM_X448: Final = DhKem(0x0021, X448(), HKDF_SHA512)
