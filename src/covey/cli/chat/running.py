"""Running what a command does, as a member that is there for so long.

May import the client. What is left to be done when a command has ended, such as to post pointers
for who was invited, is done before its process ends.
"""

from __future__ import annotations

import signal
from contextlib import suppress
from typing import TYPE_CHECKING, Final, TypeVar

import anyio
import click

from covey.cli.chat.where import key_of
from covey.client.client import Client
from covey.client.events import ClockOff
from covey.client.words.explaining import explained
from covey.client.words.showing import line
from covey.client.words.suites import UPGRADES
from covey.errors import (
    AuthenticationError,
    BrokerError,
    BugError,
    CoveyError,
    ProtocolError,
    StateError,
    StorageError,
    TransportError,
)

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence

    from covey.cli.chat.options import Chosen

T = TypeVar("T")

INTERRUPTED: Final = 128 + signal.SIGINT
"""The exit code after Ctrl-C."""

_KEPT: Final = (
    "goes on with the next command; see `covey history` and `covey groups` before you do it again"
)
_LEAVING: Final = 10.0  # seconds for what is left to be done


class Interrupted(click.ClickException):
    """Ctrl-C was pressed while a client was open.

    Args:
        kept: What is said of what was begun by then.
    """

    exit_code = INTERRUPTED

    def __init__(self, kept: str = _KEPT) -> None:
        super().__init__(f"interrupted: what was begun by then is in the store, and {kept}")


def run(
    chosen: Chosen,
    work: Callable[[Client], Awaitable[T]],
    *,
    alone: bool = False,
    tells: bool = True,
    suites: Sequence[int | str | None] = (),
) -> T:
    """Open the store, do something as its member, and do what is left to be done.

    Args:
        chosen: Which store.
        work: What to do.
        alone: Whether it is only about what is in the store, and no broker is to be asked.
        tells: Whether to tell what was refused meanwhile, also of what earlier commands wanted.
        suites: Cipher suites that it is about, by name or number, besides the usual ones and those
            in the store; None is none.

    Raises:
        CoveyError: It cannot be done.
        Interrupted: Ctrl-C was pressed.
    """
    path = chosen.where.present()
    key = key_of(path)

    async def within() -> T:
        upgrades = (*UPGRADES, *(each for each in suites if each is not None))
        async with Client.open(path, key=key, create=False, upgrades=upgrades) as client:
            done = await _worked(client, work, alone=alone)
            if tells:
                _tell_refusals(client)
            return done
        msg = "the client ended before its work was done"
        raise StateError(msg)

    try:
        return anyio.run(within)
    except KeyboardInterrupt:
        raise Interrupted from None
    except BrokerError as error:  # also of an account that was to be begun, and was not
        raise StateError(explained(error)) from error


async def _worked(client: Client, work: Callable[[Client], Awaitable[T]], *, alone: bool) -> T:
    """Do something and what is left to be done, and tell of errors as people are told of them."""
    try:
        done = await work(client)
        if not alone:
            await settle(client)
            _look_at_clock(client)
    except (StorageError, BugError):
        raise
    except CoveyError as error:
        told = _as_told(client, error)
        with suppress(CoveyError):  # this one counts
            _tell_refusals(client, str(told))
        if told is error:
            raise
        raise told from error
    return done


def _as_told(client: Client, error: CoveyError) -> CoveyError:
    """An error as people are told of it."""
    if isinstance(error, TransportError):
        return TransportError(_told(client, error))
    if isinstance(error, ProtocolError | AuthenticationError):
        return StateError(explained(error))
    return error


def _tell_refusals(client: Client, said: str = "") -> None:
    """Say what could not be done, as of what was wanted while the broker was away.

    Args:
        client: Whose wishes they were.
        said: What is said anyway.
    """
    names = {each.id: each.name for each in client.groups()}
    for event in client.refused:
        if event.why not in said:
            where = f"{line(names[event.group])}: " if event.group in names else ""
            click.echo(f"Note: {where}{event}", err=True)


async def refresh(client: Client) -> None:
    """Read what is new, and say so if that is not possible."""
    if client.broker is None:
        return
    try:
        await client.sync()
    except (BugError, StorageError) as error:
        click.echo(f"Note: this is what is in the store; {error}", err=True)
    except (TransportError, BrokerError) as error:
        click.echo(f"Note: this is what is in the store; {_told(client, error)}", err=True)


async def settle(client: Client) -> None:
    """Do what is left to be done; what is not done then waits for the next command."""
    if client.broker is not None:
        try:
            await client.sync(timeout=_LEAVING)
        except BugError:  # which was told when it was met
            click.echo("Note: the next command tries again", err=True)
        except StorageError as error:  # what the command was for is done
            click.echo(f"Note: {error}", err=True)
        except (TransportError, BrokerError) as error:
            click.echo(f"Note: {_told(client, error)}; the next command tries again", err=True)


def _look_at_clock(client: Client) -> None:
    """Say so if the clock of this machine is wrong, as far as the broker has told already."""
    if client.clock_off:
        click.echo(f"Note: {ClockOff('', hours=client.clock_off)}", err=True)


def _told(client: Client, error: Exception) -> str:
    """What went wrong, and where, if the broker cannot be reached."""
    if client.online or not isinstance(error, TransportError):
        return str(error)
    return f"{error} (see that the broker at {client.broker} runs: `covey broker`)"
