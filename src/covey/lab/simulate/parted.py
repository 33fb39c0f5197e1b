"""Members who were shown two logs, and are parted for so long that there is no way back.

May import this folder, and the client's events. Old ways back stand for thirty days: whoever is on
the wrong side of a fork until then, or sleeps for so long before or after it, knows only doors that
were closed since (docs/explanation/how-the-client-heals.md).
"""

from __future__ import annotations

from itertools import pairwise
from math import inf
from typing import TYPE_CHECKING, Final

from covey.client.events import Joined, WishRefused
from covey.client.sync.rows.groups import Status
from covey.lab.simulate.lies import TAKES_BACK

if TYPE_CHECKING:
    from covey.lab.simulate.evidence import Evidence
    from covey.lab.simulate.observing import Held, Observed

OLD_WAY: Final = 30 * 86_400.0
"""Seconds for which an old way back stands."""


def finds_no_way(evidence: Evidence, name: str, known: Held) -> bool:
    """Whether somebody is shut out for that reason, or has gone on in a branch."""
    if known.status is Status.branched:
        return any(
            name in evidence.holders(gid) and is_branch_of_others(evidence, gid)
            for gid in evidence.branches(known.gid)
        )
    if known.status is not Status.lost:
        return False
    observed = evidence.observed[name]
    shut = [
        each.at
        for each in observed.events(WishRefused, group=known.gid)
        if isinstance(each.event, WishRefused) and "ask a member" in each.event.why
    ]
    return any(
        _is_long_after(evidence, each)
        or (evidence.taken_back and _has_slept(observed, known.gid, each))
        for each in shut
    )


def _has_slept(observed: Observed, gid: bytes, until: float) -> bool:
    """Whether somebody heard nothing of a group until then, for longer than old ways back stand."""
    told = [each.at for each in observed.told if each.event.group == gid.hex()]
    heard = sorted(each for each in (*told, until) if each <= until)
    return any(later - each > OLD_WAY for each, later in pairwise(heard))


def is_branch_of_others(evidence: Evidence, gid: bytes) -> bool:
    """Whether a group is a branch of those who found no way back, and others had gone on."""
    goes_on = any(
        evidence.holders(other) and gid in evidence.branches(other) for other in evidence.gids
    )
    begun = min(
        (
            told.at
            for each in evidence.observed.values()
            for told in each.events(Joined, group=gid)
            if isinstance(told.event, Joined) and told.event.how == "branched"
        ),
        default=0,
    )
    return goes_on and _is_long_after(evidence, begun)


def _is_long_after(evidence: Evidence, at: float) -> bool:
    """Whether more time has passed, since a log was first taken back, than old ways back stand."""
    parted = min((evidence.began.get(each, inf) for each in TAKES_BACK), default=inf)
    return at - parted > OLD_WAY
