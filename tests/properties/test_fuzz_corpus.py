"""What fuzzing has found worth keeping is tried again, and so is what hypothesis makes up."""

from __future__ import annotations

import random

import pytest
from fuzz import corpus, seeds, targets
from fuzz.depth import Depth
from hypothesis import given
from hypothesis import strategies as st

PLANS = st.binary(min_size=2, max_size=24)


@pytest.mark.parametrize("name", sorted(targets.TARGETS))
def test_what_is_kept_brings_only_what_is_promised(name: str) -> None:
    inputs = [*seeds.of(name), *corpus.kept(name)]
    assert inputs
    assert sum(targets.TARGETS[name](data) for data in inputs) > 0


@pytest.mark.parametrize("name", ["signed", "invited", "observed"])
def test_plans_get_past_the_signature(name: str) -> None:
    """At least 30 % of any plans are worth the fuzzer's time, in private and in public."""
    chance = random.Random(1)  # noqa: S311 - any plans
    plans = [*seeds.of(name)] * 8
    plans = [plan + chance.randbytes(4) for plan in plans]
    depth = Depth()
    for plan in plans:
        targets.TARGETS[name](plan)
    assert depth.verified > 0.3 * len(plans)
    assert depth.private > 0.03 * len(plans) or name != "signed"


@pytest.mark.parametrize("name", ["signed", "invited", "observed"])
@given(plan=PLANS)
def test_whatever_a_member_signs_brings_only_what_is_promised(name: str, plan: bytes) -> None:
    targets.TARGETS[name](plan)
