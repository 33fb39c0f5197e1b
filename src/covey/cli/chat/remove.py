"""``covey remove``: remove members from a group. May import the client."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from covey.cli.chat.options import for_member
from covey.cli.chat.running import run

if TYPE_CHECKING:
    from covey.cli.chat.options import Chosen
    from covey.client.client import Client


@click.command()
@click.argument("group")
@click.argument("names", nargs=-1, required=True)
@for_member
def command(chosen: Chosen, *, group: str, names: tuple[str, ...]) -> None:
    """Remove members from a group, with all of their devices.

    They keep what they have read, and read nothing from now on.
    """

    async def work(client: Client) -> str:
        from_ = client.group(group)
        await from_.remove(*names)
        return from_.id

    gid = run(chosen, work)
    said = f"removed {', '.join(names)} from {group}: its keys are new, and theirs are useless"
    chosen.tell({"group": gid, "removed": list(names)}, said)
