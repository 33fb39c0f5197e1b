"""What a cipher suite does (RFC 9420 §5.1, §5.2, §8).

May import :mod:`covey.mls.wire`, :mod:`covey.errors` and the rest of this package. A
:class:`Suite` is the only thing of this package that the layers above hold. Lengths are
in bytes, keys and secrets are raw ``bytes``, labels are given without ``"MLS 1.0 "``.
"""

from __future__ import annotations

import hmac
from dataclasses import dataclass, field
from functools import lru_cache
from typing import TYPE_CHECKING, Final

from covey.mls.crypto.hpke import Encryption, Hpke
from covey.mls.crypto.mac import hmac_digest
from covey.mls.wire.varint import opaque

if TYPE_CHECKING:
    import hashlib
    from collections.abc import Callable

    from covey.mls.crypto.aead import Aead
    from covey.mls.crypto.entropy import Entropy
    from covey.mls.crypto.kdf import Kdf
    from covey.mls.crypto.kem import Kem
    from covey.mls.crypto.signature import SignatureScheme

_LABELS: Final = 512
"""Assembled labels kept; the protocol has about thirty, the rest are an application's."""


@lru_cache(maxsize=_LABELS)
def _label(label: str | bytes) -> bytes:
    """Encode ``opaque label<V> = "MLS 1.0 " + Label``."""
    return opaque(b"MLS 1.0 " + (label.encode() if isinstance(label, str) else label))


@lru_cache(maxsize=_LABELS)
def _kdf_label(label: str, length: int) -> bytes:
    """Encode the KDFLabel of an empty context, and HKDF's block counter (RFC 9420 §8)."""
    return b"".join((length.to_bytes(2), _label(label), b"\x00\x01"))


