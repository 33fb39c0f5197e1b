"""``covey broker``: run a broker over one SQLite file.

May import :mod:`covey.broker`. Its address goes to standard output as one line, its log to
standard error.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from covey.broker.server import serve
from covey.cli.paths import GivenPath

if TYPE_CHECKING:
    from pathlib import Path


@click.command()
@click.option(
    "--db",
    "path",
    required=True,
    metavar="FILE",
    type=GivenPath(dir_okay=False),
    help="The database; begun if it is not there.",
)
@click.option("--host", default="127.0.0.1", show_default=True, help="Where to listen.")
@click.option(
    "--port",
    default=8440,
    show_default=True,
    type=click.IntRange(0, 65535),
    help="Where to listen; 0 for any port that is free.",
)
@click.option(
    "--stop-on-eof",
    is_flag=True,
    help="Stop also when standard input ends, so as not to outlive the program that holds it.",
)
def command(path: Path, host: str, port: int, *, stop_on_eof: bool) -> None:
    """Run a broker, which stores and orders what it cannot read.

    It prints its address when it is ready, and stops at Ctrl-C or SIGTERM.
    """
    serve(path, host, port, _announce, stop_on_eof=stop_on_eof)


def _announce(url: str) -> None:
    click.echo(f"covey broker at {url}")
