"""The post-quantum KEMs: against another implementation, and what they refuse."""

from __future__ import annotations

import hashlib
from contextlib import nullcontext
from typing import TYPE_CHECKING

import pytest
from cryptography.hazmat.primitives import hpke as oracle
from cryptography.hazmat.primitives.asymmetric import ec, mlkem, x25519

from covey.errors import DecodeError
from covey.mls.crypto.dialects import PRIVATE
from covey.mls.crypto.entropy import system_entropy
from covey.mls.crypto.hybrid import MLKEM768_P256, MLKEM768_X25519, MLKEM1024_P384, XWING_DRAFT
from covey.mls.crypto.mlkem import MLKEM768, MLKEM1024

if TYPE_CHECKING:
    from covey.mls.crypto.hybrid import HybridKem
    from covey.mls.crypto.kem import Kem
    from covey.mls.crypto.mlkem import MlKem
    from covey.mls.crypto.suite import Suite

KEMS: tuple[Kem, ...] = (
    *(MLKEM768, MLKEM1024),
    *(MLKEM768_X25519, MLKEM768_P256, MLKEM1024_P384, XWING_DRAFT),
)
NAMES = ("mlkem768", "mlkem1024", "x25519", "p256", "p384", "x-wing")
ALL = pytest.mark.parametrize("kem", KEMS, ids=NAMES)
SUITES = pytest.mark.parametrize("suite", PRIVATE.suites.values(), ids=lambda suite: suite.name)


@ALL
def test_both_sides_have_the_same_secret(kem: Kem) -> None:
    private = kem.generate_private_key(system_entropy)
    key = kem.load(private)
    kem.check_public(key.public)
    assert (len(private), len(key.public)) == (kem.Nsk, kem.Npk)
    secret, enc = kem.encap(key.public, system_entropy)
    assert (len(secret), len(enc)) == (32, kem.Nenc)
    assert key.decap(enc) == kem.load(private, key.public).decap(enc) == secret
    again, other = kem.encap(key.public, system_entropy)
    assert again != secret
    assert other != enc


@ALL
def test_a_derived_key_depends_on_all_that_it_is_derived_from(kem: Kem) -> None:
    first = kem.derive_private_key(b"\x01" * 48)
    assert len(first) == kem.Nsk
    assert first == kem.derive_private_key(b"\x01" * 48)
    assert first != kem.derive_private_key(b"\x01" * 47 + b"\x02")


def test_the_two_forms_of_x_wing_differ_in_what_they_derive_and_in_nothing_else() -> None:
    ikm = bytes(32)
    seeds = MLKEM768_X25519.derive_private_key(ikm), XWING_DRAFT.derive_private_key(ikm)
    assert seeds[0] != seeds[1] == hashlib.shake_256(ikm).digest(32)
    secret, enc = XWING_DRAFT.encap(MLKEM768_X25519.load(ikm).public, system_entropy)
    assert MLKEM768_X25519.load(ikm).decap(enc) == secret


@ALL
def test_val_016_what_is_no_encapsulation_is_refused(kem: Kem) -> None:
    key = kem.load(kem.generate_private_key(system_entropy))
    _, enc = kem.encap(key.public, system_entropy)
    for wrong in (b"", enc[:-1], enc + b"\0"):
        with pytest.raises(DecodeError, match="VAL-016"):
            key.decap(wrong)


@ALL
def test_a_changed_encapsulation_gives_another_secret(kem: Kem) -> None:
    """ML-KEM refuses none: it is the AEAD that does not open then."""
    key = kem.load(kem.generate_private_key(system_entropy))
    secret, enc = kem.encap(key.public, system_entropy)
    assert key.decap(bytes((enc[0] ^ 1,)) + enc[1:]) != secret


@ALL
def test_nobody_encapsulates_to_an_invalid_key(kem: Kem) -> None:
    public = kem.load(kem.generate_private_key(system_entropy)).public
    unreduced = b"\xff" * 3 + public[3:]  # FIPS 203 section 7.2: the modulus check
    for wrong in (b"", public[:-1], public + b"\0", unreduced):
        with pytest.raises(DecodeError):
            kem.check_public(wrong)
        with pytest.raises(DecodeError):
            kem.encap(wrong, system_entropy)


@pytest.mark.parametrize("kem", [MLKEM768, MLKEM1024], ids=NAMES[:2])
def test_our_modulus_check_is_that_of_openssl(kem: MlKem) -> None:
    """FIPS 203 section 7.2, for each coefficient: below 3329 and no other."""
    public = kem.load(bytes(64)).public
    vector, seed = int.from_bytes(public[:-32], "little"), public[-32:]
    for place in range(0, 12 * 256 * kem.parameters.rank, 12):
        for value, reduced in ((0, True), (3328, True), (3329, False), (4095, False)):
            other = vector & ~(0xFFF << place) | value << place
            key = other.to_bytes(kem.Npk - 32, "little") + seed
            for check in (kem.check_public, kem.parameters.public_key):
                with nullcontext() if reduced else pytest.raises(DecodeError, match="not reduced"):
                    check(key)


