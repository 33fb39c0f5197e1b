"""``covey verify``: compare safety numbers, and keep that they were the same.

May import the client.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import click

from covey.cli.chat.options import for_member
from covey.cli.chat.running import refresh, run
from covey.client.words.safety import digits
from covey.client.words.showing import line

if TYPE_CHECKING:
    from covey.cli.chat.options import Chosen
    from covey.client.client import Client
    from covey.client.words.safety import GroupNumber

_ROW = 4  # groups of digits on a line

_OF_GROUP = """\
Compare it with the other members by another way than this group. Who sees the same is in the same
group as you: the same members, the same keys, the same log. It changes with every entry, and so
with everything that anybody says. Who is at an earlier entry runs this command once more.

If somebody comes no further than an earlier entry, or sees another number at the same one, the
broker shows you different logs: say nothing here that matters, and begin the group anew at
another broker."""


@click.command()
@click.argument("group")
@click.argument("name", required=False)
@click.option("--qr", is_flag=True, help="Show the number as a QR code, too.")
@click.option(
    "--same", metavar="NUMBER", help="Do not show and ask: they see this number; note it."
)
@click.option("--undo", is_flag=True, help="Take it back.")
@for_member
def command(
    chosen: Chosen, *, group: str, name: str | None, qr: bool, same: str | None, undo: bool
) -> None:
    """Show the safety number that you share with somebody, and note that you compared it.

    Both of you see the same digits, unless somebody stands between you. Compare them by another
    way than this group: side by side, or on the phone.

    Without a NAME, show the number of the group as it is now: members who see the same agree on
    all members, all keys and the whole log.
    """
    if undo and same is not None:
        msg = "--same notes it, and --undo takes it back: say one of them"
        raise click.UsageError(msg)
    if name is None:
        if undo or same is not None:
            msg = "say who: --same and --undo are about a NAME"
            raise click.UsageError(msg)
        _whole(chosen, group, qr=qr)
    elif undo:
        _forget(chosen, group, name)
    elif same is not None:
        _note(chosen, group, name, same)
        result = {"name": name, "safety_number": same, "verified": True}
        chosen.tell(result, f"{line(name)} is verified")
    else:
        _compare(chosen, group, name, qr=qr)


def _compare(chosen: Chosen, group: str, name: str, *, qr: bool) -> None:
    """Show a number, ask, and note that this number was compared, whatever has come meanwhile."""

    async def work(client: Client) -> tuple[str, str]:
        return client.name, client.group(group).safety_number(name)

    own, number = run(chosen, work, alone=True)
    if not chosen.in_json:
        _show(f"The safety number of {own} and {line(name)}:", number, qr=qr)
    same = (
        not chosen.in_json
        and sys.stdin.isatty()
        and click.confirm(f"Does {line(name)} see the same?")
    )
    if same:
        _note(chosen, group, name, number)
    what = "nothing was noted: --same NUMBER notes that they see this number"
    if same:
        what = f"{line(name)} is verified"
    chosen.tell({"name": name, "safety_number": number, "verified": same}, what)


def _whole(chosen: Chosen, group: str, *, qr: bool) -> None:
    """Show the number of a group, as it is at the end of its log."""

    async def work(client: Client) -> tuple[str, str, GroupNumber]:
        await refresh(client)
        of = client.group(group)
        return of.id, of.name, of.group_number()

    gid, called, now = run(chosen, work, alone=True)
    result = {"group": gid, "epoch": now.epoch, "entry": now.entry, "group_number": now.number}
    if not chosen.in_json:
        what = f"The number of {line(called)} in epoch {now.epoch}, after entry {now.entry}:"
        _show(what, now.number, qr=qr)
    chosen.tell(result, _OF_GROUP)


def _show(what: str, number: str, *, qr: bool) -> None:
    click.echo(f"{what}\n")
    groups = number.split()
    for start in range(0, len(groups), _ROW):
        click.echo(f"    {' '.join(groups[start : start + _ROW])}")
    click.echo()
    if qr:
        from covey.cli.chat import qr as codes  # noqa: PLC0415 - who wants none needs no segno

        codes.show(digits(number))


def _note(chosen: Chosen, group: str, name: str, number: str) -> None:
    async def work(client: Client) -> None:
        await client.group(group).verify(name, number)

    run(chosen, work, alone=True)


def _forget(chosen: Chosen, group: str, name: str) -> None:
    async def work(client: Client) -> None:
        await client.group(group).unverify(name)

    run(chosen, work, alone=True)
    chosen.tell({"name": name, "verified": False}, f"{line(name)} is not verified any more")
