"""The program ``covey``, and the table of its commands.

May import :mod:`covey.errors`; imports the file of a command only when that command runs,
so that ``covey --help`` answers at once. A CoveyError is shown as one sentence, exit code 1,
and so is what the system refuses, such as to write to a full disk.
"""

from __future__ import annotations

import importlib
import os
import sys
from typing import TYPE_CHECKING, Any, Final

import click

from covey import __version__
from covey.errors import CoveyError

if TYPE_CHECKING:
    from collections.abc import Sequence

_STDOUT: Final = 1  # the file descriptor

COMMANDS: Final = {
    "broker": "Run a broker, which stores and orders what it cannot read.",
    "demo": "Show the main job: a broker, its members, and what each of them reads.",
    "inspect": "Explain MLS messages, trees and vectors, and which rules they break.",
    "interop": "Play MLS with other implementations, by the interop service.",
    "vectors": "Verify official MLS test vectors, or write new ones.",
}
"""Every command. ``name`` is the attribute ``command`` of ``covey.cli.name``."""


class _Commands(click.Group):
    """A group whose commands stand in the table above."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - click's signature
        """The names in the table."""
        return list(COMMANDS)

    def get_command(
        self,
        ctx: click.Context,  # noqa: ARG002 - click's signature
        cmd_name: str,
    ) -> click.Command | None:
        """Import a command; None when there is none of this name."""
        if cmd_name not in COMMANDS:
            return None
        try:
            command = importlib.import_module(f"covey.cli.{cmd_name}").command
        except ModuleNotFoundError as missing:
            if missing.name is None or missing.name.split(".")[0] == "covey":
                raise
            msg = f"`covey {cmd_name}` needs {missing.name}: pip install 'covey[all]'"
            raise click.ClickException(msg) from None
        assert isinstance(command, click.Command)
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002 - click's signature
        """List the table, and import nothing."""
        with formatter.section("Commands"):
            formatter.write_dl(list(COMMANDS.items()))

    def invoke(self, ctx: click.Context) -> Any:  # noqa: ANN401 - click's signature
        """Run a command; an error of ours becomes one sentence."""
        try:
            return super().invoke(ctx)
        except CoveyError as error:
            raise click.ClickException(str(error) or type(error).__name__) from error


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
