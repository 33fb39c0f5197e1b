"""ML-DSA as a signature scheme of MLS."""

from __future__ import annotations

import pytest
from cryptography.hazmat.primitives.asymmetric import mldsa

from covey.errors import DecodeError
from covey.mls.crypto.entropy import system_entropy
from covey.mls.crypto.mldsa import MLDSA44, MLDSA65, MLDSA87, MlDsa

ALL = pytest.mark.parametrize("scheme", [MLDSA44, MLDSA65, MLDSA87], ids=lambda each: each.name)


@ALL
def test_round_trip(scheme: MlDsa) -> None:
    private = scheme.generate(system_entropy)
    public = scheme.public_key(private)
    scheme.check_public(public)
    assert (len(private), len(public)) == (32, scheme.public_length)
    signature = scheme.sign(private, b"message")
    assert len(signature) == scheme.signature_length
    assert scheme.verify(public, b"message", signature)
    assert not scheme.verify(public, b"another message", signature)
    other = scheme.public_key(scheme.generate(system_entropy))
    assert not scheme.verify(other, b"message", signature)


@ALL
def test_signatures_are_randomised(scheme: MlDsa) -> None:
    private = bytes(32)
    assert scheme.sign(private, b"message") != scheme.sign(private, b"message")


@ALL
def test_what_is_malformed_is_refused(scheme: MlDsa) -> None:
    private = bytes(range(32))
    public, signature = scheme.public_key(private), scheme.sign(private, b"message")
    for wrong in (b"", public[:-1], public + b"\0"):
        assert not scheme.verify(wrong, b"message", signature)
        with pytest.raises(DecodeError):
            scheme.check_public(wrong)
    for wrong in (b"", signature[:-1], signature + b"\0", bytes(len(signature))):
        assert not scheme.verify(public, b"message", wrong)
    for wrong in (b"", private[:-1], private + b"\0"):
        with pytest.raises(DecodeError):
            scheme.sign(wrong, b"message")


def test_the_context_is_empty_and_nothing_is_hashed_before() -> None:
    """As draft-ietf-tls-mldsa has it: any other context would be another scheme."""
    private = bytes(range(32))
    key = mldsa.MLDSA44PrivateKey.from_seed_bytes(private)
    public = MLDSA44.public_key(private)
    assert MLDSA44.verify(public, b"message", key.sign(b"message"))
    assert MLDSA44.verify(public, b"message", key.sign(b"message", b""))
    assert not MLDSA44.verify(public, b"message", key.sign(b"message", b"TLS"))
    key.public_key().verify(MLDSA44.sign(private, b"message"), b"message")


@ALL
def test_nothing_shows_a_secret(scheme: MlDsa) -> None:
    private = bytes(range(32))
    scheme.sign(private, b"message")
    assert private.hex() not in repr(scheme)
