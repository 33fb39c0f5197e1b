"""``covey demo``: the main job in one go, and what each of those who take part sees.

May import :mod:`covey.lab.demo`. It exits with 1 if something does not hold.
"""

from __future__ import annotations

import io
import os
import signal
import sys
from contextlib import closing, contextmanager
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Final

import click
import msgspec
from rich.console import Console

from covey.lab.demo.moving import perform_move
from covey.lab.demo.scenes import Curtain
from covey.lab.demo.screen import Screen
from covey.lab.demo.story import perform

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterator

    from covey.lab.demo.processes import Store
    from covey.lab.demo.scenes import Scenes

_INTERRUPTED: Final = 128 + signal.SIGINT
_STOPS: Final = ("SIGINT", "SIGTERM", "SIGHUP")  # by name: where there is no SIGHUP is no demo


@click.command()
@click.option(
    "--store",
    type=click.Choice(["sqlite", "postgres"]),
    default="sqlite",
    show_default=True,
    help="Over what the broker runs; a PostgreSQL is started for it.",
)
@click.option(
    "--post-quantum",
    is_flag=True,
    help="Another story: twenty members move to post-quantum suites, and type all the while.",
)
@click.option("--json", "as_json", is_flag=True, help="Print each scene as one line of JSON.")
@click.pass_context
def command(context: click.Context, *, store: Store, post_quantum: bool, as_json: bool) -> None:
    """Show the main job: a broker, its members, and what each of them reads.

    Everything is real: the broker and each member are processes of their own, and the broker
    has a real database, which is searched in the end. The last line says whether all of it held.
    """
    if os.name != "posix":
        msg = "the demo suspends processes, which needs a POSIX system"
        raise click.ClickException(msg)
    show = _print_json if as_json else Screen(_console()).show
    try:
        with _stoppable():
            passed = _play(show, perform_move if post_quantum else partial(perform, store=store))
    except KeyboardInterrupt:
        context.exit(_INTERRUPTED)
    context.exit(0 if passed else 1)


def _play(show: Callable[[Scenes], None], story: Callable[[Path], Generator[Scenes]]) -> bool:
    """Play the story; returns whether everything in it held."""
    passed = False
    with (
        TemporaryDirectory(prefix="covey-demo-") as folder,
        closing(story(Path(folder))) as play,
    ):
        try:
            for scene in play:
                show(scene)
                if isinstance(scene, Curtain):
                    passed = scene.passed
        finally:
            _ignore_stops()
    return passed


def _console() -> Console:
    """Standard output; what its encoding lacks is replaced, not fatal."""
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="replace")
    return Console(highlight=False)


def _print_json(scene: Scenes) -> None:
    sys.stdout.write(msgspec.json.encode(scene).decode() + "\n")
    sys.stdout.flush()


@contextmanager
def _stoppable() -> Iterator[None]:
    """End at Ctrl-C, SIGTERM and a closed terminal alike, and leave nothing behind.

    What was ignored before stays so: ``nohup`` means it.
    """
    before = {each: signal.getsignal(each) for each in _stops()}
    for each, handler in before.items():
        if handler is not signal.SIG_IGN:
            signal.signal(each, _interrupt)
    try:
        yield
    finally:
        for each, handler in before.items():
            signal.signal(each, handler)


def _interrupt(_: int, __: object) -> None:
    """Raise what Ctrl-C does, once."""
    _ignore_stops()
    raise KeyboardInterrupt


def _ignore_stops() -> None:
    """Let nothing disturb the tidying up; a terminal that closes sends SIGHUP more than once."""
    for each in _stops():
        signal.signal(each, signal.SIG_IGN)


def _stops() -> list[signal.Signals]:
    return [signal.Signals[name] for name in _STOPS]
