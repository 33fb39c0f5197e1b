"""Members who are not there, and of whom people know: what no client promises to mend by itself.

May import this folder, and the client's events.
"""

from __future__ import annotations

from math import inf
from typing import TYPE_CHECKING, Final

from covey.client.events import MembersChanged, Rejoining
from covey.client.events.base import Happened
from covey.client.sync.groups import Status
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


def _was_invited_in_vain(evidence: Evidence, gid: bytes, name: str) -> bool:
    """Whether it never came, and something has happened since that spoils an invitation."""
    known = evidence.observed[name].groups.get(gid)
    if known is not None and known.status is Status.copy:
        return False
    if any(name not in held.awaited for held in evidence.holders(gid).values()):
        return False
    added = [at for at, event in _changes(evidence, gid) if name in event.added]
    spoilt = [at for kind, at in evidence.lately.items() if kind in _SPOILS]
    return bool(added and spoilt) and max(added) <= max(spoilt)


def _finds_it_closed(evidence: Evidence, observed: Observed, known: Held) -> bool:
    """Whether members went so long ago, or so many, that no way back is left that it knows.

    The next one is told only after the commit by which they go, by who has made it, once that one
    has read it in the log: who was there last soon after the commit may have seen that, and no
    more.
    """
    if known.status is not Status.lost or "ask a member" not in known.trouble:
        return False
    signs = observed.events(Happened, group=known.gid)
    lost_at = max(each.at for each in signs if isinstance(each.event, Rejoining))
    there = max((each.at for each in signs if each.at < lost_at), default=0)
    own = {told.event.epoch: told.at for told in signs if isinstance(told.event, MembersChanged)}
    unseen = {
        event.epoch: at
        for at, event in _changes(evidence, known.gid)
        if (event.removed or event.left)
        and (event.epoch >= known.epoch or there - own.get(event.epoch, -inf) < _TELLING)
    }
    return len(unseen) > _OLD_WAYS or any(evidence.ended - at > _OLD_WAY for at in unseen.values())


def _changes(evidence: Evidence, gid: bytes) -> list[tuple[int, MembersChanged]]:
    return [
        (told.at, told.event)
        for each in evidence.observed.values()
        for told in each.events(MembersChanged, group=gid)
        if isinstance(told.event, MembersChanged)
    ]
