"""What goes wrong between people, their devices and the broker, and what they read of it."""

from __future__ import annotations

import json
import os
import pty
import shutil
import signal
import subprocess
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING

import anyio
import pytest

from broker_process import COVEY
from broker_thread import broker_at
from covey.client.client import Client
from covey.client.words.suites import CLASSICAL
from covey.mls.crypto import dialects
from covey.store import Passphrase
from terminals import Terminal, lines_until

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

PATIENCE = 30.0  # seconds


@pytest.fixture
def team(alice: Terminal, bob: Terminal) -> tuple[Terminal, Terminal]:
    """Both in a group."""
    return _team(alice, bob)


def _team(alice: Terminal, bob: Terminal) -> tuple[Terminal, Terminal]:
    alice.says("create", "team")
    alice.says("invite", "team", bob.name)
    bob.says("join")
    return alice, bob


@contextmanager
def left_alone(tmp_path: Path, *people: Terminal) -> Iterator[Callable[[], object]]:
    """Two in a group at a broker that is away; how it comes back."""
    kept = str(tmp_path / "db")
    with broker_at(kept, tmp_path) as broker:
        for each in people:
            each.url = broker.url
            each.begin()
        _team(*people)
    port = int(people[0].url.rpartition(":")[2])
    yield lambda: broker_at(kept, tmp_path, port=port)


# --- what would be refused -------------------------------------------------------------------


def test_a_move_that_cannot_end_well_is_refused_before_anybody_is_removed(
    team: tuple[Terminal, Terminal],
) -> None:
    alice, bob = team
    given = ("migrate", "team", "--suite", "2", "--quantum-safe", "--remove-missing", "--wait", "1")
    assert "this group is to be quantum-safe" in alice.refuses(*given)
    shown = alice.finds("members", "team")
    assert shown["suite"]["code"] == CLASSICAL
    assert {each["name"] for each in shown["members"]} == {alice.name, bob.name}


def test_what_would_be_refused_is_not_promised_while_the_broker_is_away(
    tmp_path: Path, person: Callable[[str], Terminal]
) -> None:
    alice, bob = person("alice"), person("bob")
    with left_alone(tmp_path, alice, bob) as back:
        said = alice.refuses("leave", "team", "--wait", "0.1")
        assert "the group would be without an owner" in said
        said = bob.refuses("rename", "team", "ours")
        assert "as far as is known here it will be refused: " in said
        assert f"{bob.name} may not change the group's name" in said
        with back():
            told = bob.run("groups")
            assert told.exit_code == 0
            assert "Note: team: could not" in told.stderr
            assert f"{bob.name} may not change the group's name" in told.stderr
            assert "Note" not in bob.run("groups").stderr
            assert alice.finds("groups")["groups"][0]["name"] == "team"


# --- Ctrl-C ----------------------------------------------------------------------------------


def test_who_stops_to_wait_is_told_that_it_was_kept(
    tmp_path: Path, person: Callable[[str], Terminal]
) -> None:
    alice, bob = person("alice"), person("bob")
    with left_alone(tmp_path, alice, bob) as back:
        with alice.beside("send", "team", "only once please") as process:
            shown = ("history", "team", "--offline")
            ends = time.monotonic() + PATIENCE
            while "only once please" not in alice.says(*shown):
                assert time.monotonic() < ends
                assert process.poll() is None
            process.send_signal(signal.SIGINT)
            _, said = process.communicate(timeout=PATIENCE)
        assert process.returncode == 128 + signal.SIGINT
        assert "interrupted: what was begun by then is in the store" in said
        with back():
            alice.says("groups")
            assert bob.says("history", "team").count("only once please") == 1


# --- what this program cannot read -----------------------------------------------------------


def test_a_group_of_a_dialect_that_is_not_spoken_stops_no_other(
    team: tuple[Terminal, Terminal],
) -> None:
    """As of another program that opens the same store."""
    alice, bob = team
    [path] = alice.folder.rglob("*.covey")
    key = Passphrase(alice.variables["COVEY_PASSPHRASE"])

    async def begin() -> None:
        async with Client.open(path, key=key, upgrades=[0x004D]) as client:
            await client.create_group("odd", suite=0x004D)

    dialects.speak(*dialects.SPOKEN[:1], dialects.DIALECTS["openmls-0.9"])
    try:
        anyio.run(begin)
    finally:
        dialects.speak(*dialects.SPOKEN)
    sent = alice.run("send", "team", "once")
    assert sent.exit_code == 0, sent.output
    assert "once" in sent.stdout
    assert "Note: the group has suite 0x004d of the dialect 'openmls-0.9'" in sent.stderr
    assert "once" in alice.says("history", "team")
    assert "odd" in alice.says("groups")
    assert bob.says("history", "team").count("once") == 1


# --- devices ---------------------------------------------------------------------------------


