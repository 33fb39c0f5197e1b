"""A tmux of the tests' own: terminals in which they type, and what stands on them."""

from __future__ import annotations

import os
import shutil
import subprocess
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

from screens import COLUMNS, ROWS, Screens

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

PROGRAM: Final = shutil.which("tmux")

_SIZE: Final = ("-x", str(COLUMNS), "-y", str(ROWS))


class Tmux(Screens):
    """A server with one window for each terminal.

    Args:
        folder: Where its socket is, and where its shells begin.
        environment: Of its shells.
    """

    def __init__(self, folder: Path, environment: Mapping[str, str]) -> None:
        super().__init__()
        self._folder = folder
        self._environment = dict(environment)

    def _do(self, *arguments: str) -> str:
        assert PROGRAM is not None
        ended = subprocess.run(  # noqa: S603 - tmux
            [PROGRAM, "-S", str(self._folder / "tmux"), "-f", os.devnull, *arguments],
            env=self._environment,
            cwd=self._folder,
            capture_output=True,
            text=True,
            check=True,
        )
        return ended.stdout

    def open(self, name: str) -> None:
        """Open another terminal."""
        where = ["-n", name, "-c", str(self._folder), "sh"]
        if self.names:
            self._do("new-window", "-d", "-t", "tests", *where)
        else:
            self._do("new-session", "-d", "-s", "tests", *_SIZE, *where)
        self.names.append(name)

    def type(self, name: str, text: str) -> None:
        """Type a line in a terminal."""
        self._do("send-keys", "-t", f"tests:{name}", "-l", text)
        self._do("send-keys", "-t", f"tests:{name}", "Enter")

    def press(self, name: str, key: str) -> None:
        """Press a key, such as ``C-c``."""
        self._do("send-keys", "-t", f"tests:{name}", key)

    def seen(self, name: str) -> str:
        """All that stands on a terminal, with what has been scrolled away."""
        return self._do("capture-pane", "-p", "-J", "-S", "-", "-t", f"tests:{name}")

    def close(self) -> None:
        """End it, with all that runs in it."""
        if self.names:
            self._do("kill-server")


@contextmanager
def tmux(folder: Path, environment: Mapping[str, str]) -> Iterator[Tmux]:
    """A server, until the end of the block."""
    server = Tmux(folder, environment)
    try:
        yield server
    finally:
        server.close()
