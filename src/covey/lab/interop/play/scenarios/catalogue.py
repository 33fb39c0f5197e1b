"""All scenarios, kind by kind. Imports every file of this folder."""

from __future__ import annotations

from typing import Final

from covey.lab.interop.play.scenarios import (
    application,
    branch,
    commit,
    deep_random,
    external_join,
    external_proposals,
    reinit,
    welcome_join,
)
from covey.lab.interop.play.scenarios.registry import Scenario, scenarios

_FILES: Final = (
    welcome_join,
    external_join,
    application,
    commit,
    external_proposals,
    reinit,
    branch,
    deep_random,
)

KINDS: Final = tuple(file.__name__.rpartition(".")[2] for file in _FILES)
"""The kinds of scenarios, in the order of the table."""

ALL: Final[tuple[Scenario, ...]] = tuple(
    sorted(scenarios(), key=lambda each: KINDS.index(each.kind))
)
"""All scenarios, in that order."""


def chosen(patterns: tuple[str, ...]) -> tuple[Scenario, ...]:
    """Those whose id, or kind, is among the patterns; all of them for none.

    Raises:
        LookupError: A pattern is neither.
    """
    for pattern in patterns:
        if not any(pattern in {each.id, each.kind} for each in ALL):
            msg = f"no scenario {pattern}; kinds are {', '.join(KINDS)}"
            raise LookupError(msg)
    return tuple(each for each in ALL if not patterns or {each.id, each.kind} & set(patterns))
