"""Names and texts of strangers do nothing to a terminal."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from covey.client.words.showing import line, name_of, said, shown


@pytest.mark.parametrize(
    ("identity", "name"),
    [
        (b"alice", "alice"),
        ("Zoë ❤".encode(), "Zoë ❤"),
        (b"a\\b", "a\\\\b"),
        (b"a\nb", "a\\nb"),
        (b"\xff", "\\udcff"),
        ("a\u202eb".encode(), "a\\u202eb"),
        (b"\x1b[31m", "\\x1b[31m"),
    ],
    ids=repr,
)
def test_a_name_stands_on_one_line(identity: bytes, name: str) -> None:
    assert name_of(identity) == name


@given(st.binary(), st.binary())
def test_two_identities_have_two_names(one: bytes, other: bytes) -> None:
    assert (name_of(one) == name_of(other)) is (one == other)


def test_a_text_keeps_its_lines_and_loses_what_controls() -> None:
    assert shown("a\n\tb\x1b[2J\x9b\u202ec\ud800") == "a\n\tb\\x1b[2J\\x9b\\u202ec\\ud800"
    joined = "नमस\u200cते 👩\u200d🚀"
    assert shown(joined) == joined
    assert line("a\n  b\x07") == "a b\\x07"


def test_no_line_of_a_text_looks_like_somebody_elses() -> None:
    assert said("hello\nalice: forged") == "hello\n      │ alice: forged"
    assert "\u2028" not in said("hello\u2028alice: forged")


def test_nobody_else_is_called_as_we_are() -> None:
    assert name_of(b"bob") == "bob"
    assert name_of(b"You") == "\\You"
