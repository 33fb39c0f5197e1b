"""Nothing in the repository names a package index or a path of somebody's machine."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from tracked import name_of, tracked_files

if TYPE_CHECKING:
    from pathlib import Path

# Each pattern is written so that it does not match itself.
PACKAGE_INDEX = re.compile(
    rb"--?(?:extra-)?index[-]url|--find[-]links|--trusted[-]host|find_[l]inks"
    rb"|pypi\.[o]rg|pythonhosted\.[o]rg|registry\.npmjs\.[o]rg|proxy\.golang\.[o]rg"
    rb"|https?://[^\s/]*(?:artifactory|nexus|devpi|pypi)|https?://[^\s\"')]*/simple\b"
)
MACHINE_PATH = re.compile(
    rb"(?<![\w.~*-])/(?:home|root|Users|work|workspace|tmp|opt|mnt|srv|var/folders)/[\w.]"
    rb"|\b[A-Z]:\\Users\\"
)


@pytest.mark.parametrize("pattern", [PACKAGE_INDEX, MACHINE_PATH], ids=["index", "machine"])
def test_no_file_names(pattern: re.Pattern[bytes]) -> None:
    found = {
        name_of(path): match[0].decode(errors="replace")
        for path in tracked_files()
        if (match := pattern.search(path.read_bytes()))
    }
    assert not found


@pytest.mark.parametrize(
    "text",
    [
        b"--index" + b"-url https://packages.example/",
        b"--extra-index" + b"-url https://packages.example/",
        b"https://packages.example/root/" + b"simple",
        b"https://arti" + b"factory.example/api",
    ],
)
def test_an_index_would_be_found(text: bytes) -> None:
    assert PACKAGE_INDEX.search(text)


@pytest.mark.parametrize("folder", [b"home/me", b"root/x", b"tmp/x", b"Users/me"])
def test_a_path_would_be_found(folder: bytes) -> None:
    assert MACHINE_PATH.search(b'open("/' + folder + b'/covey")')


@pytest.mark.parametrize("text", [b"https://covey.example/home/x", b"./tmp/x", b"tests/tmp/x"])
def test_what_only_looks_like_a_path_is_left_alone(text: bytes) -> None:
    assert not MACHINE_PATH.search(text)


def test_there_are_files_to_look_at() -> None:
    names: set[Path | str] = {name_of(path) for path in tracked_files()}
    assert {"README.md", "Makefile", "pyproject.toml", ".ci/run", "src/covey/errors.py"} <= names
