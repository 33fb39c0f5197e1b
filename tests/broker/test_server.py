"""The broker as a process: how it begins, what it survives, and how it stops."""

from __future__ import annotations

import os
import signal
import subprocess
import threading
import time
from typing import TYPE_CHECKING

import pytest

from broker_process import COVEY, running_broker
from covey.broker.messages import Appended, Kind

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGINT])
def test_it_stops_when_asked(tmp_path: Path, how: signal.Signals) -> None:
    with running_broker(tmp_path / "db") as broker:
        with broker.client() as client:
            client.create(os.urandom(32), os.urandom(16), 0)
        assert broker.stop(how) == 0
    assert [path.name for path in tmp_path.iterdir() if path.suffix != ".log"] == ["db"]


def test_it_stops_with_its_input_if_asked_to(tmp_path: Path) -> None:
    with running_broker(tmp_path / "db", "--stop-on-eof") as broker:
        assert broker.process.stdin is not None
        broker.process.stdin.close()
        assert broker.process.wait(10) == 0


def test_it_does_not_stop_with_its_input_otherwise(tmp_path: Path) -> None:
    with running_broker(tmp_path / "db") as broker:
        assert broker.process.stdin is not None
        broker.process.stdin.close()
        with broker.client() as client:
            assert client.create(os.urandom(32), os.urandom(16), 0) == 0


def test_who_waits_is_answered_when_it_stops(tmp_path: Path) -> None:
    answers: list[tuple[object, ...]] = []
    with running_broker(tmp_path / "db") as broker, broker.client() as client:
        gid = os.urandom(32)
        client.create(gid, os.urandom(16), 0)
        waiting = threading.Thread(target=lambda: answers.append(client.read(gid, 0, 0, 25_000)))
        waiting.start()
        time.sleep(0.5)
        began = time.monotonic()
        assert broker.stop() == 0
        waiting.join(10)
        assert time.monotonic() - began < 5
    assert answers == [()]


def test_what_was_answered_survives_its_death(tmp_path: Path) -> None:
    gid = os.urandom(32)
    with running_broker(tmp_path / "db") as broker, broker.client() as client:
        client.create(gid, os.urandom(16), 0)
        assert client.append(gid, 0, Kind.commit, bytes(16), b"commit") == Appended(1)
        broker.stop(signal.SIGKILL)
    with running_broker(tmp_path / "db") as broker, broker.client() as client:
        assert [entry.body for entry in client.read(gid, 0)] == [b"commit"]
        assert client.append(gid, 0, Kind.commit, bytes(16), b"commit") == Appended(1)


def refuse(*options: str) -> str:
    """What ``covey broker`` says when it cannot begin; with exit code 1, and no traceback."""
    ended = subprocess.run(  # noqa: S603 - our own program
        [*COVEY, "broker", *options], capture_output=True, text=True, timeout=30, check=False
    )
    assert ended.returncode == 1
    assert "Traceback" not in ended.stderr
    return ended.stderr


def test_an_address_that_is_taken_is_refused_in_a_sentence(tmp_path: Path) -> None:
    with running_broker(tmp_path / "db") as broker:
        port = broker.url.rpartition(":")[2]
        said = refuse("--db", str(tmp_path / "other"), "--port", port)
    assert f"cannot listen at 127.0.0.1 port {port}" in said


def test_a_host_that_does_not_exist_is_refused_in_a_sentence(tmp_path: Path) -> None:
    assert "cannot listen at" in refuse("--db", str(tmp_path / "db"), "--host", "host.invalid")


def test_a_file_that_is_no_database_is_refused_in_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "db").write_bytes(b"x" * 5_000)
    assert "cannot open" in refuse("--db", str(tmp_path / "db"), "--port", "0")


def test_it_listens_at_ipv6_too(tmp_path: Path) -> None:
    with running_broker(tmp_path / "db", "--host", "::1") as broker:
        assert broker.url.startswith("http://[::1]:")
        with broker.client() as client:
            assert client.create(os.urandom(32), os.urandom(16), 0) == 0


def test_an_answer_does_not_wait_for_an_acknowledgement(tmp_path: Path) -> None:
    """Nagle's algorithm and delayed acknowledgements would cost 40 ms for each request."""
    with running_broker(tmp_path / "db") as broker, broker.client() as client:
        gid = os.urandom(32)
        client.create(gid, os.urandom(16), 0)
        times = []
        for _ in range(30):
            began = time.perf_counter()
            client.read(gid, 0)
            times.append(time.perf_counter() - began)
    assert min(times) < 0.03
