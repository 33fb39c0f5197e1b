"""The tutorials, typed in real terminals as they stand there, and what is seen of it.

A block of theirs has a line for each thing that happens, in order: in whose terminal, a sign, and
the line: ``$`` is a command, ``>`` words that are typed while it runs, ``|`` what is seen.

The terminals are tmux's; where there is no tmux, pseudo-terminals. One page is typed into those
everywhere.
"""

from __future__ import annotations

import os
import re
import shlex
import sys
from typing import TYPE_CHECKING, Final, NamedTuple

import pytest

from pseudo import pseudo
from tmux import PROGRAM, tmux
from tracked import ROOT

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from contextlib import AbstractContextManager
    from pathlib import Path

    from screens import Screens

    Kind = Callable[[Path, Mapping[str, str]], AbstractContextManager[Screens]]

PAGES: Final = ("README.md", "docs/tutorial/two-terminals.md")
PLAYED: Final = (
    [(page, pseudo) for page in PAGES]
    if PROGRAM is None
    else [(PAGES[0], pseudo), *((page, tmux) for page in PAGES)]
)

URL: Final = "http://127.0.0.1:8440"
STEP: Final = re.compile(r"^ *(?P<who>\w+) (?P<sign>[$>|]) (?P<line>.+)$")
TIME: Final = re.compile(r"\\?\d\d:\d\d")


class Step(NamedTuple):
    """One line of a tutorial."""

    who: str
    sign: str
    line: str


def steps(page: Path) -> Iterator[Step]:
    """All lines of a page's blocks that say who does or sees what."""
    for block in re.findall(r"^```text\n(.*?)^```$", page.read_text(), re.DOTALL | re.MULTILINE):
        for line in block.splitlines():
            if found := STEP.match(line):
                yield Step(found["who"], found["sign"], found["line"])


def pattern(line: str) -> re.Pattern[str]:
    """What matches a line that is to be seen, at whatever time, with anything for its dots."""
    escaped = re.escape(line).replace("…", ".*")
    return re.compile(TIME.sub(r"\\d\\d:\\d\\d", escaped))


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    """A shell's, in which ``covey`` is this covey, and nobody has been before."""
    program = tmp_path / "bin" / "covey"
    program.parent.mkdir()
    program.write_text(f'#!/bin/sh\nexec {shlex.quote(sys.executable)} -m covey "$@"\n')
    program.chmod(0o755)
    return {
        "HOME": str(tmp_path),
        "XDG_DATA_HOME": str(tmp_path / "data"),
        "PATH": f"{program.parent}:{os.environ['PATH']}",
        "PYTHONPATH": os.environ.get("PYTHONPATH", ""),
        "LANG": "C.UTF-8",
        "TERM": "xterm-256color",
        "SHELL": "/bin/sh",
        "PS1": "$ ",
    }


@pytest.mark.parametrize(("page", "kind"), PLAYED)
def test_two_terminals_chat_as_the_tutorial_says(
    page: str, kind: Kind, tmp_path: Path, environment: dict[str, str]
) -> None:
    url = URL
    with kind(tmp_path, environment) as terminals:
        opened: set[str] = set()
        for who, sign, line in steps(ROOT / page):
            if who not in opened:
                terminals.open(who)
                opened.add(who)
            if sign == "|":
                terminals.wait(who, pattern(line.replace(URL, url)))
            elif line.startswith("covey broker "):
                terminals.type(who, f"{line} --port 0")  # 8440 may be another's
                found = terminals.wait(who, re.compile(r"covey broker at (http://\S+)"))
                url = found[1]
            elif line == "Ctrl-C":
                terminals.press(who, "C-c")
            else:
                terminals.type(who, line.replace(URL, url))
        assert opened == {"broker", "alice", "bob"}


def test_the_tutorials_are_read() -> None:
    """The test above would pass on a page without any line."""
    for page in PAGES:
        signs = [each.sign for each in steps(ROOT / page)]
        assert min(map(signs.count, "$>|")) >= 2
