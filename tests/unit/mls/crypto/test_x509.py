"""Certificate chains: what is enforced, and what an ordinary one may look like."""

from __future__ import annotations

import contextlib
import datetime as dt
import ipaddress
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed448, ed25519, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID
from hypothesis import given, settings
from hypothesis import strategies as st

from covey.errors import AuthenticationError, DecodeError
from covey.mls.crypto.dialects import get_suite
from covey.mls.crypto.suites import SUITES
from covey.mls.crypto.x509 import (
    MOST_MOMENTS,
    _moments,
    common_names,
    leaf_public_key,
    parse_chain,
    subject,
    subject_text,
    verify_chain,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

NOW = 1_767_225_600  # 2026-01-01, in seconds since the epoch
DAY = 86_400
NO_USAGE = {
    "digital_signature": False,
    "content_commitment": False,
    "key_encipherment": False,
    "data_encipherment": False,
    "key_agreement": False,
    "key_cert_sign": False,
    "crl_sign": False,
    "encipher_only": False,
    "decipher_only": False,
}
CA = x509.BasicConstraints(ca=True, path_length=None)
MAY_CERTIFY = x509.KeyUsage(**NO_USAGE | {"key_cert_sign": True, "crl_sign": True})
MAY_SIGN = x509.KeyUsage(**NO_USAGE | {"digital_signature": True})

SigningKey = ec.EllipticCurvePrivateKey | ed25519.Ed25519PrivateKey | ed448.Ed448PrivateKey


def p256() -> ec.EllipticCurvePrivateKey:
    """Make a key for an authority."""
    return ec.generate_private_key(ec.SECP256R1())


@dataclass
class Party:
    """A certificate and its key."""

    name: str
    key: SigningKey
    certificate: x509.Certificate

    @property
    def der(self) -> bytes:
        """The certificate's encoding."""
        return self.certificate.public_bytes(Encoding.DER)


def issue(
    name: str,
    issuer: Party | None,
    *extensions: tuple[x509.ExtensionType, bool],
    key: SigningKey | None = None,
    days: tuple[int, int] = (-1, 30),
) -> Party:
    """Issue a certificate; one without an issuer signs itself."""
    key = key or p256()
    signer = issuer.key if issuer else key
    subject, issuer_name = (
        x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])
        for text in (name, issuer.name if issuer else name)
    )
    begin, end = (dt.datetime.fromtimestamp(NOW + day * DAY, tz=dt.UTC) for day in days)
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer_name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(begin)
        .not_valid_after(end)
    )
    for extension, critical in extensions:
        builder = builder.add_extension(extension, critical)
    eddsa = isinstance(signer, ed25519.Ed25519PrivateKey | ed448.Ed448PrivateKey)
    return Party(name, key, builder.sign(signer, None if eddsa else hashes.SHA256()))


def authority(name: str, issuer: Party | None, path_length: int | None = None) -> Party:
    """Issue the certificate of a CA."""
    constraints = x509.BasicConstraints(ca=True, path_length=path_length)
    return issue(name, issuer, (constraints, True), (MAY_CERTIFY, True))


ROOT = authority("root", None)
CITY = authority("city", ROOT)


def verify(leaf: Party, *others: Party, anchor: Party = ROOT, now: int | None = NOW) -> None:
    """Verify a chain that ends at an anchor."""
    verified = verify_chain([leaf.der, *(other.der for other in others)], [anchor.der], now)
    assert verified.leaf == leaf.der
    assert verified.anchor == anchor.der


KEYS: dict[int, SigningKey] = {
    1: ed25519.Ed25519PrivateKey.generate(),
    2: p256(),
    4: ed448.Ed448PrivateKey.generate(),
    5: ec.generate_private_key(ec.SECP521R1()),
    7: ec.generate_private_key(ec.SECP384R1()),
}


@pytest.mark.parametrize("code", KEYS)
def test_an_ordinary_leaf_of_every_suite_passes(code: int) -> None:
    verify(issue("alice", CITY, key=KEYS[code]), CITY)
    verify(issue("alice", CITY, (MAY_SIGN, True), key=KEYS[code]), CITY)


