"""Members whose credentials say what is no name: their own code writes whatever it likes."""

from __future__ import annotations

from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING, NamedTuple

import pytest

from broker_thread import thread_broker
from covey import blocking
from covey.cli.chat.download import safe
from covey.client import events
from covey.client.conversing import wanted
from covey.client.running import opening
from covey.client.words.showing import name_of
from covey.errors import StateError
from covey.store import Passphrase, open_store
from hostile import ATTACK, every_event, is_tame
from terminals import Terminal, lines_until

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@contextmanager
def mallory_at(url: str, name: str) -> Iterator[blocking.Client]:
    """Somebody with code of its own, by which it and its groups are called as it likes."""
    with pytest.MonkeyPatch.context() as own_code, ExitStack() as stack:
        own_code.setattr(opening, "named", lambda given: given)
        own_code.setattr(opening, "name_in", lambda _: "mallory")
        own_code.setattr(wanted, "group_name", lambda given: given)
        yield stack.enter_context(blocking.Client.open(None, broker=url, name=name))


class Scene(NamedTuple):
    """A group of three, founded by somebody whose name is the decomposed form of a friend's.

    Attributes:
        bob: An owner of it.
        jose: The friend.
        typed: What both are called, in the form of the friend.
        mallory: The impostor.
    """

    bob: Terminal
    jose: Terminal
    typed: str
    mallory: blocking.Client


@pytest.fixture
def scene(tmp_path: Path) -> Iterator[Scene]:
    generous = "1000 per second"
    with thread_broker(rates__enrolments=generous, rates__creations=generous) as broker:
        bob, jose = (Terminal(tmp_path, each, broker.url).begin() for each in ("bob", "josé"))
        with mallory_at(broker.url, "jose\u0301") as mallory:
            team = mallory.create_group("team")
            team.invite("bob", "josé")
            bob.says("join")
            jose.says("join")
            team.set_role("bob", "owner")
            yield Scene(bob, jose, "josé", mallory)


def test_two_who_look_alike_are_shown_apart(scene: Scene) -> None:
    rows = scene.bob.says("members", "team").splitlines()
    assert [row.split()[0] for row in rows][:3] == ["jose\\u0301", "bob", "josé"]


@pytest.mark.parametrize("typed", ["jose\\u0301", "jose\u0301"])
def test_who_is_named_is_removed_and_nobody_else(scene: Scene, typed: str) -> None:
    scene.bob.says("remove", "team", typed)
    assert [each["name"] for each in scene.bob.finds("members", "team")["members"]] == [
        "bob",
        "josé",
    ]


def test_the_friend_is_removed_by_its_own_name(scene: Scene) -> None:
    scene.bob.says("remove", "team", scene.typed)
    left = [each["name"] for each in scene.bob.finds("members", "team")["members"]]
    assert left == ["jose\\u0301", "bob"]


def test_one_device_is_removed_by_its_key(scene: Scene) -> None:
    impostor, bob, _ = scene.bob.finds("members", "team")["members"]
    [key] = impostor["keys"]
    assert "no device in this group" in scene.bob.refuses("remove", "team", "--key", "ab" * 32)
    assert "cannot remove yourself" in scene.bob.refuses("remove", "team", "--key", bob["keys"][0])
    assert "say whom" in scene.bob.refuses("remove", "team", code=2)
    assert "say whom" in scene.bob.refuses("remove", "team", "josé", "--key", key, code=2)
    scene.bob.says("remove", "team", "--key", key.upper())
    left = [each["name"] for each in scene.bob.finds("members", "team")["members"]]
    assert left == ["bob", "josé"]


def test_every_command_means_who_is_named(scene: Scene) -> None:
    bob = scene.bob
    bob.says("role", "team", "jose\\u0301", "member")
    assert "this is no name" in bob.refuses("role", "team", "jose\u0301", "admin")
    bob.says("role", "team", "josé", "admin")
    roles = {each["name"]: each["role"] for each in bob.finds("members", "team")["members"]}
    assert roles == {"jose\\u0301": "member", "bob": "owner", "josé": "admin"}
    compared(bob, "jose\u0301")
    assert verified(bob) == {"jose\\u0301"}
    compared(bob, "josé")
    bob.says("verify", "team", "jose\\u0301", "--undo")
    assert verified(bob) == {"josé"}
    theirs = scene.jose.finds("verify", "team", "bob")["safety_number"]
    assert bob.finds("verify", "team", "josé")["safety_number"] == theirs


