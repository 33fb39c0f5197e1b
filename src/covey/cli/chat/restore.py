"""``covey restore``: make a store of a backup. May import the store."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from covey.cli.chat.backup import VARIABLE
from covey.cli.chat.files import progress
from covey.cli.chat.options import for_member
from covey.cli.chat.where import new_key, words
from covey.cli.paths import GivenPath
from covey.store import Passphrase, StoreExists, restore_backup

if TYPE_CHECKING:
    from pathlib import Path

    from covey.cli.chat.options import Chosen


@click.command()
@click.argument("file", type=GivenPath(dir_okay=False))
@click.option("--keyring", is_flag=True, help="Let the system's keyring keep the store's key.")
@for_member
def command(chosen: Chosen, *, file: Path, keyring: bool) -> None:
    """Make a store of a backup, under the name that --as says, or in the file of --store.

    It is let into its groups anew when it is online, before it sends anything.
    """
    where = chosen.where
    if where.store is None and where.name is None:
        msg = "say whose it is, with --as NAME, or where it shall be, with --store FILE"
        raise click.UsageError(msg)
    path = where.new(where.name or "")
    if path.exists():
        msg = f"{path} is there already, and is not overwritten: choose another with --store FILE"
        raise StoreExists(msg)
    old = Passphrase(words(f"Passphrase of {file.name}", VARIABLE))
    key = new_key(path.name, in_keyring=keyring)
    with progress(file.name) as told:
        restore_backup(file, path, key, old, told)
    chosen.tell({"store": str(path)}, f"restored {path}")
    chosen.advise("covey follow  comes back into its groups, as soon as a member is online")
