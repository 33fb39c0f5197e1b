"""Live groups with the release candidate of ts-mls 2, in its suites with X-Wing."""

from __future__ import annotations

from typing import Final

import pytest

from covey.mls.crypto.dialects import TS_MLS_2
from interop import building, matrix
from lengths import only_in_full

PLAYED: Final = (
    "welcome_join/without_path",
    "welcome_join/batched",
    "application/in_order",
    "application/many",
    "commit/empty",
    "commit/overtaken",
)
"""What needs no more than Welcomes, commits with and without a path, and messages."""

QUICK: Final = 0xF00D
"""The suite that `make test` plays."""


@pytest.mark.parametrize("suite", TS_MLS_2.suites, ids=hex)
def test_groups_live_with_ts_mls_2(suite: int) -> None:
    if suite != QUICK:
        only_in_full(
            "ML-DSA in JavaScript takes its time, and the suites differ in AEAD and signature"
        )
    peer = building.TS_MLS_2
    played = matrix.found(matrix.Part((peer.name,), suite, (peer.command(),), PLAYED)).outcomes
    assert len(played) == 4 * len(PLAYED)
    assert [each.detail for each in played if each.ending != "pass"] == []
