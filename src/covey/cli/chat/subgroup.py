"""``covey subgroup``: begin a group of some members of another one. May import the client."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

import click

from covey.cli.chat.create import require_new
from covey.cli.chat.files import asked_again
from covey.cli.chat.invite import in_words
from covey.cli.chat.options import for_member
from covey.cli.chat.running import run
from covey.cli.chat.showing import group_json
from covey.client.words.showing import line
from covey.errors import BrokerError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from covey.cli.chat.options import Chosen
    from covey.client.client import Client


@click.command()
@click.argument("group")
@click.argument("name")
@click.argument("members", metavar="MEMBER...", nargs=-1, required=True)
@click.option(
    "--inviting",
    type=click.Choice(["admins", "members"]),
    default="admins",
    show_default=True,
    help="Who may invite others later.",
)
@click.option(
    "--expires-after",
    metavar="SECONDS",
    type=click.IntRange(0),
    help="Messages disappear after so many seconds, 0 is never; by default as in GROUP.",
)
@click.option("--invite", metavar="CODE", default="", help="A code, if the broker asks for one.")
@click.option("--force", is_flag=True, help="Even if a group of yours is called so already.")
@for_member
def command(
    chosen: Chosen,
    *,
    group: str,
    name: str,
    members: tuple[str, ...],
    inviting: str,
    expires_after: int | None,
    invite: str,
    force: bool,
) -> None:
    """Begin a group called NAME, of you and some members of GROUP.

    Each MEMBER comes in with all devices of theirs, when they are online: by a secret of GROUP, so
    that all know of each other that they are in it. GROUP goes on, and its other members are not
    told.
    """

    async def work(client: Client) -> tuple[Mapping[str, object], str]:
        if not force:
            require_new(client, name)
        parent = client.group(group)
        with asked_again(client.broker) as waits:
            how = partial(parent.subgroup, inviting=inviting, expires_after=expires_after)
            try:
                made = await how(name, members, invite=invite, waits=waits)
            except BrokerError as error:
                raise in_words(error) from error
        return group_json(made), parent.name

    made, parent = run(chosen, work)
    who = ", ".join(members)
    said = f"created {line(str(made['name']))}, a subgroup of {line(parent)}, with {who} in it"
    chosen.tell({**made, "invited": list(members)}, said)
