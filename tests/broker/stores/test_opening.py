"""A place is opened with what it needs, and what is missing is told with what brings it."""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from covey.broker import extras
from covey.errors import StorageError

if TYPE_CHECKING:
    from pathlib import Path

BLOCKED = """
import sys
for name in ("asyncpg", "obstore"):
    sys.modules[name] = None
sys.argv = ["covey", *sys.argv[1:]]
from covey.__main__ import run
run()
"""
ASKS = """
import threading, urllib.request
import covey.cli.broker as cli

def ask(url):
    try:
        print(urllib.request.urlopen(url + "/readyz").read().decode())
    finally:
        import os, signal
        os.kill(os.getpid(), signal.SIGTERM)

cli._announce = lambda url: threading.Thread(target=ask, args=(url,)).start()
"""


def without_extras(folder: Path, *arguments: str, first: str = "") -> tuple[int, str, str]:
    """Run the broker where neither asyncpg nor obstore is installed."""
    source = BLOCKED.replace("from covey.__main__", first + "\nfrom covey.__main__")
    ended = subprocess.run(  # noqa: S603 - our own program
        [sys.executable, "-c", source, "broker", "--port", "0", *arguments],
        capture_output=True,
        cwd=folder,
        text=True,
        timeout=60,
        check=False,
    )
    return ended.returncode, ended.stdout, ended.stderr


def test_a_file_needs_neither_driver(tmp_path: Path) -> None:
    code, out, err = without_extras(tmp_path, "--db", "team.db", first=ASKS)
    assert (code, out) == (0, "ready\n\n"), err


@pytest.mark.parametrize(
    ("arguments", "what"),
    [
        (("--store", "postgresql://host/db"), "covey[postgres]"),
        (("--store", "postgresql://host/db", "migrate"), "covey[postgres]"),
        (("--db", "team.db", "--set", "blobs.at=s3://bucket"), "covey[s3]"),
    ],
)
def test_what_is_missing_is_named_with_the_smallest_extra(
    tmp_path: Path, arguments: tuple[str, ...], what: str
) -> None:
    code, out, err = without_extras(tmp_path, "--key-file", "key", *arguments)
    assert (code, out) == (1, "")
    assert err.splitlines()[-1].startswith("Error: ")
    assert f"is not installed: pip install '{what}'" in err
    assert "Traceback" not in err


def test_another_module_that_is_missing_is_a_bug() -> None:
    with pytest.raises(ModuleNotFoundError), extras.told():
        import no_such_module  # type: ignore[import-not-found] # noqa: F401, PLC0415


def test_asyncpg_is_told() -> None:
    with pytest.raises(StorageError, match="PostgreSQL needs asyncpg"), extras.told():
        raise ModuleNotFoundError(name="asyncpg")
