"""Members who were invited in vain, and whom the others see as not having come.

May import this folder, and the client's events (docs/explanation/how-the-client-heals.md).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from covey.client.events import InvitationFailed
from covey.client.sync.rows.groups import Status
from covey.lab.simulate.actors import Knock

if TYPE_CHECKING:
    from covey.client.events import MembersChanged
    from covey.lab.simulate.evidence import Evidence

_LONG: Final = ("away", "leap")
_UNREAD: Final = 5 * 86_400.0  # seconds; whoever is away for less finds what was left for it


def was_invited_in_vain(evidence: Evidence, gid: bytes, name: str) -> bool:
    """Whether somebody never came, and was told so; or what was left for it is not there any more.

    Or it had knocked at another door, or whoever let it in would know, and has gone.
    """
    known = evidence.observed[name].groups.get(gid)
    if known is not None and known.status is Status.copy:
        return False
    holders = evidence.holders(gid)
    if not holders or any(name not in held.awaited for held in holders.values()):
        return False
    told = [(at, event) for at, event in evidence.changes(gid) if name in event.added]
    if not told:
        return False
    last = max(event.epoch for _, event in told)
    added = min(at for at, event in told if event.epoch == last)  # others hear of it later
    return (
        bool(evidence.observed[name].events(InvitationFailed, group=gid, since=added))
        or (known is not None and known.status.is_out and _has_knocked(evidence, name))
        or _has_no_witness(evidence, gid, [each for _, each in told if each.epoch == last])
        or _is_not_kept(evidence, added)
    )


def _has_knocked(evidence: Evidence, name: str) -> bool:
    """Whether somebody has knocked at a link: it may be let in by a KeyPackage that is used up."""
    return any(isinstance(each.order, Knock) and each.who == name for each in evidence.wanted)


def _has_no_witness(evidence: Evidence, gid: bytes, last: list[MembersChanged]) -> bool:
    """Whether whoever was told by a broker that was set back that it was in vain is out."""
    groups = [evidence.observed[each.by].groups for each in last if each.by in evidence.observed]
    out = [gid in each and each[gid].status.is_out for each in groups]
    return evidence.taken_back and bool(out) and all(out)


def _is_not_kept(evidence: Evidence, added: float) -> bool:
    """Whether what was left for somebody is gone: it was taken back, or lay unread for too long."""
    return evidence.taken_back_until >= added or any(
        evidence.lately.get(each, 0.0) >= added + _UNREAD for each in _LONG
    )
