"""Processes that share a file: nothing is lost, wherever one of them is stopped."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from covey.store import RawKey, SqlStore, open_store, settings

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


_REKEY = """
import os, signal, sys
from pathlib import Path
from covey.store import RawKey, file

def killed(name, before):
    done = getattr(file, name)
    def wrapped(*given):
        if not before:
            done(*given)
        os.kill(os.getpid(), signal.SIGKILL)
    setattr(file, name, wrapped)

killed(sys.argv[2], sys.argv[3] == "before")
file.rekey(Path(sys.argv[1]), RawKey(bytes(range(32))), RawKey(bytes(32)))
"""


@pytest.mark.parametrize(
    ("step", "when", "is_new"),
    [("_begun", "before", False), ("replace", "before", False), ("replace", "after", True)],
)
def test_whoever_is_killed_while_the_key_changes_has_one_that_works(
    path: Path, key: RawKey, in_file: SqlStore, step: str, when: str, *, is_new: bool
) -> None:
    with in_file.transaction() as rows:
        settings.put(rows, "number", bytes([7]))
    in_file.close()
    command = [sys.executable, "-c", _REKEY, path, step, when]
    killed = subprocess.run(command, check=False)  # noqa: S603 - our own program
    assert killed.returncode == -signal.SIGKILL
    beside = {each.suffix for each in path.parent.iterdir()}
    assert beside <= {".covey", ".new"}  # no journal that another file would take for its own
    store = open_store(path, RawKey(bytes(32)) if is_new else key)
    assert _number(store) == 7
    with store.reading() as rows:
        assert rows.all("PRAGMA journal_mode") == [("wal",)]
        assert rows.all("PRAGMA integrity_check") == [("ok",)]
    store.close()
