"""``covey invite``: let people into a group, by name, by card or by link.

May import the client.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from covey.access.refusals import Code
from covey.cli.chat.files import read_text, require_new, write_new
from covey.cli.chat.options import for_member
from covey.cli.chat.running import run
from covey.cli.paths import GivenPath
from covey.client.conversing.wanted import people
from covey.client.events.base import listed
from covey.client.words.showing import line
from covey.errors import BrokerError, CoveyError, StateError, TransportError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from covey.cli.chat.options import Chosen
    from covey.client.client import Client
    from covey.client.conversing.conversation import Conversation
    from covey.client.words.cards import CardAnswer

_STDOUT = Path("-")


@click.command()
@click.argument("group")
@click.argument("names", nargs=-1)
@click.option(
    "--card",
    metavar="FILE",
    type=GivenPath(dir_okay=False),
    help="The card of somebody, which `covey join --card` has written; - is standard input.",
)
@click.option(
    "--out",
    metavar="FILE",
    type=GivenPath(dir_okay=False),
    help="Where the invitation for this card, or the link, is written; by default standard output.",
)
@click.option("--link", is_flag=True, help="Make a link; who has it can ask to be let in.")
@click.option(
    "--hours",
    default=24,
    show_default=True,
    type=click.IntRange(1, 24 * 365),
    help="For how long a link is good.",
)
@click.option("--again", is_flag=True, help="Also who was let in and has not come yet.")
@click.option("--close-links", is_flag=True, help="Take all links back.")
@click.option("--qr", is_flag=True, help="Show the link or the invitation as a QR code.")
@for_member
def command(chosen: Chosen, *, group: str, names: tuple[str, ...], **how: object) -> None:
    """Let people into a group.

    By NAME, when they have an account at the same broker: they come in when they are online. By a
    card, which works over any way there is to hand over a file. By a link, for anybody who has it.
    """
    _require_one_way(names, how)
    card, link, qr, out = how["card"], how["link"], how["qr"], how["out"]
    assert isinstance(out, Path | None)
    if names:
        names = people(names)
        _by_name(chosen, group, names, again=bool(how["again"]))
    elif isinstance(card, Path):
        _by_card(chosen, group, card, out, qr=bool(qr))
    elif link:
        hours = how["hours"]
        assert isinstance(hours, int)
        _by_link(chosen, group, hours, out, qr=bool(qr))
    else:
        _close(chosen, group)


def _require_one_way(names: tuple[str, ...], how: Mapping[str, object]) -> None:
    """Refuse options that do not go together.

    Raises:
        click.UsageError: They do not.
    """
    card, link, close = how["card"], how["link"], how["close_links"]
    if [bool(names), card is not None, link, close].count(True) != 1:
        msg = "say how: by one or more NAMEs, by --card FILE, or by --link (or --close-links)"
        raise click.UsageError(msg)
    if how["again"] and not names:
        msg = "--again goes with NAMES: a card is good once, and a link as long as it says"
        raise click.UsageError(msg)
    if (how["out"] is not None or how["qr"]) and card is None and not link:
        msg = "--out and --qr go with --card or --link: who is invited by NAME needs no file"
        raise click.UsageError(msg)


def _by_name(chosen: Chosen, group: str, names: tuple[str, ...], *, again: bool) -> None:
    async def work(client: Client) -> str:
        into = client.group(group)
        for at, name in enumerate(names):
            await _invite(into, name, again=again, done=names[:at])
        return into.id

    gid = run(chosen, work)
    who = ", ".join(names)
    chosen.tell({"group": gid, "invited": list(names)}, f"invited {who} to {line(group)}")
    chosen.advise("covey join  is what they run, unless `covey follow` runs there already")


async def _invite(into: Conversation, name: str, *, again: bool, done: Sequence[str]) -> None:
    """Invite somebody, when others are invited already.

    Raises:
        StateError: Nobody is called so, or can be invited by that name now; it says who.
    """
    try:
        await into.invite(name, again=again)
    except CoveyError as error:
        told = in_words(error) if isinstance(error, BrokerError) else error
        if not done:
            raise told from error
        msg = f"{told} ({listed(done)} {'is' if len(done) == 1 else 'are'} invited)"
        kind = TransportError if isinstance(told, TransportError) else StateError
        raise kind(msg) from error


def in_words(error: BrokerError) -> BrokerError | StateError:
    """What is told of somebody who cannot be invited by name; who that is, it says already."""
    if error.code in {Code.account_unknown, Code.nothing_to_claim}:
        return StateError(error.message)
    return error


def _by_card(chosen: Chosen, group: str, card: Path, out: Path | None, *, qr: bool) -> None:
    if out is not None:
        require_new(out)
    text = read_text(card).strip()

    async def work(client: Client) -> tuple[str, CardAnswer]:
        into = client.group(group)
        return into.id, await into.invite_card(text)

    gid, (name, invitation) = run(chosen, work)
    result: dict[str, object] = {"group": gid, "name": name, "invitation": invitation}
    if not chosen.in_json:
        click.echo(
            f"the card says that it is of {name}: see that they have handed it to you", err=True
        )
    _hand_out(chosen, invitation, result, out, qr=qr)
    if out is not None:
        result["invitation"] = str(out)
        chosen.tell(result, f"invited {name} to {line(group)}; the invitation is in {out}")
        chosen.advise(f"covey join {out}  is what they run, once they have the file")


def _by_link(chosen: Chosen, group: str, hours: int, out: Path | None, *, qr: bool) -> None:
    if out is not None:
        require_new(out)

    async def work(client: Client) -> tuple[str, str]:
        into = client.group(group)
        return into.id, await into.link(hours)

    gid, link = run(chosen, work)
    result: dict[str, object] = {"group": gid, "link": link, "hours": hours}
    _hand_out(chosen, link, result, out, qr=qr)
    if out is not None:
        result["link"] = str(out)
        chosen.tell(result, f"the link into {line(group)} is in {out}")
    chosen.advise(
        f"good for {hours} hours, for whoever has it; one of you has to be online to let them in,",
        "as with `covey follow`",
    )


def _hand_out(
    chosen: Chosen, text: str, result: dict[str, object], out: Path | None, *, qr: bool
) -> None:
    """Print a text, or write it to a file, and show its QR code."""
    if out is not None:
        write_new(out, f"{text}\n".encode())
    elif chosen.in_json:
        chosen.tell(result)
    else:
        write_new(_STDOUT, f"{text}\n".encode())
    if qr and not chosen.in_json:
        from covey.cli.chat import qr as codes  # noqa: PLC0415 - who wants none needs no segno

        codes.show(text)


def _close(chosen: Chosen, group: str) -> None:
    async def work(client: Client) -> str:
        of = client.group(group)
        await of.close_links()
        return of.id

    gid = run(chosen, work)
    chosen.tell({"group": gid, "links": 0}, f"nobody gets into {line(group)} by a link any more")
