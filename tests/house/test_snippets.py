"""Every Python block of the README and the docs runs, and every `make` command exists.

The blocks of one file run in order and share their names, as a reader would type them.
The first block of the README is the ten-line group: it is read from there, so that what
newcomers see is what is tested.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import pytest

from tracked import ROOT, name_of, tracked_files

if TYPE_CHECKING:
    from pathlib import Path

FENCE = re.compile(r"^```(?P<language>\w*)[^\n]*\n(?P<code>.*?)^```$", re.DOTALL | re.MULTILINE)
PAGES = [path for path in tracked_files() if path.suffix == ".md"]


def _blocks(page: Path, language: str) -> list[tuple[int, str]]:
    """The code blocks of a page in a language, each with the number of its first line."""
    text = page.read_text(encoding="utf-8")
    return [
        (text.count("\n", 0, match.start("code")), match["code"])
        for match in FENCE.finditer(text)
        if match["language"] == language
    ]


def _run(page: Path) -> dict[str, Any]:
    names: dict[str, Any] = {"__name__": name_of(page)}
    for line, code in _blocks(page, "python"):
        source = "\n" * line + code  # so that a traceback shows the line of the page
        exec(compile(source, page, "exec"), names)  # noqa: S102 - the docs are the program
    return names


@pytest.mark.parametrize("page", [p for p in PAGES if _blocks(p, "python")], ids=name_of)
def test_the_python_of_a_page_runs(page: Path) -> None:
    _run(page)


def test_the_readme_says_hello() -> None:
    names = _run(ROOT / "README.md")
    assert names["event"].data == b"hello"
    assert names["team"].epoch_authenticator == names["bobs"].epoch_authenticator


def test_the_readme_says_hello_in_ten_lines() -> None:
    [(_, code)] = _blocks(ROOT / "README.md", "python")
    statements = [line for line in code.splitlines() if line.strip()]
    assert len(statements) <= 10


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_every_make_command_exists(page: Path) -> None:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    targets = set(re.findall(r"^([a-z]+):", makefile, re.MULTILINE))
    used = set(re.findall(r"`make ([a-z]+)", page.read_text(encoding="utf-8")))
    for _, code in _blocks(page, "sh"):
        used |= set(re.findall(r"^make ([a-z]+)", code, re.MULTILINE))
    assert used <= targets


def test_every_fence_names_a_language_that_is_known() -> None:
    languages = {
        match["language"]
        for page in PAGES
        for match in FENCE.finditer(page.read_text(encoding="utf-8"))
    }
    assert languages <= {"", "json", "python", "sh", "text", "toml"}
