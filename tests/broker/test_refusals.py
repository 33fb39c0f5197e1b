"""Every code of the closed list is an answer to some request, with its status and sentence."""

from __future__ import annotations

from contextlib import ExitStack
from typing import TYPE_CHECKING

import pytest

from broker.provoking import PROVOKED, Stage
from covey.access.refusals import REFUSALS, Code
from covey.access.structs.log import EpochClosed

if TYPE_CHECKING:
    from broker_thread import ThreadBroker


def test_every_code_is_provoked() -> None:
    assert set(PROVOKED) == set(Code)


@pytest.mark.parametrize("code", list(PROVOKED))
def test_a_code_is_answered(broker: ThreadBroker, code: Code) -> None:
    with ExitStack() as lines:
        answer = PROVOKED[code](Stage(broker, lines))
    assert answer.status_code == REFUSALS[code].status
    if code is Code.epoch_closed:
        assert EpochClosed.decode(answer.content).commit.body == b"commit"
        return
    assert answer.headers["content-type"] == "application/json"
    assert answer.json() == {"code": code.value, "sentence": REFUSALS[code].sentence}
    assert ("retry-after" in answer.headers) == (code is Code.over_quota)
