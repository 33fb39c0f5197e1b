"""What the tests of the broker share: one that runs over each store, and connections to it."""

from __future__ import annotations

from contextlib import ExitStack
from typing import TYPE_CHECKING

import pytest

from broker_thread import thread_broker
from stores import KINDS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from broker_talk import Line
    from broker_thread import ThreadBroker


@pytest.fixture(scope="session", params=KINDS)
def broker(request: pytest.FixtureRequest) -> Iterator[ThreadBroker]:
    """A broker that all tests of a session use, over each store."""
    with thread_broker(request.param) as running:
        yield running


@pytest.fixture
def connect(broker: ThreadBroker) -> Iterator[Callable[[], Line]]:
    """Opens connections to it, and closes them after the test."""
    with ExitStack() as lines:
        yield lambda: lines.enter_context(broker.line())


@pytest.fixture
def line(connect: Callable[[], Line]) -> Line:
    """A connection."""
    return connect()
