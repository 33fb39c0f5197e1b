"""What a worker was doing that crashed, or hung for too long: told at the end, where it is seen."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from _pytest.faulthandler import fault_handler_stderr_fd_key

if TYPE_CHECKING:
    from _pytest.terminal import TerminalReporter

_DUMPS = pytest.StashKey[Path]()


def pytest_sessionstart(session: pytest.Session) -> None:
    """Let each worker write where it stands into a file of its own, and not among other output."""
    config = session.config
    folder = config.stash[_DUMPS] = config.rootpath / ".pytest_cache" / "crashes"
    folder.mkdir(parents=True, exist_ok=True)
    worker = getattr(config, "workerinput", {}).get("workerid")
    if worker is None:
        for each in folder.iterdir():
            each.unlink()
        return
    with (folder / worker).open("w") as file:
        os.dup2(file.fileno(), config.stash[fault_handler_stderr_fd_key])


def pytest_terminal_summary(terminalreporter: TerminalReporter) -> None:
    """Show what they wrote."""
    folder = terminalreporter.config.stash.get(_DUMPS, None)
    for each in sorted(folder.iterdir()) if folder else []:
        told = each.read_text(errors="replace")
        if told:
            terminalreporter.section(f"{each.name} crashed")
            terminalreporter.write_line(told)
