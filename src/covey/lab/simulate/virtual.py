"""Time that is told, not measured, and proof that nothing else is drawn upon.

May import nothing of covey.
"""

from __future__ import annotations

import heapq
import os
import random
import secrets
import time
from contextlib import ExitStack, contextmanager
from itertools import count
from threading import get_ident
from typing import TYPE_CHECKING, Any, Final
from unittest.mock import patch

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

BEGIN: Final = 1_700_000_000.0
"""When every run begins, in seconds since the epoch."""

_CLOCKS: Final = ("time", "time_ns", "monotonic", "monotonic_ns", "sleep")


MOST: Final = 40_000
"""Things that happen in a run, at most."""


class EndlessError(AssertionError):
    """It goes on and on."""


class Agenda:
    """What is to happen, and when. It happens in the order of time, then of being planned.

    Attributes:
        now: The time, in seconds since the epoch.
    """

    def __init__(self) -> None:
        self.now: float = BEGIN
        self._planned: list[tuple[float, int, Callable[[], object]]] = []
        self._numbers = count()
        self._steps = 0

    def after(self, seconds: float, do: Callable[[], object]) -> None:
        """Plan something."""
        heapq.heappush(self._planned, (self.now + seconds, next(self._numbers), do))

    def step(self, until: float) -> bool:
        """Let the next thing happen, if that is not later than a time.

        Returns:
            Whether something happened; if not, that time has come.

        Raises:
            EndlessError: Far too much has happened.
        """
        if not self._planned or self._planned[0][0] > until:
            self.now = max(self.now, until)
            return False
        self._steps += 1
        if self._steps > MOST:
            msg = f"{MOST} things have happened, and there is no end"
            raise EndlessError(msg)
        when, _, do = heapq.heappop(self._planned)
        self.now = max(self.now, when)
        do()
        return True


class RealityError(AssertionError):
    """Something read the system's clock or generator: the run could not be played again."""


@contextmanager
def nothing_real() -> Iterator[None]:
    """Refuse the system's clock and generator to this thread while the block lasts.

    Other threads of the process, such as a server's, go on as they were.

    Raises:
        RealityError: In whoever asks for them.
    """
    with ExitStack() as stack:
        for module, name in (
            *((time, each) for each in _CLOCKS),
            (os, "urandom"),
            (random, "_urandom"),
            (secrets, "token_bytes"),
        ):
            real = getattr(module, name)
            refused = _refused(f"{module.__name__}.{name}", real, get_ident())
            stack.enter_context(patch.object(module, name, refused))
        yield


def _refused(name: str, real: Callable[..., Any], thread: int) -> Callable[..., Any]:
    def refused(*args: Any, **named: Any) -> Any:  # noqa: ANN401 - as the real one
        if get_ident() != thread:
            return real(*args, **named)
        msg = f"{name} was asked for: draw on the world instead"
        raise RealityError(msg)

    return refused
