"""``covey create``: begin a group. May import the client."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from covey.cli.chat.files import asked_again
from covey.cli.chat.options import for_member
from covey.cli.chat.running import run
from covey.cli.chat.showing import group_json
from covey.client.conversing.wanted import group_name
from covey.client.words.showing import line
from covey.errors import StateError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from covey.cli.chat.options import Chosen
    from covey.client.client import Client


@click.command()
@click.argument("name")
@click.option(
    "--inviting",
    type=click.Choice(["admins", "members"]),
    default="admins",
    show_default=True,
    help="Who may invite.",
)
@click.option(
    "--expires-after",
    metavar="SECONDS",
    type=click.IntRange(0),
    default=0,
    help="Messages disappear after so many seconds; 0, the default, is never.",
)
@click.option(
    "--suite",
    metavar="SUITE",
    help="Its cipher suite, such as x-wing; all who are to be in it need it.",
)
@click.option(
    "--quantum-safe", is_flag=True, help="Refuse every suite that a quantum computer would open."
)
@click.option("--invite", metavar="CODE", default="", help="A code, if the broker asks for one.")
@click.option("--force", is_flag=True, help="Even if a group of yours is called so already.")
@for_member
def command(
    chosen: Chosen,
    *,
    name: str,
    inviting: str,
    expires_after: int,
    suite: str | None,
    quantum_safe: bool,
    invite: str,
    force: bool,
) -> None:
    """Begin a group, with nobody in it but you."""

    async def work(client: Client) -> Mapping[str, object]:
        if not force:
            require_new(client, name)
        with asked_again(client.broker) as waits:
            group = await client.create_group(
                name,
                inviting=inviting,
                expires_after=expires_after,
                suite=suite,
                quantum_safe=quantum_safe,
                invite=invite,
                waits=waits,
            )
        return group_json(group)

    made = run(chosen, work, suites=[suite])
    called = line(str(made["name"]))
    chosen.tell(made, f"created {called}, with you in it")
    chosen.advise(f"covey invite {called} BOB  invites somebody")


def require_new(client: Client, name: str) -> None:
    """Refuse the name of another group, by which neither could be told from the other.

    Raises:
        StateError: There is one.
    """
    wanted = group_name(name)
    if any(each.is_in and each.name == wanted for each in client.groups()):
        msg = f"you are in a group called {wanted} already: choose another name, or add --force"
        raise StateError(msg)
