"""The signature schemes of the cipher suites (RFC 9420 §5.1.1, §5.1.2).

May import :mod:`covey.errors` and this package's entropy. Ed25519 is libsodium's and
nobody else's: other verifiers accept keys of small order, and a group whose members
disagree about a signature splits. libsodium's bindings read as many bytes as the scheme
needs, whatever they are given, so that each length is checked here first.

Signature keys live long and are outside of the deletion schedule (§9.2), so that the few
last ones used stay ready in memory: making one ready costs as much as a signature.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, ClassVar, Final, Protocol

import nacl.exceptions
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed448
from nacl.bindings import crypto_sign, crypto_sign_open, crypto_sign_seed_keypair

from covey.errors import DecodeError, UnsupportedError
from covey.mls.crypto.curves import P256, P384, P521, NistCurve

if TYPE_CHECKING:
    from covey.mls.crypto.entropy import Entropy

_READY_KEYS: Final = 16


class SignatureScheme(Protocol):
    """One signature algorithm, on raw keys and raw messages."""

    @property
    def name(self) -> str:
        """The name in the TLS SignatureScheme registry (RFC 8446 §4.2.3)."""

    def generate(self, entropy: Entropy) -> bytes:
        """Draw a private key, in one draw."""

    def public_key(self, private: bytes) -> bytes:
        """Compute the SignaturePublicKey of a private key.

        Raises:
            DecodeError: ``private`` is no private key.
        """

    def check_public(self, public: bytes) -> None:
        """Accept a SignaturePublicKey, or refuse it (VAL-010, VAL-011).

        Raises:
            DecodeError: Wrong length, another encoding, or of small order.
        """

    def sign(self, private: bytes, message: bytes) -> bytes:
        """Sign: the same key and message give the same signature.

        Raises:
            DecodeError: ``private`` is no private key.
        """

    def verify(self, public: bytes, message: bytes, signature: bytes) -> bool:
        """Tell whether ``signature`` is one; False also for a malformed key or encoding."""


@lru_cache(maxsize=_READY_KEYS)
def _ed25519_key(seed: bytes) -> tuple[bytes, bytes]:
    if len(seed) != Ed25519.LENGTH:
        msg = f"an Ed25519 private key has {len(seed)} bytes, not {Ed25519.LENGTH}"
        raise DecodeError(msg)
    return crypto_sign_seed_keypair(seed)


@dataclass(frozen=True, slots=True)
class Ed25519:
    """Ed25519 (RFC 8032), computed by libsodium. Private keys are 32-byte seeds."""

    name: str = "ed25519"
    LENGTH: ClassVar[int] = 32
    _SIGNATURE: ClassVar[int] = 64
    _PRIME: ClassVar[int] = 2**255 - 19
    _SMALL: ClassVar[frozenset[int]] = frozenset(
        (
            0,
            1,
            2**255 - 20,
            0x05FC536D880238B13933C6D305ACDFD5F098EFF289F4C345B027B2C28F95E826,
            0x7A03AC9277FDC74EC6CC392CFA53202A0F67100D760B3CBA4FD83D3D706A17C7,
        )
    )
    """The y coordinates of the eight points of small order."""

    def generate(self, entropy: Entropy) -> bytes:
        """Draw a private key."""
        return entropy(self.LENGTH)

    def public_key(self, private: bytes) -> bytes:
        """Compute the public key."""
        return _ed25519_key(private)[0]

    def check_public(self, public: bytes) -> None:
        """Accept a public key, or refuse it.

        That it is a point of the curve is not checked: no signature verifies under a key
        that is not, and libsodium itself refuses all that is refused here.
        """
        if len(public) != self.LENGTH:
            msg = f"an Ed25519 public key has {len(public)} bytes, not {self.LENGTH}"
            raise DecodeError(msg)
        y = int.from_bytes(public, "little") & (2**255 - 1)
        if y >= self._PRIME or y in self._SMALL:
            msg = "the Ed25519 public key is not canonical, or of small order"
            raise DecodeError(msg)

    def sign(self, private: bytes, message: bytes) -> bytes:
        """Sign: R || S, 64 bytes."""
        return crypto_sign(message, _ed25519_key(private)[1])[: self._SIGNATURE]

    def verify(self, public: bytes, message: bytes, signature: bytes) -> bool:
        """Tell whether libsodium accepts R || S."""
        if len(public) != self.LENGTH or len(signature) != self._SIGNATURE:
            return False
        try:
            crypto_sign_open(signature + message, public)
        except nacl.exceptions.BadSignatureError:
            return False
        return True


@lru_cache(maxsize=_READY_KEYS)
def _ed448_key(private: bytes) -> ed448.Ed448PrivateKey:
    if len(private) != Ed448.LENGTH:
        msg = f"an Ed448 private key has {len(private)} bytes, not {Ed448.LENGTH}"
        raise DecodeError(msg)
    return ed448.Ed448PrivateKey.from_private_bytes(private)


@dataclass(frozen=True, slots=True)
class Ed448:
    """Ed448 (RFC 8032) without a context, computed by OpenSSL."""

    name: str = "ed448"
    LENGTH: ClassVar[int] = 57
    _SIGNATURE: ClassVar[int] = 114
    _PRIME: ClassVar[int] = 2**448 - 2**224 - 1

    def generate(self, entropy: Entropy) -> bytes:
        """Draw a private key."""
        return entropy(self.LENGTH)

    def public_key(self, private: bytes) -> bytes:
        """Compute the public key."""
        return _ed448_key(private).public_key().public_bytes_raw()

    def check_public(self, public: bytes) -> None:
        """Accept a public key, or refuse it.

        OpenSSL accepts signatures under a key of small order: it is refused here, and in
        ``verify``. That the key is a point of the curve shows only in ``verify``.
        """
        if len(public) != self.LENGTH:
            msg = f"an Ed448 public key has {len(public)} bytes, not {self.LENGTH}"
            raise DecodeError(msg)
        y = int.from_bytes(public, "little") & (2**455 - 1)
        if y >= self._PRIME or y in {0, 1, self._PRIME - 1}:
            msg = "the Ed448 public key is not canonical, or of small order"
            raise DecodeError(msg)

    def sign(self, private: bytes, message: bytes) -> bytes:
        """Sign: R || S, 114 bytes."""
        return _ed448_key(private).sign(message)

    def verify(self, public: bytes, message: bytes, signature: bytes) -> bool:
        """Tell whether OpenSSL accepts R || S under a key that is not of small order."""
        if len(signature) != self._SIGNATURE:
            return False
        try:
            self.check_public(public)
            ed448.Ed448PublicKey.from_public_bytes(public).verify(signature, message)
        except (DecodeError, InvalidSignature):
            return False
        return True


@lru_cache(maxsize=_READY_KEYS)
def _ecdsa_key(curve: NistCurve, private: bytes) -> ec.EllipticCurvePrivateKey:
    return curve.private_key(private)


@dataclass(frozen=True, slots=True)
class Ecdsa:
    """ECDSA on a NIST curve (RFC 8446 §4.2.3), computed by OpenSSL.

    Nonces are derived from key and message (RFC 6979): no bad generator can leak a key.
    """

    name: str
    curve: NistCurve
    digest: hashes.HashAlgorithm

    def generate(self, entropy: Entropy) -> bytes:
        """Draw a private key: 128 bits more than it has, reduced (FIPS 186-5 A.2.1)."""
        order = self.curve.curve.group_order
        number = int.from_bytes(entropy(self.curve.Nsk + 16)) % (order - 1) + 1
        return number.to_bytes(self.curve.Nsk)

    def public_key(self, private: bytes) -> bytes:
        """Compute the public key, an uncompressed point."""
        return self.curve.serialize(_ecdsa_key(self.curve, private).public_key())

    def check_public(self, public: bytes) -> None:
        """Accept a public key, or refuse it."""
        self.curve.check_public(public)

    def sign(self, private: bytes, message: bytes) -> bytes:
        """Sign: the DER encoding of Ecdsa-Sig-Value."""
        try:
            algorithm = ec.ECDSA(self.digest, deterministic_signing=True)
        except UnsupportedAlgorithm:
            msg = "this build of cryptography has no deterministic ECDSA"
            raise UnsupportedError(msg) from None
        return _ecdsa_key(self.curve, private).sign(message, algorithm)

    def verify(self, public: bytes, message: bytes, signature: bytes) -> bool:
        """Tell whether OpenSSL accepts the signature; it takes DER only (VAL-012)."""
        try:
            self.curve.point(public).verify(signature, message, ec.ECDSA(self.digest))
        except (DecodeError, InvalidSignature):
            return False
        return True


ED25519: Final = Ed25519()
ED448: Final = Ed448()
ECDSA_P256: Final = Ecdsa("ecdsa_secp256r1_sha256", P256, hashes.SHA256())
ECDSA_P384: Final = Ecdsa("ecdsa_secp384r1_sha384", P384, hashes.SHA384())
ECDSA_P521: Final = Ecdsa("ecdsa_secp521r1_sha512", P521, hashes.SHA512())
