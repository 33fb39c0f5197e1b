"""Quotas: nobody uses up what is another's."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from broker_thread import thread_broker
from covey.access.structs.log import Appended
from covey.errors import BrokerError

if TYPE_CHECKING:
    from broker_talk import Line
    from covey.access.structs.basics import Signed


def _refusal(line: Line, request: Signed) -> str:
    with pytest.raises(BrokerError) as refused:
        line.ask("append", request, Appended)
    return refused.value.code


def test_who_was_removed_uses_up_nothing_of_the_group() -> None:
    with thread_broker(rates__appends="3 per day") as broker, broker.line() as line:
        group = broker.group(line)
        removed = group.access
        group.commit()
        late = [_refusal(line, removed.append(os.urandom(16), b"x")) for _ in range(3)]
        assert late == ["epoch_closed", "epoch_closed", "over_quota"]
        assert [group.say().position.seq for _ in range(3)] == [2, 3, 4]
        assert _refusal(line, group.access.append(os.urandom(16), b"x")) == "over_quota"
