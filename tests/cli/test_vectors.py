"""``covey vectors``, as a user runs it, where nothing can be written or nothing is named."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from broker_process import COVEY

FULL = Path("/dev/full")
needs_full = pytest.mark.skipif(not FULL.exists(), reason="there is no device that is always full")
linux = pytest.mark.skipif(sys.platform != "linux", reason="/proc is Linux's")


def covey(
    *arguments: str, stdout: Path | None = None, cwd: Path | None = None
) -> subprocess.CompletedProcess[str]:
    """Run the program, its output kept or sent elsewhere."""
    command = [*COVEY, *arguments]
    if stdout is None:
        return subprocess.run(  # noqa: S603 - our own program
            command, capture_output=True, text=True, timeout=60, check=False, cwd=cwd
        )
    with stdout.open("w") as output:
        return subprocess.run(  # noqa: S603 - our own program
            command,
            stdout=output,
            stderr=subprocess.PIPE,
            text=True,
            timeout=60,
            check=False,
            cwd=cwd,
        )


@pytest.mark.parametrize("folder", ["/dev/null/x", pytest.param("/proc/x", marks=linux)])
def test_a_folder_that_cannot_be_made_is_one_sentence(folder: str) -> None:
    ended = covey("vectors", "generate", folder)
    assert ended.returncode == 1
    assert ended.stderr.startswith(f"Error: cannot write into {folder}: ")
    assert len(ended.stderr.splitlines()) == 1


@needs_full
def test_a_disk_that_is_full_is_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "crypto-basics.json").symlink_to(FULL)
    ended = covey("vectors", "generate", str(tmp_path), "--suite", "1", "--force")
    assert ended.returncode == 1
    assert ended.stderr == f"Error: cannot write into {tmp_path}: No space left on device\n"


@needs_full
@pytest.mark.parametrize(
    "arguments",
    [
        ("--help",),
        ("vectors", "verify", "nothing.json"),
        ("vectors", "generate", "out", "--suite", "1"),
        ("broker", "--db", "db", "--port", "0"),
        ("demo", "--json"),
        ("demo",),
    ],
    ids=" ".join,
)
def test_an_output_that_is_full_is_one_sentence(tmp_path: Path, arguments: tuple[str, ...]) -> None:
    ended = covey(*arguments, stdout=FULL, cwd=tmp_path)
    assert ended.returncode == 1
    assert ended.stderr == "Error: No space left on device\n"


@pytest.mark.parametrize(
    "arguments",
    [("vectors", "verify", ""), ("vectors", "generate", ""), ("broker", "--db", "")],
    ids=" ".join,
)
def test_an_empty_path_is_not_the_current_folder(
    tmp_path: Path, arguments: tuple[str, ...]
) -> None:
    (tmp_path / "deserialization.json").write_text('[{"vlbytes_header": "05", "length": 5}]')
    ended = covey(*arguments, cwd=tmp_path)
    assert ended.returncode == 2
    assert ended.stderr.splitlines()[-1].endswith("The path is empty.")
    assert ended.stdout == ""
    assert [each.name for each in tmp_path.iterdir()] == ["deserialization.json"]
