"""What the tests of the broker share: one that runs, and the numbers that name things."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from broker_process import running_broker

if TYPE_CHECKING:
    from collections.abc import Iterator

    from broker_process import RunningBroker
    from covey.lab.demo.broker_client import BrokerClient


@pytest.fixture(scope="session")
def broker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningBroker]:
    """A broker that all tests of a session use."""
    with running_broker(tmp_path_factory.mktemp("broker") / "broker.db") as running:
        yield running


@pytest.fixture
def client(broker: RunningBroker) -> Iterator[BrokerClient]:
    """A connection to the broker."""
    with broker.client() as connected:
        yield connected
