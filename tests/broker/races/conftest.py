"""How long the races are: short, and long when `make soak` runs them."""

from __future__ import annotations

from typing import NamedTuple

import pytest

from lengths import is_soak


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
    return Length(1000, 8, 12) if is_soak() else Length(20, 1, 2)
