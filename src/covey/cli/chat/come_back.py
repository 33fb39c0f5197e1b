"""``covey come-back``: go on with a copy of a store. May import the client."""

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
@for_member
def command(chosen: Chosen, *, group: str) -> None:
    """Go on in a group with a store that is a copy, when the other one is gone.

    A member that is online lets this store in anew. The other one, should it still be there, is
    taken out of the group by that.
    """

    async def work(client: Client) -> Mapping[str, object]:
        copied = client.group(group)
        await copied.come_back()
        return group_json(copied)

    done = run(chosen, work)
    chosen.tell(done, f"you are let in to {line(group)} anew as soon as another member is online")
