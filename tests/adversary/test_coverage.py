"""No check of RFC 9420 is without a case; those that nobody can break from outside say why."""

from __future__ import annotations

import tomllib
from pathlib import Path

from covey.lab.adversary.cases import ALL_CASES

IDS = {f"VAL-{number:03d}" for number in range(1, 225)}
LOOKED_AT = Path(__file__).parent / "looked_at.toml"


def test_every_check_has_a_case() -> None:
    assert IDS - {case.check for case in ALL_CASES} == set()


def test_every_case_is_of_a_check() -> None:
    others = {case.check for case in ALL_CASES} - IDS
    assert others == {f"APP-DATA-{number}" for number in range(1, 7)} | {
        "SAFE-AAD-1",
        "SELF-REMOVE-1",
        "SELF-REMOVE-2",
    }


def test_what_is_only_looked_at_has_a_reason() -> None:
    broken = {case.check for case in ALL_CASES if case.refuses}
    reasons = tomllib.loads(LOOKED_AT.read_text(encoding="utf-8"))
    assert reasons.keys() == IDS - broken
    assert all(reasons.values())


def test_names_are_told_once() -> None:
    labels = [case.label for case in ALL_CASES]
    assert len(labels) == len(set(labels))
