"""Live groups with ts-mls, in suite 1; `make interop` plays the other stacks and suites too."""

from __future__ import annotations

import pytest

from covey.lab.interop.play.scenarios.catalogue import ALL, KINDS
from interop import bugs, building, matrix, table
from lengths import only_in_full

QUICK = ("welcome_join", "external_join", "application")
"""What `make test` plays: a third of all scenarios, in a fifth of the time."""


@pytest.mark.parametrize("kind", KINDS)
def test_every_play_passes_or_shows_a_named_bug(kind: str) -> None:
    if kind not in QUICK:
        only_in_full("`make interop` has it, in all suites")
    peer = building.TS_MLS
    played = tuple(each.id for each in ALL if each.kind == kind)
    part = matrix.Part((peer.name,), 1, (peer.command(),), played)
    found = matrix.found(part)
    names = {peer.name: peer.name}
    judged = table.judge(matrix.Matrix(names, {peer.name: [1]}, (found,)), bugs.read_all())
    assert [each.detail for each in judged.failures] == []
    assert {each.scenario for each in found.outcomes} == set(played)
    passed = any(each.ending == "pass" for each in found.outcomes)
    assert passed is (kind != "external_join")  # TS-1
