"""No check of RFC 9420 is forgotten: each of the 224 ids is a rule or has a place."""

from __future__ import annotations

import importlib
from functools import reduce

import pytest

import covey.mls.group.group  # noqa: F401 - importing it fills the registry
from covey.mls.rules.places import PLACES
from covey.mls.rules.registry import RULES

IDS = {f"VAL-{number:03d}" for number in range(1, 225)}


def ids_of_rules() -> set[str]:
    return {id_ for rule in RULES for id_ in (rule.id, *rule.also)}


def test_every_id_is_a_rule_or_has_a_place() -> None:
    assert IDS - ids_of_rules() - PLACES.keys() == set()


def test_no_id_is_made_up() -> None:
    strays = (ids_of_rules() | PLACES.keys()) - IDS
    assert {
        id_ for id_ in strays if not id_.startswith(("SELF-REMOVE", "APP-DATA", "SAFE-"))
    } == set()


def test_no_id_has_both() -> None:
    assert ids_of_rules() & PLACES.keys() == set()


@pytest.mark.parametrize("id_", sorted(PLACES))
def test_places_exist(id_: str) -> None:
    module, _, name = PLACES[id_].where.partition(":")
    reduce(getattr, name.split("."), importlib.import_module(f"covey.mls.{module}"))


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: f"{rule.id}-{rule.check.__name__}")
def test_rules_state_what_they_check(rule: object) -> None:
    assert rule.statement.endswith(".")  # type: ignore[attr-defined]
    assert rule.section  # type: ignore[attr-defined]