def compared(person: Terminal, name: str) -> None:
    number = person.finds("verify", "team", name)["safety_number"]
    person.says("verify", "team", name, "--same", number)


def verified(person: Terminal) -> set[str]:
    found = person.finds("members", "team")["members"]
    return {each["name"] for each in found if each["verified"]}


# --- what is printed -------------------------------------------------------------------------


@pytest.fixture
def bob(tmp_path: Path) -> Iterator[tuple[Terminal, str]]:
    """Somebody in a group whose founder, and whose name, are to do harm; and the group's id."""
    with thread_broker() as broker:
        bob = Terminal(tmp_path, "bob", broker.url).begin()
        with mallory_at(broker.url, ATTACK) as mallory:
            team = mallory.create_group(ATTACK)
            team.invite("bob")
            assert is_tame(bob.says("join"))
            team.send(ATTACK)
            team.attach(b"x", ATTACK)
            team.attach(b"\x1b[2J", "-")
            team.send_bytes(b"x", f"a/{ATTACK}")
            team.rename(f"{ATTACK}2")
            team.set_role("bob", "owner")
            team.set_inviting("admins")
            yield bob, team.id


def test_no_command_prints_what_controls_a_terminal(bob: tuple[Terminal, str]) -> None:
    terminal, gid = bob
    shown, name = name_of(ATTACK.encode()), f"{ATTACK}2"
    assert shown in terminal.says("members", gid)
    assert shown in terminal.says("history", gid)
    for arguments in (
        ("groups",), ("members", gid), ("history", gid), ("search", "wire"), ("members", name),
        ("verify", gid, ATTACK), ("send", gid, "--reply", "1", "why?"), ("groups", "--json"),
        ("members", gid, "--json"), ("history", gid, "--json"), ("search", "wire", "--json"),
        ("verify", gid, ATTACK, "--json"), ("verify", name), ("verify", name, "--json"),
    ):  # fmt: skip
        printed = terminal.run(*arguments)
        assert printed.exit_code == 0, printed.output
        assert is_tame(printed.stdout), arguments
        assert is_tame(printed.stderr), arguments
    assert terminal.finds("groups")["groups"][0]["name"] == name
    for arguments in (("members", "x"), ("remove", gid, ATTACK[:9]), ("download", name, "99")):
        refused = terminal.run(*arguments)
        assert refused.exit_code == 1
        assert is_tame(refused.stderr), arguments


def test_a_file_whose_name_means_standard_output_is_not_printed(bob: tuple[Terminal, str]) -> None:
    terminal, gid = bob
    numbers = {
        each["text"]: str(each["number"]) for each in terminal.finds("history", gid)["messages"]
    }
    assert "say one with --out FILE" in terminal.refuses("download", gid, numbers["-"])
    assert terminal.says("download", gid, numbers["-"], "--out", "-") == "\x1b[2J"


@pytest.mark.parametrize("form", [(), ("--json",)], ids=["plain", "json"])
@pytest.mark.parametrize("of", ["one", "all"])
def test_following_every_event_controls_no_terminal(
    bob: tuple[Terminal, str], form: tuple[str, ...], of: str
) -> None:
    terminal, gid = bob
    terminal.says("groups")
    [path] = terminal.folder.rglob("*.covey")
    passphrase = terminal.variables["COVEY_PASSPHRASE"]
    assert passphrase is not None
    store = open_store(path, Passphrase(passphrase))
    kinds = every_event(gid)
    with store.transaction() as rows:
        row = rows.one("SELECT id FROM groups")
        assert row is not None
        [group] = row
        assert isinstance(group, int)
        for each in kinds:
            events.add(rows, group, each, 4_000_000_000)
        last = events.Arrived(gid, name="the last one")
        events.add(rows, group, last, 4_000_000_000)
    store.close()
    group_chosen = (gid,) if of == "one" else ()
    with terminal.beside("follow", *group_chosen, *form) as process:
        lines = lines_until(process, "the last one")
    assert len(lines) > len(kinds)
    assert all(is_tame(each) for each in lines), lines


@pytest.mark.parametrize("name", ["CON", "nul.txt", "com1.tar.gz", " Lpt9 .pdf", "COM²"])
def test_a_name_that_is_a_device_elsewhere_is_no_files(name: str) -> None:
    with pytest.raises(StateError, match="say one with --out"):
        safe(name)


@pytest.mark.parametrize("name", ["CONTENTS", "nulls.txt", "com10", "a.con", "COM.txt"])
def test_a_name_that_begins_like_a_device_is_a_files(name: str) -> None:
    assert safe(name) == name
