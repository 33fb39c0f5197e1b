"""Pseudo-terminals of the tests' own, for where there is no tmux: a shell in each.

What is seen on them is the text that came, without the sequences that place and colour it.
"""

from __future__ import annotations

import os
import pty
import re
import signal
import subprocess
import termios
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Final

from screens import COLUMNS, ROWS, Screens

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

_KEYS: Final = {"C-c": b"\x03"}

_SEQUENCE: Final = re.compile(
    rb"\x1b\][^\x07\x1b]*(?:\x07|\x1b\\)"  # OSC, to its end
    rb"|\x1b\[[0-?]*[ -/]*[@-~]"  # CSI
    rb"|\x1b[ -/]*[0-~]"
    rb"|[\r\x07]"
)

_BEGIN: Final = 'exec sh <"$0" >"$0" 2>&1'
"""Whose session begins, and opens a terminal, has it for its own: so Ctrl-C comes to what runs."""


class Pseudo(Screens):
    """Terminals.

    Args:
        folder: Where their shells begin.
        environment: Of the shells.
    """

    def __init__(self, folder: Path, environment: Mapping[str, str]) -> None:
        super().__init__()
        self._folder = folder
        self._environment = dict(environment)
        self._shells: list[subprocess.Popen[bytes]] = []
        self._ends: dict[str, tuple[int, int]] = {}
        self._shown: dict[str, bytes] = {}

    def open(self, name: str) -> None:
        """Open another terminal."""
        ours, theirs = self._ends[name] = pty.openpty()
        termios.tcsetwinsize(theirs, (ROWS, COLUMNS))
        os.set_blocking(ours, False)
        shell = subprocess.Popen(  # noqa: S603 - a shell, in which tests type
            ["/bin/sh", "-c", _BEGIN, os.ttyname(theirs)],
            env=self._environment,
            cwd=self._folder,
            start_new_session=True,
        )
        self._shells.append(shell)
        self._shown[name] = b""
        self.names.append(name)

    def type(self, name: str, text: str) -> None:
        """Type a line in a terminal."""
        os.write(self._ends[name][0], f"{text}\r".encode())

    def press(self, name: str, key: str) -> None:
        """Press a key, such as ``C-c``."""
        os.write(self._ends[name][0], _KEYS[key])

    def seen(self, name: str) -> str:
        """All that has been shown on a terminal."""
        self._read()
        return _SEQUENCE.sub(b"", self._shown[name]).decode(errors="replace")

    def _read(self) -> None:
        """Take what has come on all of them: whoever nobody reads from has to wait."""
        for name, (ours, _) in self._ends.items():
            with suppress(BlockingIOError):
                while some := os.read(ours, 1 << 16):
                    self._shown[name] += some

    def close(self) -> None:
        """End the shells, with all that runs in them."""
        for shell in self._shells:
            shell.send_signal(signal.SIGHUP)
        for ours, theirs in self._ends.values():
            os.close(ours)  # which hangs up on whatever runs there
            os.close(theirs)
        for shell in self._shells:
            shell.wait()


@contextmanager
def pseudo(folder: Path, environment: Mapping[str, str]) -> Iterator[Pseudo]:
    """Terminals, until the end of the block."""
    terminals = Pseudo(folder, environment)
    try:
        yield terminals
    finally:
        terminals.close()
