"""HPKE in base mode (RFC 9180 §4.1, §5.1, §6.1), as MLS uses it (RFC 9420 §5.1.3).

May import :mod:`covey.errors` and this package's kem, kdf and aead. Composed here and
not taken from ``cryptography``'s one-shot ``hpke.Suite`` because of four things that it
does not do: serve X448 and MLKEM768-P256, export (RFC 9420 §8.3), and hash ``info`` once for
many recipients. The last matters: the info of a Welcome holds the ratchet tree, and hashing
it again for each of n new members makes a Welcome cost O(n^2). The tests compare both.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from covey.errors import AuthenticationError, DecodeError
from covey.mls.crypto.kdf import labeled_info
from covey.mls.crypto.mac import hmac_digest

if TYPE_CHECKING:
    from covey.mls.crypto.aead import Aead
    from covey.mls.crypto.entropy import Entropy
    from covey.mls.crypto.kdf import Kdf
    from covey.mls.crypto.kem import Kem

_MODE_BASE: Final = b"\x00"


class Hpke:
    """One combination of KEM, KDF and AEAD."""

    __slots__ = ("_psk_id_hash", "aead", "kdf", "kem", "suite_id")

    def __init__(self, kem: Kem, kdf: Kdf, aead: Aead) -> None:
        self.kem: Kem = kem
        self.kdf: Kdf = kdf
        self.aead: Aead = aead
        ids = (kem.hpke_id, kdf.hpke_id, aead.hpke_id)
        self.suite_id: bytes = b"HPKE" + b"".join(code.to_bytes(2) for code in ids)
        self._psk_id_hash = kdf.labeled_extract(self.suite_id, b"", b"psk_id_hash", b"")

    def key_schedule_context(self, info: bytes) -> bytes:
        """Hash ``info`` into the ``key_schedule_context`` (RFC 9180 §5.1)."""
        info_hash = self.kdf.labeled_extract(self.suite_id, b"", b"info_hash", info)
        return _MODE_BASE + self._psk_id_hash + info_hash

    def export(
        self, shared_secret: bytes, exporter_context: bytes, length: int, info: bytes = b""
    ) -> bytes:
        """Context.Export (RFC 9180 §5.3); in MLS ``info`` is empty (RFC 9420 §8.3)."""
        kdf, suite_id = self.kdf, self.suite_id
        secret = kdf.labeled_extract(suite_id, shared_secret, b"secret", b"")
        context = self.key_schedule_context(info)
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
        return self._hpke.kem.draw

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
            entropy: Drawn from at most once, for ``draw`` bytes.

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
        key = hpke.kem.load(private, public)
        try:
            shared_secret = key.decap(kem_output)
        except DecodeError as error:
            raise AuthenticationError(error.rule, error.section) from None
        message_key, nonce = self._key_and_nonce(shared_secret)
        return hpke.aead.open(message_key, nonce, b"", ciphertext)
