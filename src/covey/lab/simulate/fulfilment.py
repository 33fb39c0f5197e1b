"""The judge's rule about what was wanted. May import this folder, and the client's events."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from covey.client.events import (
    Joined,
    MemberLeft,
    MembersChanged,
    Rejoining,
    RemovedFromGroup,
    Renamed,
    RolesChanged,
    Upgraded,
    WishRefused,
)
from covey.client.sync.rows.groups import Status
from covey.lab.simulate.actors import Invite, Knock, Leave, Move, Promote, Remove, Rename, Rotate
from covey.lab.simulate.evidence import Evidence, Finding, is_ours

if TYPE_CHECKING:
    from collections.abc import Iterator

    from covey.lab.simulate.actors import Order
    from covey.lab.simulate.observing import Held, Observed
    from covey.lab.simulate.world import Wanted

_ENDS: Final = (RemovedFromGroup, MemberLeft, Joined, Rejoining)
"""After these, what was wanted before needs not to have happened."""


def wishes_come_true(evidence: Evidence) -> Iterator[Finding]:
    """What was taken to be done has been done; or it was refused, and nothing else."""
    for wanted in evidence.wanted:
        order = wanted.order
        if isinstance(order, Knock):
            continue  # nobody is promised to be let in
        observed = evidence.observed[wanted.who]
        held = observed.groups.get(order.gid)
        if held is None or not held.status.is_in:
            continue
        refused = observed.events(WishRefused, group=order.gid, since=wanted.at)
        ended = observed.events(*_ENDS, group=order.gid, since=wanted.at)
        if any(is_ours(each.event) for each in ended) or any(
            _is_of(order, each.event.what)
            for each in refused
            if isinstance(each.event, WishRefused)
        ):
            continue
        if isinstance(order, Rename) and _renamed_again(evidence, wanted):
            continue
        for what in _undone(order, observed, held, wanted.at):
            yield Finding("wishes come true", wanted.who, f"wanted to {what}, and nothing came")


def _is_of(order: Order, what: str) -> bool:
    """Whether an order is what could not be done, as people are told."""
    told = False
    match order:
        case Invite(names=names):  # by KeyPackages, of which some were claimed in vain
            told = what.startswith(("add ", "invite ")) or what in names
        case Remove(names=names):
            told = what == f"remove {', '.join(names)}"
        case Rename(name=name):
            told = what == f"rename the group to {name}"
        case Leave():
            told = what == "leave"
        case Promote():
            told = what == "change what the group's profile says"
        case Rotate():
            told = what == "renew our keys"
        case Move():
            told = what.startswith("move the group")
    return told


def _renamed_again(evidence: Evidence, wanted: Wanted) -> bool:
    """Whether somebody wanted another name since, so that both may have been one commit.

    Who was killed while it said so may have wanted that, too: then it gives a name of which it had
    not been promised anything.
    """
    order = wanted.order
    assert isinstance(order, Rename)
    ours = {
        each.order.name: each.at
        for each in evidence.wanted
        if isinstance(each.order, Rename) and (each.who, each.order.gid) == (wanted.who, order.gid)
    }
    given = {
        told.event.name
        for told in evidence.observed[wanted.who].events(Renamed, group=order.gid, since=wanted.at)
        if isinstance(told.event, Renamed) and told.event.by == wanted.who
    }
    return bool(given - ours.keys()) or any(at > wanted.at for at in ours.values())


def _undone(order: Order, observed: Observed, held: Held, at: float) -> Iterator[str]:
    changes = [
        each.event
        for each in observed.events(MembersChanged, group=held.gid, since=at)
        if isinstance(each.event, MembersChanged)
    ]
    match order:
        case Invite(names=names):
            came = set(held.members)  # or have gone again, so that they were there
            came |= {name for each in changes for name in (*each.added, *each.removed, *each.left)}
            yield from (f"invite {name}" for name in names if name not in came)
        case Remove(names=names):
            went = {name for each in changes for name in (*each.removed, *each.left)}
            went |= {name for each in changes for name in each.added}  # so it had been out
            yield from (
                f"remove {name}" for name in names if name in held.members and name not in went
            )
        case Leave() if held.status is not Status.leaving:
            yield "leave"
        case Rotate() if held.renewed_at < int(at):
            yield "renew its keys"
        case _:
            yield from _unsaid(order, observed, held, at)


def _unsaid(order: Order, observed: Observed, held: Held, at: float) -> Iterator[str]:
    """What the group does not say of itself."""
    match order:
        case Rename(name=name):
            if name not in {*_names_given(observed, held, at), held.name}:
                yield f"rename it to {name!r}"
        case Promote(name=name):
            roles = observed.events(RolesChanged, group=held.gid, since=at)
            if not any(isinstance(e.event, RolesChanged) and name in e.event.roles for e in roles):
                yield f"make {name} an admin"
        case Move(suite=suite):
            moved = observed.events(Upgraded, group=held.gid, since=at)
            if not any(isinstance(e.event, Upgraded) and e.event.suite == suite for e in moved):
                yield f"move it to suite {suite}"


def _names_given(observed: Observed, held: Held, at: float) -> set[str]:
    return {
        each.event.name
        for each in observed.events(Renamed, group=held.gid, since=at)
        if isinstance(each.event, Renamed)
    }
