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


@pytest.mark.parametrize("kind", ["proposal", "commit", "application", "welcome", "group_info"])
def test_what_is_accepted_or_refused_for_another_reason_fails_it(kind: str) -> None:
    made = _of_kind(kind)
    bad, whole = made["negative"], json.loads(json.dumps(made))
    repaired = _repaired(whole, kind)
    assert isinstance(bad, dict)
    for change in (
        {"message": repaired},  # it is accepted
        {"message": "00"},  # it is no message at all
        {"refused_as": ["VAL-000"]},  # it is refused for another reason
    ):
        spoiled = {**whole, "negative": {**bad, **change}}
        assert verify_case(NEGATIVE[0], spoiled) is not None
    assert verify_case(NEGATIVE[0], whole) is None


def _of_kind(kind: str) -> dict[str, object]:
    for case in CASES:
        if case.portable and not case.check.startswith(("VAL-00", "VAL-104")):
            made = vector(case, case.suites[0], b"seed")
            if made is not None and made["negative"]["kind"] == kind:  # type: ignore[index]
                return made
    raise LookupError(kind)


def _repaired(made: dict[str, object], kind: str) -> object:
    """What stands in place of the bad message in the vector itself."""
    if kind in {"welcome", "group_info"}:
        return made[kind]
    if kind == "application":
        return made["negative"]["instead"]  # type: ignore[index]
    epochs, number = made["epochs"], made["negative"]["epoch"]  # type: ignore[index]
    epoch = epochs[number]  # type: ignore[index]
    return epoch["proposals"][-1] if kind == "proposal" else epoch["commit"]
