"""How the family of a file is recognised."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from covey.lab.conformance.families import FAMILIES, Family, recognise
from vectors_path import vectors_path


@pytest.mark.parametrize("family", FAMILIES, ids=lambda family: family.name)
def test_a_file_is_recognised_by_its_name(family: Family) -> None:
    assert recognise(Path("anywhere") / f"{family.name}.json", ()) is family


@pytest.mark.parametrize("family", FAMILIES, ids=lambda family: family.name)
def test_a_file_of_another_name_is_recognised_by_its_keys(family: Family) -> None:
    case = json.loads(vectors_path("mls", f"{family.name}.json").read_bytes())[0]
    found = recognise(Path("renamed.json"), case)
    assert found is not None
    assert found.verify is family.verify


@pytest.mark.parametrize("keys", [(), ("cipher_suite",), ("mode", "kem_id")])
def test_another_file_is_not_recognised(keys: tuple[str, ...]) -> None:
    assert recognise(Path("hpke.json"), keys) is None