@lru_cache(maxsize=_LABELS)
def _tree_label(label: str, length: int) -> bytes:
    """Encode a KDFLabel up to its context, a uint32 (RFC 9420 §9.1)."""
    return b"".join((length.to_bytes(2), _label(label), b"\x04"))


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Suite:
    """A cipher suite: its parameters, and the RFC's functions over them (§5.1, §5.2, §8).

    Attributes:
        code: Code point (§17.1).
        name: Name in the registry, or in the draft.
        kem: HPKE's KEM.
        kdf: HPKE's KDF, which also is the group's hash and MAC.
        aead: HPKE's AEAD, which also encrypts messages.
        signature: The signature scheme.
        dialect: Whose code point it is (:mod:`covey.mls.crypto.dialects`).
        Nh: Bytes of a hash, a MAC and a secret.
        Nk: Bytes of an AEAD key.
        Nn: Bytes of an AEAD nonce.
        Nt: Bytes of an AEAD tag.
        Nsk: Bytes of an HPKE private key.
        Npk: Bytes of an HPKE public key.
        Nenc: Bytes of a ``kem_output``.
        zero: Nh zero bytes.
    """

    code: int
    name: str
    kem: Kem
    kdf: Kdf
    aead: Aead
    signature: SignatureScheme
    dialect: str = "rfc9420"
    Nh: int = field(init=False)
    Nk: int = field(init=False)
    Nn: int = field(init=False)
    Nt: int = field(init=False)
    Nsk: int = field(init=False)
    Npk: int = field(init=False)
    Nenc: int = field(init=False)
    zero: bytes = field(init=False)
    _digest: str = field(init=False)
    _hash: Callable[[bytes], hashlib._Hash] = field(init=False)
    _hpke: Hpke = field(init=False)

    def __post_init__(self) -> None:
        """Fill in what follows from the row."""
        derived: dict[str, object] = {
            "Nh": self.kdf.Nh,
            "Nk": self.aead.Nk,
            "Nn": self.aead.Nn,
            "Nt": self.aead.Nt,
            "Nsk": self.kem.Nsk,
            "Npk": self.kem.Npk,
            "Nenc": self.kem.Nenc,
            "zero": bytes(self.kdf.Nh),
            "_digest": self.kdf.digest,
            "_hash": self.kdf.function,
            "_hpke": Hpke(self.kem, self.kdf, self.aead),
        }
        for name, value in derived.items():
            object.__setattr__(self, name, value)

    def __repr__(self) -> str:
        """Show the code point and the name."""
        return f"<Suite 0x{self.code:04x} {self.name}>"

    @property
    def signature_scheme(self) -> str:
        """The signature scheme's name in the TLS registry."""
        return self.signature.name

    # Hash, MAC and KDF (§5.1, §5.2, §8)

    def hash(self, content: bytes) -> bytes:
        """Hash: Nh bytes."""
        return self._hash(content).digest()

    def mac(self, key: bytes, content: bytes) -> bytes:
        """MAC: Nh bytes of HMAC."""
        return hmac_digest(key, content, self._digest)

    def verify_mac(self, key: bytes, content: bytes, tag: bytes) -> bool:
        """Tell whether ``tag`` is the whole MAC of ``content``, in constant time."""
        return len(tag) == self.Nh and hmac.compare_digest(
            hmac_digest(key, content, self._digest), tag
        )

    def extract(self, salt: bytes, ikm: bytes) -> bytes:
        """KDF.Extract: Nh bytes."""
        return hmac_digest(salt, ikm, self._digest)

    def expand_with_label(self, secret: bytes, label: str, context: bytes, length: int) -> bytes:
        """ExpandWithLabel: ``length`` bytes (§8).

        Raises:
            ValueError: ``length`` is above 255 * Nh, or negative.
        """
        if not 0 <= length <= 255 * self.Nh:
            msg = f"HKDF cannot expand to {length} bytes (0 to {255 * self.Nh})"
            raise ValueError(msg)
        info = length.to_bytes(2) + _label(label) + opaque(context)
        if length <= self.Nh:
            return hmac_digest(secret, info + b"\x01", self._digest)[:length]
        return self.kdf.expand(secret, info, length)

    def derive_secret(self, secret: bytes, label: str) -> bytes:
        """DeriveSecret: Nh bytes (§8)."""
        return hmac_digest(secret, _kdf_label(label, self.Nh), self._digest)

    def derive_tree_secret(self, secret: bytes, label: str, generation: int, length: int) -> bytes:
        """DeriveTreeSecret: ``length`` bytes, at most Nh (§9.1).

        Args:
            secret: A ratchet secret.
            label: ``"key"``, ``"nonce"`` or ``"secret"``.
            generation: The position in the ratchet, a uint32.
            length: Nk, Nn or Nh.
        """
        info = _tree_label(label, length) + generation.to_bytes(4) + b"\x01"
        return hmac_digest(secret, info, self._digest)[:length]

    def ref_hash(self, label: str, value: bytes) -> bytes:
        """RefHash: Nh bytes (§5.2); this label is the whole one, ``"MLS 1.0 "`` included."""
        return self.kdf.hash(opaque(label.encode()) + opaque(value))

    # AEAD (§6.3)

    def seal_aead(self, key: bytes, nonce: bytes, aad: bytes, plaintext: bytes) -> bytes:
        """AEAD.Seal: the ciphertext, its tag at the end."""
        return self.aead.seal(key, nonce, aad, plaintext)

    def open_aead(self, key: bytes, nonce: bytes, aad: bytes, ciphertext: bytes) -> bytes:
        """AEAD.Open: the plaintext.

        Raises:
            AuthenticationError: The tag does not fit.
        """
        return self.aead.open(key, nonce, aad, ciphertext)

    # HPKE (§5.1.1, §5.1.3, §8.3)

    def derive_key_pair(self, ikm: bytes) -> tuple[bytes, bytes]:
        """KEM.DeriveKeyPair: the private key and the public key."""
        private = self.kem.derive_private_key(ikm)
        return private, self.kem.load(private).public

    def generate_key_pair(self, entropy: Entropy) -> tuple[bytes, bytes]:
        """Make a fresh HPKE private key and its public key, from one draw."""
        private = self.kem.generate_private_key(entropy)
        return private, self.kem.load(private).public

    def public_key(self, private: bytes) -> bytes:
        """Compute the HPKE public key of a private key.

        Raises:
            DecodeError: ``private`` is no private key.
        """
        return self.kem.load(private).public

    def check_hpke_public(self, public: bytes) -> None:
        """Accept an HPKEPublicKey, or refuse it (VAL-010).

        Raises:
            DecodeError: Wrong length, another encoding, not on the curve, or of small
                order: nobody could encrypt to it.
        """
        self.kem.check_public(public)

    def check_encapsulated(self, enc: bytes) -> None:
        """Accept a KEM output, or refuse it (VAL-016).

        Raises:
            DecodeError: Wrong length, not on the curve, or of small order.
        """
        self.kem.check_encapsulated(enc)

    def encryption(self, label: str | bytes, context: bytes) -> Encryption:
        """Hash an EncryptContext once, to seal or open with it any number of times."""
        return Encryption(self._hpke, _label(label) + opaque(context))

    def encrypt_with_label(
        self,
        public: bytes,
        label: str | bytes,
        context: bytes,
        plaintext: bytes,
        entropy: Entropy,
    ) -> tuple[bytes, bytes]:
        """EncryptWithLabel: ``kem_output`` and ``ciphertext``; see ``component_label``, too.

        Raises:
            DecodeError: ``public`` cannot be encrypted to.
        """
        return self.encryption(label, context).seal(public, plaintext, entropy)

    def decrypt_with_label(
        self,
        private: bytes,
        label: str | bytes,
        context: bytes,
        kem_output: bytes,
        ciphertext: bytes,
    ) -> bytes:
        """DecryptWithLabel: the plaintext.

        Raises:
            AuthenticationError: Not encrypted to this key with this label and context.
            DecodeError: ``private`` is no private key.
        """
        return self.encryption(label, context).open(private, kem_output, ciphertext)

    def export_to(
        self, public: bytes, exporter_context: str, length: int, entropy: Entropy
    ) -> tuple[bytes, bytes]:
        """SetupBaseS with an empty info, then ``context.export``.

        Returns:
            ``kem_output`` and the secret, ``length`` bytes.

        Raises:
            DecodeError: ``public`` cannot be encrypted to.
        """
        shared_secret, kem_output = self.kem.encap(public, entropy)
        return kem_output, self._hpke.export(shared_secret, exporter_context.encode(), length)

    def export_from(
        self, private: bytes, kem_output: bytes, exporter_context: str, length: int
    ) -> bytes:
        """SetupBaseR with an empty info, then ``context.export``: ``length`` bytes.

        Nothing authenticates ``kem_output``: a changed one gives another secret.

        Raises:
            DecodeError: ``kem_output`` is no valid encapsulation (VAL-016), or
                ``private`` no private key.
        """
        shared_secret = self.kem.load(private).decap(kem_output)
        return self._hpke.export(shared_secret, exporter_context.encode(), length)

    # Signatures (§5.1.2)

    def generate_signature_keys(self, entropy: Entropy) -> tuple[bytes, bytes]:
        """Make a fresh signature private key and its public key, from one draw."""
        private = self.signature.generate(entropy)
        return private, self.signature.public_key(private)

    def signature_public(self, private: bytes) -> bytes:
        """Compute the SignaturePublicKey of a private key.

        Raises:
            DecodeError: ``private`` is no private key.
        """
        return self.signature.public_key(private)

    def check_signature_public(self, public: bytes) -> None:
        """Accept a SignaturePublicKey, or refuse it (VAL-010, VAL-011).

        Raises:
            DecodeError: Wrong length, another encoding, not canonical, or of small order.
        """
        self.signature.check_public(public)

    def sign_with_label(self, private: bytes, label: str | bytes, content: bytes) -> bytes:
        """SignWithLabel: the signature; see ``component_label``, too.

        Raises:
            DecodeError: ``private`` is no private key.
        """
        return self.signature.sign(private, _label(label) + opaque(content))

    def verify_with_label(
        self, public: bytes, label: str | bytes, content: bytes, signature: bytes
    ) -> bool:
        """VerifyWithLabel; False also for a malformed key or signature (VAL-012)."""
        return self.signature.verify(public, _label(label) + opaque(content), signature)
