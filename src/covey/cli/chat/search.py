"""``covey search``: find messages by their words. May import the client."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from covey.cli.chat.options import for_member
from covey.cli.chat.running import run
from covey.cli.chat.showing import message_json, message_line

if TYPE_CHECKING:
    from covey.cli.chat.options import Chosen
    from covey.client.client import Client
    from covey.client.history import Message


@click.command()
@click.argument("words", nargs=-1, required=True)
@click.option("--group", metavar="GROUP", help="Only in this group.")
@click.option("--limit", default=50, show_default=True, type=click.IntRange(1), help="At most.")
@for_member
def command(chosen: Chosen, *, words: tuple[str, ...], group: str | None, limit: int) -> None:
    """Find the messages that hold all these words, or words that begin so.

    Nothing is asked of the broker, which could not answer.
    """

    async def work(client: Client) -> tuple[bytes, list[Message], dict[str, str]]:
        query = " ".join(words)
        named = {each.id: each.name for each in client.groups()}
        if group is not None:
            found = client.group(group).search(query, limit)
        else:
            found = client.search(query, limit)
        return client.name.encode(), found, named

    own, found, named = run(chosen, work, alone=True)
    lines = [message_line(each, own, named.get(each.group, "")) for each in found]
    chosen.tell_list(
        "messages",
        [message_json(each, own) for each in found],
        *(lines or ["nothing found"]),
    )
