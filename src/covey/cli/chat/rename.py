"""``covey rename``: give a group another name. May import the client."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from covey.cli.chat.options import for_member
from covey.cli.chat.running import run
from covey.cli.chat.showing import group_json
from covey.client.words.showing import line

if TYPE_CHECKING:
    from collections.abc import Mapping

    from covey.cli.chat.options import Chosen
    from covey.client.client import Client


@click.command()
@click.argument("group")
@click.argument("name")
@for_member
def command(chosen: Chosen, *, group: str, name: str) -> None:
    """Give a group another name, for everybody in it."""

    async def work(client: Client) -> Mapping[str, object]:
        renamed = client.group(group)
        await renamed.rename(name)
        return group_json(renamed)

    done = run(chosen, work)
    chosen.tell(done, f"{line(group)} is called {line(name)} now")
