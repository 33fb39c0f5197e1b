"""Processes that share a file: nothing is lost, wherever one of them is stopped."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from covey.store import SqlStore, open_store, settings

if TYPE_CHECKING:
    from covey.store import RawKey

WORKER = Path(__file__).with_name("worker.py")


def _worker(path: Path, how: str, times: int) -> subprocess.Popen[str]:
    return subprocess.Popen(  # noqa: S603 - our own program
        [sys.executable, WORKER, path, how, str(times)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def _number(store: SqlStore) -> int:
    with store.reading() as rows:
        return int.from_bytes(settings.get(rows, "number") or b"")


def _ended(worker: subprocess.Popen[str]) -> str:
    said, complaints = worker.communicate(timeout=100)
    assert (worker.returncode, complaints) == (0, "")
    return said


def test_two_processes_lose_nothing(path: Path, in_file: SqlStore) -> None:
    workers = [_worker(path, "count", 1000) for _ in range(2)]
    said = [_ended(worker).split() for worker in workers]
    assert sorted(int(number) for each in said for number in each) == list(range(1, 2001))
    assert _number(in_file) == 2000
    with in_file.reading() as rows:
        assert rows.all("SELECT count(*) FROM events") == [(2000,)]
        assert rows.all("PRAGMA integrity_check") == [("ok",)]


def test_processes_that_come_and_go_lose_nothing(
    path: Path, key: RawKey, in_file: SqlStore
) -> None:
    """Each transaction opens and closes the file, and mostly cuts its log."""
    in_file.close()
    workers = [_worker(path, "come and go", 60) for _ in range(3)]
    for worker in workers:
        _ended(worker)
    store = open_store(path, key)
    assert _number(store) == 180
    store.close()


def test_what_was_acknowledged_survives_a_kill(path: Path, key: RawKey, in_file: SqlStore) -> None:
    in_file.close()
    least = 0
    for lines in (1, 20, 57):
        worker = _worker(path, "count", 10_000)
        assert worker.stdout is not None
        for _ in range(lines):
            least = int(worker.stdout.readline())
        os.kill(worker.pid, signal.SIGKILL)
        said, _ = worker.communicate(timeout=100)
        least = max([least, *map(int, said.split()[:-1])])
        store = open_store(path, key)
        number = _number(store)
        assert number >= least
        with store.reading() as rows:
            assert rows.all("SELECT count(*) FROM events") == [(number,)]
            assert rows.all("PRAGMA integrity_check") == [("ok",)]
        store.close()
