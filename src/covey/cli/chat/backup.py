"""``covey backup``: write a backup of a store. May import the client."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from covey.cli.chat.files import progress
from covey.cli.chat.options import for_member
from covey.cli.chat.running import run
from covey.cli.chat.where import words
from covey.cli.paths import GivenPath

if TYPE_CHECKING:
    from pathlib import Path

    from covey.cli.chat.options import Chosen
    from covey.client.client import Client

VARIABLE = "COVEY_BACKUP_PASSPHRASE"
"""The variable that may hold the passphrase of a backup."""


@click.command()
@click.argument("file", type=GivenPath(dir_okay=False))
@for_member
def command(chosen: Chosen, *, file: Path) -> None:
    """Write a backup: the history and who you are, encrypted with a passphrase of its own.

    It is asked for, or read from COVEY_BACKUP_PASSPHRASE. Keys that open messages are not in it:
    who restores it is let into its groups anew.
    """
    passphrase = words(f"New passphrase for {file.name}", VARIABLE, twice=True)

    async def work(client: Client) -> str:
        with progress(file.name) as told:
            await client.backup(file, passphrase, progress=told)
        return client.name

    name = run(chosen, work, alone=True)
    size = file.stat().st_size
    said = f"the backup of {name} is in {file}, {size} bytes"
    chosen.tell({"name": name, "file": str(file), "size": size}, said)
    chosen.advise(f"covey restore {file.name} --as {name}  makes a store of it, on any machine")
