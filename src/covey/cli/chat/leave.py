"""``covey leave``: leave a group. May import the client."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import click

from covey.cli.chat.options import for_member
from covey.cli.chat.running import run
from covey.client.words.showing import line
from covey.errors import PolicyError

if TYPE_CHECKING:
    from covey.cli.chat.options import Chosen
    from covey.client.client import Client

_WAIT: Final = 5.0


@click.command()
@click.argument("group")
@click.option(
    "--wait",
    metavar="SECONDS",
    default=_WAIT,
    show_default=True,
    type=click.FloatRange(0),
    help="How long to wait for somebody who takes you out.",
)
@click.option("--everywhere", is_flag=True, help="With all of your devices, not only this one.")
@for_member
def command(chosen: Chosen, *, group: str, wait: float, everywhere: bool) -> None:
    """Leave a group. What was said stays in your history.

    A commit of another member takes you out; the last one in a group just leaves. Other devices of
    yours stay in it, unless --everywhere is given.
    """

    async def work(client: Client) -> tuple[str, bool]:
        left = client.group(group)
        try:
            return left.id, await left.leave(everywhere=everywhere, timeout=wait)
        except PolicyError as error:
            msg = f"{error}: `covey role {line(group)} NAME owner` does"
            raise PolicyError(msg) from error

    gid, out = run(chosen, work)
    said = f"you left {line(group)}"
    if not out:
        said = f"you leave {line(group)}: it is done as soon as another member is online"
    chosen.tell({"group": gid, "left": out}, said)
