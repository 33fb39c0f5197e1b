"""The program ``covey``, and the tables of its commands.

May import :mod:`covey.errors` and the border; imports the file of a command only when that command
runs, so that ``covey --help`` answers at once. A CoveyError is shown as one sentence, exit code 1,
and so is what the system refuses, such as to write to a full disk, and what was typed and means
nothing. A bug is one sentence, too, exit code 70.
"""

from __future__ import annotations

import importlib
import json
import os
import sys
from typing import TYPE_CHECKING, Any, Final

import click

from covey import __version__
from covey.cli.border import Bug, border
from covey.errors import BugError, CoveyError

if TYPE_CHECKING:
    from collections.abc import Sequence

_STDOUT: Final = 1  # the file descriptor

MEMBER: Final = {
    "init": "Begin an identity: a store, keys, and an account at a broker.",
    "add-device": "Let a further device of yours into your account and groups.",
    "create": "Begin a group.",
    "subgroup": "Begin a group of some members of another one, bound to that.",
    "invite": "Let people into a group: by name, by card, or by link.",
    "join": "Come into a group: when invited, by a link, or by a file.",
    "send": "Say something in a group, or send a file.",
    "follow": "Show what happens, as it happens.",
    "history": "Show the latest messages of a group.",
    "search": "Find messages by their words.",
    "download": "Save a file that somebody sent.",
    "groups": "List your groups.",
    "members": "List who is in a group.",
    "verify": "Compare safety numbers, of somebody or of the group.",
    "remove": "Remove members from a group.",
    "leave": "Leave a group.",
    "come-back": "Go on with a copy of a store whose original is gone.",
    "rename": "Give a group another name.",
    "role": "Say what somebody may do in a group.",
    "suites": "Leave keys for further cipher suites, or list those that you have.",
    "migrate": "Move a group to another cipher suite, such as a post-quantum one.",
    "backup": "Write an encrypted backup of a store.",
    "restore": "Make a store of a backup.",
}
"""What members do. ``a-name`` is the attribute ``command`` of ``covey.cli.chat.a_name``."""

TOOLS: Final = {
    "broker": "Run a broker, which stores and orders what it cannot read.",
    "demo": "Show the main job: a broker, its members, and what each of them reads.",
    "inspect": "Explain MLS messages, trees and vectors, and which rules they break.",
    "interop": "Play MLS with other implementations, by the interop service.",
    "vectors": "Verify official MLS test vectors, or write new ones.",
}
"""All else. ``name`` is the attribute ``command`` of ``covey.cli.name``."""

COMMANDS: Final = MEMBER | TOOLS
"""Every command."""


class _Commands(click.Group):
    """A group whose commands stand in the tables above."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - click's signature
        """The names in the tables."""
        return list(COMMANDS)

    def get_command(
        self,
        ctx: click.Context,  # noqa: ARG002 - click's signature
        cmd_name: str,
    ) -> click.Command | None:
        """Import a command; None when there is none of this name."""
        if cmd_name not in COMMANDS:
            return None
        place = "covey.cli.chat" if cmd_name in MEMBER else "covey.cli"
        try:
            command = importlib.import_module(f"{place}.{cmd_name.replace('-', '_')}").command
        except ModuleNotFoundError as missing:
            if missing.name is None or missing.name.split(".")[0] == "covey":
                raise
            msg = f"`covey {cmd_name}` needs {missing.name}: pip install 'covey[all]'"
            raise click.ClickException(msg) from None
        assert isinstance(command, click.Command)
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Find a command; for one that is mistyped, the names in the tables that are like it.

        Raises:
            NoSuchCommand: There is none of this name.
        """
        try:
            return super().resolve_command(ctx, args)
        except click.NoSuchCommand as error:
            raise click.NoSuchCommand(error.command_name, possibilities=COMMANDS, ctx=ctx) from None

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002 - click's signature
        """List the tables, and import nothing."""
        for title, table in (("Members", MEMBER), ("Tools", TOOLS)):
            with formatter.section(title):
                formatter.write_dl(list(table.items()))

    def invoke(self, ctx: click.Context) -> Any:  # noqa: ANN401 - click's signature
        """Run a command; an error of ours becomes one sentence."""
        given = [*ctx._protected_args, *ctx.args]  # noqa: SLF001 - nothing else has it
        in_json = "--json" in given and given[0] in MEMBER
        try:
            with border():
                return super().invoke(ctx)
        except click.UsageError as error:
            if in_json:
                click.echo(json.dumps({"error": error.format_message(), "kind": "UsageError"}))
            raise
        except BugError as error:
            raise Bug(error) from error
        except CoveyError as error:
            raise click.ClickException(str(error) or type(error).__name__) from error
        except UnicodeError as error:
            msg = "what was given is not text in UTF-8: type it again"
            raise click.ClickException(msg) from error
        except ValueError as error:
            raise click.ClickException(str(error) or "what was given means nothing") from error


@click.command(cls=_Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="covey")
def covey() -> None:
    """Group messaging that only the group can read."""


def main(arguments: Sequence[str] | None = None) -> None:
    """Run ``covey``, and exit.

    Args:
        arguments: Those after the name of the program; by default the process's own.
    """
    try:
        covey.main(arguments, prog_name="covey")
    except OSError as error:
        _let_go_of_output()
        what = f"{error.filename}: " if error.filename else ""
        click.echo(f"Error: {what}{error.strerror or error}", err=True)
        sys.exit(1)


def _let_go_of_output() -> None:
    """Send what standard output still holds nowhere; Python would try once more as it ends."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, _STDOUT)
    os.close(nowhere)
