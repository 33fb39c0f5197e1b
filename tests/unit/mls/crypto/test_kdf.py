"""HKDF against RFC 5869's test cases, and HPKE's labels."""

from __future__ import annotations

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.kdf.hkdf import HKDFExpand

from covey.mls.crypto.kdf import HKDF_SHA256, HKDF_SHA384, HKDF_SHA512, Kdf

REFERENCES = [
    (HKDF_SHA256, hashes.SHA256()),
    (HKDF_SHA384, hashes.SHA384()),
    (HKDF_SHA512, hashes.SHA512()),
]


def test_rfc_5869_case_1() -> None:
    prk = HKDF_SHA256.extract(bytes(range(13)), b"\x0b" * 22)
    assert prk.hex() == "077709362c2e32df0ddc3f0dc47bba6390b6c73bb50f9c3122ec844ad7c2b3e5"
    okm = HKDF_SHA256.expand(prk, bytes(range(0xF0, 0xFA)), 42)
    assert okm.hex() == (
        "3cb25f25faacd57a90434f64d0362f2a2d2d0a90cf1a5a4c5db02d56ecc4c5bf34007208d5b887185865"
    )


@pytest.mark.parametrize(("kdf", "digest"), REFERENCES, ids=lambda value: type(value).__name__)
def test_expand_agrees_with_another_hkdf(kdf: Kdf, digest: hashes.HashAlgorithm) -> None:
    prk = bytes(range(kdf.Nh))
    for length in (1, kdf.Nh - 1, kdf.Nh, kdf.Nh + 1, 3 * kdf.Nh, 255 * kdf.Nh):
        expected = HKDFExpand(digest, length, b"info").derive(prk)
        assert kdf.expand(prk, b"info", length) == expected


def test_labels_of_hpke() -> None:
    expected = HKDF_SHA256.extract(b"salt", b"HPKE-v1KEM\x00\x20labelikm")
    assert HKDF_SHA256.labeled_extract(b"KEM\x00\x20", b"salt", b"label", b"ikm") == expected
    expected = HKDF_SHA256.expand(b"prk", b"\x00\x28HPKE-v1KEM\x00\x20labelinfo", 40)
    assert HKDF_SHA256.labeled_expand(b"KEM\x00\x20", b"prk", b"label", b"info", 40) == expected
