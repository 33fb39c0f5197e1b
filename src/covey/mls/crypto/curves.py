"""Diffie-Hellman on the curves of the cipher suites (RFC 9180 §4.1, §7.1; RFC 7748).

May import :mod:`covey.errors`. Keys are raw bytes outside of this file: the u coordinate
of RFC 7748, or SEC 1's uncompressed point, and a private key of Nsk bytes.

libsodium's bindings read as many bytes as the curve needs, whatever they are given, so
that each length is checked here first.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Protocol

import nacl.exceptions
from cryptography.hazmat.primitives.asymmetric import ec, x448
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from nacl.bindings import crypto_scalarmult, crypto_scalarmult_base

from covey.errors import DecodeError


class KeyPair(Protocol):
    """A private key that is ready for use, and its public key."""

    @property
    def public(self) -> bytes:
        """The serialized public key, Npk bytes."""

    @property
    def private(self) -> bytes:
        """The serialized private key, Nsk bytes."""

    def exchange(self, peer: bytes) -> bytes:
        """Compute the shared secret with the public key ``peer``.

        Raises:
            DecodeError: ``peer`` is no valid public key, or the secret would be zero.
        """


class Curve(Protocol):
    """One group for Diffie-Hellman, with RFC 9180's encodings."""

    @property
    def Nsk(self) -> int:  # noqa: N802 - RFC 9180's name
        """Bytes of a private key."""

    @property
    def Npk(self) -> int:  # noqa: N802 - RFC 9180's name
        """Bytes of a public key."""

    @property
    def bitmask(self) -> int | None:
        """The mask of DeriveKeyPair's first byte; None where no candidate is refused."""

    def accepts(self, private: bytes) -> bool:
        """Tell whether Nsk bytes are a private key."""

    def load(self, private: bytes, public: bytes | None = None) -> KeyPair:
        """Make a key pair ready.

        Args:
            private: Nsk bytes (fewer on the NIST curves, if zeros were stripped).
            public: Its public key, if known: spares the work of computing it. It is not
                compared with the private key.

        Raises:
            DecodeError: ``private`` is not the encoding of a private key.
        """

    def check_public(self, public: bytes) -> None:
        """Accept a public key, or refuse it.

        Raises:
            DecodeError: Wrong length, not a point of the curve, or of small order.
        """


def _require_length(what: str, value: bytes, length: int) -> None:
    if len(value) != length:
        msg = f"{what} has {len(value)} bytes, not {length}"
        raise DecodeError(msg)


def _small_order(prime: int, length: int, others: tuple[int, ...] = ()) -> frozenset[bytes]:
    points = (0, 1, prime - 1, prime, prime + 1, *others)
    return frozenset(point.to_bytes(length, "little") for point in points)


_P25519: Final = 2**255 - 19
_SMALL_25519: Final = _small_order(
    _P25519,
    32,
    (
        0x00B8495F16056286FDB1329CEB8D09DA6AC49FF1FAE35616AEB8413B7C7AEBE0,
        0x57119FD0DD4E22D8868E1C58C45C44045BEF839C55B1D0B1248C50A3BC959C5F,
    ),
)
_SMALL_448: Final = _small_order(2**448 - 2**224 - 1, 56)


class X25519KeyPair:
    """A key pair on Curve25519."""

    __slots__ = ("private", "public")

    def __init__(self, private: bytes, public: bytes | None) -> None:
        _require_length("an X25519 private key", private, 32)
        self.private: bytes = private
        self.public: bytes = crypto_scalarmult_base(private) if public is None else public

    def exchange(self, peer: bytes) -> bytes:
        """Compute the shared secret with the public key ``peer``."""
        _require_length("an X25519 public key", peer, 32)
        try:
            return crypto_scalarmult(self.private, peer)
        except nacl.exceptions.RuntimeError:
            msg = "the X25519 public key is a point of small order"
            raise DecodeError(msg) from None


@dataclass(frozen=True, slots=True)
class X25519:
    """Curve25519 (RFC 7748 §5), computed by libsodium."""

    Nsk: int = 32
    Npk: int = 32
    bitmask: int | None = None

    def accepts(self, private: bytes) -> bool:
        """Tell whether Nsk bytes are a private key; all are, the exchange clamps them."""
        return len(private) == self.Nsk

    def load(self, private: bytes, public: bytes | None = None) -> X25519KeyPair:
        """Make a key pair ready."""
        return X25519KeyPair(private, public)

    def check_public(self, public: bytes) -> None:
        """Accept a public key, or refuse it."""
        _require_length("an X25519 public key", public, 32)
        if public[:31] + bytes((public[31] & 0x7F,)) in _SMALL_25519:
            msg = "the X25519 public key is a point of small order"
            raise DecodeError(msg)


