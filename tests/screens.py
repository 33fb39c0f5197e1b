"""Terminals in which tests type, of whatever kind: waiting for what is to be seen on them."""

from __future__ import annotations

import time
from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    import re

COLUMNS: Final = 180
ROWS: Final = 50

_PATIENCE: Final = 30.0  # seconds until something has to be seen
_GLANCE: Final = 0.05


class Screens(ABC):
    """Terminals with a shell in each.

    Attributes:
        names: Of those that are open.
    """

    def __init__(self) -> None:
        self.names: list[str] = []

    @abstractmethod
    def open(self, name: str) -> None:
        """Open another terminal."""

    @abstractmethod
    def type(self, name: str, text: str) -> None:
        """Type a line in a terminal."""

    @abstractmethod
    def press(self, name: str, key: str) -> None:
        """Press a key, such as ``C-c``."""

    @abstractmethod
    def seen(self, name: str) -> str:
        """All that stands on a terminal, with what has been scrolled away."""

    def wait(self, name: str, wanted: re.Pattern[str]) -> re.Match[str]:
        """Wait until something is seen.

        Raises:
            AssertionError: It is not.
        """
        deadline = time.monotonic() + _PATIENCE
        while time.monotonic() < deadline:
            found = wanted.search(self.seen(name))
            if found is not None:
                return found
            time.sleep(_GLANCE)
        screens = "\n".join(f"--- {each}\n{self.seen(each).rstrip()}" for each in self.names)
        message = f"{name} does not show {wanted.pattern!r}\n{screens}"
        raise AssertionError(message)
