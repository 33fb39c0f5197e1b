"""X.509 certificates for members, written by hand, so that a seed decides about every byte.

May import crypto and structs. They hold what a path to a trust anchor needs (RFC 5280 §4) and
no more: names, keys, when they are valid, ``basicConstraints`` and ``keyUsage``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from covey.errors import UnsupportedError
from covey.mls.crypto.signature import ECDSA_P256
from covey.mls.structs.credentials import Certificate, X509Credential

if TYPE_CHECKING:
    from covey.mls.crypto.entropy import Entropy
    from covey.mls.crypto.signature import SignatureScheme

_VALID: Final = (b"260101000000Z", b"360101000000Z")
_SERIAL: Final = 8
"""Bytes of a serial number."""

_BIT_STRING, _OCTET_STRING, _OID, _UTF8, _UTC_TIME = 0x03, 0x04, 0x06, 0x0C, 0x17
_SEQUENCE, _SET, _VERSION, _EXTENSIONS = 0x30, 0x31, 0xA0, 0xA3
_TRUE: Final = bytes.fromhex("0101ff")
_V3: Final = bytes.fromhex("020102")

_COMMON_NAME: Final = bytes.fromhex("550403")
_BASIC_CONSTRAINTS: Final = bytes.fromhex("551d13")
_KEY_USAGE: Final = bytes.fromhex("551d0f")
_ECDSA_WITH_SHA256: Final = bytes.fromhex("2a8648ce3d040302")
_EC_PUBLIC_KEY: Final = bytes.fromhex("2a8648ce3d0201")
_ALGORITHMS: Final = {
    "ed25519": (bytes.fromhex("2b6570"),),
    "ed448": (bytes.fromhex("2b6571"),),
    "ecdsa_secp256r1_sha256": (_EC_PUBLIC_KEY, bytes.fromhex("2a8648ce3d030107")),
    "ecdsa_secp384r1_sha384": (_EC_PUBLIC_KEY, bytes.fromhex("2b81040022")),
    "ecdsa_secp521r1_sha512": (_EC_PUBLIC_KEY, bytes.fromhex("2b81040023")),
}
"""Object identifiers of each signature scheme's public keys (RFC 5480, RFC 8410)."""

_SIGNS: Final = bytes.fromhex("03020780")
_SIGNS_CERTIFICATES: Final = bytes.fromhex("03020106")


class Authority:
    """An authority with one certificate, signed by itself.

    Args:
        name: How it is called.
        entropy: Where its key and the serial numbers come from.

    Attributes:
        root: Its certificate, a trust anchor.
    """

    def __init__(self, name: str, entropy: Entropy) -> None:
        self._name: str = name
        self._entropy: Entropy = entropy
        self._signer: bytes = ECDSA_P256.generate(entropy)
        own = ECDSA_P256.public_key(self._signer)
        self.root: bytes = self._issue(name, ECDSA_P256, own, is_authority=True)

    def certificate(self, name: str, scheme: SignatureScheme, public: bytes) -> bytes:
        """A certificate of an end entity for its public key.

        Raises:
            UnsupportedError: Of a scheme that no certificate is made for, such as ML-DSA.
        """
        return self._issue(name, scheme, public, is_authority=False)

    def credential(self, name: str, scheme: SignatureScheme, public: bytes) -> X509Credential:
        """The credential of an end entity: a chain of its certificate alone."""
        return chain(self.certificate(name, scheme, public))

    def _issue(
        self, name: str, scheme: SignatureScheme, public: bytes, *, is_authority: bool
    ) -> bytes:
        algorithm = _der(_SEQUENCE, _der(_OID, _ECDSA_WITH_SHA256))
        times = (_der(_UTC_TIME, each) for each in _VALID)
        tbs = _der(
            _SEQUENCE,
            _der(_VERSION, _V3),
            _integer(b"\x01" + self._entropy(_SERIAL)),
            algorithm,
            _named(self._name),
            _der(_SEQUENCE, *times),
            _named(name),
            _public_key(scheme, public),
            _der(_EXTENSIONS, _der(_SEQUENCE, *_uses(is_authority=is_authority))),
        )
        signature = ECDSA_P256.sign(self._signer, tbs)
        return _der(_SEQUENCE, tbs, algorithm, _bits(signature))


def chain(*certificates: bytes) -> X509Credential:
    """A credential of any certificates."""
    return X509Credential(tuple(Certificate(each) for each in certificates))


def ecdsa_signature(r: int, s: int) -> bytes:
    """Ecdsa-Sig-Value of two numbers, in DER (RFC 3279 §2.2.3)."""
    return _der(
        _SEQUENCE, *(_integer(each.to_bytes(each.bit_length() // 8 + 1)) for each in (r, s))
    )


def _uses(*, is_authority: bool) -> tuple[bytes, bytes]:
    constraints = _der(_SEQUENCE, _TRUE) if is_authority else _der(_SEQUENCE)
    usage = _SIGNS_CERTIFICATES if is_authority else _SIGNS
    return _critical(_BASIC_CONSTRAINTS, constraints), _critical(_KEY_USAGE, usage)


def _critical(oid: bytes, value: bytes) -> bytes:
    return _der(_SEQUENCE, _der(_OID, oid), _TRUE, _der(_OCTET_STRING, value))


def _public_key(scheme: SignatureScheme, public: bytes) -> bytes:
    if scheme.name not in _ALGORITHMS:
        msg = f"there are no X.509 certificates with keys of {scheme.name}"
        raise UnsupportedError(msg)
    algorithm = _der(_SEQUENCE, *(_der(_OID, each) for each in _ALGORITHMS[scheme.name]))
    return _der(_SEQUENCE, algorithm, _bits(public))


def _named(name: str) -> bytes:
    text = _der(_UTF8, name.encode())
    return _der(_SEQUENCE, _der(_SET, _der(_SEQUENCE, _der(_OID, _COMMON_NAME), text)))


def _integer(big_endian: bytes) -> bytes:
    return _der(0x02, big_endian)


def _bits(data: bytes) -> bytes:
    return _der(_BIT_STRING, b"\x00" + data)


def _der(tag: int, *parts: bytes) -> bytes:
    """One value in DER: tag, length and contents."""
    contents = b"".join(parts)
    length = len(contents)
    if length < 0x80:
        return bytes((tag, length)) + contents
    size = (length.bit_length() + 7) // 8
    return bytes((tag, 0x80 | size)) + length.to_bytes(size) + contents
