"""``covey search``: find messages by their words. May import the client."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from covey.cli.chat.options import for_member
from covey.cli.chat.running import run
from covey.cli.chat.showing import about, message_json, message_line

if TYPE_CHECKING:
    from covey.cli.chat.options import Chosen
    from covey.client.client import Client
    from covey.client.words.history import Message


@click.command()
@click.argument("words", nargs=-1, required=True)
@click.option("--group", metavar="GROUP", help="Only in this group.")
@click.option("--limit", default=50, show_default=True, type=click.IntRange(1), help="At most.")
@for_member
def command(chosen: Chosen, *, words: tuple[str, ...], group: str | None, limit: int) -> None:
    """Find the messages that hold all these words, or words that begin so.

    Nothing is asked of the broker, which could not answer.
    """

    async def work(client: Client) -> tuple[list[Message], list[str], bytes]:
        query = " ".join(words)
        named = {each.id: each.name for each in client.groups()}
        if group is not None:
            found = client.group(group).search(query, limit)
        else:
            found = client.search(query, limit)
        own = client.name.encode()
        lines = [
            message_line(each, own, named.get(each.group, ""), about(client, each))
            for each in found
        ]
        return found, lines, own

    found, lines, own = run(chosen, work, alone=True)
    chosen.tell_list(
        "messages",
        [message_json(each, own) for each in found],
        *(lines or ["nothing found"]),
    )
