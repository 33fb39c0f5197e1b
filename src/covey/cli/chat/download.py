"""``covey download``: save a file that somebody sent. May import the client."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Final

import click

from covey.cli.chat.files import progress, require_new, write_new
from covey.cli.chat.options import for_member
from covey.cli.chat.running import run
from covey.cli.chat.send import numbered
from covey.cli.paths import GivenPath
from covey.client.sync.identity.attachments import MOST
from covey.client.words.showing import line
from covey.errors import StateError

if TYPE_CHECKING:
    from covey.cli.chat.options import Chosen
    from covey.client.client import Client

LONGEST: Final = 255
"""The longest name of a file, in bytes: more, no folder takes."""

_SUFFIX: Final = 32
"""Bytes of what is taken for the end of a name, such as .pdf."""

_DEVICES: Final = {"CON", "PRN", "AUX", "NUL"} | {
    f"{port}{digit}" for port in ("COM", "LPT") for digit in "0123456789¹²³"
}
"""Names that are no file's on Windows. A file goes on to other machines: it is one name for all."""


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
        message = await numbered(client, of, number)
        if message.kind != "attachment":
            msg = f"message {number} is no file: `covey history {line(group)}` shows which one is"
            raise StateError(msg)
        file = Path(safe(message.text)) if out is None else out
        require_new(file)
        with progress(line(message.text)) as told:
            return file, await of.download(message, most=most << 20, progress=told)

    file, found = run(chosen, work)
    write_new(file, found)
    if str(file) != "-":
        result = {"file": str(file), "size": len(found)}
        chosen.tell(result, f"saved {line(str(file))}, {len(found)} bytes")


def safe(name: str) -> str:
    """A name of a file in this folder, as its sender has written it.

    Raises:
        StateError: It means something else: another folder, standard output, or nothing.
    """
    kept = line(name).lstrip(".")
    if kept in {"", "-"} or any(each in name for each in "/\\\0") or is_a_device(kept):
        shown = f", {line(name)!r}," if name.strip() else ""
        msg = f"the name of the file{shown} is none that it can have here: say one with --out FILE"
        raise StateError(msg)
    return _cut(kept)


def is_a_device(name: str) -> bool:
    """Whether Windows takes a name, whatever comes after a dot in it, for a device."""
    return name.partition(".")[0].strip().upper() in _DEVICES


def _cut(name: str) -> str:
    """A name that is not too long for a folder; how it ends says of what kind the file is."""
    suffix = Path(name).suffix
    if len(suffix.encode()) > _SUFFIX:
        suffix = ""
    stem = name.removesuffix(suffix).encode()[: LONGEST - len(suffix.encode())]
    return stem.decode(errors="ignore") + suffix
