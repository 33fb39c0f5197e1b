"""``covey broker``, as a user runs it."""

from __future__ import annotations

import subprocess
import sys

import pytest

from broker_process import COVEY


def covey(*arguments: str) -> subprocess.CompletedProcess[str]:
    """Run the program."""
    return subprocess.run(  # noqa: S603 - our own program
        [*COVEY, *arguments], capture_output=True, text=True, timeout=60, check=False
    )


def test_it_says_what_it_takes() -> None:
    shown = covey("broker", "--help")
    assert shown.returncode == 0
    for option in ("--db FILE", "--host", "--port", "--stop-on-eof"):
        assert option in shown.stdout


def test_it_needs_a_file() -> None:
    shown = covey("broker")
    assert shown.returncode == 2
    assert "--db" in shown.stderr


@pytest.mark.parametrize("port", ["-1", "65536", "x"])
def test_a_port_is_a_port(port: str) -> None:
    assert covey("broker", "--db", "x", "--port", port).returncode == 2


def test_the_broker_does_not_load_the_client() -> None:
    """Neither httpx nor anything of the lab is in a broker's process."""
    program = (
        "import sys, covey.cli.broker\n"
        "loaded = [name for name in sys.modules if name.startswith(('httpx', 'covey.lab'))]\n"
        "sys.exit(str(loaded) if loaded else 0)"
    )
    ended = subprocess.run(  # noqa: S603 - our own program
        [sys.executable, "-c", program], capture_output=True, text=True, timeout=60, check=False
    )
    assert ended.returncode == 0, ended.stderr
