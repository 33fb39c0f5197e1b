"""Under which name a file is saved whose sender has chosen it."""

from __future__ import annotations

import pytest

from covey.cli.chat.download import LONGEST, safe
from covey.errors import StateError


@pytest.mark.parametrize(
    "name",
    ["-", " - ", ".-", "", " ", ".", "..", "...", "a\0b", "../etc/passwd", "/etc/passwd", "a\\b"],
    ids=ascii,
)
def test_what_means_something_else_is_no_name_of_a_file(name: str) -> None:
    with pytest.raises(StateError, match="--out FILE"):
        safe(name)


@pytest.mark.parametrize(
    ("name", "saved"),
    [
        ("a.txt", "a.txt"),
        ("Übersicht 2.pdf", "Übersicht 2.pdf"),
        (".bashrc", "bashrc"),
        ("a\x1b[2J\nb.txt", "a\\x1b[2J b.txt"),
        ("n" * 255, "n" * 255),
        ("n" * 300, "n" * 255),
        ("n" * 300 + ".tar", "n" * 251 + ".tar"),
        ("é" * 200 + ".pdf", "é" * 125 + ".pdf"),
        ("a." + "x" * 300, "a." + "x" * 253),
    ],
)
def test_the_name_that_a_file_gets(name: str, saved: str) -> None:
    assert safe(name) == saved
    assert len(saved.encode()) <= LONGEST
