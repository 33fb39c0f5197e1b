"""How inputs are taken: raw, hexadecimal digits, base64, PEM."""

from __future__ import annotations

import time
from base64 import b64encode, urlsafe_b64encode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from covey.lab.inspect.encodings import candidates, complaint, is_json, octets_of

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


@pytest.mark.parametrize(
    "text",
    [
        b" ".join(b"0x%02x" % each for each in DATA),
        b"[" + b", ".join(b"0x%x" % each for each in DATA) + b"]",
        b"".join(b"\\x%02x" % each for each in DATA),
        DATA.hex(",").encode(),
        DATA.hex("-").encode(),
        DATA.hex().encode("utf-16"),
    ],
)
def test_what_programs_print_between_digits_is_taken(text: bytes) -> None:
    [first, *_] = candidates(text)
    assert (first.encoding, first.data) == ("hex", DATA)
    assert complaint(text) == ""


@pytest.mark.parametrize(("text", "data"), [(b"0x00 0x01", b"\0\1"), (b"00-01", b"\0\1")])
def test_separated_digits_are_no_base64(text: bytes, data: bytes) -> None:
    assert candidates(text)[0][:2] == ("hex", data)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (b"", "the input is empty"),
        (b" \n", "the input is white space only"),
        (b"00f", "hexadecimal (an odd number of digits, 3) nor base64"),
        (b"kp=" + b"00" * 20, "(character 'k' at position 0) nor base64 (character '=' at"),
        (b"kp=" + b"00" * 20, "from position 3 on stand 40 digits: hand in only those"),
        (b"hello world foo", "nor base64 (character ' ' at position 5)"),
        (b"00000000: 0001 0005  ..x..", "a dump with offsets, of which `xxd -r` makes bytes"),
        (b"x[] = { 0x00, 0x01 };", "hand in only the digits"),
        (b"1, 2", "groups of odd numbers"),
        (b"::", "no digit is in it"),
    ],
)
def test_of_a_text_that_is_none_it_is_said_why(text: bytes, said: str) -> None:
    assert said in complaint(text)


@pytest.mark.parametrize(
    "given_", [b"00", b"AAEABQ==", DATA, b"-----BEGIN A-----\nAA==\n-----END A-----"]
)
def test_of_what_holds_bytes_nothing_is_said(given_: bytes) -> None:
    assert complaint(given_) == ""


def test_a_hostile_text_takes_no_longer_than_its_length() -> None:
    for text in (b"-----BEGIN A-----\n" * 50_000, b":" * 500_000, b" " * 500_000 + b"x"):
        begun = time.perf_counter()
        candidates(text)
        complaint(text)
        assert time.perf_counter() - begun < 5


def test_an_array_of_octets_is_bytes() -> None:
    octets = octets_of(b"[0, 255]")
    assert octets is not None
    assert octets.data == b"\x00\xff"
    for none in (b"[]", b"[256]", b"[true]", b'["a"]', b"{}", b"["):
        assert octets_of(none) is None


def test_json_is_recognised() -> None:
    assert is_json(b' [{"a": 1}]')
    assert is_json(b'\xef\xbb\xbf{"')
    assert is_json(b"{}")
    assert is_json(b"[1, 2]")
    assert not is_json(b"[raw bytes]")
    assert not is_json(b'[\x00"')
    assert not is_json(b"")
