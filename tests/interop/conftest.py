"""How long the random stories are: short, and 200 steps when `make soak` runs them."""

from __future__ import annotations

import pytest
from hypothesis import settings

from covey.lab.interop.play.scenarios import deep_random


@pytest.fixture(autouse=True)
def story_of_some_length(monkeypatch: pytest.MonkeyPatch) -> None:
    """As the profile of hypothesis says; `make interop` always plays the whole of it."""
    if settings().max_examples < settings.get_profile("soak").max_examples:
        monkeypatch.setattr(deep_random, "STEPS", 30)