class X448KeyPair:
    """A key pair on Curve448."""

    __slots__ = ("_key", "private", "public")

    def __init__(self, private: bytes, public: bytes | None) -> None:
        _require_length("an X448 private key", private, 56)
        self.private: bytes = private
        self._key = x448.X448PrivateKey.from_private_bytes(private)
        self.public: bytes = self._key.public_key().public_bytes_raw() if public is None else public

    def exchange(self, peer: bytes) -> bytes:
        """Compute the shared secret with the public key ``peer``."""
        _require_length("an X448 public key", peer, 56)
        try:
            return self._key.exchange(x448.X448PublicKey.from_public_bytes(peer))
        except ValueError:
            msg = "the X448 public key is a point of small order"
            raise DecodeError(msg) from None


@dataclass(frozen=True, slots=True)
class X448:
    """Curve448 (RFC 7748 §5), computed by OpenSSL."""

    Nsk: int = 56
    Npk: int = 56
    bitmask: int | None = None

    def accepts(self, private: bytes) -> bool:
        """Tell whether Nsk bytes are a private key; all are, the exchange clamps them."""
        return len(private) == self.Nsk

    def load(self, private: bytes, public: bytes | None = None) -> X448KeyPair:
        """Make a key pair ready."""
        return X448KeyPair(private, public)

    def check_public(self, public: bytes) -> None:
        """Accept a public key, or refuse it."""
        _require_length("an X448 public key", public, 56)
        if public in _SMALL_448:
            msg = "the X448 public key is a point of small order"
            raise DecodeError(msg)


class NistKeyPair:
    """A key pair on a NIST curve."""

    __slots__ = ("_curve", "_key", "private", "public")

    def __init__(self, curve: NistCurve, private: bytes, public: bytes | None) -> None:
        self._curve = curve
        self.private: bytes = private.rjust(curve.Nsk, b"\0")
        self._key = curve.private_key(private, public)
        self.public: bytes = curve.serialize(self._key.public_key()) if public is None else public

    def exchange(self, peer: bytes) -> bytes:
        """Compute the x coordinate of the shared point with the public key ``peer``."""
        try:
            return self._key.exchange(ec.ECDH(), self._curve.point(peer))
        except ValueError:
            msg = f"the {self._curve.name} public key is of no use"
            raise DecodeError(msg) from None


@dataclass(frozen=True, slots=True)
class NistCurve:
    """P-256, P-384 or P-521 (SEC 1 encodings), computed by OpenSSL."""

    name: str
    curve: ec.EllipticCurve
    Nsk: int
    Npk: int
    bitmask: int | None

    def accepts(self, private: bytes) -> bool:
        """Tell whether a big-endian number is a private key: not 0, below the order."""
        return len(private) <= self.Nsk and 0 < int.from_bytes(private) < self.curve.group_order

    def load(self, private: bytes, public: bytes | None = None) -> NistKeyPair:
        """Make a key pair ready."""
        return NistKeyPair(self, private, public)

    def check_public(self, public: bytes) -> None:
        """Accept a public key, or refuse it."""
        self.point(public)

    def point(self, public: bytes) -> ec.EllipticCurvePublicKey:
        """Decode an UncompressedPointRepresentation (RFC 8446 §4.2.8.2; VAL-010)."""
        _require_uncompressed(self, public)
        try:
            return ec.EllipticCurvePublicKey.from_encoded_point(self.curve, public)
        except ValueError:
            msg = f"the {self.name} public key is not a point of the curve"
            raise DecodeError(msg) from None

    def serialize(self, key: ec.EllipticCurvePublicKey) -> bytes:
        """Encode a public key as an uncompressed point of Npk bytes."""
        return key.public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)

    def private_key(
        self, private: bytes, public: bytes | None = None
    ) -> ec.EllipticCurvePrivateKey:
        """Decode a private key, big-endian in at most Nsk bytes.

        Raises:
            DecodeError: Too long, zero, or not below the order; or ``public`` is known
                and belongs to another key.
        """
        value = int.from_bytes(private)
        if not self.accepts(private):
            msg = f"not a {self.name} private key"
            raise DecodeError(msg)
        if public is None:
            return ec.derive_private_key(value, self.curve)
        numbers = self.point(public).public_numbers()
        try:
            return ec.EllipticCurvePrivateNumbers(value, numbers).private_key()
        except ValueError:
            msg = f"the {self.name} public key belongs to another private key"
            raise DecodeError(msg) from None


def _require_uncompressed(curve: NistCurve, public: bytes) -> None:
    """Refuse the other forms of SEC 1, which the library takes (VAL-010)."""
    _require_length(f"a {curve.name} public key", public, curve.Npk)
    if public[0] != 4:
        msg = f"the {curve.name} public key is not an uncompressed point"
        raise DecodeError(msg)


P256: Final = NistCurve("P-256", ec.SECP256R1(), Nsk=32, Npk=65, bitmask=0xFF)
P384: Final = NistCurve("P-384", ec.SECP384R1(), Nsk=48, Npk=97, bitmask=0xFF)
P521: Final = NistCurve("P-521", ec.SECP521R1(), Nsk=66, Npk=133, bitmask=0x01)
