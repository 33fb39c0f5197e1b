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
from mutants.spoiling import spoil

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from covey.lab.adversary.case import Case
    from covey.mls.rules.registry import Rule
    from mutants.comparisons import Comparison

_PATIENCE: Final = 240
"""Seconds after which a spoiled engine that goes round in circles counts as noticed."""

_NOTICED, _UNNOTICED, _UNCHANGED = 0, 1, 2


class Outcome(NamedTuple):
    """What became of one trial.

    Attributes:
        name: What was spoiled.
        noticed: Whether anything failed.
    """

    name: str
    noticed: bool


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


def turned_round(comparison: Comparison, tests: Sequence[str]) -> int:
    """Begin a process that has one comparison turned round, and tries all cases, then tests.

    Returns:
        Its process id; see :func:`outcome`.
    """
    child = os.fork()
    if child:
        return child
    status = _NOTICED
    try:
        signal.alarm(_PATIENCE)
        status = _try_all(comparison, tests)
    except BaseException:  # noqa: BLE001 - a spoiled engine may do anything
        status = _NOTICED
    finally:
        os._exit(status)


def outcome(comparison: Comparison, status: int) -> Outcome:
    """What a process has found out, by its exit status as ``os.wait`` returns it."""
    if os.waitstatus_to_exitcode(status) == _UNCHANGED:
        msg = f"{comparison.key} stands where it cannot be spoiled"
        raise RuntimeError(msg)
    return Outcome(comparison.key, os.waitstatus_to_exitcode(status) != _UNNOTICED)


def _try_all(comparison: Comparison, tests: Sequence[str]) -> int:
    if not spoil(comparison):
        return _UNCHANGED
    for case in _likely_first(comparison):
        for suite in case.suites:
            if _fails(case, suite):
                return _NOTICED
    with _silence():
        failed = pytest.main(["-x", "-q", "-p", "no:cacheprovider", *tests])
    return _UNNOTICED if failed == 0 else _NOTICED


def _likely_first(comparison: Comparison) -> list[Case]:
    """The cases, those first whose rules stand in the spoiled file."""
    from covey.mls.rules.registry import RULES  # noqa: PLC0415

    stem = comparison.path.stem
    near = {
        check
        for rule in RULES
        if rule.check.__module__.endswith(f".{stem}")
        for check in (rule.id, *rule.also)
    }
    own = {
        check
        for rule in RULES
        if rule.check.__name__ == comparison.owner
        for check in (rule.id, *rule.also)
    }
    return sorted(ALL_CASES, key=lambda case: (case.check not in own, case.check not in near))


@contextlib.contextmanager
def _silence() -> Iterator[None]:
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 1)
    os.dup2(nowhere, 2)
    yield


def in_turn(
    comparisons: Sequence[Comparison],
    tests: Callable[[Comparison], Sequence[str]],
    workers: int,
) -> Iterator[Outcome]:
    """Try comparisons, a few processes at a time; outcomes come as they end."""
    waiting = list(comparisons)
    running: dict[int, Comparison] = {}
    sys.stdout.flush()
    while waiting or running:
        while waiting and len(running) < workers:
            comparison = waiting.pop(0)
            running[turned_round(comparison, tests(comparison))] = comparison
        pid, status = os.wait()
        yield outcome(running.pop(pid), status)
