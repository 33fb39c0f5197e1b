"""Live groups with ts-mls; `make interop` plays the other stacks, and all that they have, too."""

from __future__ import annotations

from typing import Final

import pytest

from covey.lab.interop.play.scenarios.catalogue import ALL, KINDS
from interop import bugs, building, matrix, table
from lengths import only_in_full

QUICK = ("welcome_join", "external_join", "application")
"""What `make test` plays in suite 1: a third of all scenarios, in a fifth of the time."""

X_WING: Final = 0x0053


@pytest.mark.parametrize(
    ("suite", "kind"), [*((1, each) for each in KINDS), (X_WING, "welcome_join")]
)
def test_every_play_passes_or_shows_a_named_bug(suite: int, kind: str) -> None:
    if kind not in QUICK:
        only_in_full("`make interop` has it, in all suites")
    peer = building.TS_MLS
    played = tuple(each.id for each in ALL if each.kind == kind)
    part = matrix.Part((peer.name,), suite, (peer.command(),), played)
    found = matrix.found(part)
    names = {peer.name: peer.name}
    judged = table.judge(matrix.Matrix(names, {peer.name: [suite]}, (found,)), bugs.read_all())
    assert [each.detail for each in judged.failures] == []
    assert {each.scenario for each in found.outcomes} == set(played)
    passed = any(each.ending == "pass" for each in found.outcomes)
    assert passed is (kind != "external_join")  # TS-1
