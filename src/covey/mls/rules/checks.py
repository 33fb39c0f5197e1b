"""The checks of RFC 9420 by id: which rules they are, and where they come from.

May import the other files of this folder; importing it fills the registry.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from covey.mls.rules import (
    app_data,
    joining,
    key_packages,
    leaves,
    messages,
    paths,
    proposals,
    trees,
)
from covey.mls.rules.places import PLACES, SEEN_FROM
from covey.mls.rules.registry import RULES

if TYPE_CHECKING:
    from covey.mls.rules.registry import Rule

MODULES = (app_data, joining, key_packages, leaves, messages, paths, proposals, trees)
"""Where the rules are."""


def rules_of(check: str) -> list[Rule]:
    """The rules that are a check, or the same one seen from another place."""
    return [rule for rule in RULES if check in {rule.id, *rule.also}]


def section_of(check: str) -> str:
    """The section that a check comes from.

    Raises:
        LookupError: There is no such check.
    """
    place = PLACES.get(check)
    found = [rule.section for rule in rules_of(check)] if place is None else [place.section]
    if not found:
        msg = f"there is no check {check}"
        raise LookupError(msg)
    return SEEN_FROM.get(check, found[0])
