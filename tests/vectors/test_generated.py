"""What ``covey vectors generate`` writes, the verifiers accept; and it follows from the seed."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from covey.lab.conformance.families import FAMILIES
from covey.lab.conformance.generate.writer import WRITTEN
from covey.lab.conformance.runner import verify_case, verify_file
from covey.mls.crypto.suites import SUITES

if TYPE_CHECKING:
    from pathlib import Path

    from covey.lab.conformance.families import Family

BY_NAME = {family.name: family for family in FAMILIES}
QUICK = ("crypto-basics", "message-protection", "welcome", "passive-client-welcome")


def test_every_family_is_written() -> None:
    assert sorted(BY_NAME) == sorted(WRITTEN.names)


@pytest.mark.parametrize("family", FAMILIES, ids=lambda family: family.name)
def test_what_is_written_is_accepted(family: Family, tmp_path: Path) -> None:
    path, count = WRITTEN.write(tmp_path, family.name, (1,), b"seed")
    report = verify_file(path)
    assert report.failures == ()
    assert report.good
    assert report.cases == count
    assert report.family == family.name


@pytest.mark.parametrize("code", SUITES)
@pytest.mark.parametrize("name", QUICK)
def test_every_suite_is_written(name: str, code: int) -> None:
    for case in WRITTEN.cases(name, (code,), b"seed"):
        assert case["cipher_suite"] == code
        assert verify_case(BY_NAME[name], json.loads(json.dumps(case))) is None


@pytest.mark.parametrize("name", [name for name in WRITTEN.names if not name.startswith("passive")])
def test_a_seed_gives_the_same_cases(name: str) -> None:
    one, same, other = (list(WRITTEN.cases(name, (2,), seed)) for seed in (b"a", b"a", b"b"))
    assert one == same
    assert one != other or name == "tree-math"


@pytest.mark.parametrize("code", [1, 2])
def test_a_seed_gives_the_same_group(code: int) -> None:
    """Nothing in a group is random but what its entropy gives, and no clock is read."""
    one, same = (list(WRITTEN.cases("passive-client-welcome", (code,), b"a")) for _ in range(2))
    assert one == same
