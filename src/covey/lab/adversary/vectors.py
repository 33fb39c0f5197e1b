"""Negative test vectors: what must be refused, in a form that any stack can run.

May import the other files of this folder. The form is described in docs/negative-vectors.md:
a vector of the official passive-client kind, which succeeds to its end, and a message that
must be refused in place of one of its own.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Final

from covey.lab.adversary.proof import stage_for
from covey.lab.adversary.victims import JoinerVictim, MemberVictim, OutsiderVictim, Trial
from covey.lab.conformance.generate.scenes import NOW
from covey.mls.group.events import EpochChanged, MessageReceived, ProposalReceived
from covey.mls.rules.checks import section_of
from covey.mls.structs.credentials import BasicCredential

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

    from covey.lab.adversary.case import Case
    from covey.lab.adversary.stage import Stage
    from covey.lab.conformance.generate.seeded import Vector

FILES: Final = {
    "negative-welcome": frozenset({"welcome"}),
    "negative-message": frozenset({"proposal", "commit", "application"}),
    "negative-group-info": frozenset({"group_info"}),
}
"""The kinds of messages in each file."""

_ANY_SUITE: Final = (1,)
"""What a case says that does not care for the suite."""


def vector(case: Case, suite: int, seed: bytes) -> Vector | None:
    """The vector of a case; None when its victim is nobody who receives messages."""
    stage = stage_for(case, suite, seed)
    trial = case.play(stage)
    assert isinstance(trial, Trial)
    victim = trial.victim
    if isinstance(victim, MemberVictim) and victim.group is stage.victor:
        return _of_member(case, stage, trial)
    if isinstance(victim, JoinerVictim):
        return _of_joiner(case, stage, trial, victim)
    if isinstance(victim, OutsiderVictim):
        return _of_outsider(case, trial, victim)
    return None


def vectors(
    cases: Sequence[Case],
    suites: Sequence[int],
    seed: bytes,
    on_case: Callable[[int], None] | None = None,
) -> Iterator[Vector]:
    """The vectors of all portable cases.

    Args:
        cases: The cases.
        suites: Code points, for the cases that do not care.
        seed: The same seed gives the same vectors.
        on_case: Called before the first case with their number, and after each one with 0.
    """
    played = [
        (case, suite)
        for case in cases
        if case.portable
        for suite in (suites if case.suites == _ANY_SUITE else case.suites)
    ]
    tell = on_case or (lambda _: None)
    tell(len(played))
    for case, suite in played:
        made = vector(case, suite, seed)
        if made is not None:
            yield made
        tell(0)


def write(folder: Path, made: Sequence[Vector]) -> dict[Path, int]:
    """Write vectors into the files of a folder.

    Returns:
        The files, and how many cases each of them holds.
    """
    written = {}
    for name, kinds in FILES.items():
        chosen = [each for each in made if _kind(each) in kinds]
        path = folder / f"{name}.json"
        path.write_text(json.dumps(chosen, indent=1) + "\n")
        written[path] = len(chosen)
    return written


def _kind(vector: Vector) -> object:
    negative = vector["negative"]
    assert isinstance(negative, dict)
    return negative["kind"]


def _of_member(case: Case, stage: Stage, trial: Trial) -> Vector:
    """What Victor has seen, what he must refuse, and how it goes on."""
    before, waiting = stage.case(), [message.hex() for message in stage.waiting]
    event = trial.victim.attempt(trial.good)
    epochs = list(before["epochs"])  # type: ignore[call-overload]
    negative = _negative(case, _kind_of(event), trial.bad.hex(), epoch=len(epochs))
    match event:
        case EpochChanged():
            epochs.append(_epoch(waiting, trial.good, stage))
            waiting = []
        case ProposalReceived():
            waiting = [*waiting, trial.good.hex()]
        case _:
            negative["instead"] = trial.good.hex()
    commit = stage.goes_on(trial, event)
    if commit is not None:
        epochs.append(_epoch(waiting, commit, stage))
    return {**before, "epochs": epochs, "negative": negative}


def _kind_of(event: object) -> str:
    match event:
        case EpochChanged():
            return "commit"
        case ProposalReceived():
            return "proposal"
        case MessageReceived():
            return "application"
    msg = f"no vector holds {event}"
    raise TypeError(msg)


def _epoch(proposals: list[str], commit: bytes, stage: Stage) -> Vector:
    authenticator = stage.victor.epoch_authenticator.hex()
    return {"proposals": proposals, "commit": commit.hex(), "epoch_authenticator": authenticator}


def _of_joiner(case: Case, stage: Stage, trial: Trial, joiner: JoinerVictim) -> Vector:
    """What a newcomer must not join by, and what instead."""
    bad, bad_tree = _with_tree(trial.bad, joiner.tree)
    good, tree = _with_tree(trial.good, joiner.tree)
    group = joiner.attempt(trial.good)
    package = joiner.package
    return {
        "cipher_suite": group.suite.code,
        "external_psks": stage.case()["external_psks"],
        "key_package": package.message.hex(),
        "signature_priv": package.signer.hex(),
        "encryption_priv": package.leaf_private.hex(),
        "init_priv": package.init_private.hex(),
        "welcome": good.hex(),
        "ratchet_tree": _hex(tree),
        "initial_epoch_authenticator": group.epoch_authenticator.hex(),
        "epochs": [],
        "negative": _negative(case, "welcome", bad.hex(), ratchet_tree=_hex(bad_tree)),
    }


def _of_outsider(case: Case, trial: Trial, outsider: OutsiderVictim) -> Vector:
    """What a stranger must not join by, and what instead."""
    bad, bad_tree = _with_tree(trial.bad, None)
    good, tree = _with_tree(trial.good, None)
    credential = outsider.client.credential
    assert isinstance(credential, BasicCredential)
    return {
        "cipher_suite": outsider.client.suite.code,
        "identity": credential.identity.hex(),
        "signature_priv": outsider.client.signer.hex(),
        "now": NOW,
        "group_info": good.hex(),
        "ratchet_tree": _hex(tree),
        "negative": _negative(case, "group_info", bad.hex(), ratchet_tree=_hex(bad_tree)),
    }


def _with_tree(given: object, tree: bytes | None) -> tuple[bytes, bytes | None]:
    if isinstance(given, tuple):
        return given
    assert isinstance(given, bytes)
    return given, tree


def _hex(data: bytes | None) -> str | None:
    return None if data is None else data.hex()


def _negative(case: Case, kind: str, message: str, **more: object) -> Vector:
    return {
        "rule": case.check,
        "section": section_of(case.check),
        "refused_as": sorted(case.named),
        "name": case.name,
        "description": case.sentence,
        "kind": kind,
        "message": message,
        **more,
    }
