"""What a name is, everywhere the same; and who is meant by what somebody types."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from covey.client.conversing.whom import identity_of
from covey.client.words import names
from covey.client.words.showing import name_of
from covey.errors import StateError

NFD = "jose\u0301".encode()
NO_NAMES = [
    b"",
    b"\xff\xfe",
    b"gil ",
    b" gil",
    b"\xc2\xa0gil",
    b"n" * 257,
    b"n" * 50_000,
    NFD,
    b"zoe\n23:59  gil: wire 500 to me",
    b"zoe\x1b[2J",
    b"zoe\x9b2J",
    "\u202eliga".encode(),
    "gil\u2066".encode(),
    "gil\u200b".encode(),
    "gil\u200d".encode(),
    "gil\ufe0f".encode(),
    "gil\u034f".encode(),
    "gil\u3164".encode(),
    "gil\U000e0041".encode(),
    "gil\u3000b".encode(),
    "gil\u2028b".encode(),
    b"You",
    b"you ",
]


@pytest.mark.parametrize("identity", NO_NAMES, ids=ascii)
def test_what_is_no_name(identity: bytes) -> None:
    assert not names.is_name(identity)
    shown = name_of(identity)
    assert shown.isascii() or len(identity) > names.LONGEST
    assert len(shown) < 4 * names.LONGEST
    assert shown.isprintable()
    assert shown.encode() != identity
    assert shown == shown.strip() != ""


@pytest.mark.parametrize(
    "name", ["gil", "josé", "Zoë ❤", "a b", "a\\b", "नमस्ते", "李小龍", "🦩", "n" * 256]
)
def test_what_is_a_name(name: str) -> None:
    assert names.named(name) == name
    assert names.is_name(name.encode())
    assert name_of(name.encode()) == name.replace("\\", "\\\\")


@given(st.text(max_size=20))
def test_a_name_that_is_kept_is_one_for_every_member(text: str) -> None:
    try:
        kept = names.named(text)
    except StateError:
        return
    assert names.is_name(kept.encode())
    assert names.named(kept) == kept


def test_whoever_judges_a_name_has_the_same_unicode() -> None:
    """A character of later versions is taken by all members, whatever Python each of them has."""
    later = "\U0001faf1"  # of Unicode 14
    assert unicodedata.ucd_3_2_0.category(later) == "Cn"
    assert names.is_name(later.encode())
    assert names.is_name("\U000323b0".encode())  # of none that any Python knows yet


@given(st.binary(), st.binary())
def test_two_identities_are_never_shown_alike(one: bytes, other: bytes) -> None:
    assert (name_of(one) == name_of(other)) is (one == other)


def test_long_ones_are_told_apart_too() -> None:
    assert name_of(b"n" * 50_000) != name_of(b"n" * 49_999)


# --- who is meant --------------------------------------------------------------------------


@pytest.mark.parametrize("identity", NO_NAMES, ids=ascii)
def test_each_can_be_named_by_what_is_shown_and_by_what_it_is(identity: bytes) -> None:
    there = {*NO_NAMES, b"gil", "josé".encode(), b"zoe", b"bob"}
    assert identity_of(name_of(identity), there) == identity
    typed = identity.decode(errors="surrogateescape")
    assert identity_of(typed, there) == identity


def test_nobody_else_is_meant() -> None:
    there = {NFD, "josé".encode(), b"gil ", b"gil"}
    assert identity_of("josé", there) == "josé".encode()
    assert identity_of("jose\u0301", there) == NFD
    assert identity_of("gil", there) == b"gil"
    assert identity_of("gil ", there) == b"gil "


def test_a_name_may_be_typed_in_another_form() -> None:
    assert identity_of(" jose\u0301", {"josé".encode(), b"gil"}) == "josé".encode()


def test_who_could_be_either_is_named_by_key() -> None:
    with pytest.raises(StateError, match=r"could be two of them: .* by its key"):
        identity_of("zoe\\n", {b"zoe\n", b"zoe\\n"})


@pytest.mark.parametrize("typed", ["carol", "", "\ud800", "x" * 300, "a\n"])
def test_who_is_not_there(typed: str) -> None:
    with pytest.raises(StateError, match=r"is not in this group; its members are bob, gil\\x20"):
        identity_of(typed, {b"gil ", b"bob"})
