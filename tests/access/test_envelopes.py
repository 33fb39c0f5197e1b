"""Envelopes: few sizes, and nothing to change."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from access_samples import GID, RANDOM, any_access, changed
from covey.access.member.envelopes import LIMITS, SIZES, seal, unseal
from covey.access.structs.sealed import Envelope, EnvelopeContext, Purpose
from covey.errors import AuthenticationError, DecodeError
from covey.mls.crypto.aead import AES_256_GCM
from covey.mls.crypto.kdf import HKDF_SHA256
from covey.mls.group.padding import padme

ACCESS = any_access()
IDEM = bytes(range(16))
OTHER = Purpose.other


def sealed(message: bytes, purpose: Purpose = OTHER) -> bytes:
    return seal(ACCESS, purpose, IDEM, message, RANDOM)


def test_an_envelope_is_that_of_the_specification() -> None:
    envelope = Envelope.decode(sealed(b"message"))
    key = HKDF_SHA256.expand(ACCESS.envelope_key, envelope.salt, 32)
    aad = EnvelopeContext(1, ACCESS.broker_id, GID, 7, OTHER, IDEM).encode()
    plaintext = AES_256_GCM.open(key, bytes(12), aad, envelope.ciphertext)
    assert plaintext == b"\x07message".ljust(len(plaintext), b"\0")


@given(message=st.binary(max_size=2000), purpose=st.sampled_from(Purpose))
def test_a_message_comes_back(message: bytes, purpose: Purpose) -> None:
    assert unseal(ACCESS, purpose, IDEM, sealed(message, purpose)) == message


def test_the_sizes_are_those_that_were_decided() -> None:
    kib = 1024
    assert (256, 512, kib, 2 * kib, 4 * kib, 8 * kib, 16 * kib, 32 * kib, 64 * kib) == SIZES


@given(length=st.integers(0, 65_480))
def test_every_envelope_has_the_least_size_that_fits(length: int) -> None:
    size = len(sealed(bytes(length)))
    at = SIZES.index(size)
    assert length + 50 < size
    if at:
        assert length + 60 > SIZES[at - 1]


@pytest.mark.parametrize("size", SIZES)
def test_every_size_is_used_up_to_its_last_byte(size: int) -> None:
    overhead = 32 + 16 + (2 if size <= 16_384 else 4)
    room = size - overhead
    most = max(n for n in range(room - 4, room) if n + len_header(n) <= room)
    assert len(sealed(bytes(most))) == size
    with_more = sealed(bytes(most + 1), Purpose.commit)
    assert len(with_more) == (2 * size if size < SIZES[-1] else padme(65_537))


def len_header(length: int) -> int:
    """Bytes of the header of a vector."""
    if length < 64:
        return 1
    return 2 if length < 16_384 else 4


@pytest.mark.parametrize("length", [65_481, 70_000, 300_000, 3_000_000])
def test_a_long_commit_has_a_size_of_padmes(length: int) -> None:
    envelope = sealed(bytes(length), Purpose.commit)
    assert len(envelope) == padme(len(envelope)) > SIZES[-1]
    assert len(envelope) < 1.12 * length + 64
    assert unseal(ACCESS, Purpose.commit, IDEM, envelope) == bytes(length)


def test_what_is_too_long_for_the_log_is_not_sent() -> None:
    assert len(sealed(bytes(65_480))) == LIMITS[OTHER] == 65_536
    with pytest.raises(ValueError, match=r"65481 bytes .* 65536 are allowed: .* attachment"):
        sealed(bytes(65_481))
    for purpose in (Purpose.commit, Purpose.pointers):
        with pytest.raises(ValueError, match="attachment"):
            sealed(bytes(16 << 20), purpose)


def test_no_two_envelopes_are_alike() -> None:
    assert sealed(b"again") != sealed(b"again")


@pytest.mark.parametrize(
    ("access", "purpose", "idem"),
    [
        (any_access(epoch=8), OTHER, IDEM),
        (any_access(gid=bytes(32)), OTHER, IDEM),
        (any_access(broker=bytes(32)), OTHER, IDEM),
        (ACCESS, Purpose.commit, IDEM),
        (ACCESS, Purpose.pointers, IDEM),
        (ACCESS, OTHER, bytes(16)),
    ],
    ids=["epoch", "gid", "broker", "commit", "pointers", "idem"],
)
def test_an_envelope_opens_in_its_place_only(access: object, purpose: Purpose, idem: bytes) -> None:
    with pytest.raises(AuthenticationError):
        unseal(access, purpose, idem, sealed(b"message"))  # type: ignore[arg-type]


def test_no_byte_of_an_envelope_can_be_changed() -> None:
    envelope = sealed(b"message")
    for at in range(len(envelope)):
        with pytest.raises((AuthenticationError, DecodeError)):
            unseal(ACCESS, OTHER, IDEM, changed(envelope, at))


@pytest.mark.parametrize("bad", [b"", bytes(32), bytes(33), bytes(32) + b"\x0fshort"])
def test_what_is_no_envelope_is_refused(bad: bytes) -> None:
    with pytest.raises((AuthenticationError, DecodeError)):
        unseal(ACCESS, OTHER, IDEM, bad)


@pytest.mark.parametrize("plaintext", [b"\x01a\x01" + bytes(9), b"\x40\x01a", b"\x20short"])
def test_a_member_cannot_pad_with_anything_else(plaintext: bytes) -> None:
    salt = RANDOM(32)
    key = HKDF_SHA256.expand(ACCESS.envelope_key, salt, 32)
    aad = EnvelopeContext(1, ACCESS.broker_id, GID, 7, OTHER, IDEM).encode()
    envelope = Envelope(salt, AES_256_GCM.seal(key, bytes(12), aad, plaintext))
    with pytest.raises(DecodeError):
        unseal(ACCESS, OTHER, IDEM, envelope.encode())
