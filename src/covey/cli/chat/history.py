"""``covey history``: what was said in a group. May import the client."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from covey.cli.chat.options import for_member
from covey.cli.chat.running import refresh, run
from covey.cli.chat.showing import about, message_json, message_line
from covey.client.words.showing import line

if TYPE_CHECKING:
    from covey.cli.chat.options import Chosen
    from covey.client.client import Client
    from covey.client.words.history import Message


@click.command()
@click.argument("group")
@click.option("--limit", default=50, show_default=True, type=click.IntRange(1), help="At most.")
@click.option("--before", metavar="NUMBER", type=int, help="Only messages before this one.")
@click.option("--after", metavar="NUMBER", type=int, help="Only messages after this one.")
@click.option("--offline", is_flag=True, help="Only look into the store.")
@for_member
def command(
    chosen: Chosen, *, group: str, limit: int, before: int | None, after: int | None, offline: bool
) -> None:
    """Show the latest messages of a group, each with its number."""

    async def work(client: Client) -> tuple[list[Message], list[str], bytes]:
        if not offline:
            await refresh(client)
        of = client.group(group)
        if not of.is_in:
            standing = f"{of.status}: {line(of.trouble)}" if of.trouble else of.status
            click.echo(f"Note: nothing new comes here now ({standing})", err=True)
        found = of.history(limit=limit, before=before, after=after)
        own = client.name.encode()
        return found, [message_line(each, own, about=about(client, each)) for each in found], own

    found, lines, own = run(chosen, work, alone=True)
    chosen.tell_list(
        "messages",
        [message_json(each, own) for each in found],
        *(lines or ["no messages"]),
    )
