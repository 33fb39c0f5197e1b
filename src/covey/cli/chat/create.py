"""``covey create``: begin a group. May import the client."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from covey.cli.chat.options import for_member
from covey.cli.chat.running import run
from covey.cli.chat.showing import group_json

if TYPE_CHECKING:
    from collections.abc import Mapping

    from covey.cli.chat.options import Chosen
    from covey.client.client import Client


@click.command()
@click.argument("name")
@click.option(
    "--inviting",
    type=click.Choice(["admins", "members"]),
    default="admins",
    show_default=True,
    help="Who may invite.",
)
@click.option(
    "--expires-after",
    metavar="SECONDS",
    type=click.IntRange(0),
    default=0,
    help="Messages disappear after so many seconds; 0, the default, is never.",
)
@click.option("--invite", metavar="CODE", default="", help="A code, if the broker asks for one.")
@for_member
def command(chosen: Chosen, *, name: str, inviting: str, expires_after: int, invite: str) -> None:
    """Begin a group, with nobody in it but you."""

    async def work(client: Client) -> Mapping[str, object]:
        group = await client.create_group(
            name, inviting=inviting, expires_after=expires_after, invite=invite
        )
        return group_json(group)

    made = run(chosen, work)
    chosen.tell(made, f"created {name}, with you in it")
    chosen.advise(f"covey invite {name} BOB  invites somebody")
