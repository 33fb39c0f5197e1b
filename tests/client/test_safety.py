"""Safety numbers, QR codes of them, and who has been verified."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest
import segno

from covey.client.words import safety

if TYPE_CHECKING:
    from covey.store.port import Rows

NOW = 1_700_000_000


def test_a_number_is_sixty_digits_in_groups_of_five() -> None:
    number = safety.group_number(bytes(32), bytes(32))
    assert re.fullmatch(r"\d{5}( \d{5}){11}", number)


def test_numbers_stay_what_they_are() -> None:
    assert safety.group_number(b"\1" * 32, b"\2" * 32) == (
        "57414 97774 41000 21346 61544 56404 04873 34476 13576 54261 29639 20306"
    )
    assert safety.member_number(b"amy", [b"k1", b"k2"], b"bob", [b"k3"]) == (
        "06469 99551 62009 87634 79162 97103 42480 30046 46765 78179 90321 05773"
    )


def test_a_group_number_is_of_the_epoch_and_of_the_log() -> None:
    one = safety.group_number(b"epoch", b"head")
    assert one == safety.group_number(b"epoch", b"head")
    assert one != safety.group_number(b"epoc", b"hhead")
    assert one != safety.group_number(b"epoch", b"heat")
    assert one != safety.group_number(b"epocH", b"head")


def test_a_group_number_is_shown_as_its_digits() -> None:
    one = safety.GroupNumber("12345", 3, 17)
    assert str(one) == "12345"
    assert one == safety.GroupNumber("12345", 3, 17)
    assert one != safety.GroupNumber("12345", 3, 18)


def test_a_number_without_what_parts_its_groups() -> None:
    assert safety.digits(" 06469 99551\n62009") == "064699955162009"


def test_both_members_get_the_same_number() -> None:
    one = safety.member_number(b"amy", [b"1", b"2"], b"bob", [b"3"])
    assert one == safety.member_number(b"bob", [b"3"], b"amy", [b"2", b"1", b"1"])
    assert one != safety.member_number(b"amy", [b"1"], b"bob", [b"3"])
    assert one != safety.member_number(b"amy", [b"12"], b"bob", [b"3"])
    assert one != safety.member_number(b"amy", [b"3"], b"bob", [b"1", b"2"])


def test_a_qr_code_shows_its_modules_as_half_blocks() -> None:
    text = safety.group_number(bytes(32), bytes(32))
    drawn = safety.as_qr(text).split("\n")
    upper = {"█": "11", "▀": "10", "▄": "01", " ": "00"}
    rows = ["".join(upper[each][half] for each in line) for line in drawn for half in (0, 1)]
    code = segno.make_qr(text, error="l")
    expected = ["".join("10"[module] for module in row) for row in code.matrix_iter(border=4)]
    assert rows[: len(expected)] == expected
    assert len({len(line) for line in drawn}) == 1
    assert len(rows) - len(expected) < 2


def test_what_is_too_long_for_a_qr_code_says_so() -> None:
    with pytest.raises(ValueError, match="hand over a file"):
        safety.as_qr("x" * 3_000)


def test_verified_is_who_was_compared_with_all_keys(rows: Rows) -> None:
    assert not safety.is_verified(rows, b"bob", b"k1")
    safety.mark(rows, b"bob", b"k1", NOW)
    safety.mark(rows, b"bob", b"k1", NOW + 1)
    assert safety.is_verified(rows, b"bob", b"k1")
    assert not safety.is_verified(rows, b"bob", b"k1", b"k2")
    assert not safety.is_verified(rows, b"bob")
    assert not safety.is_verified(rows, b"amy", b"k1")
    safety.mark(rows, b"bob", b"k2", NOW)
    assert safety.is_verified(rows, b"bob", b"k1", b"k2")
    assert safety.forget(rows, b"bob")
    assert not safety.forget(rows, b"bob")
    assert not safety.is_verified(rows, b"bob", b"k1")
