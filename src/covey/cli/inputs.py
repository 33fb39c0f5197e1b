"""Reading inputs: files, and ``-`` for standard input. May import :mod:`covey.errors`."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Final

from covey.errors import StorageError

if TYPE_CHECKING:
    from pathlib import Path

LIMIT: Final = 256 << 20
"""Bytes that an input may have: many times what any group or file of vectors takes."""


def is_stdin(path: Path | None) -> bool:
    """Whether a path stands for standard input."""
    return str(path) == "-"


def read_input(path: Path) -> bytes:
    """All that a file holds, or standard input.

    Raises:
        StorageError: It cannot be read, or holds more than ``LIMIT`` bytes.
    """
    name = "standard input" if is_stdin(path) else str(path)
    try:
        if is_stdin(path):
            if sys.stdin is None:
                msg = "standard input is closed: give a file, or pipe something in"
                raise StorageError(msg)
            given = sys.stdin.buffer.read(LIMIT + 1)
        else:
            with path.open("rb") as file:
                given = file.read(LIMIT + 1)
    except OSError as error:
        msg = f"{name} cannot be read: {error.strerror}"
        raise StorageError(msg) from error
    if len(given) > LIMIT:
        msg = f"{name} holds more than {LIMIT >> 20} MiB, which no object of MLS takes"
        raise StorageError(msg)
    return given
