"""``covey init``: begin an identity. May import the client."""

from __future__ import annotations

from typing import TYPE_CHECKING

import anyio
import click

from covey.access.refusals import Code
from covey.cli.chat.options import for_member
from covey.cli.chat.running import settle
from covey.cli.chat.where import new_key
from covey.client.client import Client
from covey.client.opening import discard
from covey.client.showing import names_us
from covey.errors import BrokerError, StateError, TransportError
from covey.store import StoreExists

if TYPE_CHECKING:
    from pathlib import Path

    from covey.cli.chat.options import Chosen
    from covey.store import StoreKey


@click.command()
@click.argument("name")
@click.option("--broker", metavar="URL", help="Where the account shall be.")
@click.option(
    "--no-account",
    is_flag=True,
    help="Have no account anywhere: groups are joined by files that friends hand over.",
)
@click.option("--invite", metavar="CODE", default="", help="A code, if the broker asks for one.")
@click.option("--keyring", is_flag=True, help="Let the system's keyring keep the key.")
@for_member
def command(
    chosen: Chosen, *, name: str, broker: str | None, no_account: bool, invite: str, keyring: bool
) -> None:
    """Begin an identity: a new store, with keys, and an account at a broker.

    The passphrase of the store is asked for, or read from COVEY_PASSPHRASE.
    """
    if (broker is None) != no_account:
        msg = "say at which broker, with --broker URL, or that there is to be none: --no-account"
        raise click.UsageError(msg)
    if names_us(name):
        msg = f"{name} is how each of you reads what is their own: choose another name"
        raise StateError(msg)
    path = chosen.where.new(name)
    if path.exists():
        msg = f"{path} is there already: choose another name, or another file with --store FILE"
        raise StoreExists(msg)
    key = new_key(name, in_keyring=keyring)
    anyio.run(_begin, path, key, name, broker, invite)
    at = f"at {broker}" if broker else "without an account"
    chosen.tell({"name": name, "store": str(path), "broker": broker}, f"{name}, {at}, in {path}")
    if broker:
        chosen.advise("covey create GROUP  begins a group", "covey join  waits to be invited")
    else:
        chosen.advise("covey join --card FILE  writes a card: give it to who shall invite you")


async def _begin(path: Path, key: StoreKey, name: str, broker: str | None, invite: str) -> None:
    """Make the store, and enrol; when that fails, the store is not kept.

    Raises:
        StateError: The name is taken, or the broker wants an invite code.
        TransportError: There is no broker.
    """
    try:
        async with Client.open(path, broker=broker, name=name, key=key, invite=invite) as client:
            await settle(client)
    except TransportError as error:
        discard(path)
        msg = f"{error}: check the address, or start a broker with `covey broker --db broker.db`"
        raise TransportError(msg) from error
    except BrokerError as error:
        raise StateError(_why(error, name, broker)) from error


def _why(error: BrokerError, name: str, broker: str | None) -> str:
    match error.code:
        case Code.handle_taken:
            return f"{name} is taken at {broker}: choose another name"
        case Code.enrolment_refused:
            return f"{broker} wants an invite code that was not used: --invite CODE ({error})"
    return f"{broker} refuses: {error}"
