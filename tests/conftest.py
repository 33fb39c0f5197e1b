"""What all tests share: the vectors, a broker at which to sit, and how hypothesis draws."""

from __future__ import annotations

import os
import signal
import sys
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, settings

from client.table import Table
from vectors_path import vectors_path

if TYPE_CHECKING:
    from pathlib import Path

pytest_plugins = ["crashes"]

# The default draws the same examples in every run; `--hypothesis-profile` chooses another, as
# `.ci/run` does, of which there are four times as many.
settings.register_profile("ci", max_examples=50, derandomize=True, deadline=None, print_blob=True)
settings.register_profile(
    "full", parent=settings.get_profile("ci"), max_examples=200, derandomize=True
)
settings.register_profile(
    "soak",
    max_examples=10_000,
    deadline=None,
    print_blob=True,
    suppress_health_check=[HealthCheck.too_slow],
)
settings.load_profile("ci")

# Each worker and hundreds of programs begin here: what one has compiled, the next one finds.
sys.dont_write_bytecode = False
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)

# What a shell has sent into the background ignores Ctrl-C, and what ``nohup`` has begun does not
# hang up; so would the programs of the tests, which begin with what is ignored here.
signal.signal(signal.SIGINT, signal.default_int_handler)
if signal.getsignal(signal.SIGHUP) is signal.SIG_IGN:
    signal.signal(signal.SIGHUP, lambda *_: None)


@pytest.fixture(scope="session")
def vectors() -> Path:
    """The folder of test vectors: `COVEY_VECTORS`, else `../shared/vectors`."""
    return vectors_path()


@pytest.fixture
def table() -> Table:
    """A broker in memory, and time that passes when it is told to."""
    return Table()
