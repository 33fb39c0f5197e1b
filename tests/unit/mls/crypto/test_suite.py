"""The suites: their parameters, their MACs and labels, and what they hide."""

from __future__ import annotations

import hashlib
import hmac
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from covey.errors import UnsupportedError
from covey.mls.crypto import suite as suite_module
from covey.mls.crypto.dialects import get_suite
from covey.mls.crypto.entropy import system_entropy
from covey.mls.crypto.suites import SUITES

if TYPE_CHECKING:
    from covey.mls.crypto.suite import Suite

ALL = pytest.mark.parametrize("suite", SUITES.values(), ids=lambda suite: f"{suite.code}")
FIRST = get_suite(1)


@pytest.mark.parametrize(
    ("code", "sizes", "scheme"),
    [
        (1, (32, 16, 12, 16, 32, 32, 32), "ed25519"),
        (2, (32, 16, 12, 16, 32, 65, 65), "ecdsa_secp256r1_sha256"),
        (3, (32, 32, 12, 16, 32, 32, 32), "ed25519"),
        (4, (64, 32, 12, 16, 56, 56, 56), "ed448"),
        (5, (64, 32, 12, 16, 66, 133, 133), "ecdsa_secp521r1_sha512"),
        (6, (64, 32, 12, 16, 56, 56, 56), "ed448"),
        (7, (48, 32, 12, 16, 48, 97, 97), "ecdsa_secp384r1_sha384"),
    ],
)
def test_parameters(code: int, sizes: tuple[int, ...], scheme: str) -> None:
    suite = get_suite(code)
    names = (suite.Nh, suite.Nk, suite.Nn, suite.Nt, suite.Nsk, suite.Npk, suite.Nenc)
    assert names == sizes
    assert suite.signature_scheme == scheme
    assert suite.zero == bytes(suite.Nh)


@pytest.mark.parametrize("code", [0, 0x000B, 0x0A0A, 0xFFFF])
def test_an_unknown_suite_is_unsupported(code: int) -> None:
    with pytest.raises(UnsupportedError, match=f"0x{code:04x}"):
        get_suite(code)


@ALL
def test_keys_have_the_sizes_they_should(suite: Suite) -> None:
    private, public = suite.generate_key_pair(system_entropy)
    assert (len(private), len(public)) == (suite.Nsk, suite.Npk)
    assert suite.public_key(private) == public
    suite.check_hpke_public(public)
    assert suite.derive_key_pair(bytes(suite.Nh)) == suite.derive_key_pair(bytes(suite.Nh))


@ALL
def test_a_suite_cannot_be_changed(suite: Suite) -> None:
    with pytest.raises(AttributeError):
        suite.Nh = 1  # type: ignore[misc]
    assert repr(suite) == f"<Suite 0x{suite.code:04x} {suite.name}>"


@ALL
def test_hash_mac_and_extract(suite: Suite) -> None:
    digest = {32: "sha256", 48: "sha384", 64: "sha512"}[suite.Nh]
    assert suite.hash(b"content") == hashlib.new(digest, b"content").digest()
    tag = hmac.digest(b"key", b"content", digest)
    assert suite.mac(b"key", b"content") == suite.extract(b"key", b"content") == tag
    assert suite.verify_mac(b"key", b"content", tag)


@ALL
def test_ghsa_8x3w_qj7j_gqhf_truncated_mac(suite: Suite) -> None:
    tag = suite.mac(b"key", b"content")
    for wrong in (b"", tag[:1], tag[:-1], tag + b"\0", bytes(suite.Nh), tag[::-1]):
        assert not suite.verify_mac(b"key", b"content", wrong)
    assert not suite.verify_mac(b"key", b"other content", tag)
    assert not suite.verify_mac(b"other key", b"content", tag)


@ALL
def test_a_truncated_aead_tag_is_refused(suite: Suite) -> None:
    key, nonce = bytes(suite.Nk), bytes(suite.Nn)
    sealed = suite.seal_aead(key, nonce, b"aad", b"plaintext")
    assert len(sealed) == len(b"plaintext") + suite.Nt
    assert suite.open_aead(key, nonce, b"aad", sealed) == b"plaintext"


def naive_expand_with_label(
    suite: Suite, secret: bytes, label: str, context: bytes, length: int
) -> bytes:
    """ExpandWithLabel as §8 spells it, for labels and contexts below 64 bytes."""
    name = b"MLS 1.0 " + label.encode()
    info = length.to_bytes(2) + bytes([len(name)]) + name + bytes([len(context)]) + context
    return suite.kdf.expand(secret, info, length)


@given(
    code=st.sampled_from(sorted(SUITES)),
    secret=st.binary(max_size=64),
    label=st.text("abc é", max_size=20),
    context=st.binary(max_size=63),
    length=st.integers(0, 200),
    generation=st.integers(0, 2**32 - 1),
)
def test_labels(
    code: int, secret: bytes, label: str, context: bytes, length: int, generation: int
) -> None:
    suite = get_suite(code)
    expected = naive_expand_with_label(suite, secret, label, context, length)
    assert suite.expand_with_label(secret, label, context, length) == expected
    expected = naive_expand_with_label(suite, secret, label, b"", suite.Nh)
    assert suite.derive_secret(secret, label) == expected
    position = generation.to_bytes(4)
    for size in (suite.Nk, suite.Nn, suite.Nh):
        expected = naive_expand_with_label(suite, secret, label, position, size)
        assert suite.derive_tree_secret(secret, label, generation, size) == expected


@ALL
@pytest.mark.parametrize("length", [255 * 64 + 1, 1 << 16])
def test_expand_has_a_limit(suite: Suite, length: int) -> None:
    with pytest.raises(ValueError, match="HKDF"):
        suite.expand_with_label(b"secret", "label", b"", length)
    with pytest.raises(ValueError, match="HKDF"):
        suite.kdf.expand(b"secret", b"info", length)
    most = 255 * suite.Nh
    assert len(suite.expand_with_label(b"secret", "label", b"", most)) == most


def test_assembled_labels_are_bounded() -> None:
    for number in range(2000):
        FIRST.derive_secret(b"secret", f"label {number}")
    for cache in (suite_module._label, suite_module._kdf_label, suite_module._tree_label):  # noqa: SLF001 - the bound
        info = cache.cache_info()
        assert info.maxsize is not None
        assert info.currsize <= info.maxsize


def test_a_long_label_has_its_long_header() -> None:
    label = "x" * 300
    info = b"".join((b"\x00\x20", b"\x41\x34MLS 1.0 ", label.encode(), b"\x00"))
    assert FIRST.derive_secret(b"secret", label) == FIRST.kdf.expand(b"secret", info, 32)
