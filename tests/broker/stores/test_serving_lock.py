"""One broker serves a SQLite file; the second one is told who the first one is."""

from __future__ import annotations

import os
import signal
import stat
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from covey.broker.stores.serving_lock import SUFFIX, alone
from covey.errors import StorageError

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = pytest.mark.skipif(os.name != "posix", reason="there is no flock")

HOLD = """
import sys
from pathlib import Path
from covey.broker.stores.serving_lock import alone
with alone(Path(sys.argv[1]), "stop it"):
    print("held", flush=True)
    sys.stdin.read()
"""


@pytest.fixture
def holder(tmp_path: Path) -> Iterator[subprocess.Popen[bytes]]:
    """Another process that serves ``team.db``."""
    with subprocess.Popen(  # noqa: S603 - our own program
        [sys.executable, "-c", HOLD, str(tmp_path / "team.db")],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"held\n"
        yield process


def test_the_second_is_told_of_the_first(tmp_path: Path, holder: subprocess.Popen[bytes]) -> None:
    file = tmp_path / "team.db"
    with pytest.raises(StorageError) as refused, alone(file, "stop that one"):
        pytest.fail("both have it")
    assert str(refused.value) == (
        f"{file} is in use by another broker (pid {holder.pid}): stop that one"
    )


def test_another_name_of_the_file_is_the_same_file(
    tmp_path: Path, holder: subprocess.Popen[bytes]
) -> None:
    assert holder.pid
    (tmp_path / "team.db").touch()
    (tmp_path / "other.db").symlink_to(tmp_path / "team.db")
    with pytest.raises(StorageError, match="in use"), alone(tmp_path / "other.db", ""):
        pytest.fail("both have it")


def test_it_ends_with_the_process_however_that_ends(
    tmp_path: Path, holder: subprocess.Popen[bytes]
) -> None:
    holder.send_signal(signal.SIGKILL)
    holder.wait(10)
    with alone(tmp_path / "team.db", ""):
        said = (tmp_path / f"team.db{SUFFIX}").read_text()
    assert said == f"{os.getpid()}\n"


def test_it_ends_with_the_block(tmp_path: Path) -> None:
    for _ in range(2):
        with alone(tmp_path / "team.db", ""):
            pass


def test_only_its_owner_can_read_it_and_no_database_is_made(tmp_path: Path) -> None:
    with alone(tmp_path / "team.db", ""):
        pass
    [lock] = tmp_path.iterdir()
    assert stat.S_IMODE(lock.stat().st_mode) == 0o600


@pytest.mark.parametrize("place", ["/dev/null", ".", "/no/such/folder/team.db"])
def test_what_cannot_be_a_database_is_not_locked(place: str) -> None:
    with (
        pytest.raises(StorageError, match=r"is not a file|there is no folder"),
        alone(Path(place), ""),
    ):
        pytest.fail("it was locked")
    assert not Path(f"{place}{SUFFIX}").exists()
