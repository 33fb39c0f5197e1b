"""The examples, each as its docstring says, against a real broker; members talk to them."""

from __future__ import annotations

import os
import sqlite3
import subprocess
import sys
import threading
import time
from contextlib import ExitStack, closing, contextmanager
from typing import TYPE_CHECKING, Final

import pytest

from broker_thread import thread_broker
from covey import blocking, events
from tracked import ROOT

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from covey.blocking import Client

EXAMPLES: Final = ROOT / "examples"
WORDS: Final = "herons at dawn"
PATIENCE: Final = 30.0  # seconds


@pytest.fixture
def url() -> Iterator[str]:
    with thread_broker() as broker:
        yield broker.url


@contextmanager
def running(folder: Path, name: str, *arguments: str) -> Iterator[subprocess.Popen[str]]:
    """Run an example until the end of the block; it has said that it is ready."""
    with subprocess.Popen(  # noqa: S603 - our own program
        [sys.executable, EXAMPLES / f"{name}.py", *arguments],
        cwd=folder,
        env={**os.environ, "COVEY_PASSPHRASE": WORDS},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        try:
            assert process.stdout is not None
            assert process.stdout.readline()
            yield process
        finally:
            process.kill()


@contextmanager
def alice_at(url: str) -> Iterator[Client]:
    """Somebody who tries the examples."""
    with blocking.Client.open(None, broker=url, name="alice") as alice:
        yield alice


def test_each_has_less_than_forty_lines_of_code() -> None:
    found = sorted(EXAMPLES.glob("*.py"))
    assert [each.stem for each in found] == ["archive_member", "echo_bot", "shared_counter"]
    for each in found:
        assert len(each.read_text(encoding="utf-8").splitlines()) < 40


def test_the_bot_echoes_also_what_was_said_while_it_was_down(tmp_path: Path, url: str) -> None:
    with alice_at(url) as alice:
        with running(tmp_path, "echo_bot", url):
            team = alice.create_group("team")
            team.invite("echo")
            said = [team.send("hello")]
            heard = iter(alice.events("test"))
            assert answer_to(heard, said[0].id) == "hello"
        said.append(team.send("are you there?"))
        with running(tmp_path, "echo_bot", url):
            assert answer_to(heard, said[1].id) == "are you there?"


def answer_to(heard: Iterator[events.Event], message: str) -> str:
    """The text that answers a message."""
    for event in heard:
        if isinstance(event, events.MessageArrived) and event.about == message:
            return event.text
    raise AssertionError


def test_the_archive_has_every_message_once(tmp_path: Path, url: str) -> None:
    file = tmp_path / "archive.db"
    with alice_at(url) as alice:
        with running(tmp_path, "archive_member", url, str(file)):
            team = alice.create_group("team")
            team.invite("archive")
            team.send("one")
            team.send_bytes(b"\1\2", "application/x-two")
            wait_for_rows(file, 2)
        team.send("three")
        with running(tmp_path, "archive_member", url, str(file)):
            wait_for_rows(file, 3)
    with closing(sqlite3.connect(file)) as database:
        found = database.execute(
            "SELECT team, sender, kind, text, data FROM message ORDER BY rowid"
        ).fetchall()
    assert found == [
        ("team", "alice", "text", "one", b""),
        ("team", "alice", "application/x-two", "", b"\1\2"),
        ("team", "alice", "text", "three", b""),
    ]


def wait_for_rows(file: Path, count: int) -> None:
    """Wait until the archive has so many."""
    deadline = time.monotonic() + PATIENCE
    with closing(sqlite3.connect(file)) as database:
        while database.execute("SELECT count(*) FROM message").fetchone() != (count,):
            assert time.monotonic() < deadline
            time.sleep(0.05)


def test_devices_count_together_also_when_they_are_started_again(tmp_path: Path, url: str) -> None:
    for total in (3, 6):
        with ExitStack() as stack:
            others = [
                stack.enter_context(running(tmp_path, "shared_counter", name, url))
                for name in ("door", "gate")
            ]
            first = stack.enter_context(
                running(tmp_path, "shared_counter", "desk", url, "door", "gate")
            )
            count_up_to(total, [first, *others])


def count_up_to(total: int, devices: list[subprocess.Popen[str]]) -> None:
    """Let each count one more, and wait until all see the sum."""
    for device in devices:
        assert device.stdin is not None
        device.stdin.write("+\n")
        device.stdin.flush()
    patience = threading.Timer(PATIENCE, lambda: [device.kill() for device in devices])
    patience.daemon = True
    patience.start()
    for device in devices:
        assert device.stdout is not None
        assert f"{total}\n" in iter(device.stdout.readline, "")
    patience.cancel()
