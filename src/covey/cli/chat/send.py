"""``covey send``: say something in a group. May import the client."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from covey.cli.chat.files import progress, read_text
from covey.cli.chat.options import for_member
from covey.cli.chat.running import run
from covey.cli.chat.showing import message_json, message_line
from covey.cli.paths import GivenPath
from covey.errors import DecodeError, StateError

if TYPE_CHECKING:
    from covey.cli.chat.options import Chosen
    from covey.client.client import Client
    from covey.client.conversation import Conversation
    from covey.client.history import Message


@click.command()
@click.argument("group")
@click.argument("text", nargs=-1)
@click.option(
    "--file", metavar="PATH", type=GivenPath(dir_okay=False), help="Send a file, encrypted."
)
@click.option("--reply", metavar="NUMBER", type=int, help="Answer the message of this number.")
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
    expires_after: int | None,
) -> None:
    """Say something in a group.

    TEXT is all the words that follow; - takes it from standard input. What cannot be sent now
    stays in the store, and is sent by the next command that reaches the broker.
    """
    if (file is None) == (not text):
        msg = "say what: TEXT, - for standard input, or --file PATH"
        raise click.UsageError(msg)
    if file is not None and (reply is not None or expires_after is not None):
        msg = "--reply and --expires-after are for texts: send the file and a text"
        raise click.UsageError(msg)
    said = read_text(Path("-")).rstrip("\n") if text == ("-",) else " ".join(text)

    async def work(client: Client) -> tuple[bytes, Message]:
        to = client.group(group)
        if file is not None:
            message = await _attach(to, file)
        else:
            about = None if reply is None else numbered(to, reply)
            message = await to.send(said, reply_to=about, expires_after=expires_after)
        return client.name.encode(), message

    own, message = run(chosen, work)
    chosen.tell(message_json(message, own), message_line(message, own))
    if message.state(own) == "waiting":
        click.echo("Note: it could not be sent yet, and goes out with the next command", err=True)


def numbered(group: Conversation, number: int) -> Message:
    """The message of a number.

    Raises:
        StateError: There is none in this group.
    """
    for each in group.history(limit=1, after=number - 1):
        if each.number == number:
            return each
    msg = f"there is no message {number} in {group.name}: `covey history {group.name}` lists them"
    raise StateError(msg)


async def _attach(to: Conversation, file: Path) -> Message:
    """Send a file, with a bar.

    Raises:
        DecodeError: It is not there, or cannot be read.
    """
    try:
        with progress(file.name) as told:
            return await to.attach(file, progress=told)
    except OSError as error:
        msg = f"{file} cannot be read: {error.strerror}"
        raise DecodeError(msg) from error
