"""Negative vectors: what is written is refused where it must be, and accepted once repaired."""

from __future__ import annotations

import json

import pytest

import covey.lab.adversary.cases  # noqa: F401 - importing it fills CASES
from covey.lab.adversary.case import CASES, Case
from covey.lab.adversary.vectors import vector
from covey.lab.conformance.families import NEGATIVE
from covey.lab.conformance.runner import verify_case

PORTABLE = [
    pytest.param(case, suite, id=f"{case.label}-suite{suite}")
    for case in CASES
    if case.portable
    for suite in case.suites
]


@pytest.mark.parametrize(("case", "suite"), PORTABLE)
def test_a_client_refuses_it_and_goes_on(case: Case, suite: int) -> None:
    made = vector(case, suite, b"seed")
    if made is not None:
        assert verify_case(NEGATIVE[0], json.loads(json.dumps(made))) is None
