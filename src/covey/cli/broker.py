"""``covey broker``: run a broker, and look after one.

May import :mod:`covey.broker`. What a program may want to read goes to standard output, such as
the broker's address as one line; its log goes to standard error.
"""

from __future__ import annotations

import asyncio
import json
import secrets
import time
from contextlib import nullcontext
from functools import partial
from typing import TYPE_CHECKING, Any, Final, TypeVar

import click

from covey.broker import explaining, extras
from covey.broker.config import ConfigError, as_json, as_text, load, reference_markdown
from covey.broker.enrolment.invites import Purpose, digest, make
from covey.broker.hours import DAY, hour_of
from covey.broker.server import serve
from covey.broker.stores.opening import migrate_at, open_store
from covey.broker.stores.serving_lock import alone
from covey.broker.transactions import accounts, birth
from covey.cli.paths import GivenPath

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from contextlib import AbstractContextManager
    from pathlib import Path

    from covey.broker.config import Config
    from covey.broker.stores.port import Store

T = TypeVar("T")

_FILE: Final = GivenPath(dir_okay=False)
_INVITE_DAYS: Final = 14

_SETTINGS: Final = """\
# Broker settings

Everything that can be set, with what it takes and its default. `covey broker settings` prints this
page. A flag wins over a variable, a variable over the file that `--config` (or
`COVEY_BROKER_CONFIG`) names, and that over the default; `covey broker --check-config` shows what is
in force, and why.

Sizes may have a unit (`64 KiB`), rates are an amount and a time (`60 per hour`). What has a dot in
its name stands in a table of the file: `limits.note` is `note` under `[limits]`. Any setting can be
given as a flag: `--set limits.note="8 KiB"`.

## The broker
"""


class _Broker(click.Group):
    """A group whose options stand in front of the command; it says so where one stands behind."""

    def invoke(self, ctx: click.Context) -> Any:  # noqa: ANN401 - click's signature
        """Run the command."""
        try:
            return super().invoke(ctx)
        except click.NoSuchOption as error:
            if not any(error.option_name in each.opts for each in self.params):
                raise
            name = "" if error.ctx is None else error.ctx.info_name
            msg = (
                f"{error.option_name} is for all of `covey broker`: put it before {name}, "
                f"as in `covey broker {error.option_name} … {name}`"
            )
            raise click.UsageError(msg, error.ctx) from None


@click.group(cls=_Broker, invoke_without_command=True)
@click.option("--config", "file", metavar="FILE", type=_FILE, help="Settings, as TOML.")
@click.option(
    "--db",
    metavar="FILE",
    type=GivenPath(dir_okay=False),
    help="The same as --store sqlite:///FILE.",
)
@click.option("--store", metavar="URL", multiple=True, help="The database; several are shards.")
@click.option("--host", metavar="HOST", help="Where to listen.")
@click.option("--port", metavar="PORT", help="Where to listen; 0 for any port that is free.")
@click.option("--key-file", metavar="FILE", help="The broker's long-term key.")
@click.option("--enrol", metavar="HOW", help="Who may begin an account: open, invite or oidc.")
@click.option("--create", metavar="HOW", help="Who may create groups: open or invite.")
@click.option("--metrics", metavar="HOST:PORT", help="Where counters are served; off by default.")
@click.option("--log-level", metavar="LEVEL", help="debug, info, warning or error.")
@click.option(
    "--set", "others", metavar="NAME=VALUE", multiple=True, help="Any other setting by its name."
)
@click.option(
    "--check-config",
    is_flag=True,
    help="Show the settings in force, and stop; no file that they name is looked at.",
)
@click.option("--json", "in_json", is_flag=True, help="Show them as JSON.")
@click.option(
    "--stop-on-eof",
    is_flag=True,
    help="Stop also when standard input ends, so as not to outlive the program that holds it.",
)
@click.pass_context
def command(context: click.Context, /, *, stop_on_eof: bool, **given: Any) -> None:  # noqa: ANN401 - flags
    """Run a broker, which stores and orders what it cannot read.

    It prints its address when it is ready, and stops at Ctrl-C or SIGTERM. What can be set is
    said by flags, by variables (COVEY_BROKER_…), or in a file; `covey broker settings` lists it.
    """
    check, in_json, file = given.pop("check_config"), given.pop("in_json"), given.pop("file")
    if in_json and not check:
        msg = "--json is for --check-config: give both"
        raise click.UsageError(msg)
    flags = _flags(given)
    context.obj = lambda: _loaded(flags, file)
    if context.invoked_subcommand is not None:
        return
    config = _loaded(flags, file)
    if check:
        click.echo(as_json(config) if in_json else as_text(config))
        return
    with _alone(config, "stop that one, or use PostgreSQL"), extras.told():
        serve(config, _announce, stop_on_eof=stop_on_eof)


