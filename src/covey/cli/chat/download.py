"""``covey download``: save a file that somebody sent. May import the client."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from covey.cli.chat.files import progress, require_new, write_new
from covey.cli.chat.options import for_member
from covey.cli.chat.running import run
from covey.cli.chat.send import numbered
from covey.cli.paths import GivenPath
from covey.client.showing import line
from covey.client.sync.attachments import MOST
from covey.errors import StateError

if TYPE_CHECKING:
    from covey.cli.chat.options import Chosen
    from covey.client.client import Client


@click.command()
@click.argument("group")
@click.argument("number", type=int)
@click.option(
    "--out",
    metavar="FILE",
    type=GivenPath(dir_okay=False),
    help="Where to save it; by default under its own name in this folder. - is standard output.",
)
@click.option(
    "--most",
    metavar="MIB",
    type=click.IntRange(1),
    default=MOST >> 20,
    show_default=True,
    help="Fetch no file that is larger, in MiB; it has to fit into memory.",
)
@for_member
def command(chosen: Chosen, *, group: str, number: int, out: Path | None, most: int) -> None:
    """Save a file that was sent in a group, by the message's number."""

    async def work(client: Client) -> tuple[Path, bytes]:
        of = client.group(group)
        message = numbered(of, number)
        if message.kind != "attachment":
            msg = f"message {number} is no file: `covey history {group}` shows which one is"
            raise StateError(msg)
        file = Path(_safe(message.text)) if out is None else out
        require_new(file)
        with progress(line(message.text)) as told:
            return file, await of.download(message, most=most << 20, progress=told)

    file, found = run(chosen, work)
    write_new(file, found)
    if str(file) != "-":
        result = {"file": str(file), "size": len(found)}
        chosen.tell(result, f"saved {line(str(file))}, {len(found)} bytes")


def _safe(name: str) -> str:
    """A name of a file in this folder, whatever its sender has written.

    Raises:
        StateError: Nothing of it can be used.
    """
    kept = line(name).replace("\\", "/").rpartition("/")[2].lstrip(".")
    if not kept:
        msg = "the file has no name that can be used here: say one with --out FILE"
        raise StateError(msg)
    return kept
