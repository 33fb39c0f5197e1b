"""``covey members``: who is in a group. May import the client."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from covey.cli.chat.options import for_member
from covey.cli.chat.running import refresh, run
from covey.cli.chat.showing import table

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from covey.cli.chat.options import Chosen
    from covey.client.client import Client


@click.command()
@click.argument("group")
@click.option("--offline", is_flag=True, help="Only look into the store.")
@for_member
def command(chosen: Chosen, *, group: str, offline: bool) -> None:
    """List who is in a group, what they may do, and whom you have verified."""

    async def work(client: Client) -> Sequence[Mapping[str, object]]:
        if not offline:
            await refresh(client)
        return [
            {
                "name": each.name,
                "role": each.role,
                "devices": each.devices,
                "keys": each.keys,
                "verified": each.verified and not each.own,
                "arrived": each.arrived,
                "you": each.own,
            }
            for each in client.group(group).members
        ]

    found = run(chosen, work, alone=True)
    chosen.tell_list("members", found, *table([_row(each) for each in found]))


def _row(member: Mapping[str, object]) -> list[str]:
    name = str(member["name"])
    devices = f"{member['devices']} devices" if member["devices"] != 1 else ""
    notes = [
        devices,
        "verified" if member["verified"] else "",
        "" if member["arrived"] else "invited, not yet arrived",
    ]
    you = " (you)" if member["you"] else ""
    return [f"{name}{you}", str(member["role"]), ", ".join(each for each in notes if each)]