@command.command()
@click.pass_obj
def migrate(loaded: Callable[[], Config]) -> None:
    """Bring the database up to date, or make it; say what was done."""
    config = loaded()
    file = config.sqlite_file
    is_new = file is not None and not file.exists()
    if is_new and "store" not in config.origins:
        msg = "say which database: covey broker --db FILE migrate, or --store, or --config"
        raise click.UsageError(msg)
    done = asyncio.run(migrate_at(_places(config)))
    for place, migrations in done.items():
        done_here = ", ".join(f"{each.number:04} {each.name}" for each in migrations)
        what = f"applied {done_here}" if done_here else "is up to date"
        click.echo(f"made {place}, {what}" if is_new else f"{place}: {what}")


@command.command()
@click.option("--count", default=1, show_default=True, type=click.IntRange(1, 1000))
@click.option(
    "--for",
    "purpose",
    default=Purpose.enrol.value,
    show_default=True,
    type=click.Choice([each.value for each in Purpose]),
    help="To begin an account, or to create a group.",
)
@click.option(
    "--days", default=_INVITE_DAYS, show_default=True, type=click.IntRange(1, 365), help="Good for."
)
@click.pass_obj
def invite(loaded: Callable[[], Config], count: int, purpose: str, days: int) -> None:
    """Print invite codes, each of which can be used once."""
    codes = [make() for _ in range(count)]
    until = hour_of(time.time()) + days * DAY

    async def add(store: Store) -> None:
        for code in codes:
            script = partial(accounts.add_invite, digest(Purpose(purpose), code), purpose, until)
            await store.write(None, script)

    _in_store(loaded(), add)
    for code in codes:
        click.echo(code)


@command.command("begin-anew")
@click.pass_obj
def begin_anew(loaded: Callable[[], Config]) -> None:
    """Say that the database was restored from a copy, so that clients notice.

    Run it after a restore, before the broker starts: clients then compare what they have with
    what the broker still has. It is refused while a broker serves a SQLite file.
    """
    config = loaded()
    fresh = secrets.token_bytes(16)

    async def anew(store: Store) -> None:
        await store.write(None, lambda: birth.begin_anew(fresh))

    _check_there(config)
    with _alone(config, "stop it before you begin anew"):
        _in_store(config, anew)
    click.echo(f"incarnation {fresh.hex()}")


@command.command("explain-data")
@click.option("--json", "in_json", is_flag=True, help="As JSON.")
def explain_data(*, in_json: bool) -> None:
    """Say of every column what it is, why it is there, and for how long."""
    if in_json:
        click.echo(json.dumps(explaining.as_tree(), indent=2))
    else:
        click.echo(explaining.as_text())


@command.command()
def settings() -> None:
    """List everything that can be set, as Markdown."""
    click.echo(f"{_SETTINGS}\n{reference_markdown()}", nl=False)


def _flags(given: dict[str, Any]) -> dict[str, object]:
    """What the command line says, by the names of settings.

    Raises:
        UsageError: Both --db and --store are given, or a --set has no value.
    """
    db: Path | None = given.pop("db")
    stores: tuple[str, ...] = given.pop("store")
    if db is not None and stores:
        msg = "--db and --store say the same thing: give one of them"
        raise click.UsageError(msg)
    others: tuple[str, ...] = given.pop("others")
    flags: dict[str, object] = {
        "store": f"sqlite:///{db}" if db is not None else (stores or None),
        "metrics.listen": given.pop("metrics"),
        **given,
    }
    for each in others:
        name, separator, value = each.partition("=")
        if not separator:
            msg = f"--set takes NAME=VALUE, such as retention_days=7, not {each!r}"
            raise click.UsageError(msg)
        flags[name.strip()] = value.strip()
    return flags


def _loaded(flags: dict[str, object], file: Path | None) -> Config:
    try:
        return load(flags, file)
    except ConfigError as error:
        raise click.UsageError(str(error)) from error


def _places(config: Config) -> list[str]:
    file = config.sqlite_file
    return [str(file)] if file is not None else list(config.store)


def _alone(config: Config, otherwise: str) -> AbstractContextManager[None]:
    """A SQLite file to ourselves; several brokers can share a PostgreSQL."""
    file = config.sqlite_file
    return nullcontext() if file is None else alone(file, otherwise)


def _check_there(config: Config) -> None:
    """Refuse a SQLite file that is not there.

    Raises:
        ClickException: It is not.
    """
    file = config.sqlite_file
    if file is not None and not file.exists():
        msg = f"there is no database {file}: start the broker once, or name its file with --db"
        raise click.ClickException(msg)


def _in_store(config: Config, work: Callable[[Store], Awaitable[T]]) -> T:
    """Do something in the broker's database, which has to be there, and up to date.

    Raises:
        ClickException: There is none; to make one would hide that another was meant.
    """
    _check_there(config)

    async def run() -> T:
        store = await open_store(_places(config), migrate=config.migrate)
        try:
            return await work(store)
        finally:
            await store.close()

    return asyncio.run(run())


def _announce(url: str) -> None:
    click.echo(f"covey broker at {url}")
