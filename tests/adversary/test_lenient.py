"""Strict rules are those of strict mode: who is lenient accepts what breaks them."""

from __future__ import annotations

import dataclasses

import pytest

from covey import mls
from covey.lab.adversary.cases import ALL_CASES
from covey.lab.adversary.proof import refused, stage_for
from covey.lab.adversary.victims import MemberVictim, Trial
from covey.mls.rules.registry import RULES

BROKEN = {
    "an_add_that_lists_a_default_extension_type": "VAL-041",
    "an_add_with_an_unlisted_extension": "VAL-059",
    "a_reference_twice": "VAL-149",
}


def test_there_is_one_for_each_strict_rule() -> None:
    assert sorted(BROKEN.values()) == sorted(rule.id for rule in RULES if rule.strict)


@pytest.mark.parametrize("name", BROKEN)
def test_who_is_lenient_accepts_it(name: str) -> None:
    case = next(each for each in ALL_CASES if each.name == name)
    trial = case.play(stage_for(case, 1))
    assert isinstance(trial, Trial)
    assert isinstance(trial.victim, MemberVictim)
    group = trial.victim.group
    ports = group.ports
    policy = dataclasses.replace(ports.policy, strict=False)
    lenient = mls.Group.restore(
        group.snapshot(), mls.Ports(policy, ports.psks, ports.entropy, ports.now)
    )
    assert refused(trial.victim, trial.bad).rule == BROKEN[name]
    lenient.receive(trial.bad)
