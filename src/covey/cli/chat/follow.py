"""``covey follow``: what happens, as it happens. May import the client."""

from __future__ import annotations

import os
import re
import sys
import time
from typing import TYPE_CHECKING, Final

import anyio
import click

from covey.cli.chat.options import escaped, for_member
from covey.cli.chat.running import INTERRUPTED, Interrupted, run
from covey.cli.chat.showing import about, message_json, message_line, moment
from covey.client.events.kinds import encode
from covey.client.events.messages import MessageSent, Said
from covey.client.words.showing import line

if TYPE_CHECKING:
    from covey.cli.chat.options import Chosen
    from covey.client.client import Client
    from covey.client.conversing.conversation import Conversation
    from covey.client.events.kinds import Event
    from covey.client.words.history import Message

_UNITS: Final = {"s": 1, "m": 60, "h": 3600, "d": 86_400, "w": 604_800}
_SINCE: Final = re.compile(r"(\d{1,9})([smhdw])")
_MOST: Final = 10_000  # messages that are shown from before
_STDIN: Final = 0  # the file descriptor
_GLANCE: Final = 0.5  # seconds
_LINE: Final = 65_536  # bytes of what is typed at once
_NOWHERE: Final = "Note: this was not sent: `covey follow GROUP` sends what you type to that group"


def _since(_: click.Context, __: click.Parameter, value: str | None) -> float | None:
    """When that was, in seconds since the epoch.

    Raises:
        BadParameter: It is no time.
    """
    if value is None:
        return None
    if value in {"all", "now"}:
        return 0.0 if value == "all" else time.time()
    found = _SINCE.fullmatch(value)
    if found is None:
        msg = "Say a time such as 10m, 2h or 1d, or all, or now."
        raise click.BadParameter(msg)
    return time.time() - int(found[1]) * _UNITS[found[2]]


@click.command()
@click.argument("group", required=False)
@click.option(
    "--since",
    metavar="TIME",
    callback=_since,
    help="Begin with the messages since then: 10m, 2h, 1d, all or now.",
)
@for_member
@click.pass_context
def command(
    context: click.Context, chosen: Chosen, *, group: str | None, since: float | None
) -> None:
    """Show what happens in a group, or in all of them, until Ctrl-C.

    It begins with what was not shown by this command before. On a terminal, what you type is sent
    to the GROUP, line by line. With --json, each event is one line.
    """

    async def work(client: Client) -> None:
        follower = _Follower(chosen, client, None if group is None else client.group(group))
        await follower.follow(since)

    try:
        run(chosen, work, alone=True, tells=False)
    except Interrupted:
        context.exit(INTERRUPTED)


class _Follower:
    """Shows what happens.

    Args:
        chosen: How to show it.
        client: Who follows.
        group: What it follows; everything when it is None.
    """

    def __init__(self, chosen: Chosen, client: Client, group: Conversation | None) -> None:
        self._chosen = chosen
        self._client = client
        self._group = group
        self._since = 0.0
        self._shown = 0
        self._typed: set[str] = set()

    async def follow(self, since: float | None) -> None:
        """Show what happens, and send what is typed, until the end of that."""
        if since is not None:
            self._begin(since)
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(self._watch)
            if self._chosen.in_json or not sys.stdin.isatty():
                await self._show()
            else:
                tasks.start_soon(self._show)
                await self._listen()
            tasks.cancel_scope.cancel()

    def _begin(self, since: float) -> None:
        """Show the messages since a time."""
        self._since = since
        own = self._client.name.encode()
        for message in self._before(since):
            self._shown = message.number
            if self._chosen.in_json:
                self._chosen.tell({"event": "Message", **message_json(message, own)})
            else:
                name = "" if self._group else self._named(message.group)
                shown = message_line(message, own, name, about(self._client, message))
                click.echo(shown.partition("  ")[2].lstrip())

    def _before(self, since: float) -> list[Message]:
        groups = [self._group] if self._group else self._client.groups()
        found = [each for group in groups for each in group.history(limit=_MOST)]
        return sorted(
            (each for each in found if each.received_at >= since), key=lambda each: each.number
        )

    async def _show(self) -> None:
        consumer = "follow" if self._group is None else f"follow {self._group.id}"
        feed = self._client.events(consumer)
        async for event in feed:
            if self._group is not None and event.group not in {"", self._group.id}:
                continue
            if not self._is_old(event, feed.happened_at):
                self._tell(event, feed.happened_at)

    def _is_old(self, event: Event, happened_at: int) -> bool:
        if not isinstance(event, Said):
            return happened_at < int(self._since)
        typed = isinstance(event, MessageSent) and event.id in self._typed
        return typed or event.number <= self._shown or event.received_at < int(self._since)

    def _tell(self, event: Event, happened_at: int) -> None:
        if self._chosen.in_json:
            click.echo(escaped(encode(event).decode()))
            return
        place = "" if self._group or not event.group else f"[{self._named(event.group)}] "
        said = str(event)
        if isinstance(event, Said):
            happened_at = event.received_at or happened_at
            if event.about:
                who = "you" if isinstance(event, MessageSent) else event.sender
                said = f"{who}: {about(self._client, event)}{event.words}"
            if event.kind == "attachment":
                said = f"{said} #{event.number}"
        click.echo(f"{moment(happened_at)}  {place}{said}")

    async def _watch(self) -> None:
        """Say when the broker cannot be reached, and when it can be again."""
        client, away, before = self._client, False, False
        while True:
            await anyio.sleep(_GLANCE)
            gone = not client.online and bool(client.trouble)
            if gone == before != away:
                away = gone
                self._tell_away(client.trouble if away else "")
            before = gone

    def _tell_away(self, why: str) -> None:
        broker = self._client.broker
        if self._chosen.in_json:
            told = {"event": "BrokerAway", "why": why} if why else {"event": "BrokerBack"}
            self._chosen.tell({**told, "broker": broker})
        elif why:
            click.echo(f"Note: {broker} does not answer, and is asked again: {line(why)}", err=True)
        else:
            click.echo(f"Note: {broker} answers again", err=True)

    def _named(self, gid: str) -> str:
        """The name of a group, of which there may be none yet."""
        return next((line(each.name) for each in self._client.groups() if each.id == gid), gid[:8])

    async def _listen(self) -> None:
        """Send each line that is typed, if it is said where, until there are no more."""
        while True:
            await anyio.wait_readable(_STDIN)
            if os.tcgetpgrp(_STDIN) != os.getpgrp():
                await anyio.sleep(_GLANCE)  # in the background, what is typed is for others
                continue
            typed = os.read(_STDIN, _LINE)
            if not typed:
                return
            text = typed.decode(errors="replace").strip()
            if not text:
                continue
            if self._group is None:
                click.echo(_NOWHERE, err=True)
            else:
                message = await self._group.send(text, wait=False)
                self._typed.add(message.id)