@pytest.mark.parametrize("code", KEYS)
def test_val_017_the_key_of_a_leaf(code: int) -> None:
    key = KEYS[code].public_key()
    der = issue("alice", ROOT, key=KEYS[code]).der
    if isinstance(key, ec.EllipticCurvePublicKey):
        expected = key.public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
    else:
        expected = key.public_bytes_raw()
    scheme = get_suite(code).signature_scheme
    for suite in SUITES.values():
        if suite.signature_scheme == scheme:
            assert leaf_public_key(der, suite) == expected
        else:
            with pytest.raises(DecodeError, match=suite.signature_scheme):
                leaf_public_key(der, suite)


def test_a_key_that_no_suite_signs_with_is_refused() -> None:
    key = rsa.generate_private_key(65537, 2048)
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "rsa")])
    begin, end = (dt.datetime.fromtimestamp(NOW + day * DAY, tz=dt.UTC) for day in (0, 1))
    der = (
        x509.CertificateBuilder(name, name, key.public_key(), 1, begin, end)
        .sign(key, hashes.SHA256())
        .public_bytes(Encoding.DER)
    )
    for suite in SUITES.values():
        with pytest.raises(DecodeError):
            leaf_public_key(der, suite)


def test_val_017_a_small_order_key_is_refused_in_a_certificate() -> None:
    key = ed25519.Ed25519PrivateKey.generate()
    der = issue("alice", ROOT, key=key).der
    forged = der.replace(key.public_key().public_bytes_raw(), (1).to_bytes(32, "little"))
    with pytest.raises(DecodeError):
        leaf_public_key(forged, get_suite(1))


@pytest.mark.parametrize("code", [1, 4])
def test_an_eddsa_authority_is_refused_by_the_library(code: int) -> None:
    root = issue("root", None, (CA, True), (MAY_CERTIFY, True), key=KEYS[code])
    with pytest.raises(AuthenticationError):
        verify(issue("alice", root), anchor=root)


def test_val_015_an_empty_chain_or_rubbish_is_refused() -> None:
    der = ROOT.der
    assert len(parse_chain([der, der])) == 2
    for wrong in ([], [b""], [der[:-1]], [der + b"\0"], [der, b"\x30\x00"]):
        with pytest.raises(DecodeError):
            parse_chain(wrong)
        with pytest.raises(DecodeError):
            verify_chain(wrong, [der], NOW)
    with pytest.raises(DecodeError):
        leaf_public_key(b"\x30\x00", get_suite(1))


def test_the_order_of_intermediates_does_not_matter() -> None:
    village = authority("village", CITY)
    alice = issue("alice", village)
    verify(alice, CITY, village)
    verify(alice, village, CITY)
    verify(alice, village, anchor=CITY)


def test_a_chain_may_omit_what_the_anchors_have() -> None:
    alice = issue("alice", CITY)
    verified = verify_chain([alice.der], [ROOT.der, CITY.der], NOW)
    assert verified.anchor == CITY.der


def test_the_presented_identifiers_are_reported() -> None:
    names = x509.SubjectAlternativeName(
        [
            x509.DNSName("alice.example"),
            x509.RFC822Name("alice@example"),
            x509.UniformResourceIdentifier("im:alice@example"),
            x509.IPAddress(ipaddress.ip_address("192.0.2.1")),
            x509.RegisteredID(x509.ObjectIdentifier("1.2.3")),
        ]
    )
    verified = verify_chain([issue("alice", ROOT, (names, False)).der], [ROOT.der], NOW)
    assert verified.subject == "CN=alice"
    assert verified.alternative_names == (
        ("dns", "alice.example"),
        ("email", "alice@example"),
        ("uri", "im:alice@example"),
        ("ip", "192.0.2.1"),
    )


def test_strangers_are_refused() -> None:
    alice = issue("alice", CITY)
    for others, anchors in (
        ([CITY], [authority("root", None)]),
        ([], [ROOT]),
        ([authority("city", authority("root", None))], [ROOT]),
        ([CITY], []),
    ):
        with pytest.raises(AuthenticationError):
            verify_chain(
                [alice.der, *(other.der for other in others)], [root.der for root in anchors], NOW
            )


@pytest.mark.parametrize("now", [NOW - 2 * DAY, NOW + 31 * DAY])
def test_a_certificate_is_valid_for_a_time(now: int) -> None:
    with pytest.raises(AuthenticationError):
        verify(issue("alice", CITY), CITY, now=now)
    with pytest.raises(AuthenticationError):
        verify(issue("alice", CITY, days=(-1, 90)), CITY, now=now)


