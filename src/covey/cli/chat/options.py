"""What every command of a member takes, and how its result is printed.

May import click and the showing of names. A result is printed for people, or with ``--json`` as one
object.
"""

from __future__ import annotations

import functools
import json
from typing import TYPE_CHECKING, NamedTuple

import click

from covey.cli.border import border, noting
from covey.cli.chat.where import Where
from covey.cli.paths import GivenPath
from covey.client.words.showing import line
from covey.errors import BugError, CoveyError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping
    from pathlib import Path


def escaped(encoded: str) -> str:
    """JSON that says the same, and does nothing to a terminal: what controls one is written out."""
    return "".join(each if each.isprintable() else _as_json(each) for each in encoded)


def _as_json(each: str) -> str:
    """A character as JSON writes it in ASCII; outside of strings there is none of these."""
    return json.dumps(each).strip('"')


class Chosen(NamedTuple):
    """What was chosen for a command.

    Attributes:
        where: Which store it is about.
        in_json: Whether its result is for programs.
    """

    where: Where
    in_json: bool

    def tell(self, result: Mapping[str, object], *lines: str) -> None:
        """Print a result: as an object, or in lines for people."""
        if self.in_json:
            click.echo(escaped(json.dumps(result, ensure_ascii=False)))
            return
        for each in lines:
            click.echo(each)

    def tell_list(self, name: str, found: Iterable[Mapping[str, object]], *lines: str) -> None:
        """Print a list: as an object that holds it, or in lines for people."""
        self.tell({name: list(found)}, *lines)

    def advise(self, *lines: str) -> None:
        """Say what could be done next, to people."""
        if not self.in_json:
            for each in lines:
                click.echo(f"  {each}")


def for_member(work: Callable[..., None]) -> Callable[..., None]:
    """Give a command the options that all of them have; it gets a :class:`Chosen` first."""

    @click.option(
        "--store",
        metavar="FILE",
        envvar="COVEY_STORE",
        type=GivenPath(dir_okay=False),
        help="The store; also COVEY_STORE.",
    )
    @click.option(
        "--as",
        "identity",
        metavar="NAME",
        envvar="COVEY_AS",
        help="Which identity, when there are several; also COVEY_AS.",
    )
    @click.option("--json", "in_json", is_flag=True, help="The result as JSON.")
    @functools.wraps(work)
    def with_chosen(
        *, store: Path | None, identity: str | None, in_json: bool, **given: object
    ) -> None:
        try:
            with noting(), border():
                work(Chosen(Where(store, identity), in_json), **given)
        except CoveyError as error:
            if in_json:
                found = {"error": str(error), "kind": type(error).__name__}
                click.echo(escaped(json.dumps(found, ensure_ascii=False)))
            if isinstance(error, BugError):
                raise
            raise click.ClickException(line(str(error)) or type(error).__name__) from error

    return with_chosen
