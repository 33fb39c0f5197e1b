"""Every check of RFC 9420 has a case that breaks it, and nothing but it."""

from __future__ import annotations

import pytest

import covey.lab.adversary.cases  # noqa: F401 - importing it fills CASES
from covey.lab.adversary.case import CASES, Case
from covey.lab.adversary.proof import prove

PLAYED = [
    pytest.param(case, suite, id=f"{case.label}-suite{suite}")
    for case in CASES
    for suite in case.suites
]


@pytest.mark.parametrize(("case", "suite"), PLAYED)
def test_the_case_proves_its_point(case: Case, suite: int) -> None:
    prove(case, suite)
