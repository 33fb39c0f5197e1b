"""How long the races are: short, and long when `make soak` runs them."""

from __future__ import annotations

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
    long = settings().max_examples >= settings.get_profile("soak").max_examples
    return Length(1000, 12, 25) if long else Length(40, 1, 3)
