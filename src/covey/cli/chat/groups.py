"""``covey groups``: the groups that we are in. May import the client."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from covey.cli.chat.options import for_member
from covey.cli.chat.running import refresh, run
from covey.cli.chat.showing import group_json, table
from covey.client.words.showing import line

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from covey.cli.chat.options import Chosen
    from covey.client.client import Client


@click.command()
@click.option("--offline", is_flag=True, help="Only look into the store.")
@for_member
def command(chosen: Chosen, *, offline: bool) -> None:
    """List the groups that you are in, or were in."""

    async def work(client: Client) -> Sequence[Mapping[str, object]]:
        if not offline:
            await refresh(client)
        return [group_json(group) for group in client.groups()]

    found = run(chosen, work, alone=True)
    names = {each["id"]: line(str(each["name"])) for each in found}
    rows = [[names[each["id"]], str(each["id"])[:8], _standing(each, names)] for each in found]
    none = ["no groups yet: `covey create NAME` begins one, `covey join` waits to be invited"]
    chosen.tell_list("groups", found, *(table(rows) if rows else none))


def _standing(group: Mapping[str, object], names: Mapping[object, str]) -> str:
    trouble, after = line(str(group["trouble"])), group["expires_after"]
    if trouble:
        return f"{group['status']}: {trouble}"
    expiry = f", messages disappear after {after} seconds" if after else ""
    parent = f", a subgroup of {names[group['parent']]}" if group["parent"] in names else ""
    return f"{group['status']}{parent}{expiry}"
