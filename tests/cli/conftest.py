"""What the tests of commands share: keys that were derived from passphrases already."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING
from unittest.mock import patch

import pytest

from covey.mls.crypto.argon2 import argon2id
from covey.store import keys

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture(scope="session", autouse=True)
def _derived_once() -> Iterator[None]:
    """Each command opens its store anew, and Argon2id takes a fifth of a second each time."""
    with patch.object(keys, "argon2id", cache(argon2id)):
        yield
