"""A rule that is missing is missed; and what ``make mutants`` spoils, it spoils rightly."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest
from mutants import trials
from mutants.comparisons import comparisons, turned

from covey.mls.framing import private
from covey.mls.rules.registry import RULES, Rule

SOURCE = """
def of(a, b):
    return a < b <= 3 or a is None

class C:
    def method(self, x):
        return [each for each in x if each not in (1, 2) and each != 3]
"""


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: f"{rule.id}-{rule.check.__name__}")
def test_a_missing_rule_is_missed(rule: Rule) -> None:
    assert trials.without(rule)


def test_comparisons_are_found_and_turned_round(tmp_path: Path) -> None:
    path = tmp_path / "sample.py"
    path.write_text(SOURCE)
    found = comparisons(path)
    assert [each.owner for each in found] == ["of", "of", "of", "C.method", "C.method"]
    changed = [ast.unparse(turned(each)) for each in found]
    assert "a >= b <= 3" in changed[0]
    assert "a < b > 3" in changed[1]
    assert "a is not None" in changed[2]
    assert "each in (1, 2)" in changed[3]
    assert "each == 3" in changed[4]


def test_a_comparison_that_is_turned_round_is_noticed() -> None:
    found = comparisons(Path(private.__file__))
    guard = next(each for each in found if "GUARD_SIZE" in each.text)
    [outcome] = trials.in_turn([guard], lambda _: (), 1)
    assert outcome.noticed
