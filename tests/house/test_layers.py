"""The import contracts of pyproject.toml hold (`make check` shows the details)."""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING

from importlinter.cli import EXIT_STATUS_SUCCESS, lint_imports

from tracked import ROOT

if TYPE_CHECKING:
    import pytest


def test_imports_go_down_only(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(ROOT)
    status = lint_imports(config_filename="pyproject.toml", no_cache=True)
    assert status == EXIT_STATUS_SUCCESS, capsys.readouterr().out


def test_the_broker_loads_no_code_that_holds_a_group_secret() -> None:
    """What import-linter cannot see: a package that imports more than it was asked for."""
    look = (
        "import sys, covey.broker.server, covey.cli.broker\n"
        "print(*(name for name in sys.modules if name.startswith("
        "('covey.mls.group', 'covey.mls.schedule', 'covey.access.member'))))"
    )
    command = [sys.executable, "-c", look]
    shown = subprocess.run(command, check=True, capture_output=True, text=True)  # noqa: S603
    assert shown.stdout.strip() == ""
