"""Every case of every official file of test vectors passes; none is missing."""

from __future__ import annotations

import pytest

from covey.lab.conformance.families import FAMILIES
from covey.lab.conformance.runner import vector_files, verify_file
from vectors_path import vectors_path

ALL_SUITES = (1, 2, 3, 4, 5, 6, 7)

# How many cases the official files hold, and of which suites.
CASES = {
    "crypto-basics": (7, ALL_SUITES),
    "deserialization": (14, ()),
    "key-schedule": (7, ALL_SUITES),
    "message-protection": (7, ALL_SUITES),
    "messages": (300, ()),
    "passive-client-handling-commit": (91, ALL_SUITES),
    "passive-client-random": (1, (1,)),
    "passive-client-welcome": (56, ALL_SUITES),
    "psk_secret": (77, ALL_SUITES),
    "secret-tree": (21, ALL_SUITES),
    "transcript-hashes": (7, ALL_SUITES),
    "tree-math": (10, ()),
    "tree-operations": (5, (1,)),
    "tree-validation": (98, ALL_SUITES),
    "treekem": (77, ALL_SUITES),
    "welcome": (7, ALL_SUITES),
}


def test_there_are_sixteen_families_and_files() -> None:
    assert {family.name for family in FAMILIES} == set(CASES)
    files = vector_files([vectors_path("mls")])
    assert [path.stem for path in files] == sorted(CASES)


@pytest.mark.parametrize("name", CASES)
def test_every_case_passes(name: str) -> None:
    report = verify_file(vectors_path("mls", f"{name}.json"))
    assert report.failures == ()
    assert report.good
    assert report.family == name
    assert (report.cases, report.suites) == CASES[name]
    assert report.passed == report.cases
