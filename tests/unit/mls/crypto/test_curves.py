"""Public and private keys off the wire and out of storage (VAL-010, VAL-016)."""

from __future__ import annotations

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from hypothesis import given
from hypothesis import strategies as st

from covey.errors import DecodeError
from covey.mls.crypto.curves import P256, P384, P521, X448, X25519, Curve, NistCurve

CURVES: tuple[Curve, ...] = (X25519(), X448(), P256, P384, P521)
ALL = pytest.mark.parametrize("curve", CURVES, ids=lambda curve: f"{curve.Npk}")
NIST = pytest.mark.parametrize("curve", [P256, P384, P521], ids=lambda curve: curve.name)
P25519 = 2**255 - 19
P448 = 2**448 - 2**224 - 1
SMALL_25519 = (
    0,
    1,
    P25519 - 1,
    P25519,
    P25519 + 1,
    325606250916557431795983626356110631294008115727848805560023387167927233504,
    39382357235489614581723060781553021112529911719440698176882885853963445705823,
)


@ALL
def test_both_sides_agree(curve: Curve) -> None:
    ours, theirs = curve.load(b"\x01" * curve.Nsk), curve.load(b"\x00" + b"\x07" * (curve.Nsk - 1))
    assert ours.exchange(theirs.public) == theirs.exchange(ours.public)
    again = curve.load(ours.private, ours.public)
    assert again.exchange(theirs.public) == ours.exchange(theirs.public)
    curve.check_public(ours.public)


@ALL
@pytest.mark.parametrize("change", [-1, 1, -100])
def test_val_010_a_public_key_has_its_length(curve: Curve, change: int) -> None:
    key = curve.load(b"\x01" * curve.Nsk)
    wrong = (key.public + b"\0")[: max(0, curve.Npk + change)]
    for call in (curve.check_public, key.exchange):
        with pytest.raises(DecodeError):
            call(wrong)


@ALL
def test_a_private_key_has_its_length(curve: Curve) -> None:
    for wrong in (b"", b"\x01" * (curve.Nsk + 1)):
        assert not curve.accepts(wrong)
        with pytest.raises(DecodeError):
            curve.load(wrong)


@pytest.mark.parametrize("point", SMALL_25519)
@pytest.mark.parametrize("top_bit", [0, 1 << 255])
def test_val_016_small_order_x25519(point: int, top_bit: int) -> None:
    public = (point | top_bit).to_bytes(32, "little")
    with pytest.raises(DecodeError, match="small order"):
        X25519().check_public(public)
    with pytest.raises(DecodeError, match="small order"):
        X25519().load(b"\x01" * 32).exchange(public)


@pytest.mark.parametrize("point", [0, 1, P448 - 1, P448, P448 + 1])
def test_val_016_small_order_x448(point: int) -> None:
    public = point.to_bytes(56, "little")
    with pytest.raises(DecodeError, match="small order"):
        X448().check_public(public)
    with pytest.raises(DecodeError, match="small order"):
        X448().load(b"\x01" * 56).exchange(public)


@given(st.sampled_from([X25519(), X448()]), st.data())
def test_the_check_and_the_exchange_agree(curve: X25519 | X448, data: st.DataObject) -> None:
    public = data.draw(st.binary(min_size=curve.Npk, max_size=curve.Npk))
    try:
        curve.check_public(public)
    except DecodeError:
        with pytest.raises(DecodeError):
            curve.load(b"\x01" * curve.Nsk).exchange(public)
    else:
        assert any(curve.load(b"\x01" * curve.Nsk).exchange(public))


@NIST
def test_val_010_compressed_points_are_refused(curve: NistCurve) -> None:
    key = ec.derive_private_key(12345, curve.curve).public_key()
    compressed = key.public_bytes(Encoding.X962, PublicFormat.CompressedPoint)
    full = key.public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
    padded = compressed + bytes(curve.Npk - len(compressed))
    hybrid = bytes((6 + (full[-1] & 1),)) + full[1:]
    for wrong in (compressed, padded, hybrid, b"\0" * curve.Npk, b"\0"):
        with pytest.raises(DecodeError):
            curve.check_public(wrong)
    curve.check_public(full)


@NIST
def test_val_010_points_off_the_curve_are_refused(curve: NistCurve) -> None:
    key = curve.load(b"\x01" * curve.Nsk)
    moved = key.public[:-1] + bytes((key.public[-1] ^ 1,))
    beyond = b"\x04" + b"\xff" * (curve.Npk - 1)
    for wrong in (moved, beyond, b"\x04" + bytes(curve.Npk - 1)):
        for call in (curve.check_public, key.exchange):
            with pytest.raises(DecodeError):
                call(wrong)


@NIST
def test_a_private_key_is_below_the_order(curve: NistCurve) -> None:
    order = curve.curve.group_order
    for wrong in (0, order, order + 1):
        with pytest.raises(DecodeError):
            curve.load(wrong.to_bytes(curve.Nsk))
    for right in (1, order - 1):
        assert len(curve.load(right.to_bytes(curve.Nsk)).public) == curve.Npk


@NIST
def test_a_public_key_of_somebody_else_is_noticed(curve: NistCurve) -> None:
    ours, theirs = (curve.load(number.to_bytes(curve.Nsk)) for number in (2, 3))
    with pytest.raises(DecodeError, match="another private key"):
        curve.load(ours.private, theirs.public)


def test_p521_private_keys_are_padded() -> None:
    short = b"\x07" * 65
    assert P521.load(short).private == b"\x00" + short
    assert P521.load(short).public == P521.load(b"\x00" + short).public


@ALL
def test_keys_show_no_secret(curve: Curve) -> None:
    private = b"\x01" * curve.Nsk
    key = curve.load(private)
    assert str(private) not in repr(key)
    assert private.hex() not in repr(key)
