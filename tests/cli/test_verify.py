"""``covey verify``: two people compare numbers."""

from __future__ import annotations

import os
import re
import shlex
import sys
from typing import TYPE_CHECKING

import pytest

from broker_thread import thread_broker
from pseudo import pseudo
from terminals import Terminal, lines_until

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture
def team(tmp_path: Path) -> Iterator[tuple[Terminal, Terminal]]:
    """Alice and bob in a group."""
    with thread_broker() as broker:
        yield together(tmp_path, broker.url)


def together(folder: Path, url: str) -> tuple[Terminal, Terminal]:
    """Two people who begin at a broker, in a group."""
    alice, bob = (Terminal(folder, name, url).begin() for name in ("alice", "bob"))
    alice.says("create", "team")
    alice.says("invite", "team", "bob")
    bob.says("join")
    return alice, bob


def verified(person: Terminal) -> list[str]:
    """Whom somebody has verified."""
    found = person.finds("members", "team")["members"]
    return [each["name"] for each in found if each["verified"]]


def with_laptop(bob: Terminal, folder: Path) -> None:
    """Bob adds a further device of his."""
    folder.mkdir()
    laptop = Terminal(folder, bob.name, bob.url)
    with laptop.beside("init", bob.name, "--broker", bob.url, "--device") as process:
        code = lines_until(process, "COVEY:D:")[-1]
        bob.says("add-device", code)
        assert process.wait(60) == 0


# --- of two people ---------------------------------------------------------------------------


def test_safety_numbers_are_the_same_and_noted(team: tuple[Terminal, Terminal]) -> None:
    alice, bob = team
    hers = alice.finds("verify", "team", "bob")
    his = bob.finds("verify", "team", "alice")
    assert hers == {"name": "bob", "safety_number": his["safety_number"], "verified": False}
    assert (verified(alice), verified(bob)) == ([], [])
    noted = bob.finds("verify", "team", "alice", "--same", hers["safety_number"])
    assert noted == {**his, "verified": True}
    assert (verified(alice), verified(bob)) == ([], ["alice"])
    assert bob.says("verify", "team", "alice", "--undo") == "alice is not verified any more\n"
    assert verified(bob) == []
    scanned = "".join(his["safety_number"].split())
    assert alice.says("verify", "team", "bob", "--same", scanned) == "bob is verified\n"


def test_without_a_terminal_nothing_is_noted(team: tuple[Terminal, Terminal]) -> None:
    alice, _ = team
    said = alice.says("verify", "team", "bob", "--qr")
    assert said.startswith("The safety number of alice and bob:\n")
    assert "▄" in said
    assert "nothing was noted: --same NUMBER notes" in said
    assert verified(alice) == []


def test_another_number_is_not_noted(team: tuple[Terminal, Terminal]) -> None:
    alice, _ = team
    said = alice.refuses("verify", "team", "bob", "--same", "12345")
    assert said.startswith("nothing was noted: this is not the safety number of you and bob")
    assert verified(alice) == []


def test_it_is_noted_or_taken_back(team: tuple[Terminal, Terminal]) -> None:
    alice, _ = team
    said = alice.refuses("verify", "team", "bob", "--same", "1", "--undo", code=2)
    assert "say one of them" in said


def test_a_number_of_before_verifies_no_device_that_came_since(
    team: tuple[Terminal, Terminal], tmp_path: Path
) -> None:
    alice, bob = team
    number = alice.finds("verify", "team", "bob")["safety_number"]
    with_laptop(bob, tmp_path / "laptop")
    assert [each["devices"] for each in alice.finds("members", "team")["members"]] == [1, 2]
    said = alice.refuses("verify", "team", "bob", "--same", number)
    assert "keys of bob or of yours have changed meanwhile" in said
    assert verified(alice) == []


def test_keys_that_change_while_the_question_is_open_are_not_verified(
    team: tuple[Terminal, Terminal], tmp_path: Path
) -> None:
    """``covey follow`` takes in bob's laptop, while alice and bob compare the number of before."""
    alice, bob = team
    program = f"{shlex.quote(sys.executable)} -m covey"
    known = {name: value for name, value in alice.variables.items() if value is not None}
    with pseudo(tmp_path, {**os.environ, **known, "PS1": "$ "}) as terminals:
        terminals.open("alice")
        terminals.type("alice", f"{program} verify team bob")
        terminals.wait("alice", re.compile(r"Does bob see the same\? \[y/N\]:"))
        with alice.beside("follow", "team") as following:
            with_laptop(bob, tmp_path / "laptop")
            lines_until(following, "bob")
        terminals.type("alice", "y")
        terminals.wait("alice", re.compile(r"Error: nothing was noted: .* have changed meanwhile"))
        assert verified(alice) == []
        terminals.type("alice", f"{program} verify team bob")
        terminals.wait("alice", re.compile(r"(?s)meanwhile.*Does bob see the same\? \[y/N\]:"))
        terminals.type("alice", "y")
        terminals.wait("alice", re.compile(r"bob is verified"))
    assert verified(alice) == ["bob"]
