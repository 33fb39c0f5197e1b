"""Trying whether anybody notices. Each trial runs in a process that is forked for it."""

from __future__ import annotations

import contextlib
import os
import signal
import sys
from typing import TYPE_CHECKING, Final, NamedTuple

import pytest

from covey.lab.adversary.cases import ALL_CASES
from covey.lab.adversary.proof import prove
from covey.lab.adversary.taking_out import without_rule
from covey.mls.rules.registry import RULES
from mutants.spoiling import spoil

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from covey.lab.adversary.case import Case
    from covey.mls.rules.registry import Rule
    from mutants.comparisons import Comparison

_PATIENCE: Final = 240
"""Seconds after which a spoiled engine that goes round in circles counts as noticed."""

_BY = {0: "a case", 1: "a test", 2: None, 3: "nobody could spoil it", 4: "its end"}
"""What noticed, by exit code."""
_CASE, _TEST, _NOBODY, _UNCHANGED, _CRASH = _BY
_FAILED_TESTS: Final = 1
"""What pytest answers when tests fail; other answers say that it could not run them."""


class Outcome(NamedTuple):
    """What became of one trial.

    Attributes:
        name: What was spoiled.
        by: What noticed; None when nothing did.
    """

    name: str
    by: str | None

    @property
    def noticed(self) -> bool:
        """Whether anything noticed."""
        return self.by is not None


class UselessError(Exception):
    """The tests fail without anything being spoiled, or something could not be spoiled."""


def without(rule: Rule) -> bool:
    """Whether a case of the matrix notices that a rule is missing."""
    mine = [case for case in ALL_CASES if case.check in {rule.id, *rule.also}]
    with without_rule(rule):
        return any(_fails(case, suite) for case in mine for suite in case.suites)


def _fails(case: Case, suite: int) -> bool:
    try:
        prove(case, suite)
    except Exception:  # noqa: BLE001 - whatever it is, it was noticed
        return True
    return False


def require_baseline(tests: Sequence[str]) -> None:
    """See that nothing fails as long as nothing is spoiled.

    Raises:
        UselessError: Something does.
    """
    child = os.fork()
    if not child:
        os._exit(_end(lambda: _try_all(ALL_CASES, tests)))
    code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    if code != _NOBODY:
        msg = f"{_BY.get(code, 'its end')} fails though nothing is spoiled: {' '.join(tests)}"
        raise UselessError(msg)


def in_turn(
    comparisons: Sequence[Comparison],
    tests: Callable[[Comparison], Sequence[str]],
    workers: int,
) -> Iterator[Outcome]:
    """Try comparisons, a few processes at a time; outcomes come as they end.

    Raises:
        UselessError: One stands where it cannot be spoiled.
    """
    waiting = list(comparisons)
    running: dict[int, Comparison] = {}
    sys.stdout.flush()
    while waiting or running:
        while waiting and len(running) < workers:
            comparison = waiting.pop(0)
            running[_begin(comparison, tests(comparison))] = comparison
        pid, status = os.wait()
        yield _outcome(running.pop(pid), os.waitstatus_to_exitcode(status))


def _begin(comparison: Comparison, tests: Sequence[str]) -> int:
    """Begin a process that has one comparison turned round, and tries all cases, then tests."""
    child = os.fork()
    if not child:
        os._exit(_end(lambda: _spoiled(comparison, tests)))
    return child


def _outcome(comparison: Comparison, code: int) -> Outcome:
    if code == _UNCHANGED:
        msg = f"{comparison.key} stands where it cannot be spoiled"
        raise UselessError(msg)
    return Outcome(comparison.key, _BY.get(code, "a time limit" if code < 0 else "its end"))


def _end(work: Callable[[], int]) -> int:
    """The exit code of a process; a spoiled engine may do anything."""
    try:
        signal.alarm(_PATIENCE)
        return work()
    except BaseException:  # noqa: BLE001
        return _CRASH


def _spoiled(comparison: Comparison, tests: Sequence[str]) -> int:
    return _try_all(_likely_first(comparison), tests) if spoil(comparison) else _UNCHANGED


def _try_all(cases: Sequence[Case], tests: Sequence[str]) -> int:
    if any(_fails(case, suite) for case in cases for suite in case.suites):
        return _CASE
    with _silence():
        answer = pytest.main(["-x", "-q", "-p", "no:cacheprovider", *tests])
    if answer == 0:
        return _NOBODY
    return _TEST if answer == _FAILED_TESTS else _CRASH


def _likely_first(comparison: Comparison) -> list[Case]:
    """The cases, those first whose rules stand in the spoiled file."""
    own, near = set[str](), set[str]()
    for rule in RULES:
        if rule.check.__module__.endswith(f".{comparison.path.stem}"):
            near |= {rule.id, *rule.also}
            own |= {rule.id, *rule.also} if rule.check.__name__ == comparison.owner else set()
    return sorted(ALL_CASES, key=lambda case: (case.check not in own, case.check not in near))


@contextlib.contextmanager
def _silence() -> Iterator[None]:
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 1)
    os.dup2(nowhere, 2)
    yield
