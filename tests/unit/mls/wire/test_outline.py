"""Outlines as values: how bytes are shown, and where reading stops."""

from __future__ import annotations

import pytest

from covey.mls.wire.outline import Draft, Outline, Stop, printable, shown


@pytest.mark.parametrize(
    ("data", "as_text", "text"),
    [
        (b"", True, "empty"),
        (b"alice", True, '"alice"'),
        (b"alice", False, "616c696365"),
        (b"a\n", True, "610a"),
        (b"\xff", True, "ff"),
        (bytes(16), False, "00" * 16),
        (bytes(17), False, "00" * 16 + "…"),
        (b"a" * 65, True, "61" * 16 + "…"),
    ],
)
def test_bytes_are_shown(data: bytes, as_text: bool, text: str) -> None:  # noqa: FBT001
    assert shown(data, as_text=as_text) == text


def test_text_is_utf_8_that_prints() -> None:
    assert printable("Zoë".encode()) == "Zoë"
    assert printable(b"\x1b[2J") is None


def test_a_draft_becomes_an_outline() -> None:
    draft, inner = Draft("a", "A", 1, "7.2"), Draft("b", "uint8", 1)
    inner.length = draft.length = 1
    draft.parts = [inner, Outline("c", "uint8", 2, 0)]
    expected = (Outline("b", "uint8", 1, 1), Outline("c", "uint8", 2, 0))
    assert draft.done() == Outline("a", "A", 1, 1, "", "7.2", expected)


def test_a_stop_is_a_sentence() -> None:
    stop = Stop(2, 3, "A.b", "1 byte", "the end", "VAL-004", "2.1.2")
    assert str(stop) == "at offset 3, in A.b: expected 1 byte, found the end"
