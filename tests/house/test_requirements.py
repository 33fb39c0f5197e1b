"""What `make` installs is pinned, by version and by hash, and the same everywhere."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from tracked import ROOT, name_of

if TYPE_CHECKING:
    from pathlib import Path

FILES = sorted((ROOT / "requirements").glob("*.txt"))
PIN = re.compile(
    r"(?P<name>[a-z0-9-]+)==(?P<version>[\w.]+)(?: ; (?P<marker>[^\\]+))?(?P<hashes>.*)"
)


def _requirements(path: Path) -> list[str]:
    text = path.read_text(encoding="utf-8").replace("\\\n", "")
    return [line for line in text.splitlines() if line and not line.startswith("#")]


def _pins(path: Path) -> set[tuple[str, str]]:
    matches = [PIN.match(line) for line in _requirements(path)]
    return {(match["name"], match["version"]) for match in matches if match}


@pytest.mark.parametrize("path", FILES, ids=name_of)
def test_every_requirement_is_pinned_with_hashes(path: Path) -> None:
    requirements = _requirements(path)
    assert requirements
    for line in requirements:
        assert PIN.fullmatch(line), line
        assert "--hash=sha256:" in line, line


@pytest.mark.parametrize("name", ["run.txt", "bench.txt", "fuzz.txt"])
def test_a_version_is_the_same_in_all_files(name: str) -> None:
    versions: dict[str, set[str]] = {}
    for package, version in _pins(ROOT / "requirements" / "dev.txt"):
        versions.setdefault(package, set()).add(version)
    others = {
        (package, version)
        for package, version in _pins(ROOT / "requirements" / name)
        if package in versions and version not in versions[package]
    }
    assert not others


def test_the_demo_needs_nothing_that_the_tests_do_not_have() -> None:
    run, dev = (_pins(ROOT / "requirements" / name) for name in ("run.txt", "dev.txt"))
    assert run
    assert run <= dev
