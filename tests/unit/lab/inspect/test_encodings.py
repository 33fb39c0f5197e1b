"""How inputs are taken: raw, hexadecimal digits, base64, PEM."""

from __future__ import annotations

from base64 import b64encode, urlsafe_b64encode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from covey.lab.inspect.encodings import candidates, is_json

DATA = bytes(range(251, 256)) * 4


@pytest.mark.parametrize(
    ("text", "encoding"),
    [
        (DATA.hex().encode(), "hex"),
        (b"0x" + DATA.hex().upper().encode() + b"\n", "hex"),
        (DATA.hex(":").encode(), "hex"),
        (DATA.hex(" ", 8).encode() + b"\r\n", "hex"),
        (b'"' + DATA.hex().encode() + b'"', "hex"),
        (b"\xef\xbb\xbf" + DATA.hex().encode(), "hex"),
        (b64encode(DATA), "base64"),
        (b64encode(DATA).rstrip(b"="), "base64"),
        (b"\n".join((b64encode(DATA)[:9], b64encode(DATA)[9:])), "base64"),
        (urlsafe_b64encode(DATA), "base64url"),
        (b"x\n-----BEGIN MLS-----\n" + b64encode(DATA) + b"\n-----END MLS-----\n", "PEM"),
        (DATA, "raw"),
    ],
)
def test_the_likeliest_way_comes_first(text: bytes, encoding: str) -> None:
    [first, *_] = candidates(text)
    assert (first.encoding, first.data) == (encoding, DATA)
    assert first.reason


def test_the_last_way_is_raw() -> None:
    assert [each.encoding for each in candidates(b"00ff")] == ["hex", "base64", "raw"]
    assert candidates(b"00ff")[-1].data == b"00ff"


@pytest.mark.parametrize(
    "text",
    [
        b"0",
        b"abc!",
        b"-----BEGIN MLS-----\n!\n-----END MLS-----",
        b"a_!",
        b"",
        b"x",
        b"-",
    ],
)
def test_what_is_no_encoding_is_raw_alone(text: bytes) -> None:
    assert [each.encoding for each in candidates(text)] == ["raw"]


@given(st.binary(max_size=60))
def test_any_bytes_can_be_taken(data: bytes) -> None:
    assert candidates(data)[-1].data == data
    assert candidates(b64encode(data))
    if data:
        assert candidates(data.hex().encode())[0].data == data


def test_json_is_recognised() -> None:
    assert is_json(b' [{"a": 1}]')
    assert is_json(b'\xef\xbb\xbf{"')
    assert not is_json(b"[raw bytes]")
    assert not is_json(b"")
