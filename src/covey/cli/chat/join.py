"""``covey join``: come into a group. May import the client."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Final

import click

from covey.cli.chat.files import read_text, require_new, waiting, write_new
from covey.cli.chat.options import for_member
from covey.cli.chat.running import run
from covey.cli.chat.showing import group_json
from covey.cli.paths import GivenPath
from covey.client.words import cards
from covey.client.words.cards import Invitation
from covey.client.words.showing import line
from covey.errors import DecodeError, PolicyError, StateError, TransportError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from covey.cli.chat.options import Chosen
    from covey.client.client import Client
    from covey.client.conversing.conversation import Conversation

_WAIT: Final = 300.0
_ARRIVES: Final = 10.0  # seconds
_KNOCKED: Final = "you have knocked: a member who is online sees it soon, and lets you in"
_NO_ACCOUNT: Final = (
    "{name} has no account, and comes in by an invitation only: `covey join --card FILE` writes a "
    "card, which a friend answers by one"
)


@click.command()
@click.argument("what", metavar="[LINK|FILE]", required=False)
@click.option(
    "--card",
    metavar="FILE",
    type=GivenPath(dir_okay=False),
    help="Write a card, by which a friend can invite you; - is standard output.",
)
@click.option("--suite", metavar="SUITE", help="For a group with this cipher suite: of the card.")
@click.option("--qr", is_flag=True, help="Show the card as a QR code, too.")
@click.option(
    "--wait",
    metavar="SECONDS",
    default=_WAIT,
    show_default=True,
    type=click.FloatRange(0),
    help="How long to wait at most.",
)
@for_member
def command(
    chosen: Chosen, *, what: str | None, card: Path | None, suite: str | None, qr: bool, wait: float
) -> None:
    """Come into a group.

    Without an argument: wait until somebody invites you by your name. With a link: ask to be let
    in. With a file (- is standard input): read the invitation that is in it.
    """
    if card is not None and what is not None:
        msg = "--card writes a card, which a friend needs first: leave one of them out"
        raise click.UsageError(msg)
    if card is not None:
        _write_card(chosen, card, suite, qr=qr)
        return
    joined = _join(chosen, what, wait)
    members = joined["members"]
    assert isinstance(members, list)
    name = line(str(joined["name"]))
    chosen.tell(joined, f"joined {name}: {', '.join(members)}")
    chosen.advise(
        f"covey follow {name}  shows what is said, covey send {name} TEXT  says something"
    )


def _join(chosen: Chosen, what: str | None, wait: float) -> Mapping[str, object]:
    given = "" if what is None else _text(what)
    by_hand = what is not None and isinstance(cards.parse(given), Invitation)

    async def work(client: Client) -> Mapping[str, object]:
        if not by_hand and not client.has_account:
            raise StateError(_NO_ACCOUNT.format(name=line(client.name)))
        try:
            with waiting(_sentence(client, given, by_hand=by_hand)) as told:
                if what is not None:
                    group = await client.join(given, timeout=wait, knocked=lambda: told(_KNOCKED))
                else:
                    group = await client.next_group(wait)
                told(f"coming into {line(group.name)}")
                await _arrive(group)
        except TransportError as error:
            if not client.online:
                msg = f"{error}{'' if given else _already(client)}"
                raise TransportError(msg) from error
            raise TransportError(_too_long(client, given, wait)) from error
        return {**group_json(group), "members": [each.name for each in group.members]}

    return run(chosen, work)


async def _arrive(group: Conversation) -> None:
    """Renew our keys at once, by which the others see that we are there."""
    try:
        await group.rotate(timeout=_ARRIVES)
    except (PolicyError, StateError, TransportError):
        return  # it stays wished for, or somebody has changed the group meanwhile


def _text(what: str) -> str:
    """A link or an invitation as it was given, or as it stands in a file.

    Raises:
        DecodeError: There is no such file, and it is no link.
        StorageError: The file cannot be read.
    """
    file = Path(what)
    if what.lower().startswith("covey:") or ("://" in what and "#" in what):
        return what
    if what != "-" and not file.exists():
        msg = f"this is no covey link or invitation, and no file is called so: {line(what)}"
        raise DecodeError(msg)
    return read_text(file).strip()


def _sentence(client: Client, given: str, *, by_hand: bool) -> str:
    if not given:
        return f"waiting until somebody invites {client.name}{_already(client)}"
    return "opening the invitation" if by_hand else "asking to be let in"


def _too_long(client: Client, given: str, wait: float) -> str:
    """Why nothing came of it, and what to do."""
    if given:
        return (
            f"nobody has let {client.name} in within {wait:g} seconds: ask that somebody of the "
            "group runs `covey follow`, and try again"
        )
    return (
        f"nobody has invited {client.name} within {wait:g} seconds{_already(client)}: tell a "
        "friend your name, and try again, or wait longer with --wait SECONDS"
    )


def _already(client: Client) -> str:
    named = [line(each.name) for each in client.groups() if each.is_in]
    return f" (you are in {', '.join(named)} already)" if named else ""


def _write_card(chosen: Chosen, card: Path, suite: str | None, *, qr: bool) -> None:
    require_new(card)

    async def work(client: Client) -> str:
        return await client.card(suite)

    text = run(chosen, work, alone=True, suites=[suite])
    if chosen.in_json and str(card) == "-":
        chosen.tell({"card": text})
        return
    write_new(card, f"{text}\n".encode())
    if qr:
        from covey.cli.chat import qr as codes  # noqa: PLC0415 - who wants none needs no segno

        codes.show(text)
    if str(card) != "-":
        chosen.tell({"card": str(card)}, f"your card is in {card}: it is good for one invitation")
        chosen.advise(
            f"covey invite GROUP --card {card.name} --out INVITATION  is what your friend runs,",
            "covey join INVITATION  is what you run then",
        )
