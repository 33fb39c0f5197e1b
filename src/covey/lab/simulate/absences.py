"""Members who are not there, and of whom people know: what no client promises to mend by itself.

May import this folder, and the client's events.
"""

from __future__ import annotations

from math import inf
from typing import TYPE_CHECKING, Final

from covey.client.events import (
    ForkFound,
    Joined,
    Knocked,
    MemberLeft,
    MembersChanged,
    MessagesLost,
    Rejoining,
    RemovedFromGroup,
    RolledBack,
    WishRefused,
)
from covey.client.events.base import Happened
from covey.client.sync.rows.groups import Status
from covey.lab.simulate.actors import Leave, Remove
from covey.lab.simulate.evidence import is_ours, went_out
from covey.lab.simulate.invited import was_invited_in_vain
from covey.lab.simulate.parted import (
    OLD_WAY,
    came_in_unseen,
    finds_no_way,
    has_left_elsewhere,
    is_branch_of_others,
    is_deserted,
    is_in_both,
    is_left_behind,
    is_left_to_people,
    is_let_in_by_a_stranger,
)

if TYPE_CHECKING:
    from covey.client.events import Event
    from covey.lab.simulate.actors import Order
    from covey.lab.simulate.evidence import Evidence
    from covey.lab.simulate.observing import Held, Observed

_LONG: Final = ("away", "leap")

_OLD_WAYS: Final = 4
_TELLING: Final = 3_600  # seconds, for which whoever opens another way back may be cut off


def is_excused(evidence: Evidence, gid: bytes, name: str) -> bool:
    """Whether somebody is a member of a group for those who are in it, and need not be there.

    Six such have an end of which people know (docs/explanation/how-the-client-heals.md): who has
    gone out in a log that a lying broker took back; who was invited in vain, and whom members see
    as not having come; who was away, since somebody went or soon after that, until the old way back
    had closed; who was shown another log until then; who was let into a branch by somebody whom it
    does not know; and who has gone on in a branch, and left that.
    """
    known = evidence.observed[name].groups.get(gid)
    if known is not None and known.status.is_out and is_out_unseen(evidence, gid, name):
        return True
    if was_invited_in_vain(evidence, gid, name) or has_left_elsewhere(evidence, gid, name):
        return True
    return known is not None and (
        _finds_it_closed(evidence, evidence.observed[name], known)
        or finds_no_way(evidence, name, known)
        or is_let_in_by_a_stranger(evidence, gid, name, known)
    )


def is_denied(evidence: Evidence, gid: bytes, name: str) -> bool:
    """Whether somebody was shown a place of a log that the broker does not have there any more."""
    return any((each.client, each.gid) == (name, gid) for each in evidence.front.ever_denied())


def _has_read_since(evidence: Evidence, gid: bytes, name: str, until: float) -> bool:
    """Whether somebody has read, until a moment, as far in the log that was there again as before.

    Not so who offers it anew, and goes before it is all there; nor who got an answer of before just
    after it.
    """
    back, denied = evidence.taken_back_until, evidence.front.denied()
    own = [
        (at, shown.seq)
        for shown, at in evidence.front.places.items()
        if (shown.client, shown.gid) == (name, gid) and (at <= back or shown not in denied)
    ]
    before = max((seq for at, seq in own if at <= back), default=-1)
    return any(back < at <= until and seq >= before for at, seq in own)


def is_out_unseen(evidence: Evidence, gid: bytes, name: str) -> bool:
    """Whether somebody has gone out of a group whose log was taken back later, or not back yet.

    The broker has another log there; or it keeps neither, and nobody who is in the group has told
    that it has gone, since it came in last.
    """
    observed = evidence.observed[name]
    ended = observed.events(RemovedFromGroup, MemberLeft, group=gid)
    out_at = max((each.at for each in ended if is_ours(each.event)), default=None)
    if out_at is None or not evidence.taken_back:
        return False
    if evidence.taken_back_until < out_at and _has_read_since(evidence, gid, name, out_at):
        return False
    joined = observed.events(Joined, group=gid)
    came = max((each.at for each in joined if each.at <= out_at), default=0)
    return is_denied(evidence, gid, name) or not any(
        told.at >= came and name in _gone(told.event)
        for each in evidence.holders(gid)
        for told in evidence.observed[each].events(MembersChanged, group=gid)
    )


def went_out_of_what_is_taken_back(evidence: Evidence, gid: bytes, name: str, since: float) -> bool:
    """Whether a log was taken back since a moment, of which somebody has gone out since then.

    It may have come in again. What it knew of the log before has gone with its keys.
    """
    return (
        evidence.taken_back
        and is_denied(evidence, gid, name)
        and evidence.taken_back_until >= since
        and went_out(evidence.observed[name], gid, since)
    )


