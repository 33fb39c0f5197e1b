"""``covey role``: say what somebody may do in a group. May import the client."""

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
@click.argument("name")
@click.argument("role", type=click.Choice(["owner", "admin", "member"]))
@for_member
def command(chosen: Chosen, *, group: str, name: str, role: str) -> None:
    """Make somebody an owner, an admin or a member of a group.

    Admins remove members and invite; owners decide besides who is what. A group always has an
    owner.
    """

    async def work(client: Client) -> str:
        changed = client.group(group)
        await changed.set_role(name, role)
        return changed.id

    gid = run(chosen, work)
    chosen.tell(
        {"group": gid, "name": name, "role": role}, f"{line(name)} is {role} of {line(group)} now"
    )
