"""Files that commands read and write, and progress on a terminal. May import rich.

What is written may hold keys, so that only its owner can read it; nothing is overwritten.
"""

from __future__ import annotations

import os
import sys
from contextlib import ExitStack, contextmanager
from math import ceil
from typing import TYPE_CHECKING

import click
from rich.console import Console
from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TransferSpeedColumn

from covey.access.refusals import Code
from covey.cli.inputs import is_stdin, read_input
from covey.errors import DecodeError, StorageError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from covey.errors import BrokerError


def write_new(path: Path, data: bytes) -> None:
    """Write a file that is not there yet; ``-`` is standard output.

    Raises:
        StorageError: It is there, or cannot be written.
    """
    if is_stdin(path):
        click.echo(data, nl=False)
        return
    try:
        with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
            file.write(data)
    except FileExistsError:
        msg = f"{path} is there already: choose another file"
        raise StorageError(msg) from None
    except OSError as error:
        msg = f"{path} cannot be written: {error.strerror}"
        raise StorageError(msg) from error


def require_new(path: Path) -> None:
    """Refuse a file that is there, before anything is done for it.

    Raises:
        StorageError: It is.
    """
    if not is_stdin(path) and path.exists():
        msg = f"{path} is there already: choose another file"
        raise StorageError(msg)


def read_text(path: Path) -> str:
    """The text in a file; ``-`` is standard input.

    Raises:
        StorageError: It cannot be read.
        DecodeError: It holds something else than text.
    """
    try:
        return read_input(path).decode()
    except UnicodeDecodeError:
        name = "standard input" if is_stdin(path) else path
        msg = f"{name} holds no text: is it the right file?"
        raise DecodeError(msg) from None


@contextmanager
def waiting(sentence: str) -> Iterator[Callable[[str], None]]:
    """Say on standard error for what we wait; on a terminal, while we do.

    Yields:
        To be told what we wait for next.
    """
    if not sys.stderr.isatty():
        click.echo(sentence, err=True)
        yield lambda then: click.echo(then, err=True)
        return
    with Console(stderr=True, highlight=False).status(f"{sentence} (Ctrl-C stops)") as shown:
        yield lambda then: shown.update(f"{then} (Ctrl-C stops)")


@contextmanager
def asked_again(broker: str | None) -> Iterator[Callable[[BrokerError, float], None]]:
    """Say on standard error that the broker lets us wait, and for how long, each time it does."""
    with ExitStack() as shown:
        tell: Callable[[str], object] | None = None

        def told(refusal: BrokerError, seconds: float) -> None:
            nonlocal tell
            is_much = refusal.code == Code.over_quota
            why = "takes no more in so short a time" if is_much else "cannot do it at this time"
            sentence = f"{broker} {why}: it is asked again in {ceil(seconds)} s"
            if tell is None:
                tell = shown.enter_context(waiting(sentence))
            else:
                tell(sentence)

        yield told


@contextmanager
def progress(what: str) -> Iterator[Callable[[int, int], None]]:
    """A bar on standard error, if that is a terminal.

    Args:
        what: What is under way.

    Yields:
        To be told how many bytes are done, and of how many.
    """
    columns = (TextColumn("{task.description}"), BarColumn(), DownloadColumn())
    console = Console(stderr=True, highlight=False)
    with Progress(
        *columns, TransferSpeedColumn(), console=console, disable=not sys.stderr.isatty()
    ) as bar:
        task = bar.add_task(what, total=None)
        yield lambda done, total: bar.update(task, completed=done, total=total)
