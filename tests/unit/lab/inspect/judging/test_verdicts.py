"""Collecting verdicts."""

from __future__ import annotations

import pytest

from covey.errors import DecodeError
from covey.lab.inspect.judging.verdicts import (
    NO_TREE,
    Surroundings,
    Verdicts,
    known_suite,
    suite_for,
    suite_of_leaf,
)
from covey.mls.rules.registry import Rule
from group_samples import key_package, member


def rule(name: str, answer: str | Exception | None) -> Rule:
    def check(_: object) -> str | None:
        if isinstance(answer, Exception):
            raise answer
        return answer

    return Rule(name, "1", f"{name} holds.", check)


GOOD, BAD = rule("A", None), rule("B", "so")
OPEN = rule("C", DecodeError("not so"))


def test_rules_are_asked() -> None:
    into = Verdicts()
    assert into.judge((GOOD,), None)
    assert not into.judge((GOOD, BAD, OPEN), None, "here")
    found = [(each.rule, each.verdict, each.where) for each in into.findings]
    assert found == [
        ("A", "holds", ""),
        ("A", "holds", "here"),
        ("B", "broken", "here"),
        ("C", "not judged", "here"),
    ]
    assert into.findings[-1].detail == "needs something else to be right: not so"


def test_rules_in_order_stop_at_one_that_does_not_hold() -> None:
    into = Verdicts()
    assert into.in_order((GOOD, GOOD), None)
    assert not into.in_order((BAD, GOOD), None)
    assert [each.verdict for each in into.findings[2:]] == ["broken", "not judged"]


def test_many_places_are_told_up_to_a_bound() -> None:
    into = Verdicts()
    into.over(GOOD, [("leaf 0", None)], "all leaves")
    into.over(BAD, [(f"leaf {number}", None) for number in range(25)], "all leaves")
    told = into.findings
    assert (told[0].verdict, told[0].where) == ("holds", "all leaves")
    assert len(told) == 1 + 20 + 1
    assert (told[-1].verdict, told[-1].detail) == ("broken", "and at 5 places more")


def test_what_waited_is_settled_in_its_place() -> None:
    into = Verdicts()
    for name, needs in (("A", "it"), ("B", "it"), ("C", "it"), ("D", "it"), ("A", "more")):
        into.open(name, "1", f"{name} holds.", needs)
    into.settle("it", {"A"})
    into.settle("it", {"B"}, "")
    into.settle("it", {"C"}, "another")
    assert [(each.rule, each.verdict, each.detail) for each in into.findings] == [
        ("A", "holds", ""),
        ("C", "not judged", "needs another"),
        ("D", "not judged", "needs it"),
        ("A", "not judged", "needs more"),
    ]


@pytest.mark.parametrize("suite", [1, 2, 3, 4, 5, 6, 7])
def test_a_suite_is_known_by_the_keys_of_a_leaf(suite: int) -> None:
    leaf = key_package(member("a", suite)).leaf_node
    found = suite_of_leaf(leaf)
    assert found is not None
    known = known_suite(suite)
    assert known is not None
    assert (found.kem, found.Nh, found.signature) == (known.kem, known.Nh, known.signature)
    assert suite_of_leaf(leaf.replace(encryption_key=b"")) is None


def test_what_is_said_comes_before_what_is_guessed() -> None:
    leaf = key_package(member("a")).leaf_node
    assert suite_for(leaf, Surroundings(suite=2)) is known_suite(2)
    assert suite_for(leaf, Surroundings(suite=99)) is None
    assert suite_for(leaf, Surroundings()) is known_suite(1)
    assert known_suite(0x0A0A) is None
    assert list(NO_TREE.members()) == []
