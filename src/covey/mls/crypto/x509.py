"""X.509 credentials: certificate chains and their keys (RFC 9420 §5.3, RFC 5280).

May import :mod:`covey.errors` and this package. Path validation is that of
``cryptography.x509.verification`` with the CA rules of the web PKI, which enforce
``basicConstraints``, path lengths, ``keyUsage``, name constraints and unknown critical
extensions, and with rules of our own for the end entity, because MLS is not TLS: a
certificate may be without alternative names, and its key may be of any suite.

What cannot be had: a CA that signs with Ed25519 or Ed448. The library lets such keys stand
in end-entity certificates only (pyca/cryptography issue 13391), so that a suite with EdDSA
leaves takes certificates that an ECDSA or RSA authority signed. Revocation is not looked
up. Who the identifiers belong to is for the application (§5.3.1).

Time. Who sends judges by its clock; who receives accepts what anybody could have accepted at
any time, or members would disagree. A path whose certificates were ever valid together was so
when the last of them began; so the beginnings of all certificates at hand are the moments to
try. What is valid now is tried at them too: receivers then accept all that senders do.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, TypeVar

import cryptography.x509 as pkix
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ec, ed448, ed25519
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.utils import CryptographyDeprecationWarning
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID
from cryptography.x509.verification import (
    ClientVerifier,
    Criticality,
    ExtensionPolicy,
    Policy,
    PolicyBuilder,
    Store,
    VerificationError,
    VerifiedClient,
)

from covey.errors import AuthenticationError, DecodeError
from covey.mls.crypto.signature import Ecdsa

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from covey.mls.crypto.suite import Suite

T = TypeVar("T")

_KINDS: Final[dict[type[pkix.GeneralName], str]] = {
    pkix.DNSName: "dns",
    pkix.RFC822Name: "email",
    pkix.UniformResourceIdentifier: "uri",
    pkix.IPAddress: "ip",
}
_USAGES: Final = (ExtendedKeyUsageOID.CLIENT_AUTH, ExtendedKeyUsageOID.ANY_EXTENDED_KEY_USAGE)
_UNDECODABLE: Final = (
    ValueError,
    UnsupportedAlgorithm,
    CryptographyDeprecationWarning,  # of a serial number below 1, where warnings are errors
    pkix.DuplicateExtension,
    pkix.InvalidVersion,
    pkix.UnsupportedGeneralNameType,
)
"""What the library raises for bytes that it cannot read; parts are read on first use."""

MOST_MOMENTS: Final = 16
"""Moments at which a chain is tried: a bound on the work that a stranger's certificates make."""


@dataclass(frozen=True, slots=True)
class VerifiedChain:
    """What a chain of certificates that was verified says about its end entity.

    Attributes:
        leaf: The end-entity certificate, DER.
        subject: Its subject, as RFC 4514 writes it; may be empty.
        alternative_names: Kind (``"dns"``, ``"email"``, ``"uri"`` or ``"ip"``) and value of
            each subject alternative name of these kinds: the presented identifiers.
        anchor: The trust anchor at the end of the path, DER.
    """

    leaf: bytes
    subject: str
    alternative_names: tuple[tuple[str, str], ...]
    anchor: bytes


def parse_chain(certs: Sequence[bytes]) -> tuple[pkix.Certificate, ...]:
    """Decode the certificates of an X.509 credential, the end entity's first (VAL-015).

    Nothing is verified, and nothing below the outermost structure is decoded yet.

    Raises:
        DecodeError: There are none, or one is not the DER encoding of a certificate.
    """
    if not certs:
        msg = "an X.509 credential without certificates"
        raise DecodeError(msg)
    return tuple(_certificate(der) for der in certs)


def leaf_public_key(cert_der: bytes, suite: Suite) -> bytes:
    """Extract the key of an end-entity certificate, as a SignaturePublicKey (VAL-017).

    Args:
        cert_der: The first certificate of the chain.
        suite: The cipher suite whose signature scheme the key must be for (VAL-018).

    Returns:
        What ``LeafNode.signature_key`` must be equal to.

    Raises:
        DecodeError: Not a certificate, or its key is of another scheme, or refused by
            the suite.
    """
    try:
        key = _certificate(cert_der).public_key()
    except _UNDECODABLE:
        msg = "the certificate's public key cannot be decoded"
        raise DecodeError(msg) from None
    scheme = suite.signature
    match key:
        case ed25519.Ed25519PublicKey() | ed448.Ed448PublicKey():
            named = "ed25519" if isinstance(key, ed25519.Ed25519PublicKey) else "ed448"
            public = key.public_bytes_raw() if scheme.name == named else None
        case ec.EllipticCurvePublicKey() if isinstance(scheme, Ecdsa):
            fits = key.curve.name == scheme.curve.curve.name
            public = scheme.curve.serialize(key) if fits else None
        case _:
            public = None
    if public is None:
        msg = f"the certificate's public key is not one for {scheme.name}"
        raise DecodeError(msg)
    suite.check_signature_public(public)
    return public


