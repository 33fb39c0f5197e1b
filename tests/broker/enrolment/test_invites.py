"""Invite codes."""

from __future__ import annotations

import hashlib
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from covey.broker.enrolment.invites import (
    ALPHABET,
    InviteCode,
    InviteCodeError,
    Purpose,
    digest,
    make,
    normalise,
)

CODE = "0123456789ABCDEFGHJK"


def test_a_new_code_is_in_groups_and_unlike_others() -> None:
    codes = {make() for _ in range(1000)}
    assert len(codes) == 1000
    assert all(re.fullmatch(rf"([{ALPHABET}]{{5}}-){{3}}[{ALPHABET}]{{5}}", code) for code in codes)
    assert set("".join(codes)) == {*ALPHABET, "-"}


@pytest.mark.parametrize(
    "typed",
    [
        "01234-56789-ABCDE-FGHJK",
        "01234 56789 abcde fghjk\n",
        "oI234-56789-ABCDE-FGHJK",
        "Ol234-56789-ABCDE-FGHJK",
        "-0-1-2-3456789ABCDEFGHJK-",
    ],
)
def test_a_code_is_read_however_it_is_written(typed: str) -> None:
    assert normalise(typed) == CODE


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ("", "has 0"),
        (CODE[:-1], "has 19"),
        (CODE + "A", "has 21"),
        (CODE[:-1] + "U", "no U"),
        (CODE[:-1] + "!", "letters only"),
        (CODE[:-2] + "ß", "letters only"),  # two letters, once it is large
        (CODE[:-1] + "\u0131", "letters only"),  # an I, once it is large
        ("A" * 101, "more than 100"),
    ],
)
def test_what_is_no_code_is_refused_without_repeating_it(typed: str, said: str) -> None:
    with pytest.raises(InviteCodeError, match=said) as refused:
        normalise(typed)
    assert len(typed) < 2 or typed not in str(refused.value)


def test_what_is_kept_is_a_digest_for_one_purpose() -> None:
    kept = digest(Purpose.enrol, CODE.lower())
    assert kept == hashlib.sha256(b"\x05enrol\x14" + CODE.encode()).digest()
    assert kept != digest(Purpose.create, CODE)
    assert InviteCode.decode(b"\x05enrol\x14" + CODE.encode()).code == CODE.encode()


@given(st.text(max_size=30))
def test_any_text_is_a_code_or_refused(typed: str) -> None:
    try:
        code = normalise(typed)
    except InviteCodeError:
        return
    assert len(code) == 20
    assert normalise(code) == code
