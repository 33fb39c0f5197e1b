"""Signatures: encodings, refusals and one answer for everybody (VAL-010 to VAL-012)."""

from __future__ import annotations

import pytest
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from hypothesis import given
from hypothesis import strategies as st

from covey.errors import DecodeError, UnsupportedError
from covey.mls.crypto import signature as signature_module
from covey.mls.crypto.dialects import get_suite
from covey.mls.crypto.entropy import system_entropy
from covey.mls.crypto.signature import (
    ECDSA_P256,
    ECDSA_P384,
    ECDSA_P521,
    ED448,
    ED25519,
    Ecdsa,
    SignatureScheme,
)

SCHEMES: tuple[SignatureScheme, ...] = (ED25519, ED448, ECDSA_P256, ECDSA_P384, ECDSA_P521)
ALL = pytest.mark.parametrize("scheme", SCHEMES, ids=lambda scheme: scheme.name)
ECDSA = pytest.mark.parametrize(
    "scheme", [ECDSA_P256, ECDSA_P384, ECDSA_P521], ids=lambda scheme: scheme.name
)
P25519 = 2**255 - 19
P448 = 2**448 - 2**224 - 1
TOP = 1 << 255
SMALL_ED25519 = [
    y | sign
    for y in (
        0,
        1,
        P25519 - 1,
        P25519,
        P25519 + 1,
        0x05FC536D880238B13933C6D305ACDFD5F098EFF289F4C345B027B2C28F95E826,
        0x7A03AC9277FDC74EC6CC392CFA53202A0F67100D760B3CBA4FD83D3D706A17C7,
    )
    for sign in (0, TOP)
]


@ALL
def test_round_trip(scheme: SignatureScheme) -> None:
    private = scheme.generate(system_entropy)
    public = scheme.public_key(private)
    scheme.check_public(public)
    signature = scheme.sign(private, b"message")
    assert scheme.verify(public, b"message", signature)
    assert not scheme.verify(public, b"other message", signature)
    other = scheme.public_key(scheme.generate(system_entropy))
    assert not scheme.verify(other, b"message", signature)


@ALL
@given(data=st.data())
def test_a_changed_signature_never_verifies(scheme: SignatureScheme, data: st.DataObject) -> None:
    private = b"\x01" * len(scheme.generate(system_entropy))
    public = scheme.public_key(private)
    signature = scheme.sign(private, b"message")
    bit = data.draw(st.integers(0, 8 * len(signature) - 1))
    changed = (int.from_bytes(signature) ^ 1 << bit).to_bytes(len(signature))
    assert not scheme.verify(public, b"message", changed)


@ALL
def test_lengths_are_checked_before_the_library_reads(scheme: SignatureScheme) -> None:
    private = scheme.generate(system_entropy)
    public, signature = scheme.public_key(private), scheme.sign(private, b"message")
    for wrong in (b"", signature[:-1], signature + b"\0", signature[:32]):
        assert not scheme.verify(public, b"message", wrong)
    for wrong in (b"", public[:-1], public + b"\0"):
        assert not scheme.verify(wrong, b"message", signature)
        with pytest.raises(DecodeError):
            scheme.check_public(wrong)


@ALL
def test_a_malformed_private_key_is_refused(scheme: SignatureScheme) -> None:
    for wrong in (b"", b"\x01" * (len(scheme.generate(system_entropy)) + 1)):
        with pytest.raises(DecodeError):
            scheme.public_key(wrong)
        with pytest.raises(DecodeError):
            scheme.sign(wrong, b"message")


@pytest.mark.parametrize("y", SMALL_ED25519)
def test_small_order_and_non_canonical_ed25519_keys_are_refused(y: int) -> None:
    public = y.to_bytes(32, "little")
    with pytest.raises(DecodeError):
        ED25519.check_public(public)
    forged = public + bytes(32)
    identity = (1).to_bytes(32, "little") + bytes(32)
    assert not ED25519.verify(public, b"message", forged)
    assert not ED25519.verify(public, b"message", identity)


def test_a_key_of_small_order_does_not_sign_every_message() -> None:
    public = (1).to_bytes(32, "little")  # OpenSSL accepts this signature, of any message
    assert not ED25519.verify(public, b"any message at all", public + bytes(32))


