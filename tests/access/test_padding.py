"""Padding: a content of a size is written in one way only."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from covey.access.member.padding import needed, pad, pad_to_step, unpad
from covey.errors import DecodeError


@given(content=st.binary(max_size=300), more=st.integers(0, 40))
def test_a_content_comes_back(content: bytes, more: int) -> None:
    padded = pad(content, needed(content) + more)
    assert len(padded) == needed(content) + more
    assert unpad(padded) == content


@pytest.mark.parametrize(
    ("length", "padded"), [(0, 512), (510, 512), (511, 1024), (1022, 1024), (1023, 1536)]
)
def test_steps(length: int, padded: int) -> None:
    made = pad_to_step(bytes(length), 512)
    assert (len(made), unpad(made)) == (padded, bytes(length))


def test_what_does_not_fit_is_refused() -> None:
    with pytest.raises(ValueError, match="6 bytes do not fit into 5"):
        pad(b"12345", 5)


@pytest.mark.parametrize(
    "bad",
    [b"", b"\x05abc", b"\x01a\x01", b"\x01a\x00\x00\x01", b"\x40\x01a", b"\xc0a"],
    ids=["empty", "cut off", "one behind", "at the end", "long header", "no header"],
)
def test_other_ways_to_write_it_are_refused(bad: bytes) -> None:
    with pytest.raises(DecodeError):
        unpad(bad)