def is_apart(evidence: Evidence, gid: bytes) -> bool:
    """Whether a group is a branch of those whom the others do not have any more."""
    return (
        _is_alone(evidence, gid)
        or _is_cast_out(evidence, gid)
        or is_branch_of_others(evidence, gid)
        or is_left_behind(evidence, gid)
        or came_in_unseen(evidence, gid)
        or is_deserted(evidence, gid)
        or is_in_both(evidence, gid)
        or is_left_to_people(evidence, gid)
    )


def goes_on_without(evidence: Evidence, gid: bytes, name: str) -> bool:
    """Whether a group is apart, and somebody whom it has for a member is where the others are.

    Or has gone from there.
    """
    return is_apart(evidence, gid) and any(
        (name in evidence.holders(other) or _has_gone(evidence, other, name))
        and not is_apart(evidence, other)
        for other in evidence.gids
        if other != gid and evidence.holders(other)
    )


def has_lost_its_owner(evidence: Evidence, gid: bytes) -> bool:
    """Whether a group is a branch, and who owns it finds no way back into that of before.

    Or the branch is of those who found none, and the owner goes on in that of before. It is still
    the owner by the group's profile, and is so again once somebody invites it.
    """
    shut_out = any(
        held.status is Status.lost and "ask a member" in held.trouble
        for observed in evidence.observed.values()
        for held in observed.groups.values()
        if gid in evidence.branches(held.gid)
    )
    return evidence.is_branch(gid) and (shut_out or _is_owned_before(evidence, gid))


def _is_owned_before(evidence: Evidence, gid: bytes) -> bool:
    """Whether a branch is apart from the group of before, in which there is an owner."""
    return is_apart(evidence, gid) and any(
        held.owners
        for whole in evidence.gids
        if gid in evidence.branches(whole)
        for held in evidence.holders(whole).values()
    )


def was_removed(evidence: Evidence, gids: set[bytes], name: str) -> bool:
    """Whether somebody tells of a group that another one has gone, who had come in before that.

    It may have come in later, by an invitation of before.
    """
    came = [
        (told.at, told.event.epoch, gid)
        for gid in gids
        for told in evidence.observed[name].events(Joined, group=gid)
        if isinstance(told.event, Joined)
    ]
    last, epoch, where = max(came, default=(0, 0, b""))
    return any(
        (at >= last or (gid == where and event.epoch > epoch)) and name in _gone(event)
        for gid in gids
        for at, event in evidence.changes(gid)
    )


def is_turned_away(evidence: Evidence, gid: bytes, name: str) -> bool:
    """Whether members tell that they refuse somebody, who was let in where the log is taken back.

    Who had let it in has gone since, or it would have been invited again: people see it knock, also
    those who have gone on in a branch meanwhile.
    """
    joined = evidence.observed[name].events(Joined, group=gid)
    came = max((each.at for each in joined), default=inf)
    was_there = evidence.taken_back and came <= evidence.taken_back_until
    return (was_there or is_denied(evidence, gid, name)) and any(
        isinstance(told.event, Knocked) and told.event.name == name and not told.event.accepted
        for group in {gid, *evidence.branches(gid)}
        for each in evidence.holders(group)
        for told in evidence.observed[each].events(Knocked, group=gid)
    )


def _is_cast_out(evidence: Evidence, gid: bytes) -> bool:
    """Whether in a group are those only who have gone from that which goes on, or the branch of it.

    Where a lying broker has taken the log back, they may never have heard of it; and nobody tells
    who is out what becomes of the others.
    """
    holders = evidence.holders(gid)
    if not (holders and evidence.taken_back):
        return False
    return any(
        other != gid
        and (evidence.is_branch(gid) or evidence.is_branch(other))
        and all(_has_gone(evidence, other, name) for name in holders)
        and not all(_has_gone(evidence, gid, name) for name in evidence.holders(other))
        for other in evidence.gids
        if evidence.holders(other)
    )


def _has_gone(evidence: Evidence, gid: bytes, name: str) -> bool:
    """Whether those in a group know somebody to be gone; or it does, and they may not.

    From that group, or from one of which it is a branch: then somebody else may have let it in
    there again.
    """
    if _is_out(evidence, gid, name):
        return True
    holders = evidence.holders(gid)
    if any(name in held.members for held in holders.values()):
        return False
    before = [each for each in evidence.gids if gid in evidence.branches(each)]
    return any(_is_out(evidence, each, name) for each in before) or any(
        name in _gone(told.event)
        for each in holders
        for whole in (gid, *before)
        for told in evidence.observed[each].events(MembersChanged, group=whole)
    )


