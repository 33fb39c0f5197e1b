"""``covey interop``: the community's interop service, and a runner for it.

May import :mod:`covey.lab.interop`. Addresses and results go to standard output, progress to
standard error if that is a terminal.
"""

from __future__ import annotations

import json
import os
import signal
import sys
import threading
from contextlib import ExitStack, contextmanager, suppress
from queue import Empty, SimpleQueue
from typing import TYPE_CHECKING, Final

import click
import msgspec

from covey.lab.interop.grpc_server import Server
from covey.lab.interop.play.runner import perform, plays
from covey.lab.interop.play.scenarios.catalogue import ALL, chosen
from covey.lab.interop.play.summary import cells
from covey.lab.interop.service.client import Covey
from covey.lab.interop.targets import seat
from covey.mls.crypto.suites import SUITES

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from covey.lab.interop.play.runner import Outcome, Play
    from covey.lab.interop.play.scenarios.registry import Scenario
    from covey.lab.interop.targets import Seat


_GLANCE: Final = 0.5  # seconds between two looks at whether we were asked to stop
_INTERRUPTED: Final = 128 + signal.SIGINT


@click.group()
def command() -> None:
    """Play MLS with other implementations, by the community's interop service."""


@command.command()
@click.option("--host", default="127.0.0.1", show_default=True, help="Where to listen.")
@click.option(
    "--port",
    default=50051,
    show_default=True,
    type=click.IntRange(0, 65535),
    help="Where to listen; 0 for any port that is free.",
)
@click.option(
    "--stop-on-eof",
    is_flag=True,
    help="Stop also when standard input ends, so as not to outlive the program that holds it.",
)
def serve(host: str, port: int, *, stop_on_eof: bool) -> None:
    """Be a client of the interop service, for a runner to drive.

    It hands out private keys, as the service asks: never give it anything that matters. It
    prints its address when it is ready, and stops at Ctrl-C or SIGTERM.
    """
    server = Server(Covey(), f"{host}:{port}")
    stopped: SimpleQueue[None] = SimpleQueue()  # an Event has a lock that its waiter may hold
    for each in (signal.SIGINT, signal.SIGTERM):
        signal.signal(each, lambda *_: stopped.put(None))
    server.start()
    click.echo(f"covey interop service at {host}:{server.port}")
    if stop_on_eof:
        threading.Thread(target=_until_eof, args=(stopped,), daemon=True).start()
    while True:  # a wait without end would not be woken by a signal that another thread takes
        with suppress(Empty):
            stopped.get(timeout=_GLANCE)
            break
    server.stop()


def _until_eof(stopped: SimpleQueue[None]) -> None:
    while sys.stdin is not None and os.read(sys.stdin.fileno(), 4096):
        pass  # whatever is said there; a buffered read would hold a lock when the program ends
    stopped.put(None)


@command.command("scenarios")
def list_scenarios() -> None:
    """List the scenarios that can be played."""
    width = max(len(each.id) for each in ALL)
    for each in ALL:
        click.echo(f"{each.id:<{width}}  {each.title}.")


