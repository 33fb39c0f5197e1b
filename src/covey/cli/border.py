"""The border of the command line, which no bug crosses as it is. May import the bugs, and click.

With ``COVEY_DEBUG`` set, standard error also says where in covey it was, and still nothing of what
an exception said: it can be handed on.
"""

from __future__ import annotations

import logging
import os
from contextlib import contextmanager
from typing import IO, TYPE_CHECKING, Any, Final

import click

from covey import bugs

if TYPE_CHECKING:
    from collections.abc import Iterator
    from contextlib import AbstractContextManager

    from covey.errors import BugError

EXIT: Final = 70
"""The exit code after a bug, as in sysexits.h."""

_DEBUG: Final = "COVEY_DEBUG"

_MET: Final = (
    *(click.ClickException, click.Abort, click.exceptions.Exit),
    *(EOFError, OSError, ValueError),
)
"""What a command raises on purpose, or the program deals with."""

_log: Final = logging.getLogger("covey.client")


class Bug(click.ClickException):
    """A bug, shown as one sentence."""

    exit_code = EXIT

    def __init__(self, error: BugError) -> None:
        super().__init__(f"{error}; run it again with {_DEBUG}=1 to see all")
        self._error = error

    def show(self, file: IO[Any] | None = None) -> None:
        """Write the sentence, to standard error; before it where that was, if it is wanted."""
        if os.environ.get(_DEBUG):
            click.echo(bugs.told(self._error), file=file, err=True)
        super().show(file)


def border() -> AbstractContextManager[None]:
    """Let a bug out as an error of ours."""
    return bugs.fenced(*_MET)


class _Notes(logging.Handler):
    """Tells people at once of a bug that stops one group, while the others go on."""

    def emit(self, record: logging.LogRecord) -> None:
        """Write one line; with what comes after it, if that is wanted."""
        line, _, rest = record.getMessage().partition("\n")
        click.echo(f"Note: {line}", err=True)
        if rest and os.environ.get(_DEBUG):
            click.echo(rest, err=True)


@contextmanager
def noting() -> Iterator[None]:
    """Tell of the bugs that a client meets, and goes on."""
    notes = _Notes()
    _log.addHandler(notes)
    try:
        yield
    finally:
        _log.removeHandler(notes)
