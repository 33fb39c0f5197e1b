"""``covey verify``: two people compare numbers, of each other and of their group."""

from __future__ import annotations

import json
import os
import re
import shlex
import shutil
import sys
import time
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import pytest

from broker_thread import broker_at, thread_broker
from pseudo import pseudo
from terminals import Terminal, lines_until

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

SIXTY = re.compile(r"\d{5}( \d{5}){11}")


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


def same_place(*people: Terminal) -> list[dict[str, Any]]:
    """The group's number as each sees it, once all are at the same entry."""
    deadline = time.monotonic() + 30
    while True:
        found: list[dict[str, Any]] = [each.finds("verify", "team") for each in people]
        if len({(each["epoch"], each["entry"]) for each in found}) == 1:
            return found
        assert time.monotonic() < deadline, found


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
    said = alice.refuses("verify", "team", "bob", "--same", "12345 " * 12)
    assert said.startswith("nothing was noted: this is not the safety number of you and bob")
    assert verified(alice) == []


def test_the_options_go_with_somebody(team: tuple[Terminal, Terminal]) -> None:
    alice, _ = team
    assert "say who" in alice.refuses("verify", "team", "--undo", code=2)
    assert "say who" in alice.refuses("verify", "team", "--same", "1", code=2)
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


# --- of the group ----------------------------------------------------------------------------


def test_members_see_the_same_number_of_the_group(team: tuple[Terminal, Terminal]) -> None:
    alice, bob = team
    hers, his = same_place(alice, bob)
    assert hers == his
    [group] = alice.finds("groups")["groups"]
    assert (hers["group"], hers["epoch"]) == (group["id"], group["epoch"])
    assert SIXTY.fullmatch(hers["group_number"])
    assert set(hers) == {"group", "epoch", "entry", "group_number"}


def test_the_number_of_the_group_changes_with_every_entry(team: tuple[Terminal, Terminal]) -> None:
    alice, bob = team
    before, _ = same_place(alice, bob)
    alice.says("send", "team", "hello")
    after, his = same_place(alice, bob)
    assert after == his
    assert after["entry"] > before["entry"]
    assert after["group_number"] != before["group_number"]


def test_the_number_of_the_group_for_people(team: tuple[Terminal, Terminal]) -> None:
    alice, bob = team
    found, _ = same_place(alice, bob)
    said = alice.says("verify", "team", "--qr")
    heading, _, number, *_ = said.split("\n")
    assert heading == f"The number of team in epoch {found['epoch']}, after entry {found['entry']}:"
    assert found["group_number"].startswith(number.strip())
    assert "▄" in said
    assert "It changes with every entry" in said
    assert "the\nbroker shows you different logs" in said


def test_who_is_not_in_the_group_has_no_number_of_it(team: tuple[Terminal, Terminal]) -> None:
    alice, bob = team
    alice.says("remove", "team", "bob")
    ended = bob.run("verify", "team", "--json")
    assert ended.exit_code == 1
    assert "you are not in this group any more" in json.loads(ended.stdout)["error"]


def test_without_a_broker_the_number_is_that_of_the_store(tmp_path: Path) -> None:
    with thread_broker() as broker:
        alice, bob = together(tmp_path, broker.url)
        found, _ = same_place(alice, bob)
    ended = alice.run("verify", "team", "--json")
    assert ended.exit_code == 0, ended.output
    assert json.loads(ended.stdout) == found
    assert "Note: this is what is in the store" in ended.stderr


def test_a_broker_that_shows_two_logs_shows_two_numbers(tmp_path: Path) -> None:
    """Each hears of nobody who has seen another log; only the numbers say so."""
    one, other = tmp_path / "one", tmp_path / "other"
    one.mkdir()
    with broker_at(str(one / "broker.db"), one) as broker:
        alice, bob = together(tmp_path, broker.url)
        port = urlsplit(broker.url).port
        common, _ = same_place(alice, bob)
    shutil.copytree(one, other)
    with broker_at(str(other / "broker.db"), other, port=port):
        bob.says("send", "team", "his")
        his = bob.finds("verify", "team")
        assert [each["trouble"] for each in bob.finds("groups")["groups"]] == [""]
    hers = common
    with broker_at(str(one / "broker.db"), one, port=port):
        while hers["entry"] < his["entry"]:  # he may have renewed his keys, too
            alice.says("send", "team", "hers")
            hers = alice.finds("verify", "team")
        assert [each["trouble"] for each in alice.finds("groups")["groups"]] == [""]
    assert hers["entry"] == his["entry"] > common["entry"]
    assert hers["group_number"] != his["group_number"]
