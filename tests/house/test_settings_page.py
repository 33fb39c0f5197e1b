"""docs/reference/broker-settings.md is what ``covey broker settings`` prints."""

from __future__ import annotations

from click.testing import CliRunner

from covey.cli.main import covey
from tracked import ROOT

PAGE = ROOT / "docs" / "reference" / "broker-settings.md"


def test_the_page_is_up_to_date() -> None:
    printed = CliRunner().invoke(covey, ["broker", "settings"]).stdout
    assert PAGE.read_text(encoding="utf-8") == printed, (
        f"run: covey broker settings >{PAGE.relative_to(ROOT)}"
    )
