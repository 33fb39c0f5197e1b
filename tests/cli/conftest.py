"""What the tests of commands share: a broker, people, and keys that were derived already."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING
from unittest.mock import patch

import pytest

from broker_thread import thread_broker
from covey.mls.crypto.argon2 import argon2id
from covey.store import keys
from terminals import Terminal

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path


@pytest.fixture(scope="session", autouse=True)
def _derived_once() -> Iterator[None]:
    """Each command opens its store anew, and Argon2id takes a fifth of a second each time."""
    with patch.object(keys, "argon2id", cache(argon2id)):
        yield


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    generous = "1000 per second"  # more people begin here in a minute than anywhere in an hour
    with thread_broker(rates__enrolments=generous, rates__creations=generous) as broker:
        yield broker.url


@pytest.fixture
def person(tmp_path: Path, url: str) -> Callable[[str], Terminal]:
    """Begins somebody; names are new in each test, since the broker is not."""
    return lambda name: Terminal(tmp_path, f"{name}-{tmp_path.name}", url)


@pytest.fixture
def alice(person: Callable[[str], Terminal]) -> Terminal:
    return person("alice").begin()


@pytest.fixture
def bob(person: Callable[[str], Terminal]) -> Terminal:
    return person("bob").begin()
