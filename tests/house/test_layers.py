"""The import contracts of pyproject.toml hold (`make check` shows the details)."""

from __future__ import annotations

import subprocess
import sys

from tracked import ROOT


def test_imports_go_down_only() -> None:
    """In a process of its own: import-linter turns off the loggers that there are."""
    look = (
        "import sys; from importlinter.cli import lint_imports\n"
        "sys.exit(lint_imports(config_filename='pyproject.toml', no_cache=True))"
    )
    command = [sys.executable, "-c", look]
    shown = subprocess.run(command, cwd=ROOT, check=False, capture_output=True, text=True)  # noqa: S603
    assert not shown.returncode, shown.stdout


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
