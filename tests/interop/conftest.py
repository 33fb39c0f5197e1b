"""How long the random stories are: short, and 200 steps when `make soak` runs them."""

from __future__ import annotations

import pytest

from covey.lab.interop.play.scenarios import deep_random
from lengths import is_soak


@pytest.fixture(autouse=True)
def story_of_some_length(monkeypatch: pytest.MonkeyPatch) -> None:
    """As the profile of hypothesis says; `make interop` always plays the whole of it."""
    if not is_soak():
        monkeypatch.setattr(deep_random, "STEPS", 30)
