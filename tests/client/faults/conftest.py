"""A real broker, and people at it whose processes are killed."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING

import pytest

from broker_thread import thread_broker
from client.faults.scene import Scene
from client.faults.witness import witnessing
from people import Town

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from broker_thread import ThreadBroker

_TOWNS = itertools.count()


@pytest.fixture
def anyio_backend() -> str:
    """The event loop; what is tested here begins below it."""
    return "asyncio"


@pytest.fixture(scope="session")
def broker() -> Iterator[ThreadBroker]:
    """A broker that all tests of a session use."""
    generous = "1000 per second"
    with thread_broker(rates__enrolments=generous, rates__creations=generous) as running:
        yield running


@pytest.fixture
def scene(broker: ThreadBroker, tmp_path: Path) -> Iterator[Scene]:
    """People at the broker, whom no other test knows."""
    made = Scene(broker, Town(broker.url, next(_TOWNS)), tmp_path)
    with witnessing(made.witness):
        yield made
