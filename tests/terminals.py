"""People at terminals: each runs the program with data and a passphrase of its own."""

from __future__ import annotations

import json
import os
import subprocess
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from click.testing import CliRunner

from broker_process import COVEY
from covey.cli.main import covey

_PATIENCE = 30.0  # seconds until a line has to come

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from click.testing import Result


class Terminal:
    """Somebody's.

    Args:
        folder: Where its data are.
        name: Who it is.
        url: The broker.
    """

    def __init__(self, folder: Path, name: str, url: str) -> None:
        self.folder = folder / name
        self.name = name
        self.url = url
        self.folder.mkdir()
        self.variables: dict[str, str | None] = {
            "XDG_DATA_HOME": str(self.folder),
            "LOCALAPPDATA": str(self.folder),
            "HOME": str(self.folder),
            "COVEY_PASSPHRASE": f"{name} likes herons",
            "COVEY_BACKUP_PASSPHRASE": f"{name} fears foxes",
            "COVEY_AS": None,
            "COVEY_STORE": None,
        }

    def run(self, *arguments: str, given: str | None = None) -> Result:
        """Run the program in this process."""
        runner = CliRunner(env=self.variables)
        return runner.invoke(covey, arguments, input=given, prog_name="covey")

    def says(self, *arguments: str, given: str | None = None) -> str:
        """What a command prints when all is well."""
        ended = self.run(*arguments, given=given)
        assert ended.exit_code == 0, ended.output
        return ended.stdout

    def finds(self, *arguments: str, given: str | None = None) -> Any:  # noqa: ANN401 - JSON
        """What a command prints with ``--json``."""
        return json.loads(self.says(*arguments, "--json", given=given))

    def refuses(self, *arguments: str, code: int = 1) -> str:
        """The sentence with which a command ends that cannot be done."""
        ended = self.run(*arguments)
        assert isinstance(ended.exception, SystemExit), ended.exception
        assert (ended.exit_code, ended.stdout) == (code, ""), ended.output
        return ended.stderr.rpartition("Error: ")[2]

    def begin(self) -> Terminal:
        """Begin the identity."""
        self.says("init", self.name, "--broker", self.url)
        return self

    @contextmanager
    def beside(self, *arguments: str) -> Iterator[subprocess.Popen[str]]:
        """Run the program in a process of its own, until the end of the block."""
        merged = {**os.environ, **self.variables}
        environment = {name: value for name, value in merged.items() if value is not None}
        with subprocess.Popen(  # noqa: S603 - our own program
            [*COVEY, *arguments],
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        ) as process:
            try:
                yield process
            finally:
                process.kill()


def lines_until(process: subprocess.Popen[str], wanted: str) -> list[str]:
    """The lines that a process prints, up to one with some words in it."""
    assert process.stdout is not None
    seen = []
    patience = threading.Timer(_PATIENCE, process.kill)
    patience.start()
    try:
        for line in process.stdout:
            seen.append(line.rstrip("\n"))
            if wanted in line:
                return seen
    finally:
        patience.cancel()
    message = f"it ended before {wanted!r}: {seen}"
    raise AssertionError(message)