RENEWED = issue("root", None, (CA, True), (MAY_CERTIFY, True), key=ROOT.key, days=(-2, 900))
UNRELATED = issue("unrelated", None, (CA, True), (MAY_CERTIFY, True), days=(60, 900))
Days = tuple[int, int]


def test_who_receives_accepts_what_was_once_valid() -> None:
    old = issue("alice", ROOT, days=(-400, -300))
    before = issue("root", None, (CA, True), (MAY_CERTIFY, True), key=ROOT.key, days=(-900, 30))
    verify(old, anchor=before, now=None)
    with pytest.raises(AuthenticationError):
        verify(old, anchor=before)
    with pytest.raises(AuthenticationError):
        verify(old, now=None)  # the root began later than alice ended


def test_a_certificate_that_ends_before_it_begins_was_never_valid() -> None:
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "root")])
    begin, end = (dt.datetime.fromtimestamp(NOW + day * DAY, tz=dt.UTC) for day in (1, 0))
    builder = x509.CertificateBuilder(name, name, p256().public_key(), 1, begin, end)
    der = builder.sign(ROOT.key, hashes.SHA256()).public_bytes(Encoding.DER)
    for now in (NOW, None):
        with pytest.raises(AuthenticationError):
            verify_chain([der], [ROOT.der], now)


@pytest.mark.parametrize("now", [NOW, None])
def test_an_authority_may_have_been_renewed_after_it_certified(now: int | None) -> None:
    alice = issue("alice", ROOT, days=(-10, 60))
    verify(alice, anchor=RENEWED, now=now)
    both = verify_chain([alice.der], [ROOT.der, RENEWED.der], now)
    assert both.anchor in {ROOT.der, RENEWED.der}
    verify(issue("bob", ROOT, days=(0, 60)), anchor=RENEWED, now=now)
    city = issue("city", ROOT, (CA, True), (MAY_CERTIFY, True), key=CITY.key, days=(-1, 60))
    verify(issue("alice", city, days=(-10, 60)), city, anchor=RENEWED, now=now)


@pytest.mark.parametrize("now", [NOW, None])
def test_certificates_that_nobody_needs_change_nothing(now: int | None) -> None:
    alice = issue("alice", CITY)
    verify(alice, CITY, UNRELATED, now=now)
    verify(alice, UNRELATED, CITY, *(authority(str(each), None) for each in range(20)), now=now)
    verified = verify_chain([alice.der, CITY.der], [UNRELATED.der, ROOT.der], now)
    assert verified.anchor == ROOT.der


PERIODS = st.tuples(st.integers(-6, 5), st.integers(1, 8)).map(lambda pair: (pair[0], sum(pair)))


@settings(deadline=None)
@given(leaf=PERIODS, city=PERIODS, root=PERIODS, other=PERIODS, today=st.integers(-7, 14))
def test_what_is_valid_now_is_valid_for_who_receives_it(
    leaf: Days, city: Days, root: Days, other: Days, today: int
) -> None:
    may = ((CA, True), (MAY_CERTIFY, True))
    anchor = issue("root", None, *may, key=ROOT.key, days=root)
    middle = issue("city", anchor, *may, key=CITY.key, days=city)
    alice = issue("alice", middle, key=KEYS[2], days=leaf)
    stranger = issue("other", None, *may, key=KEYS[2], days=other)
    first, last = (max(leaf[0], city[0], root[0]), min(leaf[1], city[1], root[1]))
    for now, accepted in ((None, first <= last), (NOW + today * DAY, first <= today <= last)):
        with contextlib.nullcontext() if accepted else pytest.raises(AuthenticationError):
            verify(alice, stranger, middle, anchor=anchor, now=now)


def test_no_more_moments_are_tried_than_the_cap() -> None:
    alice = issue("alice", CITY, days=(-30, 30))
    crowd = [issue(str(day), None, days=(day, 90)) for day in range(-29, 0)]
    moments = _moments(*(each.certificate for each in (alice, CITY, *crowd, ROOT)))
    assert len(moments) == MOST_MOMENTS
    assert moments[0] == alice.certificate.not_valid_before_utc
    for now in (NOW, None):  # CITY and ROOT began too late to be tried; so both refuse
        with pytest.raises(AuthenticationError):
            verify(alice, CITY, *crowd, now=now)


