"""Every link from one page to another leads to a page, and to a heading that is there."""

from __future__ import annotations

import re
import unicodedata
from typing import TYPE_CHECKING

import pytest

from tracked import ROOT, name_of, tracked_files

if TYPE_CHECKING:
    from pathlib import Path

FENCE = re.compile(r"^```.*?^```$", re.DOTALL | re.MULTILINE)
LINK = re.compile(r"\]\((?P<target>[^)\s]+)\)")
HEADING = re.compile(r"^#+ (.+)$", re.MULTILINE)
PAGES = [path for path in tracked_files() if path.suffix == ".md"]


def _prose(page: Path) -> str:
    return FENCE.sub("", page.read_text(encoding="utf-8"))


def _anchor(heading: str) -> str:
    """The anchor of a heading, as the documentation's builder makes it."""
    plain = unicodedata.normalize("NFKD", heading).encode("ascii", "ignore").decode()
    return re.sub(r"[-\s]+", "-", re.sub(r"[^\w\s-]", "", plain).strip().lower())


def _anchors(page: Path) -> set[str]:
    return {_anchor(heading) for heading in HEADING.findall(_prose(page))}


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_links_lead_somewhere(page: Path) -> None:
    dead = []
    for target in LINK.findall(_prose(page)):
        if re.match(r"\w+:", target):
            continue
        path, _, anchor = target.partition("#")
        there = (page.parent / path).resolve() if path else page
        known = there.is_file() and there.is_relative_to(ROOT)
        if not known or (anchor and anchor not in _anchors(there)):
            dead.append(target)
    assert not dead


def test_a_heading_has_the_anchor_that_the_builder_gives_it() -> None:
    assert _anchor("What Python cannot promise") == "what-python-cannot-promise"
    assert _anchor("Resumption: who was there before") == "resumption-who-was-there-before"
