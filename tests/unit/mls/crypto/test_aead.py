"""The AEADs: whatever is changed, nothing opens, and one error says so."""

from __future__ import annotations

import pytest

from covey.errors import AuthenticationError
from covey.mls.crypto.aead import AES_128_GCM, AES_256_GCM, CHACHA20_POLY1305, Aead


@pytest.mark.parametrize(
    "aead", [AES_128_GCM, AES_256_GCM, CHACHA20_POLY1305], ids=lambda aead: f"{aead.hpke_id}"
)
def test_round_trip_and_refusals(aead: Aead) -> None:
    key, nonce = bytes(range(aead.Nk)), bytes(range(aead.Nn))
    sealed = aead.seal(key, nonce, b"aad", b"plaintext")
    assert len(sealed) == len(b"plaintext") + aead.Nt
    assert aead.open(key, nonce, b"aad", sealed) == b"plaintext"
    flipped = bytes((sealed[0] ^ 1,)) + sealed[1:]
    for aad, ciphertext in (
        (b"other", sealed),
        (b"aad", flipped),
        (b"aad", sealed[:-1]),
        (b"aad", sealed[: aead.Nt]),
        (b"aad", sealed[: aead.Nt - 1]),
        (b"aad", b""),
    ):
        with pytest.raises(AuthenticationError) as refused:
            aead.open(key, nonce, aad, ciphertext)
        assert str(refused.value) == str(AuthenticationError())
        assert refused.value.__cause__ is None
