"""``covey send``: say something in a group. May import the client."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from covey.cli.chat.files import progress, read_text
from covey.cli.chat.options import for_member
from covey.cli.chat.running import refresh, run
from covey.cli.chat.showing import about, message_json, message_line
from covey.cli.paths import GivenPath
from covey.client.words.showing import line
from covey.errors import StateError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from covey.cli.chat.options import Chosen
    from covey.client.client import Client
    from covey.client.conversing.conversation import Conversation
    from covey.client.words.history import Message


@click.command()
@click.argument("group")
@click.argument("text", nargs=-1)
@click.option(
    "--file", metavar="PATH", type=GivenPath(dir_okay=False), help="Send a file, encrypted."
)
@click.option("--reply", metavar="NUMBER", type=int, help="Answer the message of this number.")
@click.option(
    "--react", metavar="NUMBER", type=int, help="TEXT is a sign, such as 👍, about this message."
)
@click.option(
    "--expires-after",
    metavar="SECONDS",
    type=click.IntRange(0),
    help="It disappears everywhere after so many seconds; 0 is never.",
)
@for_member
def command(
    chosen: Chosen,
    *,
    group: str,
    text: tuple[str, ...],
    file: Path | None,
    reply: int | None,
    react: int | None,
    expires_after: int | None,
) -> None:
    """Say something in a group.

    TEXT is all the words that follow; - takes it from standard input. When the broker cannot be
    reached, this says so, and what was said goes out with the next command that reaches it.
    """
    if (file is None) == (not text):
        msg = "say what: TEXT, - for standard input, or --file PATH"
        raise click.UsageError(msg)
    if react is not None and (text == () or reply is not None or expires_after is not None):
        msg = "--react takes a sign as TEXT, and no other option"
        raise click.UsageError(msg)
    said = read_text(Path("-")).rstrip("\n") if text == ("-",) else " ".join(text)

    async def work(client: Client) -> tuple[Mapping[str, object], str]:
        to = client.group(group)
        if not to.is_in:
            await refresh(client)  # somebody may have let us in, or in anew
        answered = None if reply is None else await numbered(client, to, reply)
        if file is not None:
            with progress(file.name) as told:
                message = await to.attach(
                    file, reply_to=answered, expires_after=expires_after, progress=told
                )
        elif react is not None:
            message = await to.react(await numbered(client, to, react), said)
        else:
            message = await _send(to, said, answered, expires_after)
        own = client.name.encode()
        return message_json(message, own), message_line(message, own, about=about(client, message))

    found, shown = run(chosen, work)
    chosen.tell(found, shown)


async def numbered(client: Client, group: Conversation, number: int) -> Message:
    """The message of a number; one that is not here yet is looked for at the broker.

    Raises:
        StateError: There is none in this group.
    """
    for read_on in (False, True):
        if read_on:
            await refresh(client)
        for each in group.history(limit=1, after=max(number, 1) - 1):
            if each.number == number:
                return each
    name = line(group.name)
    msg = f"there is no message {number} in {name}: `covey history {name}` lists them"
    raise StateError(msg)


async def _send(
    to: Conversation, text: str, about: Message | None, expires_after: int | None
) -> Message:
    """Send a text.

    Raises:
        StateError: It is too long, or no text.
    """
    try:
        return await to.send(text, reply_to=about, expires_after=expires_after)
    except ValueError as error:
        msg = f"this text is too long: put it into a file, and send that with --file ({error})"
        raise StateError(msg) from error