@command.command()
@click.argument("targets", metavar="CLIENT...", nargs=-1, required=True)
@click.option("--scenario", "patterns", multiple=True, help="Only this one, or this kind.")
@click.option("--suite", "suites", type=click.IntRange(1, 7), multiple=True, help="Only this one.")
@click.option(
    "--handshake",
    type=click.Choice(["public", "private", "both"]),
    default="both",
    show_default=True,
    help="How proposals and commits are sent.",
)
@click.option("--seed", default=0, show_default=True, help="Of what scenarios leave to chance.")
@click.option(
    "--patience",
    default=60,
    show_default=True,
    type=click.IntRange(1, 86_400),
    help="Seconds that one call may take.",
)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object, with every play.")
@click.pass_context
def run(
    context: click.Context,
    targets: tuple[str, ...],
    patterns: tuple[str, ...],
    suites: tuple[int, ...],
    handshake: str,
    seed: int,
    patience: int,
    *,
    as_json: bool,
) -> None:
    """Play scenarios with clients, in pairs, either of them first.

    A CLIENT is HOST:PORT of an interop service; or covey, in this process; or exec: and a
    command, in quotes, that speaks the service in lines of JSON. One alone plays with covey.

    Exits with 1 if a play failed. What a client does not offer (UNIMPLEMENTED) is no failure.
    """
    scenarios = _scenarios(patterns)
    with ExitStack() as stack:
        seats = [stack.enter_context(each) for each in _seats(targets, patience)]
        handshakes = {"public": [False], "private": [True], "both": [False, True]}[handshake]
        planned = plays(scenarios, seats, sorted(set(suites)) or list(SUITES), handshakes)
        if not planned:
            msg = "these clients have no cipher suite in common that was asked for"
            raise click.ClickException(msg)
        outcomes = _performed(planned, seed)
    interrupted = len(outcomes) < len(planned)
    if as_json:
        click.echo(json.dumps({"plays": msgspec.to_builtins(outcomes)}, indent=2))
    else:
        _print(outcomes)
    if interrupted:
        click.echo(f"interrupted after {len(outcomes)} of {len(planned)} plays", err=True)
        context.exit(_INTERRUPTED)
    if any(each.ending == "fail" for each in outcomes):
        context.exit(1)


def _scenarios(patterns: tuple[str, ...]) -> tuple[Scenario, ...]:
    try:
        return chosen(patterns)
    except LookupError as error:
        msg = f"{error.args[0]}; `covey interop scenarios` lists them"
        raise click.UsageError(msg) from None


def _seats(targets: tuple[str, ...], patience: float) -> list[Seat]:
    if len(targets) == 1:
        targets = ("covey", *targets)
    try:
        return [seat(each, patience) for each in targets]
    except ValueError as error:
        raise click.UsageError(str(error)) from None


def _performed(planned: Sequence[Play], seed: int) -> list[Outcome]:
    """Play; what has been played when somebody interrupts is returned all the same."""
    outcomes: list[Outcome] = []
    with suppress(KeyboardInterrupt), _progress(len(planned)) as advance:
        for outcome in perform(planned, seed):
            outcomes.append(outcome)
            advance(outcome.scenario)
    return outcomes


def _print(outcomes: Sequence[Outcome]) -> None:
    suites = sorted({each.suite for each in outcomes})
    found = cells(outcomes)
    names = list(dict.fromkeys(each.scenario for each in outcomes)) or ["nothing was played"]
    width = max(map(len, names))
    click.echo(" " * width + "  suite " + "  ".join(map(str, suites)))
    for name in names:
        marks = (found[name, suite].mark if (name, suite) in found else " " for suite in suites)
        click.echo(f"{name:<{width}}        " + "  ".join(marks))
    for each in outcomes:
        if each.ending == "fail":
            form = "private" if each.encrypt else "public"
            who = " and ".join(each.clients)
            click.echo(f"✗ {each.scenario}, suite {each.suite}, {form}, {who}: {each.detail}")
    unoffered = dict.fromkeys(each.detail for each in outcomes if each.ending == "not offered")
    for detail in unoffered:
        click.echo(f"– {detail}")
    click.echo(_total(outcomes))


def _total(outcomes: Sequence[Outcome]) -> str:
    endings = [each.ending for each in outcomes]
    return (
        f"{len(endings)} plays: {endings.count('pass')} passed, {endings.count('fail')} failed, "
        f"{endings.count('not offered')} not offered"
    )


@contextmanager
def _progress(total: int) -> Iterator[Callable[[str], None]]:
    """A bar on a terminal, gone when all is done."""
    if not sys.stderr.isatty():
        yield lambda _: None
        return
    from rich.console import Console  # noqa: PLC0415 - half of the time that a start takes
    from rich.progress import Progress  # noqa: PLC0415

    with Progress(console=Console(stderr=True), transient=True) as progress:
        task = progress.add_task("interop", total=total)

        def advance(name: str) -> None:
            progress.update(task, advance=1, description=name)

        yield advance
