"""covey's interop service in processes of its own, for tests."""

from __future__ import annotations

import re
import subprocess
import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

COVEY = [sys.executable, "-m", "covey"]
_ADDRESS = re.compile(rb"at (127\.0\.0\.1:\d+)\n")


@contextmanager
def serving() -> Iterator[tuple[str, subprocess.Popen[bytes]]]:
    """Run ``covey interop serve`` until the end of the block; yields its address, and itself."""
    command = [*COVEY, "interop", "serve", "--port", "0", "--stop-on-eof"]
    with subprocess.Popen(  # noqa: S603 - our own program
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as process:
        try:
            assert process.stdout is not None
            said = _ADDRESS.search(process.stdout.readline())
            assert said is not None
            yield said.group(1).decode(), process
        finally:
            process.terminate()
