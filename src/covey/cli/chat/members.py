"""``covey members``: who is in a group. May import the client."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

import click

from covey.cli.chat.options import for_member
from covey.cli.chat.running import refresh, run
from covey.cli.chat.showing import suite_json, suite_lines, table

if TYPE_CHECKING:
    from collections.abc import Mapping

    from covey.cli.chat.options import Chosen
    from covey.client.client import Client
    from covey.client.conversing.conversation import MemberView


@click.command()
@click.argument("group")
@click.option("--offline", is_flag=True, help="Only look into the store.")
@for_member
def command(chosen: Chosen, *, group: str, offline: bool) -> None:
    """List who is in a group, what they may do, whom you have verified, and its cipher suite."""

    async def work(client: Client) -> Mapping[str, object]:
        if not offline:
            await refresh(client)
        found = client.group(group)
        return {
            "is_in": found.is_in,
            "members": [_member(each) for each in found.members],
            "suite": suite_json(found.suite),
            "quantum_safe_only": found.is_in and found.quantum_safe,
            "was_moved": found.is_in and found.was_moved,
        }

    found = run(chosen, work, alone=True)
    members = cast("list[Mapping[str, object]]", found["members"])
    suite = cast("Mapping[str, int]", found["suite"])
    only = (
        ["  the group takes no other than quantum-safe ones"] if found["quantum_safe_only"] else []
    )
    rows = (
        table([_row(each, was_moved=bool(found["was_moved"])) for each in members])
        if members
        else []
    )
    out = [] if found["is_in"] else ["you are not in this group any more"]
    chosen.tell(found, *out, *rows, *suite_lines(suite["code"]), *only)


def _member(member: MemberView) -> Mapping[str, object]:
    return {
        "name": member.name,
        "role": member.role,
        "devices": member.devices,
        "keys": member.keys,
        "verified": member.verified and not member.own,
        "arrived": member.arrived,
        "you": member.own,
    }


def _row(member: Mapping[str, object], *, was_moved: bool) -> list[str]:
    name = str(member["name"])
    devices = f"{member['devices']} devices" if member["devices"] != 1 else ""
    absent = "not there yet since the group was moved" if was_moved else "invited, not yet arrived"
    notes = [
        devices,
        "verified" if member["verified"] else "",
        "" if member["arrived"] else absent,
    ]
    you = " (you)" if member["you"] else ""
    return [f"{name}{you}", str(member["role"]), ", ".join(each for each in notes if each)]
