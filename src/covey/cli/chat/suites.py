"""``covey suites``: the cipher suites for which we leave keys. May import the client."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from covey.cli.chat.options import for_member
from covey.cli.chat.running import run
from covey.cli.chat.showing import suite_json, table
from covey.client.words import suites

if TYPE_CHECKING:
    from collections.abc import Sequence

    from covey.cli.chat.options import Chosen
    from covey.client.client import Client


@click.command()
@click.argument("suite", nargs=-1)
@for_member
def command(chosen: Chosen, *, suite: tuple[str, ...]) -> None:
    """List the cipher suites for which you have keys; leave some for each SUITE that you name.

    Others can invite you into groups of these, and move groups with you to them, from then on.
    """

    async def work(client: Client) -> Sequence[int]:
        return client.suites

    codes = run(chosen, work, alone=not suite, suites=suite)
    rows = [[f"0x{code:04x}", suites.name(code), str(suites.safety_of(code))] for code in codes]
    chosen.tell_list("suites", [dict(suite_json(code)) for code in codes], *table(rows))
