"""``covey init``: begin an identity. May import the client."""

from __future__ import annotations

from functools import partial
from math import ceil
from typing import TYPE_CHECKING, Final

import anyio
import click

from covey.access.refusals import Code
from covey.cli.chat.files import asked_again, waiting
from covey.cli.chat.options import for_member
from covey.cli.chat.running import Interrupted, settle
from covey.cli.chat.where import key_of, new_key
from covey.client.client import Client
from covey.client.running.opening import discard, has_account, may_have_account
from covey.client.words.names import names_us
from covey.errors import BrokerError, StateError, TransportError
from covey.store import StoreExists

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from pathlib import Path

    from covey.cli.chat.options import Chosen
    from covey.store import StoreKey

_GLANCE: Final = 0.5  # seconds


@click.command()
@click.argument("name")
@click.option("--broker", metavar="URL", help="Where the account shall be.")
@click.option(
    "--no-account",
    is_flag=True,
    help="Have no account anywhere: groups are joined by files that friends hand over.",
)
@click.option("--invite", metavar="CODE", default="", help="A code, if the broker asks for one.")
@click.option(
    "--device",
    is_flag=True,
    help="Be a further device of NAME: show a code for `covey add-device`, and wait.",
)
@click.option("--keyring", is_flag=True, help="Let the system's keyring keep the key.")
@for_member
def command(
    chosen: Chosen, *, name: str, broker: str | None, no_account: bool, keyring: bool, **how: object
) -> None:
    """Begin an identity: a new store, with keys, and an account at a broker.

    An identity that was begun with --no-account begins one with --broker URL later.
    The passphrase of the store is asked for, or read from COVEY_PASSPHRASE.
    """
    is_device, invite = bool(how["device"]), str(how["invite"])
    if is_device and (broker is None or invite):
        msg = "--device takes the --broker URL at which the account is, and nothing else"
        raise click.UsageError(msg)
    if (broker is None) != no_account:
        msg = "say at which broker, with --broker URL, or that there is to be none: --no-account"
        raise click.UsageError(msg)
    if names_us(name):
        msg = f"{name} is how each of you reads what is their own: choose another name"
        raise StateError(msg)
    path = chosen.where.new(name)
    is_new = not path.exists()
    if not is_new and broker is None:
        raise StoreExists(_there(path))
    key = new_key(name, in_keyring=keyring) if is_new else key_of(path)
    if not is_new and has_account(path, key):
        raise StoreExists(_there(path))
    shown = partial(_be_added, chosen) if is_device else settle
    try:
        anyio.run(_begin, path, key, name, broker, invite, shown)
    except KeyboardInterrupt:
        kept = "the same command once more goes on with it"
        raise Interrupted(kept) from None
    at = f"at {broker}" if broker else "without an account"
    chosen.tell({"name": name, "store": str(path), "broker": broker}, f"{name}, {at}, in {path}")
    if is_device:
        chosen.advise("covey groups  shows your groups, as you come into them")
    elif broker:
        chosen.advise("covey create GROUP  begins a group", "covey join  waits to be invited")
    else:
        chosen.advise("covey join --card FILE  writes a card: give it to who shall invite you")


def _there(path: Path) -> str:
    return f"{path} is there already: choose another name, or another file with --store FILE"


async def _be_added(chosen: Chosen, client: Client) -> None:
    """Show our code, and wait until a device that has the account adds this one."""
    if not client.has_account:
        code = await client.device_code()
        chosen.tell({"code": code}, code)
        with waiting(f"run `covey add-device {code[:10]}…` where you have the account"):
            while not client.has_account:  # noqa: ASYNC110 - another device decides when
                await anyio.sleep(_GLANCE)
    await settle(client)


async def _begin(
    path: Path,
    key: StoreKey,
    name: str,
    broker: str | None,
    invite: str,
    begun: Callable[[Client], Awaitable[None]],
) -> None:
    """Make the store, and enrol; when nothing of that can have come to be, the store is not kept.

    Raises:
        StateError: The name is taken, or the broker wants an invite code.
        StoreExists: Another process begins it at this time.
        TransportError: There is no broker.
    """
    is_new = not await anyio.Path(path).exists()
    try:
        with asked_again(broker) as waits:
            enrol = begun is settle
            client = Client.open(
                path,
                broker=broker,
                name=name,
                key=key,
                new=is_new,
                enrol=enrol,
                invite=invite,
                waits=waits,
            )
            async with client:
                await begun(client)
    except StoreExists:
        raise StoreExists(_there(path)) from None
    except TransportError as error:
        if is_new and may_have_account(path, key):
            msg = f"{error}: it may have begun the account; the same command again goes on with it"
            raise TransportError(msg) from error
        if is_new:
            discard(path)
        msg = f"{error}: check the address, or start a broker with `covey broker --db broker.db`"
        raise TransportError(msg) from error
    except BrokerError as error:
        raise StateError(_why(error, name, broker, is_new=is_new)) from error


def _why(error: BrokerError, name: str, broker: str | None, *, is_new: bool) -> str:
    match error.code:
        case Code.handle_taken if not is_new:
            return (
                f"{name} is taken at {broker}: go on without an account, or begin another identity "
                "with `covey init NAME --broker URL`"
            )
        case Code.handle_taken:
            return f"{name} is taken at {broker}: choose another name"
        case Code.enrolment_refused:
            return f"{broker} wants an invite code that was not used: --invite CODE ({error})"
    seconds = ceil(error.retry_after)
    later = f" It takes the same command again in {seconds} s." if seconds else ""
    return f"{broker} refuses: {error}{later}"
