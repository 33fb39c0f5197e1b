"""A PostgreSQL of one's own: it starts, it is closed to others, and nothing of it stays."""

from __future__ import annotations

import asyncio
import os
import stat
import subprocess
import sys
import time
from pathlib import Path

import pytest

from covey.errors import StorageError
from covey.lab import postgres as lab
from covey.lab.postgres import QUIET, running_postgres
from postgres import NAMED, rows, session_server

HOLDS_ONE = """
from covey.lab.postgres import running_postgres
with running_postgres() as server:
    print(server.pid, server.data.parent, flush=True)
    input()
"""


def is_running(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def gone(pid: int, folder: Path) -> bool:
    """Whether, soon, neither a process nor the files of a server are there."""
    for _ in range(1000):
        if not is_running(pid) and not folder.exists():
            return True
        time.sleep(0.01)
    return False


@pytest.mark.parametrize("durable", [True, False])
def test_it_runs_and_is_gone(durable: bool) -> None:  # noqa: FBT001 - a parameter of the test
    with running_postgres(durable=durable) as server:
        for name, value in QUIET.items():
            assert asyncio.run(rows(server.dsn, f"SHOW {name}")) == [(value,)]
        assert asyncio.run(rows(server.dsn, "SHOW fsync")) == [("on" if durable else "off",)]
        assert asyncio.run(rows(server.dsn, "SHOW listen_addresses")) == [("",)]
        assert (server.data / "pg_wal").is_dir()
        assert stat.S_IMODE(server.data.parent.stat().st_mode) == 0o700
        assert "ready to accept connections" in server.log.read_text()
    assert not is_running(server.pid)
    assert not server.data.parent.exists()


def test_two_at_once() -> None:
    with running_postgres(durable=False) as one, running_postgres(durable=False) as two:
        assert one.dsn != two.dsn
        for server in (one, two):
            assert asyncio.run(rows(server.dsn, "SELECT 1")) == [(1,)]


def test_it_does_not_outlive_a_process_that_is_killed() -> None:
    command = [sys.executable, "-c", HOLDS_ONE]
    with subprocess.Popen(  # noqa: S603 - our own
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as process:
        assert process.stdout is not None
        pid, folder = process.stdout.readline().split()
        process.kill()
    assert gone(int(pid), Path(os.fsdecode(folder)))


def test_its_log_names_no_value() -> None:
    insert = (
        "CREATE TABLE t (x TEXT PRIMARY KEY); INSERT INTO t VALUES ('nobody shall see'), "
        "('nobody shall see')"
    )
    with running_postgres(durable=False) as server:
        with pytest.raises(Exception, match="duplicate key"):
            asyncio.run(rows(server.dsn, f"DO $$ BEGIN {insert}; END $$"))
        log = server.log.read_text()
    assert "duplicate key" in log
    assert "nobody" not in log


def test_programs_that_others_cannot_reach_are_copied(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(lab, "_open_to_all", lambda _: False)
    with running_postgres(durable=False) as server:
        assert asyncio.run(rows(server.dsn, "SELECT 1")) == [(1,)]
        assert (server.data.parent / "programs").exists() == (os.geteuid() == 0)
    assert not server.data.parent.exists()


def test_a_server_that_does_not_start(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(lab.QUIET, "no_such_setting", "1")
    with (
        pytest.raises(StorageError, match=r"does not start: .*no_such_setting"),
        running_postgres(),
    ):
        pass


def test_files_that_cannot_be_laid_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lab, "_environment", lambda: {"LC_ALL": "C", "TZ": "\n", "PGDATA": ""})
    monkeypatch.setattr(lab, "_INITIAL", ("--no-such-option",))
    with pytest.raises(StorageError, match=r"lay out its files: .*"), running_postgres():
        pass


def test_without_the_package(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lab, "PACKAGE", "no_such_package")
    with pytest.raises(StorageError, match="there is no PostgreSQL to start"), running_postgres():
        pass
    monkeypatch.setattr(lab, "PACKAGE", "asyncpg")
    with pytest.raises(StorageError, match="has no PostgreSQL for this system"), running_postgres():
        pass


def test_another_server_can_be_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(NAMED, "postgresql://elsewhere/postgres")
    assert session_server.__wrapped__() == "postgresql://elsewhere/postgres"
