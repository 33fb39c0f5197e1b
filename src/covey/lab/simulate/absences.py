"""Members who are not there, and of whom people know: what no client promises to mend by itself.

May import this folder, and the client's events.
"""

from __future__ import annotations

from math import inf
from typing import TYPE_CHECKING, Final

from covey.client.events import Knocked, MembersChanged, Rejoining, WishRefused
from covey.client.events.base import Happened
from covey.client.sync.groups import Status
from covey.lab.simulate.actors import Remove
from covey.lab.simulate.evidence import OUT

if TYPE_CHECKING:
    from covey.lab.simulate.evidence import Evidence
    from covey.lab.simulate.observing import Held, Observed

_SPOILS: Final = ("away", "leap", "rollback", "restore", "fork", "stale", "hide", "honest")
"""After these, an invitation that lay unread may be good for nothing; the last ends all lies."""

_OLD_WAY: Final = 30 * 86_400.0  # seconds
_OLD_WAYS: Final = 4
_TELLING: Final = 3_600  # seconds, for which whoever opens another way back may be cut off


def is_excused(evidence: Evidence, gid: bytes, name: str) -> bool:
    """Whether somebody is a member of a group for those who are in it, and need not be there.

    Three such have an end of which people know (docs/explanation/how-the-client-heals.md): who has
    gone out in a log that a lying broker took back; who was invited in vain, since the broker did
    not keep the invitation, and whom members see as not having come; and who was away, since
    somebody went or soon after that, until the old way back had closed.
    """
    known = evidence.observed[name].groups.get(gid)
    if known is not None and known.status in OUT and evidence.taken_back:
        return True
    return _was_invited_in_vain(evidence, gid, name) or (
        known is not None and _finds_it_closed(evidence, evidence.observed[name], known)
    )


def is_apart(evidence: Evidence, gid: bytes) -> bool:
    """Whether a group is a branch of those whom the others do not have any more."""
    return _is_alone(evidence, gid) or _is_cast_out(evidence, gid)


def _is_cast_out(evidence: Evidence, gid: bytes) -> bool:
    """Whether in a group are those only who have gone from that which goes on, or the branch of it.

    Where a lying broker has taken the log back, they may never have heard of it; and nobody tells
    who is out what becomes of the others.
    """
    holders = evidence.holders(gid)
    if not evidence.taken_back:
        return False
    for other in evidence.gids:
        others = evidence.holders(other)
        if other == gid or not others:
            continue
        if not (_is_branch(evidence, gid) or _is_branch(evidence, other)):
            continue
        members = {name for held in others.values() for name in held.members}
        gone = {
            name
            for each in others
            for told in evidence.observed[each].events(MembersChanged, group=other)
            if isinstance(told.event, MembersChanged)
            for name in (*told.event.removed, *told.event.left)
        }
        gone |= {name for name in holders if _is_out(evidence, other, name)}
        if holders.keys() <= gone and not any(
            name in members and not _is_out(evidence, other, name) for name in holders
        ):
            return True
    return False


def _is_out(evidence: Evidence, gid: bytes, name: str) -> bool:
    """Whether somebody has gone from a group, as it says itself."""
    known = evidence.observed[name].groups.get(gid)
    return known is not None and known.status in OUT


def _is_alone(evidence: Evidence, gid: bytes) -> bool:
    """Whether in a branch are only those whom people were told to invite again.

    They were let in where a lying broker has taken the log back, and no other group has them for
    members: so nobody lets them in who come back. Those who are not invited again by themselves are
    told of (docs/explanation/how-the-client-heals.md).
    """
    holders = evidence.holders(gid)
    others = [
        each for other in evidence.gids if other != gid for each in evidence.holders(other).values()
    ]
    return (
        bool(holders and others)
        and evidence.taken_back
        and _is_branch(evidence, gid)
        and not any(name in each.members for name in holders for each in others)
        and all(
            any(_may_be_alone(each, name) for each in evidence.observed.values())
            for name in holders
        )
    )