def _gone(event: Event) -> set[str]:
    """Who has gone by a commit, and did not come in anew by the same one."""
    if not isinstance(event, MembersChanged):
        return set()
    return {*event.removed, *event.left}.difference(event.added)


def _is_out(evidence: Evidence, gid: bytes, name: str) -> bool:
    """Whether somebody has gone from a group, as it says itself."""
    known = evidence.observed[name].groups.get(gid)
    return known is not None and known.status.is_out


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
        and evidence.is_branch(gid)
        and not any(name in each.members for name in holders for each in others)
        and all(
            any(_may_be_alone(each, name) for each in evidence.observed.values())
            for name in holders
        )
    )


def _may_be_alone(observed: Observed, name: str) -> bool:
    """Whether somebody was told that its invitation of somebody may be undone."""
    return any(
        isinstance(each.event, WishRefused)
        and "they may be alone" in each.event.why
        and name in each.event.what.replace(",", "").split()
        for each in observed.events(WishRefused)
    )


def _finds_it_closed(evidence: Evidence, observed: Observed, known: Held) -> bool:
    """Whether members went so long ago, or so many, that no way back is left that it knows.

    The next one is told only after the commit by which they go, by who has made it, once that one
    has read it in the log: who was there last soon after the commit may have seen that, and no
    more, also if it came again when the rest was not kept any more. If it has made the commit
    itself, it knocks at a door to which nobody else has a key; and so it does when the others were
    away until what it had told them was not kept any more.
    """
    if known.status is not Status.lost:
        return False
    signs = observed.events(Happened, group=known.gid)
    lost_at = max((each.at for each in signs if isinstance(each.event, Rejoining)), default=0)
    if _is_heard_by_nobody(evidence, observed.name, known, lost_at):
        return True
    missing = [each.at for each in signs if _is_gap(each.event)]
    read = [each.at for each in signs if not isinstance(each.event, ForkFound | RolledBack)]
    there = [
        max((at for at in read if at < since), default=0)  # it had read on until then
        for since in (lost_at, *missing)
    ]
    untold = {
        told.event.epoch: told.event
        for told in signs
        if isinstance(told.event, MembersChanged)
        and (there[0] - told.at < _TELLING or any(0 <= at - told.at < _TELLING for at in there))
    }
    made = any(each.by == observed.name and _goes(each) for each in untold.values())
    if not made and "ask a member" not in known.trouble:
        return False
    missed = {
        event.epoch: min(at, _wanted_at(evidence, event, at, known.gid))
        for at, event in evidence.changes(known.gid)
        if _goes(event) and (event.epoch >= known.epoch or event.epoch in untold)
    }
    return len(missed) > _OLD_WAYS or any(evidence.ended - at > OLD_WAY for at in missed.values())


def _is_gap(event: Event) -> bool:
    return isinstance(event, MessagesLost) and "no longer kept" in event.why


def _is_heard_by_nobody(evidence: Evidence, name: str, known: Held, since: int) -> bool:
    """Whether there were weeks of silence, and nobody has the key of the door where it knocks.

    Others may be let in meanwhile; who knocks there has no name for those who have no key.
    """
    answers = [
        told.event.why
        for each in evidence.holders(known.gid)
        for told in evidence.observed[each].events(Knocked, group=known.gid, since=since)
        if isinstance(told.event, Knocked)
        and told.event.name in {name, "?"}
        and "by a link" not in told.event.why
    ]
    keyless = bool(answers) and all("no key" in each for each in answers)
    return keyless and bool(evidence.lately.keys() & set(_LONG))


def _wanted_at(evidence: Evidence, event: MembersChanged, at: int, gid: bytes) -> float:
    """When first those were to be removed, or wanted to go: the commit may be as old as that.

    What it had wanted before an earlier commit of the kind is no reason for this one.
    """
    before = max(
        (
            earlier
            for earlier, other in evidence.changes(gid)
            if earlier < at and other.epoch < event.epoch and _gone(other) & _gone(event)
        ),
        default=0,
    )
    wanted = (
        each.at
        for each in evidence.wanted
        if before <= each.at <= at + 1 and _wants(each.order, each.who, event)
    )
    return min(wanted, default=inf)


def _wants(order: Order, who: str, event: MembersChanged) -> bool:
    if isinstance(order, Leave):
        return who in event.left
    return isinstance(order, Remove) and who == event.by and bool({*order.names} & {*event.removed})


def _goes(event: MembersChanged) -> bool:
    """Whether somebody has gone, who knows the way back."""
    return bool(event.removed or event.left)