@contextmanager
def new_device(alice: Terminal) -> Iterator[tuple[Terminal, str, subprocess.Popen[str]]]:
    """A device of hers that waits to be added, and its code."""
    folder = alice.folder / "laptop"
    folder.mkdir()
    laptop = Terminal(folder, alice.name, alice.url)
    with laptop.beside("init", alice.name, "--broker", alice.url, "--device") as process:
        yield laptop, lines_until(process, "COVEY:D:")[-1], process


def test_a_device_that_cannot_come_into_one_group_comes_into_the_others(alice: Terminal) -> None:
    alice.says("create", "classic")
    alice.says("create", "odd", "--suite", "0xfc03")
    alice.says("create", "later")
    with new_device(alice) as (laptop, code, process):
        for _ in range(2):
            said = alice.refuses("add-device", code)
            assert "cannot come into odd: it has left no keys for MLS_128_MLKEM768P256" in said
            assert "`covey suites 0xfc03`" in said
        process.communicate(timeout=PATIENCE)
    laptop.says("join", "--wait", "20")
    laptop.says("suites", "0xfc03")
    assert "in 3 groups of yours" in alice.says("add-device", code)
    assert "in 3 groups of yours" in alice.says("add-device", code)
    ends = time.monotonic() + PATIENCE
    while len(laptop.finds("groups")["groups"]) < 3:
        assert time.monotonic() < ends


def test_the_code_of_somebody_else_s_device_is_said_to_be_none(
    alice: Terminal, bob: Terminal
) -> None:
    with new_device(alice) as (_, code, _):
        said = bob.refuses("add-device", code)
    assert f"this is no code of a device of {bob.name}" in said
    assert f"`covey init {bob.name} --device --broker {bob.url}`" in said


# --- what is typed ---------------------------------------------------------------------------


def test_what_is_typed_to_no_group_is_said_not_to_be_sent(alice: Terminal) -> None:
    alice.says("create", "team")
    keyboard, terminal = pty.openpty()
    merged = {**os.environ, **alice.variables}
    with subprocess.Popen(  # noqa: S603 - our own program
        [*COVEY, "follow"],
        env={name: value for name, value in merged.items() if value is not None},
        stdin=terminal,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
        preexec_fn=lambda: _control(terminal),  # noqa: PLW1509 - no threads run in the child
    ) as process:
        assert process.stderr is not None
        os.write(keyboard, b"lost words\n")
        assert "`covey follow GROUP` sends what you type" in process.stderr.readline()
        os.write(keyboard, b"\x04")
        assert process.wait(PATIENCE) == 0
    assert "lost words" not in alice.says("history", "team")


def _control(terminal: int) -> None:
    """Let a terminal be the one of this session."""
    import fcntl  # noqa: PLC0415 - in the child only
    import termios  # noqa: PLC0415 - likewise

    fcntl.ioctl(terminal, termios.TIOCSCTTY, 0)


def test_what_is_no_safety_number_is_said_to_be_none(alice: Terminal) -> None:
    alice.says("create", "team")
    for given in ("abc", "12345 67890", "1" * 61):
        said = alice.refuses("verify", "team", "bob", "--same", given)
        assert "a safety number has 60 digits, and this is none" in said


def test_wrong_usage_is_json_too_where_that_is_wanted(alice: Terminal) -> None:
    ended = alice.run("rename", "team", "--json")
    assert ended.exit_code == 2
    found = json.loads(ended.stdout)
    assert found["kind"] == "UsageError"
    assert "NAME" in found["error"]


def test_who_has_no_broker_is_told_how_to_get_one(tmp_path: Path) -> None:
    dora = Terminal(tmp_path, "dora", "")
    dora.says("init", "dora", "--no-account")
    assert "`covey init NAME --broker URL`" in dora.refuses("create", "team")


def test_a_sign_is_short(alice: Terminal) -> None:
    alice.says("create", "team")
    alice.says("send", "team", "hello")
    [number] = [each["number"] for each in alice.finds("history", "team")["messages"]]
    said = alice.refuses("send", "team", "--react", str(number), "well said " * 7)
    assert "a sign takes at most 64 bytes" in said


# --- the store -------------------------------------------------------------------------------


def test_a_store_that_is_damaged_is_not_taken_for_a_broker_that_is_away(
    alice: Terminal, tmp_path: Path
) -> None:
    alice.says("create", "team")
    [path] = alice.folder.rglob("*.covey")
    damaged = tmp_path / "damaged.covey"
    shutil.copy(path, damaged)
    size = damaged.stat().st_size
    with damaged.open("r+b") as file:
        file.seek(5 * 4096)
        file.write(os.urandom(min(size - 5 * 4096, 40 * 4096)))
    said = alice.refuses("groups", "--store", str(damaged))
    assert "is damaged" in said
    assert "covey broker" not in said
