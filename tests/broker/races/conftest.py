"""How long the races are: short, and long when `make soak` runs them."""

from __future__ import annotations

import faulthandler
from typing import NamedTuple

import pytest
from hypothesis import settings


class Length(NamedTuple):
    """How much is done.

    Attributes:
        epochs: That are committed to.
        stops: How often a process is stopped while it holds the lock of the log.
        kills: How often a process is killed.
    """

    epochs: int
    stops: int
    kills: int


@pytest.fixture
def length() -> Length:
    """As the profile of hypothesis says."""
    if settings().max_examples < settings.get_profile("soak").max_examples:
        return Length(20, 1, 2)
    faulthandler.cancel_dump_traceback_later()  # it takes longer than what hangs
    return Length(1000, 8, 12)
