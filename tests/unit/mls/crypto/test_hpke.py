"""Our HPKE against that of ``cryptography``, and what it refuses (RFC 9180; VAL-016)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from cryptography.hazmat.primitives import hpke as oracle
from cryptography.hazmat.primitives.asymmetric import ec, x25519
from hypothesis import given, settings
from hypothesis import strategies as st

from covey.errors import AuthenticationError, DecodeError
from covey.mls.crypto import hpke, kdf
from covey.mls.crypto.curves import NistCurve
from covey.mls.crypto.dhkem import DHKEM_P256, DHKEM_P384, DHKEM_P521, DHKEM_X448, DHKEM_X25519
from covey.mls.crypto.dialects import get_suite
from covey.mls.crypto.entropy import system_entropy
from covey.mls.crypto.mac import hmac_digest
from covey.mls.crypto.suites import SUITES

if TYPE_CHECKING:
    from covey.mls.crypto.entropy import Entropy
    from covey.mls.crypto.suite import Suite

ALL = pytest.mark.parametrize("suite", SUITES.values(), ids=lambda suite: f"{suite.code}")
KEMS = {
    DHKEM_X25519.hpke_id: oracle.KEM.X25519,
    DHKEM_P256.hpke_id: oracle.KEM.P256,
    DHKEM_P384.hpke_id: oracle.KEM.P384,
    DHKEM_P521.hpke_id: oracle.KEM.P521,
}
KDFS = {1: oracle.KDF.HKDF_SHA256, 2: oracle.KDF.HKDF_SHA384, 3: oracle.KDF.HKDF_SHA512}
AEADS = {
    1: oracle.AEAD.AES_128_GCM,
    2: oracle.AEAD.AES_256_GCM,
    3: oracle.AEAD.CHACHA20_POLY1305,
}


def oracle_of(suite: Suite) -> oracle.Suite:
    """The same suite in the library."""
    ids = suite.kem.hpke_id, suite.kdf.hpke_id, suite.aead.hpke_id
    return oracle.Suite(KEMS[ids[0]], KDFS[ids[1]], AEADS[ids[2]])


def oracle_key(
    suite: Suite, private: bytes
) -> x25519.X25519PrivateKey | ec.EllipticCurvePrivateKey:
    """The same private key in the library."""
    if isinstance(suite.kem.curve, NistCurve):
        return ec.derive_private_key(int.from_bytes(private), suite.kem.curve.curve)
    return x25519.X25519PrivateKey.from_private_bytes(private)


@settings(max_examples=20)
@given(
    ikm=st.binary(min_size=32, max_size=64),
    context=st.binary(max_size=63),
    plaintext=st.binary(max_size=200),
)
@pytest.mark.parametrize("code", [1, 2, 3, 5, 7])
def test_both_ways_with_another_hpke(
    code: int, ikm: bytes, context: bytes, plaintext: bytes
) -> None:
    suite = get_suite(code)
    private, public = suite.derive_key_pair(ikm)
    key = oracle_key(suite, private)
    info = b"\x0dMLS 1.0 label" + bytes((len(context),)) + context
    kem_output, ciphertext = suite.encrypt_with_label(
        public, "label", context, plaintext, system_entropy
    )
    assert len(kem_output) == suite.Nenc
    assert oracle_of(suite).decrypt(kem_output + ciphertext, key, info) == plaintext
    theirs = oracle_of(suite).encrypt(plaintext, key.public_key(), info)
    split = suite.Nenc
    opened = suite.decrypt_with_label(private, "label", context, theirs[:split], theirs[split:])
    assert opened == plaintext


@ALL
def test_rfc_9180_derive_key_pair_is_deterministic_and_sized(suite: Suite) -> None:
    private, public = suite.derive_key_pair(b"\x01" * 64)
    assert (len(private), len(public)) == (suite.Nsk, suite.Npk)
    assert suite.public_key(private) == public
    assert suite.derive_key_pair(b"\x02" * 64)[0] != private


def test_rfc_9180_a_1_1() -> None:
    ikm_e = "7268600d403fce431561aef583ee1613527cff655c1343f29812e66706df3234"
    ikm_r = "6db9df30aa07dd42ee5e8181afdb977e538f5e1fec8a06223f33f7013e525037"
    kem = DHKEM_X25519
    private_e = kem.derive_private_key(bytes.fromhex(ikm_e))
    recipient = kem.curve.load(kem.derive_private_key(bytes.fromhex(ikm_r)))
    assert recipient.public.hex() == (
        "3948cfe0ad1ddb695d780e59077195da6c56506b027329794ab02bca80815c4d"
    )
    shared_secret, enc = kem.encap(recipient.public, lambda _: private_e)
    assert enc.hex() == "37fda3567bdbd628e88668c3c8d7e97d1d1253b6d4ea6d44c150f741f1bf4431"
    assert shared_secret.hex() == (
        "fe0e18c9f024ce43799ae393c7e8fe8fce9d218875e8227b0187c04e7d2ea1fc"
    )
    assert kem.decap(enc, recipient) == shared_secret


@ALL
def test_export_agrees_on_both_sides(suite: Suite) -> None:
    private, public = suite.derive_key_pair(b"\x01" * 64)
    label = "MLS 1.0 external init secret"
    kem_output, secret = suite.export_to(public, label, suite.Nh, system_entropy)
    assert len(secret) == suite.Nh
    assert suite.export_from(private, kem_output, label, suite.Nh) == secret
    assert suite.export_from(private, kem_output, "another label", suite.Nh) != secret
    assert suite.export_from(private, kem_output, label, 16) != secret[:16]


@ALL
def test_what_was_changed_does_not_open(suite: Suite) -> None:
    private, public = suite.derive_key_pair(b"\x01" * 64)
    other, other_public = suite.derive_key_pair(b"\x02" * 64)
    kem_output, ciphertext = suite.encrypt_with_label(
        public, "label", b"context", b"plaintext", system_entropy
    )
    flipped = bytes((ciphertext[0] ^ 1,)) + ciphertext[1:]
    for key, label, context, enc, sealed in (
        (other, "label", b"context", kem_output, ciphertext),
        (private, "other", b"context", kem_output, ciphertext),
        (private, "label", b"other", kem_output, ciphertext),
        (private, "label", b"context", other_public, ciphertext),
        (private, "label", b"context", kem_output, flipped),
        (private, "label", b"context", kem_output, ciphertext[:-1]),
        (private, "label", b"context", kem_output, b""),
    ):
        with pytest.raises(AuthenticationError):
            suite.decrypt_with_label(key, label, context, enc, sealed)


@ALL
def test_val_016_invalid_encapsulations_are_refused(suite: Suite) -> None:
    private, public = suite.derive_key_pair(b"\x01" * 64)
    kem_output, ciphertext = suite.encrypt_with_label(
        public, "label", b"", b"plaintext", system_entropy
    )
    for wrong in (b"", kem_output[:-1], kem_output + b"\0", bytes(suite.Nenc)):
        with pytest.raises(AuthenticationError, match="VAL-016"):
            suite.decrypt_with_label(private, "label", b"", wrong, ciphertext)
        with pytest.raises(DecodeError, match="VAL-016"):
            suite.export_from(private, wrong, "label", 32)


@ALL
def test_nobody_encrypts_to_an_invalid_key(suite: Suite) -> None:
    for wrong in (b"", b"\x09" * (suite.Npk - 1), bytes(suite.Npk), b"\x09" * (suite.Npk + 1)):
        with pytest.raises(DecodeError):
            suite.check_hpke_public(wrong)
        with pytest.raises(DecodeError):
            suite.encrypt_with_label(wrong, "label", b"", b"plaintext", system_entropy)


@ALL
def test_a_malformed_private_key_is_not_blamed_on_the_sender(suite: Suite) -> None:
    _, public = suite.derive_key_pair(b"\x01" * 64)
    sealed = suite.encrypt_with_label(public, "label", b"", b"plaintext", system_entropy)
    with pytest.raises(DecodeError):
        suite.decrypt_with_label(b"", "label", b"", *sealed)


@ALL
def test_a_known_public_key_opens_the_same(suite: Suite) -> None:
    private, public = suite.derive_key_pair(b"\x01" * 64)
    encryption = suite.encryption("label", b"context")
    kem_output, ciphertext = encryption.seal(public, b"plaintext", system_entropy)
    assert encryption.open(private, kem_output, ciphertext) == b"plaintext"
    assert encryption.open(private, kem_output, ciphertext, public) == b"plaintext"
    _, other = suite.derive_key_pair(b"\x02" * 64)
    with pytest.raises((AuthenticationError, DecodeError)):
        encryption.open(private, kem_output, ciphertext, other)


def test_a_context_is_hashed_once_for_all_recipients(monkeypatch: pytest.MonkeyPatch) -> None:
    suite, large = get_suite(1), bytes(100_000)
    recipients = [suite.derive_key_pair(bytes((number,)) * 32) for number in range(10)]
    hashed = 0
    digest = hmac_digest

    def counting(key: bytes, content: bytes, name: str) -> bytes:
        nonlocal hashed
        hashed += len(content)
        return digest(key, content, name)

    for module in (hpke, kdf):
        monkeypatch.setattr(module, "hmac_digest", counting)
    encryption = suite.encryption("Welcome", large)
    sealed = [encryption.seal(public, b"secret", system_entropy) for _, public in recipients]
    assert len(large) < hashed < 2 * len(large)
    monkeypatch.undo()
    for (private, _), message in zip(recipients, sealed, strict=True):
        assert encryption.open(private, *message) == b"secret"


@ALL
def test_nothing_shows_a_secret(suite: Suite) -> None:
    encryption = suite.encryption("label", b"context")
    assert repr(encryption).startswith("<covey.mls.crypto.hpke.Encryption object at")


def test_candidates_at_or_above_the_order_are_passed_over(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    first = DHKEM_P256.derive_private_key(b"\x01" * 32)
    refused: list[bytes] = []
    accepts = NistCurve.accepts

    def pickier(curve: NistCurve, private: bytes) -> bool:
        if private == first:
            refused.append(private)
            return False
        return accepts(curve, private)

    monkeypatch.setattr(NistCurve, "accepts", pickier)
    assert DHKEM_P256.derive_private_key(b"\x01" * 32) != first
    assert refused == [first]
    monkeypatch.setattr(NistCurve, "accepts", lambda *_: False)
    with pytest.raises(DecodeError, match="DeriveKeyPair"):
        DHKEM_P256.derive_private_key(b"\x01" * 32)


def test_x448_has_no_oracle_but_its_own_inverse() -> None:
    suite = get_suite(4)
    assert suite.kem is DHKEM_X448
    entropy: Entropy = system_entropy
    private, public = suite.generate_key_pair(entropy)
    sealed = suite.encrypt_with_label(public, "label", b"", b"plaintext", entropy)
    assert suite.decrypt_with_label(private, "label", b"", *sealed) == b"plaintext"
