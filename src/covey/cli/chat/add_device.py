"""``covey add-device``: a further device for one's account and groups. May import the client."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from covey.cli.chat.files import waiting
from covey.cli.chat.options import for_member
from covey.cli.chat.running import run

if TYPE_CHECKING:
    from covey.cli.chat.options import Chosen
    from covey.client.client import Client


@click.command()
@click.argument("code")
@for_member
def command(chosen: Chosen, *, code: str) -> None:
    """Add a further device of yours to your account, and to all groups that you are in.

    CODE is what `covey init --device` shows on the new device, which has to wait there meanwhile.
    Whoever shows it becomes you: take none from anybody else.
    """

    async def work(client: Client) -> list[str]:
        with waiting("waiting for the new device"):
            await client.add_device(code)
        return [each.id for each in client.groups() if each.is_in]

    groups = run(chosen, work)
    many = "a group" if len(groups) == 1 else f"{len(groups)} groups"
    chosen.tell({"groups": groups}, f"the new device is in your account, and in {many} of yours")