def verify_chain(
    certs: Sequence[bytes], trust_anchors: Sequence[bytes], now: int | None
) -> VerifiedChain:
    """Build and verify a path from an end entity to a trust anchor (RFC 5280 §6).

    1. Every certificate decodes.
    2. A path leads from the first one, by way of the others in any order, to an anchor;
       each signature verifies, and all of them were valid at one moment: at the beginning of
       some certificate of the chain or of an anchor, within the end entity's validity (the
       earliest ``MOST_MOMENTS`` of these are tried), and also now, unless ``now`` is None.
    3. Every issuer is a CA that may sign certificates, with room below it.
    4. The end entity is no CA; its key may sign, if ``keyUsage`` says anything; and it may
       authenticate a client, if ``extKeyUsage`` says anything.

    Args:
        certs: The chain of an X.509 credential; it may lack what the anchors have.
        trust_anchors: Certificates that the application trusts, DER.
        now: Seconds since the epoch. None asks for no moment of our own, and has one answer
            for everybody: it accepts what is accepted at any ``now``.

    Raises:
        DecodeError: A certificate does not decode.
        AuthenticationError: There is no such path. The library's reason is the cause.
    """
    leaf, *others = parse_chain(certs)
    anchors = [_certificate(der) for der in trust_anchors]
    if not anchors:
        raise AuthenticationError
    store = Store(anchors)
    try:
        verified = _verified_sometime(leaf, others, store, _moments(leaf, *others, *anchors))
        if now is not None:
            moment = dt.datetime.fromtimestamp(now, tz=dt.UTC)
            verified = _verifier(store, moment).verify(leaf, others)
        return VerifiedChain(
            leaf=certs[0],
            subject=leaf.subject.rfc4514_string(),
            alternative_names=_alternative_names(verified.subjects or []),
            anchor=verified.chain[-1].public_bytes(Encoding.DER),
        )
    except VerificationError as refused:
        raise AuthenticationError from refused
    except _UNDECODABLE:
        msg = "a certificate of the chain does not decode"
        raise DecodeError(msg) from None


def _verifier(store: Store, moment: dt.datetime) -> ClientVerifier:
    return (
        PolicyBuilder()
        .store(store)
        .time(moment)
        .extension_policies(ca_policy=ExtensionPolicy.webpki_defaults_ca(), ee_policy=_end_entity())
        .build_client_verifier()
    )


def _verified_sometime(
    leaf: pkix.Certificate,
    others: list[pkix.Certificate],
    store: Store,
    moments: Sequence[dt.datetime],
) -> VerifiedClient:
    refused: VerificationError | None = None
    for moment in moments:
        try:
            return _verifier(store, moment).verify(leaf, others)
        except VerificationError as error:
            refused = error
    raise refused or VerificationError("the end entity is valid at no time")


def _moments(leaf: pkix.Certificate, *others: pkix.Certificate) -> list[dt.datetime]:
    """When certificates began while the end entity was valid, the earliest first."""
    first, last = leaf.not_valid_before_utc, leaf.not_valid_after_utc
    beginnings = {each.not_valid_before_utc for each in (leaf, *others)}
    return sorted(each for each in beginnings if first <= each <= last)[:MOST_MOMENTS]


def _alternative_names(names: Sequence[pkix.GeneralName]) -> tuple[tuple[str, str], ...]:
    return tuple((_KINDS[type(name)], str(name.value)) for name in names if type(name) in _KINDS)


def _certificate(der: bytes) -> pkix.Certificate:
    try:
        return pkix.load_der_x509_certificate(der)
    except _UNDECODABLE:
        msg = "not the DER encoding of a certificate"
        raise DecodeError(msg) from None


def _end_entity() -> ExtensionPolicy:
    """The rules for the extensions of an end entity; what they forbid, they raise."""
    agnostic = Criticality.AGNOSTIC
    return (
        ExtensionPolicy.permit_all()
        .may_be_present(pkix.BasicConstraints, agnostic, _is_no_ca)
        .may_be_present(pkix.KeyUsage, agnostic, _may_sign)
        .may_be_present(pkix.ExtendedKeyUsage, agnostic, _may_authenticate)
    )


def _is_no_ca(_: Policy, __: pkix.Certificate, extension: pkix.BasicConstraints | None) -> None:
    if extension is not None and extension.ca:
        msg = "the end entity is a certificate authority"
        raise ValueError(msg)


def _may_sign(_: Policy, __: pkix.Certificate, extension: pkix.KeyUsage | None) -> None:
    if extension is not None and not extension.digital_signature:
        msg = "keyUsage does not allow the end entity to sign"
        raise ValueError(msg)


def _may_authenticate(
    _: Policy, __: pkix.Certificate, extension: pkix.ExtendedKeyUsage | None
) -> None:
    if extension is not None and not any(usage in extension for usage in _USAGES):
        msg = "extKeyUsage does not allow the end entity to authenticate a client"
        raise ValueError(msg)


def subject(cert_der: bytes) -> bytes:
    """The subject of a certificate, DER-encoded.

    Raises:
        DecodeError: The bytes are not a certificate, or its subject cannot be decoded.
    """
    return _of_subject(cert_der, pkix.Name.public_bytes)


def common_names(cert_der: bytes) -> tuple[str, ...]:
    """The common names in the subject of a certificate, in order; often one.

    Raises:
        DecodeError: The bytes are not a certificate, or its subject cannot be decoded.
    """
    return _of_subject(cert_der, _common_names)


def subject_text(cert_der: bytes) -> str:
    """The subject of a certificate, as RFC 4514 writes it, for people; may be empty.

    Raises:
        DecodeError: The bytes are not a certificate, or its subject cannot be decoded.
    """
    return _of_subject(cert_der, pkix.Name.rfc4514_string)


def _common_names(name: pkix.Name) -> tuple[str, ...]:
    return tuple(str(each.value) for each in name.get_attributes_for_oid(NameOID.COMMON_NAME))


def _of_subject(cert_der: bytes, read: Callable[[pkix.Name], T]) -> T:
    """Something of a subject, which is read on first use."""
    try:
        return read(_certificate(cert_der).subject)
    except _UNDECODABLE:
        msg = "the certificate's subject cannot be decoded"
        raise DecodeError(msg) from None
