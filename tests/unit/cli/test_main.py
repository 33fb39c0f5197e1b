"""The program: its table of commands, and how errors are shown."""

from __future__ import annotations

import subprocess
import sys

import click
import pytest
from click.testing import CliRunner

from covey import __version__
from covey.cli import main
from covey.errors import RemoteProtocolError


def test_every_row_of_the_table_is_a_command() -> None:
    context = click.Context(main.covey)
    for name in main.COMMANDS:
        command = main.covey.get_command(context, name)  # type: ignore[attr-defined]
        assert isinstance(command, click.Command)
        assert command.help


def test_help_lists_the_table_and_imports_no_command() -> None:
    program = (
        "import sys; from covey.cli.main import main\n"
        "try: main(['--help'])\n"
        "finally: print(sorted(m for m in sys.modules if m.startswith('covey.')))"
    )
    run = subprocess.run(  # noqa: S603 - our own interpreter
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    for name in main.COMMANDS:
        assert f"  {name} " in run.stdout
    loaded = "['covey.bugs', 'covey.cli', 'covey.cli.border', 'covey.cli.main', 'covey.errors']"
    assert loaded in run.stdout


def test_version() -> None:
    result = CliRunner().invoke(main.covey, ["--version"])
    assert result.output == f"covey, version {__version__}\n"


def test_an_unknown_command_is_a_usage_error() -> None:
    result = CliRunner().invoke(main.covey, ["fly"])
    assert result.exit_code == 2
    assert "No such command 'fly'" in result.output


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("membres", "members"),
        ("come_back", "come-back"),
        ("brokr", "broker"),
        ("broker migate", "migrate"),
        ("interop scenario", "scenarios"),
        ("vectors verfy", "verify"),
    ],
)
def test_who_mistypes_a_command_is_told_which_one_is_like_it(typed: str, meant: str) -> None:
    result = CliRunner().invoke(main.covey, typed.split())
    assert result.exit_code == 2
    assert (
        f"No such command '{typed.rsplit(maxsplit=1)[-1]}'. Did you mean '{meant}'" in result.output
    )


def test_an_error_of_ours_is_one_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    @click.command()
    def command() -> None:
        rule = "VAL-101"
        raise RemoteProtocolError(rule, "6", "A message is for the group.", "group 00")

    covey = main.covey
    monkeypatch.setattr(type(covey), "get_command", lambda *_: command)
    result = CliRunner().invoke(covey, ["anything"])
    assert result.exit_code == 1
    assert result.output == ("Error: VAL-101 (RFC 9420 §6) A message is for the group.: group 00\n")


def test_main_exits(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as stop:
        main.main(["--version"])
    assert stop.value.code == 0
    assert __version__ in capsys.readouterr().out


@pytest.mark.parametrize(
    ("error", "sentence"),
    [
        (ValueError("too long"), "too long"),
        (UnicodeEncodeError("utf-8", "\udcff", 0, 1, "surrogates"), "not text in UTF-8"),
    ],
    ids=["value", "unicode"],
)
def test_what_means_nothing_is_one_sentence(
    monkeypatch: pytest.MonkeyPatch, error: ValueError, sentence: str
) -> None:
    @click.command()
    def command() -> None:
        raise error

    monkeypatch.setattr(type(main.covey), "get_command", lambda *_: command)
    result = CliRunner().invoke(main.covey, ["anything"])
    assert result.exit_code == 1
    assert sentence in result.output
