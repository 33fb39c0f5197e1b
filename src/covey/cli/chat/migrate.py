"""``covey migrate``: move a group to another cipher suite. May import the client."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import click

from covey.cli.chat.files import waiting
from covey.cli.chat.options import for_member
from covey.cli.chat.running import run
from covey.cli.chat.showing import group_json, suite_lines
from covey.client.events.base import listed
from covey.client.roles import require_quantum_safe
from covey.client.words import suites
from covey.client.words.showing import line

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from covey.cli.chat.options import Chosen
    from covey.client.client import Client


@click.command()
@click.argument("group")
@click.option(
    "--suite",
    metavar="SUITE",
    help="To which: x-wing, x-wing-mldsa44, classical, or the name or number of another one.",
)
@click.option(
    "--quantum-safe",
    is_flag=True,
    help="From then on, or from now on: refuse every suite that a quantum computer would open.",
)
@click.option("--check", is_flag=True, help="Only say who could not come along now.")
@click.option(
    "--remove-missing",
    is_flag=True,
    help="Remove the devices that cannot come along, and do not wait for them.",
)
@click.option(
    "--wait",
    metavar="SECONDS",
    type=click.FloatRange(0),
    default=30.0,
    show_default=True,
    help="How long to wait until all can come along.",
)
@for_member
def command(
    chosen: Chosen,
    *,
    group: str,
    suite: str | None,
    quantum_safe: bool,
    check: bool,
    remove_missing: bool,
    wait: float,
) -> None:
    """Move a group to another cipher suite, with its members, roles, links and history.

    Everybody comes along, also who is offline: their clients have left keys for it at the broker.
    What is said meanwhile is sent afterwards.
    """
    if suite is None:
        if not quantum_safe or check:
            msg = "say to which suite: --suite x-wing, for instance"
            raise click.UsageError(msg)
        _stay_safe(chosen, group)
        return
    code = suites.parse(suite)
    if quantum_safe:  # before anything is done for the move
        require_quantum_safe(code)
    if check:
        _check(chosen, group, code)
        return

    removed: list[str] = []

    async def work(client: Client) -> Mapping[str, object]:
        moved = client.group(group)
        with waiting(f"moving {line(moved.name)} to {suites.name(code)}") as tell:
            await moved.upgrade(
                code,
                remove_missing=remove_missing,
                waits=_told(tell, code),
                removes=_removes(removed),
                timeout=wait,
            )
            if quantum_safe:
                await moved.set_quantum_safe()
        return {**group_json(moved), "removed": removed}

    done = run(chosen, work, suites=[code])
    now = f"{line(str(done['name']))} has another suite now:"
    chosen.tell(done, now, *suite_lines(code))


def _told(tell: Callable[[str], None], code: int) -> Callable[[tuple[str, ...]], None]:
    def waits(names: tuple[str, ...]) -> None:
        tell(f"waiting for {listed(names)}: {suites.to_be_left(code)}, and need an account")

    return waits


def _removes(removed: list[str]) -> Callable[[tuple[str, ...]], None]:
    """Say at once whose devices go: what comes afterwards may fail."""

    def removes(names: tuple[str, ...]) -> None:
        removed.extend(names)
        click.echo(f"removing the devices of {listed(names)} that cannot come along", err=True)

    return removes


def _check(chosen: Chosen, group: str, code: int) -> None:
    """Say who could not come along; nothing is done. The exit code is 1 if there is somebody."""

    async def work(client: Client) -> tuple[str, ...]:
        return await client.group(group).lacking(code)

    lacking = run(chosen, work, suites=[code])
    able = f"everybody in {line(group)} can come along to {suites.name(code)}"
    unable = f"cannot come along to {suites.name(code)} yet: {listed(lacking)}" if lacking else ""
    chosen.tell({"suite": code, "lacking": lacking}, unable or able)
    if lacking:
        sys.exit(1)


def _stay_safe(chosen: Chosen, group: str) -> None:
    """Let a group refuse every suite that is not quantum-safe."""

    async def work(client: Client) -> Mapping[str, object]:
        found = client.group(group)
        await found.set_quantum_safe()
        return group_json(found)

    done = run(chosen, work)
    chosen.tell(done, f"{line(str(done['name']))} takes no other than quantum-safe suites now")
