"""A real broker and people at it, for stories of the SDK, under asyncio and under trio."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING
from zlib import crc32

import pytest

from broker_thread import thread_broker
from lengths import is_full
from people import Town

if TYPE_CHECKING:
    from collections.abc import Iterator

    from broker_thread import ThreadBroker

_TOWNS = itertools.count()
_LOOPS = ("asyncio", "trio")


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Play each test on an event loop, unless it names one; `.ci/run` plays it on both."""
    named = [each.args[0] for each in metafunc.definition.iter_markers("parametrize")]
    if "anyio_backend" in metafunc.fixturenames and "anyio_backend" not in named:
        one = _LOOPS[crc32(metafunc.definition.originalname.encode()) % len(_LOOPS)]
        metafunc.parametrize("anyio_backend", _LOOPS if is_full() else [one], indirect=True)


@pytest.fixture
def anyio_backend(request: pytest.FixtureRequest) -> str:
    """The event loop."""
    name: str = request.param
    return name


@pytest.fixture(scope="session")
def broker() -> Iterator[ThreadBroker]:
    """A broker that all tests of a session use."""
    generous = "1000 per second"
    with thread_broker(rates__enrolments=generous, rates__creations=generous) as running:
        yield running


@pytest.fixture(scope="session")
def another() -> Iterator[ThreadBroker]:
    """Another broker."""
    with thread_broker() as running:
        yield running


@pytest.fixture
def town(broker: ThreadBroker) -> Town:
    """People at the broker, whom no other test knows."""
    return Town(broker.url, next(_TOWNS))