@pytest.mark.parametrize("kem", KEMS[2:5], ids=NAMES[2:5])
def test_the_part_of_the_curve_is_checked_too(kem: HybridKem) -> None:
    key = kem.load(bytes(range(32)))
    start = kem.parameters.public_length
    wrong = key.public[:start] + bytes(kem.curve.Npk)
    with pytest.raises(DecodeError):
        kem.check_public(wrong)
    with pytest.raises(DecodeError):
        kem.encap(wrong, system_entropy)
    _, enc = kem.encap(key.public, system_entropy)
    with pytest.raises(DecodeError, match="VAL-016"):
        key.decap(enc[: kem.parameters.ciphertext_length] + bytes(kem.curve.Npk))


@ALL
def test_a_private_key_of_another_length_is_none(kem: Kem) -> None:
    for wrong in (b"", bytes(kem.Nsk - 1), bytes(kem.Nsk + 1)):
        with pytest.raises(DecodeError):
            kem.load(wrong)


@ALL
def test_what_is_drawn_is_drawn_at_once(kem: Kem) -> None:
    drawn: list[int] = []

    def entropy(length: int) -> bytes:
        drawn.append(length)
        return system_entropy(length)

    kem.encap(kem.load(kem.generate_private_key(system_entropy)).public, entropy)
    assert drawn == ([kem.draw] if kem.draw else [])


def theirs(suite: Suite, private: bytes) -> tuple[oracle.KEM, object] | None:
    """The same KEM in the library, and the same key; None if it has none."""
    if suite.kem is MLKEM768:
        return oracle.KEM.MLKEM768, mlkem.MLKEM768PrivateKey.from_seed_bytes(private)
    if suite.kem is MLKEM1024:
        return oracle.KEM.MLKEM1024, mlkem.MLKEM1024PrivateKey.from_seed_bytes(private)
    if suite.kem is MLKEM768_X25519:
        seeds = hashlib.shake_256(private).digest(96)
        first = mlkem.MLKEM768PrivateKey.from_seed_bytes(seeds[:64])
        second = x25519.X25519PrivateKey.from_private_bytes(seeds[64:])
        return oracle.KEM.MLKEM768_X25519, oracle.MLKEM768X25519PrivateKey(first, second)
    if suite.kem is MLKEM1024_P384:
        seeds = hashlib.shake_256(private).digest(112)
        large = mlkem.MLKEM1024PrivateKey.from_seed_bytes(seeds[:64])
        curve = ec.derive_private_key(int.from_bytes(seeds[64:]), ec.SECP384R1())
        return oracle.KEM.MLKEM1024_P384, oracle.MLKEM1024P384PrivateKey(large, curve)
    return None


@SUITES
def test_both_ways_with_another_hpke(suite: Suite) -> None:
    private, public = suite.derive_key_pair(b"\x07" * 64)
    found = theirs(suite, private)
    if found is None:
        assert suite.kem is MLKEM768_P256  # the vectors are all that there is
        return
    kem, key = found
    kdf = {1: oracle.KDF.HKDF_SHA256, 2: oracle.KDF.HKDF_SHA384}[suite.kdf.hpke_id]
    aead = {
        1: oracle.AEAD.AES_128_GCM,
        2: oracle.AEAD.AES_256_GCM,
        3: oracle.AEAD.CHACHA20_POLY1305,
    }[suite.aead.hpke_id]
    other = oracle.Suite(kem, kdf, aead)
    info = b"\x0dMLS 1.0 label\x07context"
    kem_output, ciphertext = suite.encrypt_with_label(
        public, "label", b"context", b"plaintext", system_entropy
    )
    assert other.decrypt(kem_output + ciphertext, key, info) == b"plaintext"  # type: ignore[arg-type]
    sealed = other.encrypt(b"plaintext", key.public_key(), info)  # type: ignore[attr-defined]
    parts = sealed[: suite.Nenc], sealed[suite.Nenc :]
    assert suite.decrypt_with_label(private, "label", b"context", *parts) == b"plaintext"


@SUITES
def test_export_agrees_on_both_sides(suite: Suite) -> None:
    private, public = suite.derive_key_pair(b"\x01" * 64)
    kem_output, secret = suite.export_to(public, "label", suite.Nh, system_entropy)
    assert suite.export_from(private, kem_output, "label", suite.Nh) == secret


@ALL
def test_nothing_shows_a_secret(kem: Kem) -> None:
    key = kem.load(kem.derive_private_key(b"\x07" * 64))
    assert repr(key).startswith("<covey.mls.crypto.")
