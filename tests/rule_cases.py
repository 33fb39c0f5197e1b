"""Tables of cases for rules: each rule has one that satisfies it and one that breaks it."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import pytest

from covey.mls.rules.registry import Rule

if TYPE_CHECKING:
    from collections.abc import Iterable
    from types import ModuleType


class Case(NamedTuple):
    """A rule, what it looks at, and what it must say.

    Attributes:
        rule: The rule.
        subject: What it looks at.
        broken: Part of what it must answer, or None when it must hold.
    """

    rule: Rule
    subject: object
    broken: str | None

    def check(self) -> None:
        """Ask the rule."""
        answer = self.rule.check(self.subject)
        if self.broken is None:
            assert answer is None
        else:
            assert answer is not None
            assert self.broken in answer


def each_of(cases: list[Case]) -> pytest.MarkDecorator:
    """Run a test for each case; its id names the rule and what is to come out."""
    names = [
        f"{number}-{case.rule.id}-{case.rule.check.__name__}-{'breaks' if case.broken else 'holds'}"
        for number, case in enumerate(cases)
    ]
    return pytest.mark.parametrize("case", cases, ids=names)


def holds(rule: Rule, *subjects: object) -> list[Case]:
    """Cases in which the rule holds."""
    return [Case(rule, subject, None) for subject in subjects]


def breaks(rule: Rule, *subjects: tuple[object, str]) -> list[Case]:
    """Cases in which it is broken, each with a part of the answer."""
    return [Case(rule, subject, broken) for subject, broken in subjects]


def without_cases(module: ModuleType, cases: Iterable[Case]) -> set[str]:
    """The rules of a module that lack a satisfying or a breaking case."""
    listed = list(cases)
    satisfied = {case.rule.check.__name__ for case in listed if case.broken is None}
    broken = {case.rule.check.__name__ for case in listed if case.broken is not None}
    rules = {name for name, value in vars(module).items() if isinstance(value, Rule)}
    own = {name for name in rules if vars(module)[name].check.__module__ == module.__name__}
    return own - (satisfied & broken)
