"""Showing what a case claims. May import the other files of this folder.

For a case that refuses: the victim refuses what is bad, names the check, and is the same as
before; without the check it takes it, so nothing else was wrong with it; it takes what is
good, and the group goes on. For a case that looks: the promise is kept, and without the check
it is not.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from covey.errors import CoveyError
from covey.lab.adversary.promises import Unkept, ensure
from covey.lab.adversary.stage import Stage
from covey.lab.adversary.victims import Trial
from covey.lab.conformance.generate.seeded import Seeded
from covey.mls.crypto.dialects import get_suite
from covey.mls.rules.checks import section_of

if TYPE_CHECKING:
    from covey.lab.adversary.case import Case
    from covey.lab.adversary.victims import Victim


def stage_for(case: Case, suite: int, seed: bytes = b"adversary") -> Stage:
    """The stage of a case; the same arguments set the same one."""
    return Stage(get_suite(suite), Seeded(seed, f"{case.label} {suite}"))


def prove(case: Case, suite: int) -> None:
    """Show that a case proves its point.

    Raises:
        Unkept: It does not.
    """
    if case.refuses:
        _prove_refusal(case, suite)
    else:
        _prove_promise(case, suite)


def _prove_refusal(case: Case, suite: int) -> None:
    stage = stage_for(case, suite)
    trial = case.play(stage)
    assert isinstance(trial, Trial)
    lax, victim = trial.victim.copy(), trial.victim
    refusal = refused(victim, trial.bad)
    _names_the_check(case, refusal)
    with case.without():
        try:
            lax.attempt(trial.bad)
        except CoveyError as error:
            msg = f"something else is wrong with it, too: {_told(error)}"
            raise Unkept(msg) from error
    stage.goes_on(trial, victim.attempt(trial.good))


def refused(victim: Victim, bad: object) -> CoveyError:
    """The error with which a victim refuses something, without being changed.

    Raises:
        Unkept: It accepts it, or is not as before.
    """
    before = victim.snapshot()
    try:
        victim.attempt(bad)
    except CoveyError as error:
        ensure(victim.snapshot() == before, "a refusal changes nothing")
        return error
    msg = "it was accepted"
    raise Unkept(msg)


def _names_the_check(case: Case, refusal: CoveyError) -> None:
    ensure(refusal.rule in case.named, f"it names {sorted(case.named)}, not {_told(refusal)}")
    expected = section_of(refusal.rule)
    ensure(refusal.section == expected, f"{refusal.rule} is of §{expected}, not {refusal.section}")


def _prove_promise(case: Case, suite: int) -> None:
    case.play(stage_for(case, suite))
    stage = stage_for(case, suite)
    try:
        with case.without():
            case.play(stage)
    except Unkept:
        return
    except CoveyError as error:
        ensure(error.rule in case.named, f"something else fails without the check: {_told(error)}")
        return
    msg = "it comes out the same without the check"
    raise Unkept(msg)


def _told(error: CoveyError) -> str:
    return f"{type(error).__name__}: {error}"