def _is_branch(evidence: Evidence, gid: bytes) -> bool:
    """Whether anybody knows a group as a branch; who was let in later may not."""
    known = (each.groups.get(gid) for each in evidence.observed.values())
    return any(held is not None and held.predecessor for held in known)


def _may_be_alone(observed: Observed, name: str) -> bool:
    """Whether somebody was told that its invitation of somebody may be undone."""
    return any(
        isinstance(each.event, WishRefused)
        and "they may be alone" in each.event.why
        and name in each.event.what.replace(",", "").split()
        for each in observed.events(WishRefused)
    )


def _was_invited_in_vain(evidence: Evidence, gid: bytes, name: str) -> bool:
    """Whether it never came, and something has happened since that spoils an invitation.

    As when it has gone again, and a knock of before is answered that lay at another door.
    """
    known = evidence.observed[name].groups.get(gid)
    if known is not None and known.status is Status.copy:
        return False
    if any(name not in held.awaited for held in evidence.holders(gid).values()):
        return False
    added = [at for at, event in _changes(evidence, gid) if name in event.added]
    if known is not None and known.status in OUT:
        return bool(added)
    spoilt = [at for kind, at in evidence.lately.items() if kind in _SPOILS]
    return bool(added and spoilt) and max(added) <= max(spoilt)


def _finds_it_closed(evidence: Evidence, observed: Observed, known: Held) -> bool:
    """Whether members went so long ago, or so many, that no way back is left that it knows.

    The next one is told only after the commit by which they go, by who has made it, once that one
    has read it in the log: who was there last soon after the commit may have seen that, and no
    more. If it has made the commit itself, it knocks at a door to which nobody else has a key; and
    so it does when the others were away until what it had told them was not kept any more.
    """
    if known.status is not Status.lost:
        return False
    if _is_heard_by_nobody(evidence, known):
        return True
    signs = observed.events(Happened, group=known.gid)
    lost_at = max((each.at for each in signs if isinstance(each.event, Rejoining)), default=0)
    there = max((each.at for each in signs if each.at < lost_at), default=0)
    untold = {
        told.event.epoch: told.event
        for told in signs
        if isinstance(told.event, MembersChanged) and there - told.at < _TELLING
    }
    made = any(each.by == observed.name and _goes(each) for each in untold.values())
    if not made and "ask a member" not in known.trouble:
        return False
    missed = {
        event.epoch: min(at, _wanted_at(evidence, event))
        for at, event in _changes(evidence, known.gid)
        if _goes(event) and (event.epoch >= known.epoch or event.epoch in untold)
    }
    return len(missed) > _OLD_WAYS or any(evidence.ended - at > _OLD_WAY for at in missed.values())


def _is_heard_by_nobody(evidence: Evidence, known: Held) -> bool:
    """Whether there were weeks of silence, and nobody has the key of the door where it knocks."""
    answers = [
        told.event
        for each in evidence.holders(known.gid)
        for told in evidence.observed[each].events(Knocked, group=known.gid)
        if isinstance(told.event, Knocked)
    ]
    keyless = bool(answers) and "no key" in answers[-1].why
    return keyless and bool(evidence.lately.keys() & {"leap", "away"})


def _wanted_at(evidence: Evidence, event: MembersChanged) -> float:
    """When somebody wanted first to have those removed: the commit may be as old as that."""
    wanted = (
        each.at
        for each in evidence.wanted
        if isinstance(each.order, Remove) and set(each.order.names) & set(event.removed)
    )
    return min(wanted, default=inf)


def _goes(event: MembersChanged) -> bool:
    """Whether somebody has gone, who knows the way back."""
    return bool(event.removed or event.left)


def _changes(evidence: Evidence, gid: bytes) -> list[tuple[int, MembersChanged]]:
    return [
        (told.at, told.event)
        for each in evidence.observed.values()
        for told in each.events(MembersChanged, group=gid)
        if isinstance(told.event, MembersChanged)
    ]
