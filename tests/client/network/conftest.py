"""A real broker, for tests of the network; each of them runs under asyncio and under trio."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from broker_thread import thread_broker

if TYPE_CHECKING:
    from collections.abc import Iterator

    from broker_thread import ThreadBroker


@pytest.fixture(params=["asyncio", "trio"])
def anyio_backend(request: pytest.FixtureRequest) -> str:
    """The event loop."""
    name: str = request.param
    return name


@pytest.fixture(scope="session")
def broker() -> Iterator[ThreadBroker]:
    """A broker that all tests of a session use."""
    with thread_broker() as running:
        yield running
