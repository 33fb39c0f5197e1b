"""The import contracts of pyproject.toml hold (`make check` shows the details)."""

from __future__ import annotations

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
