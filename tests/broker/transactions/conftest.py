"""What the tests of the transactions share: a database of each kind."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from broker.transactions.desk import opened_desk
from stores import KINDS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from broker.transactions.desk import Desk


@pytest.fixture(params=KINDS)
def desk(request: pytest.FixtureRequest) -> Iterator[Desk]:
    """A new database of each kind in turn."""
    with opened_desk(request.param) as opened:
        yield opened
