"""What people are told of a bug that stops one group, while a command goes on."""

from __future__ import annotations

import logging

import pytest

from covey.cli.border import noting

_LOG = logging.getLogger("covey.client")


@pytest.mark.parametrize("debug", [False, True])
def test_a_bug_is_noted_while_a_command_runs(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, *, debug: bool
) -> None:
    monkeypatch.delenv("COVEY_DEBUG", raising=False)
    if debug:
        monkeypatch.setenv("COVEY_DEBUG", "1")
    with noting():
        _LOG.error("%s\n%s", "a bug", "where it is")
    _LOG.error("after it")
    told = capsys.readouterr()
    assert told.out == ""
    assert told.err == ("Note: a bug\nwhere it is\n" if debug else "Note: a bug\n")