@given(st.binary(min_size=32, max_size=32))
def test_ed25519_check_refuses_only_what_never_verifies(public: bytes) -> None:
    try:
        ED25519.check_public(public)
    except DecodeError:
        assert int.from_bytes(public, "little") & (TOP - 1) in {
            *(y & (TOP - 1) for y in SMALL_ED25519),
            *range(P25519, TOP),
        }


@pytest.mark.parametrize("y", [0, 1, P448 - 1, P448, P448 + 1, 1 << 448])
@pytest.mark.parametrize("sign", [0, 1 << 455])
def test_small_order_and_non_canonical_ed448_keys_are_refused(y: int, sign: int) -> None:
    public = (y | sign).to_bytes(57, "little")
    with pytest.raises(DecodeError):
        ED448.check_public(public)
    for point in (public, (1).to_bytes(57, "little")):
        assert not ED448.verify(public, b"message", point + bytes(57))


def test_an_ed448_key_of_small_order_does_not_sign() -> None:
    assert not ED448.verify(bytes(57), b"m", bytes(57 + 57))  # OpenSSL accepts this one


def der_integer(value: int, pad: bytes = b"") -> bytes:
    """Encode a positive INTEGER, with bytes before it that DER does not allow."""
    content = pad + value.to_bytes(value.bit_length() // 8 + 1)
    return b"\x02" + bytes((len(content),)) + content


@ECDSA
def test_val_012_signatures_are_der_and_nothing_else(scheme: Ecdsa) -> None:
    private = scheme.generate(system_entropy)
    public, signature = scheme.public_key(private), scheme.sign(private, b"message")
    r, s = decode_dss_signature(signature)
    body = der_integer(r) + der_integer(s)
    long_form = b"\x81" if len(body) < 0x80 else b""
    strict = b"\x30" + (b"" if long_form else b"\x81") + bytes((len(body),)) + body
    assert strict == signature
    padded = der_integer(r, b"\0") + der_integer(s)
    size = scheme.curve.Nsk
    for wrong in (
        signature + b"\0",
        b"\x30" + (long_form or b"\x82\x00") + bytes((len(body),)) + body,
        b"\x30" + (b"" if len(padded) < 0x80 else b"\x81") + bytes((len(padded),)) + padded,
        b"\x30\x80" + body + b"\0\0",
        r.to_bytes(size) + s.to_bytes(size),
        b"\x30\x06\x02\x01\x00\x02\x01\x00",
    ):
        assert not scheme.verify(public, b"message", wrong)


@ECDSA
def test_ecdsa_is_deterministic_and_drawn_below_the_order(scheme: Ecdsa) -> None:
    order = scheme.curve.curve.group_order
    for byte in (b"\x00", b"\x01", b"\xff"):
        private = scheme.generate(lambda length, byte=byte: byte * length)
        assert len(private) == scheme.curve.Nsk
        assert 0 < int.from_bytes(private) < order
        assert scheme.sign(private, b"message") == scheme.sign(private, b"message")


def test_a_library_without_deterministic_ecdsa_is_said_to_be_unsupported(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise signature_module.UnsupportedAlgorithm("no")  # noqa: EM101 - as the library does

    monkeypatch.setattr(signature_module.ec, "ECDSA", refuse)
    with pytest.raises(UnsupportedError):
        ECDSA_P256.sign(b"\x01" * 32, b"message")


def test_p521_private_keys_of_65_bytes_sign() -> None:
    suite, short = get_suite(5), b"\x07" * 65
    assert suite.signature_public(short) == suite.signature_public(b"\0" + short)
    signature = suite.sign_with_label(short, "label", b"content")
    assert signature == suite.sign_with_label(b"\0" + short, "label", b"content")
    assert suite.verify_with_label(suite.signature_public(short), "label", b"content", signature)


def test_a_label_and_a_content_are_kept_apart() -> None:
    suite = get_suite(1)
    private, public = suite.generate_signature_keys(system_entropy)
    signature = suite.sign_with_label(private, "label", b"content")
    assert suite.verify_with_label(public, "label", b"content", signature)
    assert not suite.verify_with_label(public, "labelcontent", b"", signature)
    assert not suite.verify_with_label(public, "label2", b"content", signature)


def test_few_private_keys_stay_ready() -> None:
    for number in range(100):
        ED25519.sign(number.to_bytes(32), b"message")
    info = signature_module._ed25519_key.cache_info()  # noqa: SLF001 - the bound
    assert info.currsize == info.maxsize == 16
