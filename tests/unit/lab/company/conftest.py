"""A broker over each store, and people that meet at it."""

from __future__ import annotations

from contextlib import ExitStack
from typing import TYPE_CHECKING

import pytest

from broker_thread import thread_broker
from covey.lab.company.lines import Lines
from covey.lab.company.person import Person
from lengths import not_on_each
from stores import KINDS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from broker_thread import ThreadBroker


@pytest.fixture(scope="module", params=KINDS)
def broker(request: pytest.FixtureRequest) -> Iterator[ThreadBroker]:
    """A broker that knows nobody when a file of tests begins."""
    not_on_each(request.param)
    with thread_broker(request.param, rates__enrolments="1000 per second") as running:
        yield running


@pytest.fixture
def lines(broker: ThreadBroker) -> Iterator[Callable[..., Lines]]:
    """Somebody's connections."""
    with ExitStack() as opened:
        yield lambda **how: opened.enter_context(Lines(broker.url, **how))


@pytest.fixture
def person(lines: Callable[..., Lines], request: pytest.FixtureRequest) -> Callable[..., Person]:
    """Somebody with an account, whose KeyPackages can be claimed; of each test its own."""

    def person(name: str, **how: object) -> Person:
        made = Person(f"{name} of {request.node.name}", lines(**how))
        made.enrol()
        made.publish()
        return made

    return person
