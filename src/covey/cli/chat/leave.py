"""``covey leave``: leave a group. May import the client."""

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
@for_member
def command(chosen: Chosen, *, group: str) -> None:
    """Leave a group. What was said stays in your history."""

    async def work(client: Client) -> tuple[str, str]:
        left = client.group(group)
        await left.leave()
        return left.id, left.status

    gid, status = run(chosen, work)
    said = f"you left {group}" if status != "active" else f"you leave {group}"
    waits = "" if status != "active" else ": it is done when another member is online"
    chosen.tell({"group": gid, "status": status}, f"{said}{waits}")
