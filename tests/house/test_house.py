"""The commands, the decisions and the pages of the documentation are in order."""

from __future__ import annotations

import os
import re
import tomllib

import covey
from tracked import ROOT

LINES_OF_THE_MAKEFILE = 40


def test_the_makefile_is_short() -> None:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    assert makefile.count("\n") <= LINES_OF_THE_MAKEFILE


def test_ci_runs_the_law_and_the_tests() -> None:
    script = ROOT / ".ci" / "run"
    lines = script.read_text(encoding="utf-8").splitlines()
    assert os.access(script, os.X_OK)
    assert {"set -euo pipefail", "make check", "make test"} <= set(lines)


def test_the_changelog_knows_the_version() -> None:
    changelog = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    headings = re.findall(r"^## \[([^\]]+)\]", changelog, re.MULTILINE)
    assert headings[0] == "Unreleased" or headings[0] == covey.__version__


def test_decisions_are_numbered_and_complete() -> None:
    records = sorted((ROOT / "docs" / "adr").glob("[0-9]*.md"))
    assert [int(path.name[:4]) for path in records] == list(range(1, len(records) + 1))
    for path in records:
        text = path.read_text(encoding="utf-8")
        assert text.startswith(f"# {path.name[:4]}: "), path.name
        assert re.search(r"^Status: (accepted|superseded by \[\d{4})", text, re.MULTILINE)
        headings = re.findall(r"^## (.+)$", text, re.MULTILINE)
        assert headings[:3] == ["Context", "Options measured", "Choice"], path.name


def test_every_page_is_in_the_navigation() -> None:
    site = tomllib.loads((ROOT / "zensical.toml").read_text(encoding="utf-8"))
    in_navigation = set(re.findall(r"'([\w/-]+\.md)'", str(site["project"]["nav"])))
    docs = ROOT / "docs"
    assert in_navigation == {path.relative_to(docs).as_posix() for path in docs.rglob("*.md")}
