"""``covey remove``: remove members from a group. May import the client."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from covey.cli.chat.options import for_member
from covey.cli.chat.running import run
from covey.client.words.showing import line

if TYPE_CHECKING:
    from covey.cli.chat.options import Chosen
    from covey.client.client import Client


@click.command()
@click.argument("group")
@click.argument("names", nargs=-1)
@click.option(
    "--key", metavar="KEY", help="Only the device that has this key: see `covey members --json`."
)
@for_member
def command(chosen: Chosen, *, group: str, names: tuple[str, ...], key: str | None) -> None:
    """Remove members from a group, with all of their devices.

    They keep what they have read, and read nothing from now on.
    """
    if bool(names) == (key is not None):
        msg = "say whom: by one or more NAMEs, or by --key KEY"
        raise click.UsageError(msg)

    twice = next((each for each in names if names.count(each) > 1), None)
    if twice is not None:
        msg = f"{line(twice)} is named twice: once is enough"
        raise click.UsageError(msg)

    async def work(client: Client) -> str:
        from_ = client.group(group)
        if key is None:
            await from_.remove(*names)
        else:
            await from_.remove_device(key)
        return from_.id

    gid = run(chosen, work)
    gone = [*names] if key is None else [f"the device {key[:8]}…"]
    what = f"removed {', '.join(gone)} from {group}: its keys are new, and theirs are useless"
    result: dict[str, object] = {"group": gid, "removed": list(names)}
    chosen.tell(result if key is None else {**result, "key": key}, line(what))