@pytest.mark.parametrize(
    "extensions",
    [
        (),
        ((CA, True),),
        ((MAY_CERTIFY, True),),
        ((CA, False), (MAY_CERTIFY, True)),
        ((CA, True), (MAY_SIGN, True)),
        ((x509.BasicConstraints(ca=False, path_length=None), True), (MAY_CERTIFY, True)),
    ],
    ids=["nothing", "no keyUsage", "no CA", "not critical", "may not certify", "not a CA"],
)
def test_mls_rs_371_an_issuer_is_a_ca_that_may_certify(
    extensions: Sequence[tuple[x509.ExtensionType, bool]],
) -> None:
    issuer = issue("issuer", ROOT, *extensions)
    with pytest.raises(AuthenticationError):
        verify(issue("alice", issuer), issuer)


def test_mls_rs_371_path_lengths() -> None:
    narrow = authority("narrow", ROOT, path_length=0)
    verify(issue("alice", narrow), narrow)
    below = authority("below", narrow)
    with pytest.raises(AuthenticationError):
        verify(issue("alice", below), below, narrow)
    root = authority("root", None, path_length=0)
    city = authority("city", root)
    with pytest.raises(AuthenticationError):
        verify(issue("alice", city), city, anchor=root)


def test_mls_rs_371_the_usages_of_an_end_entity() -> None:
    usage = x509.ExtendedKeyUsage
    for refused in (
        (CA, True),
        (MAY_CERTIFY, True),
        (usage([ExtendedKeyUsageOID.SERVER_AUTH]), False),
    ):
        with pytest.raises(AuthenticationError):
            verify(issue("alice", CITY, refused), CITY)
    for accepted in (ExtendedKeyUsageOID.CLIENT_AUTH, ExtendedKeyUsageOID.ANY_EXTENDED_KEY_USAGE):
        verify(issue("alice", CITY, (usage([accepted]), False)), CITY)
    with pytest.raises(AuthenticationError):
        verify(ROOT)


def test_unknown_critical_extensions_are_refused() -> None:
    unknown = x509.UnrecognizedExtension(x509.ObjectIdentifier("1.2.3.4"), b"\x05\x00")
    verify(issue("alice", CITY, (unknown, False)), CITY)
    with pytest.raises(AuthenticationError):
        verify(issue("alice", CITY, (unknown, True)), CITY)
    issuer = issue("issuer", ROOT, (CA, True), (MAY_CERTIFY, True), (unknown, True))
    with pytest.raises(AuthenticationError):
        verify(issue("alice", issuer), issuer)


def test_name_constraints_bind_an_end_entity() -> None:
    limits = x509.NameConstraints([x509.DNSName("city.example")], None)
    issuer = issue("issuer", ROOT, (CA, True), (MAY_CERTIFY, True), (limits, True))
    inside = x509.SubjectAlternativeName([x509.DNSName("alice.city.example")])
    outside = x509.SubjectAlternativeName([x509.DNSName("alice.example")])
    verify(issue("alice", issuer, (inside, False)), issuer)
    with pytest.raises(AuthenticationError):
        verify(issue("alice", issuer, (outside, False)), issuer)


def test_bc_2026_08_18_a_certificate_for_another_key() -> None:
    alice, mallory = (issue(name, CITY) for name in ("alice", "mallory"))
    assert leaf_public_key(alice.der, get_suite(2)) != leaf_public_key(mallory.der, get_suite(2))


MUTANT = issue(
    "alice",
    CITY,
    (x509.SubjectAlternativeName([x509.RFC822Name("alice@example")]), False),
    (MAY_SIGN, True),
    key=KEYS[1],
).der


@given(position=st.integers(0, len(MUTANT) - 1), value=st.integers(0, 255))
def test_no_foreign_error_leaves_a_mutated_certificate(position: int, value: int) -> None:
    mutant = MUTANT[:position] + bytes((value,)) + MUTANT[position + 1 :]
    with contextlib.suppress(DecodeError):
        leaf_public_key(mutant, get_suite(1))
    for read in (subject, subject_text, common_names):
        with contextlib.suppress(DecodeError):
            read(mutant)
    try:
        verify_chain([mutant, CITY.der], [ROOT.der], NOW)
    except (DecodeError, AuthenticationError):
        assert mutant != MUTANT
    else:
        assert mutant == MUTANT
