"""Members who were shown two logs, and are parted: nobody who has a say knows of them any more.

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

DAY: Final = 86_400.0
"""Seconds."""

OLD_WAY: Final = 30 * DAY
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
        or (evidence.taken_back and _have_all_slept(evidence, known.gid, name, each))
        for each in shut
    )


def _have_all_slept(evidence: Evidence, gid: bytes, name: str, until: float) -> bool:
    """Whether all slept for longer than old ways back stand, until a log was taken back.

    Somebody heard nothing of the group, and neither did those who are in it now.
    """
    since = _taken_back_at(evidence)
    everybody = [_heard(evidence.observed[each], gid) for each in {name, *evidence.holders(gid)}]
    return any(
        later - each > OLD_WAY
        and each <= since
        and all(_is_silent(other, each) for other in everybody)
        for each, later in pairwise(sorted((*_heard(evidence.observed[name], gid), until)))
    )


def _heard(observed: Observed, gid: bytes) -> list[float]:
    """When somebody was told something of a group."""
    return [each.at for each in observed.told if each.event.group == gid.hex()]


def _is_silent(heard: list[float], since: float) -> bool:
    """Whether nothing was heard for as long as old ways back stand, but for the first day."""
    return not any(since + DAY < each < since + OLD_WAY for each in heard)


def is_let_in_by_a_stranger(evidence: Evidence, gid: bytes, name: str, known: Held) -> bool:
    """Whether somebody is lost in a group, and in a branch of it as in a group of its own.

    It was let in there by one who came into the group after the epoch in which it is lost, so that
    it cannot tell that one from a stranger.
    """
    observed = evidence.observed[name]
    inviters = {
        told.event.inviter
        for branch in evidence.branches(gid)
        if name in evidence.holders(branch)
        for told in observed.events(Joined, group=branch)
        if isinstance(told.event, Joined)
    }
    return (
        evidence.taken_back
        and known.status is Status.lost
        and any(
            told.event.epoch > known.epoch
            for each in inviters & evidence.observed.keys()
            for told in evidence.observed[each].events(Joined, group=gid)
            if isinstance(told.event, Joined)
        )
    )


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


def is_left_behind(evidence: Evidence, gid: bytes) -> bool:
    """Whether others had a branch with those who are in a group, and said who is left there."""
    said = [
        told.event.what
        for observed in evidence.observed.values()
        if (held := observed.groups.get(gid)) is not None and "folded into" in held.trouble
        for told in observed.events(WishRefused)
        if isinstance(told.event, WishRefused) and told.event.what.endswith(" along")
    ]
    holders = evidence.holders(gid)
    left = bool(holders) and all(any(name in what for what in said) for name in holders)
    return evidence.taken_back and left


def is_deserted(evidence: Evidence, gid: bytes) -> bool:
    """Whether all but one have gone out of a branch, who knows, and is with others elsewhere.

    Or none of them has ever come, and that one sees so.
    """
    holders = evidence.holders(gid)
    others = [
        held
        for name, each in evidence.observed.items()
        if name not in holders and (held := each.groups.get(gid)) is not None
    ]
    return (
        evidence.taken_back
        and evidence.is_branch(gid)
        and all(each.status.is_out for each in others)
        and any(
            set(held.members) - set(held.awaited) == {name}
            and not (held.awaited and others)
            and _is_with_others(evidence, gid, name)
            for name, held in holders.items()
        )
    )


def _is_with_others(evidence: Evidence, gid: bytes, name: str) -> bool:
    """Whether somebody is in another group, and not alone."""
    others = [evidence.holders(each) for each in evidence.gids if each != gid]
    return any(name in each and len(each) > 1 for each in others)


def is_in_both(evidence: Evidence, gid: bytes) -> bool:
    """Whether all who are in a branch are in the group of which it is one, and were not before."""
    holders = evidence.holders(gid)
    return (
        evidence.taken_back
        and bool(holders)
        and any(
            gid in evidence.branches(whole) and holders.keys() <= evidence.holders(whole).keys()
            for whole in evidence.gids
        )
        and not any(held.predecessor for held in holders.values())
    )


def is_left_to_people(evidence: Evidence, gid: bytes) -> bool:
    """Whether people were asked about a branch, of which one alone is in the better one, too."""
    what = f"go on here with what was said in {gid.hex()[:8]}"
    holders = evidence.holders(gid).keys()
    return evidence.taken_back and any(
        told.event.what == what and holders & evidence.holders(better).keys() == {name}
        for name in holders
        for better in evidence.gids
        if better != gid and name in evidence.holders(better)
        for told in evidence.observed[name].events(WishRefused, group=better)
        if isinstance(told.event, WishRefused)
    )


def has_left_elsewhere(evidence: Evidence, gid: bytes, name: str) -> bool:
    """Whether somebody has gone on in a branch of a group, and is out of that.

    Who had stayed in the group does not know, nor who has gone on in another branch of it.
    """
    groups = evidence.observed[name].groups
    return evidence.taken_back and any(
        known.status is Status.branched
        and (gid == known.gid or gid in branches - groups.keys())
        and any(each in groups and groups[each].status.is_out for each in branches - {gid})
        for known in groups.values()
        for branches in (evidence.branches(known.gid),)
    )


def came_in_unseen(evidence: Evidence, gid: bytes) -> bool:
    """Whether all who are in a group came in after its log was taken back, and have no witness.

    Whoever let them in has gone, and the others, who had been shown another log, are in a branch.
    """
    if not (evidence.taken_back and any(map(evidence.holders, evidence.branches(gid)))):
        return False
    holders = evidence.holders(gid)
    return bool(holders) and all(_is_unseen(evidence, gid, each) for each in holders)


def _is_unseen(evidence: Evidence, gid: bytes, name: str) -> bool:
    """Whether somebody came in last by one who has gone, after the log was taken back."""
    since = _taken_back_at(evidence)
    came = [
        told.event.inviter
        for told in evidence.observed[name].events(Joined, group=gid, since=since)
        if isinstance(told.event, Joined)
    ]
    inviter = evidence.observed.get(came[-1]) if came else None
    held = None if inviter is None else inviter.groups.get(gid)
    return held is not None and held.status is Status.left


def _is_long_after(evidence: Evidence, at: float) -> bool:
    """Whether more time has passed, since a log was first taken back, than old ways back stand."""
    return at - _taken_back_at(evidence) > OLD_WAY


def _taken_back_at(evidence: Evidence) -> float:
    """When a log was first taken back, in seconds since the epoch."""
    return min((evidence.began.get(each, inf) for each in TAKES_BACK), default=inf)
