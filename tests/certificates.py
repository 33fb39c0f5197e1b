"""A small certificate authority, for members with X.509 credentials."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed448, ed25519
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID

from covey import mls
from covey.mls.crypto.dialects import get_suite
from covey.mls.crypto.entropy import system_entropy

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.types import CertificatePublicKeyTypes

_CURVES: dict[int, type[ec.EllipticCurve]] = {
    2: ec.SECP256R1,
    5: ec.SECP521R1,
    7: ec.SECP384R1,
}
_DAY = dt.timedelta(days=1)


def public_key(raw: bytes, suite: int) -> CertificatePublicKeyTypes:
    """A SignaturePublicKey as a certificate wants it."""
    if suite in _CURVES:
        return ec.EllipticCurvePublicKey.from_encoded_point(_CURVES[suite](), raw)
    if suite in {4, 6}:
        return ed448.Ed448PublicKey.from_public_bytes(raw)
    return ed25519.Ed25519PublicKey.from_public_bytes(raw)


class Authority:
    """An authority with a root and an issuing certificate."""

    def __init__(self, name: str = "root", days: int = 30) -> None:
        self._days = days
        self._root_key = ec.generate_private_key(ec.SECP256R1())
        self._city_key = ec.generate_private_key(ec.SECP256R1())
        root = self._issue(name, name, self._root_key.public_key(), self._root_key, ca=True)
        city = self._issue(
            f"{name} city", name, self._city_key.public_key(), self._root_key, ca=True
        )
        self._city_name = f"{name} city"
        self.root = root.public_bytes(Encoding.DER)
        self.city = city.public_bytes(Encoding.DER)

    def chain(self, name: str, raw: bytes, suite: int) -> list[bytes]:
        """A chain for a SignaturePublicKey, the end entity first, without the root."""
        leaf = self._issue(name, self._city_name, public_key(raw, suite), self._city_key, ca=False)
        return [leaf.public_bytes(Encoding.DER), self.city]

    def under_end_entity(self, name: str, raw: bytes, suite: int) -> list[bytes]:
        """A chain in which an end entity has issued the first certificate."""
        key = ec.generate_private_key(ec.SECP256R1())
        middle = self._issue("middle", self._city_name, key.public_key(), self._city_key, ca=False)
        leaf = self._issue(name, "middle", public_key(raw, suite), key, ca=False)
        return [*(each.public_bytes(Encoding.DER) for each in (leaf, middle)), self.city]

    def member(self, name: str, suite: int, policy: mls.Policy | None = None) -> mls.Member:
        """A member with a fresh key, a certificate for it, and trust in this authority."""
        private, public = get_suite(suite).generate_signature_keys(system_entropy)
        policy = policy or mls.Policy(trust_anchors=(self.root,))
        return mls.Member.x509(self.chain(name, public, suite), private, suite, policy=policy)

    def _issue(
        self,
        name: str,
        issuer: str,
        key: CertificatePublicKeyTypes,
        signer: ec.EllipticCurvePrivateKey,
        *,
        ca: bool,
    ) -> x509.Certificate:
        now = dt.datetime.now(dt.UTC)
        subject, issued_by = (
            x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)]) for text in (name, issuer)
        )
        usage = x509.KeyUsage(
            digital_signature=not ca,
            content_commitment=False,
            key_encipherment=False,
            data_encipherment=False,
            key_agreement=False,
            key_cert_sign=ca,
            crl_sign=ca,
            encipher_only=False,
            decipher_only=False,
        )
        builder = (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(issued_by)
            .public_key(key)
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - _DAY)
            .not_valid_after(now + self._days * _DAY)
            .add_extension(x509.BasicConstraints(ca=ca, path_length=None), critical=True)
            .add_extension(usage, critical=True)
        )
        return builder.sign(signer, hashes.SHA256())
