"""What has to be so when all is quiet again, and what was not.

May import this folder, and the client's events. The judge reads stores and what was noted on the
way; it asks nobody. Each rule is a function from what there is to be seen to what is wrong.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Final

from covey.client.events import (
    Branching,
    CopyFound,
    ForkFound,
    Joined,
    MembersChanged,
    MessagesLost,
    Rejoining,
    RolledBack,
)
from covey.client.sync.rows.groups import Status
from covey.lab.simulate.absences import (
    goes_on_without,
    has_lost_its_owner,
    is_apart,
    is_excused,
    is_turned_away,
    was_removed,
)
from covey.lab.simulate.actors import Invite, Knock
from covey.lab.simulate.evidence import Evidence, Finding, went_out
from covey.lab.simulate.fulfilment import wishes_come_true
from covey.lab.simulate.histories import (
    losses_explained,
    nothing_lost,
    once,
    said_by_them,
    same_order,
)
from covey.lab.simulate.lies import TAKES_BACK

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from covey.client.events import Event
    from covey.lab.simulate.observing import Observed

_ALARMS: Final = (ForkFound, RolledBack, CopyFound)
"""What a client tells that has noticed a lie."""

_ONCE: Final = 86_400.0
"""Seconds for which what lasts is told once."""

_REASONS: Final = ("fork", "rollback", "restore", "withhold", "away", "leap")
"""After each of these, somebody may have lost its place in the log."""

_STRANDED: Final = frozenset({Status.lost, Status.broken, Status.restored, Status.copy})


def judge(evidence: Evidence) -> list[Finding]:
    """All that is wrong."""
    return [finding for rule in RULES for finding in rule(evidence)]


# --- agreement -----------------------------------------------------------------------------


def agree(evidence: Evidence) -> Iterator[Finding]:
    """All who are in a group share its epoch, and they are those whom it has as members.

    But for some whom it has until somebody removes them, or invites them again; and for those whom
    a branch of others who are gone has, and who go on without these.
    """
    for gid in evidence.gids:
        holders = evidence.holders(gid)
        secrets = {(held.epoch, held.authenticator) for held in holders.values()}
        if len(secrets) > 1:
            seen = ", ".join(
                f"{name} epoch {held.epoch} {held.authenticator.hex()[:8]}"
                for name, held in holders.items()
            )
            yield Finding("agree", "", f"members are in different epochs: {seen}")
            continue
        for name, held in holders.items():
            if name not in held.members:
                yield Finding("agree", name, "takes itself for a member, and is none")
        roster = {member for held in holders.values() for member in held.members}
        for name in sorted(roster - set(holders)):
            known = evidence.observed[name].groups.get(gid)
            if is_excused(evidence, gid, name) or goes_on_without(evidence, gid, name):
                continue
            status = "has never heard of it" if known is None else f"says {known.status}"
            yield Finding("agree", name, f"is a member of {gid.hex()[:8]}, and {status}")


def owned(evidence: Evidence) -> Iterator[Finding]:
    """A group has an owner, who is in it; but for a branch that could not reach its owner."""
    for gid in evidence.gids:
        for name, held in evidence.holders(gid).items():
            if not held.owners and not has_lost_its_owner(evidence, gid):
                yield Finding("owned", name, f"is in {gid.hex()[:8]}, which nobody owns")


def one_group(evidence: Evidence) -> Iterator[Finding]:
    """A group may go on as another one, but not as several.

    But for branches of those whom the others do not have any more.
    """
    alive = [gid for gid in evidence.gids if evidence.holders(gid) and not is_apart(evidence, gid)]
    if len(alive) > 1:
        names = "; ".join(
            f"{gid.hex()[:8]} with {', '.join(evidence.holders(gid))}" for gid in alive
        )
        yield Finding("one group", "", f"there are {len(alive)}: {names}")


def nobody_stranded(evidence: Evidence) -> Iterator[Finding]:
    """Whoever has lost its way is let in anew, unless somebody has removed it meanwhile."""
    for gid in evidence.gids:
        there = {gid} if evidence.holders(gid) else evidence.branches(gid)
        members = {
            each
            for group in there
            for held in evidence.holders(group).values()
            for each in held.members
        }
        for name, observed in evidence.observed.items():
            held = observed.groups.get(gid)
            if held is None or held.status not in _STRANDED or is_excused(evidence, gid, name):
                continue
            gone = was_removed(evidence, {gid, *there}, name)
            if name in members or not (gone or is_turned_away(evidence, gid, name)):
                yield Finding("nobody stranded", name, f"is {held.status}: {held.trouble}")


def quiet(evidence: Evidence) -> Iterator[Finding]:
    """Nothing waits for ever, but who wants to leave when nobody is there any more to let it go."""
    for name, each in evidence.observed.items():
        for held in each.groups.values():
            if held.status is Status.leaving and len(evidence.holders(held.gid)) == 1:
                continue
            waits = [
                word
                for word, some in (
                    (f"{held.waiting} messages", held.waiting),
                    (f"{held.wishes} wishes", held.wishes),
                    ("a commit", held.pending),
                    ("a wish to leave", held.status is Status.leaving),
                )
                if some
            ]
            if waits and held.status.is_in:
                yield Finding("quiet", name, f"{' and '.join(waits)} wait")


# --- secrets -------------------------------------------------------------------------------


def keys_once(evidence: Evidence) -> Iterator[Finding]:
    """No key seals two things."""
    for what in evidence.sealed.twice:
        yield Finding("keys once", "", what)


def nothing_kept(evidence: Evidence) -> Iterator[Finding]:
    """Who is out of a group holds none of its secrets."""
    for name, each in evidence.observed.items():
        for held in each.groups.values():
            if held.status.is_out and held.secrets:
                yield Finding("nothing kept", name, f"is {held.status}, and keeps secrets")


# --- lies ----------------------------------------------------------------------------------


def lies_noticed(evidence: Evidence) -> Iterator[Finding]:
    """Who was told a lie that can be seen has said so since, or on that day, if it lasts.

    Who has left, or was removed, or has lost its place, knows nothing of the log any more: when it
    comes in anew, it believes what it is shown.
    """
    front = evidence.front
    for name, gid, lie, at in front.caught:
        if _had_no_place(evidence.observed[name], gid, at):
            continue
        observed = evidence.observed[name]
        if _says_of_a_gap(observed, gid, at - _ONCE) and _forgot(observed, gid, at):
            continue  # it was to look there once more, and had no place there any more
        if not observed.events(*_ALARMS, group=gid, since=at - _ONCE):
            yield Finding("lies noticed", name, f"was told a lie ({lie}), and said nothing")
    shown: dict[tuple[str, bytes], float] = {}
    for each, at in front.denied().items():
        shown[each.client, each.gid] = max(at, shown.get((each.client, each.gid), at))
    for (name, gid), at in shown.items():
        observed = evidence.observed[name]
        held = observed.groups.get(gid)
        if held is None or not held.status.is_in or _forgot(observed, gid, at):
            continue
        told = observed.events(*_ALARMS, group=gid, since=at - _ONCE)
        if not told and not _says_of_a_gap(observed, gid, at):
            yield Finding(
                "lies noticed", name, "was shown entries that are not there, and is silent"
            )


def _had_no_place(observed: Observed, gid: bytes, at: float) -> bool:
    """Whether somebody had lost its place in a log at a moment: it only looks if that is so."""
    signs = observed.events(Rejoining, Branching, Joined, group=gid)
    before = [each.event for each in signs if each.at <= at]
    return bool(before) and not isinstance(before[-1], Joined)


def _forgot(observed: Observed, gid: bytes, since: float) -> bool:
    """Whether what somebody knew of a log has gone: it went out, or lost its place there."""
    return went_out(observed, gid, since) or bool(
        observed.events(Rejoining, Branching, group=gid, since=since)
    )


def _says_of_a_gap(observed: Observed, gid: bytes, since: float) -> bool:
    """Whether somebody has said since that entries are held back, or not kept."""
    told = observed.events(MessagesLost, group=gid, since=since)
    return any(
        isinstance(each.event, MessagesLost) and "held back" in each.event.why for each in told
    )


def few_returns(evidence: Evidence) -> Iterator[Finding]:
    """People are let in anew for a reason: once for each lie, and for each long absence.

    And once besides; but for who invites them before they have come, and for who wants them to. If
    the log was taken back, they may be let in once more before they have seen it; and as often as
    they were given what does not lead in, or had given up on a log of which they were told lies.
    """
    kinds = evidence.kinds
    bound = 1 + sum(kinds.get(each, 0) for each in _REASONS)
    before = sum(kinds.get(each, 0) for each in TAKES_BACK)
    for name, each in evidence.observed.items():
        back = sum(1 for told in each.events(Rejoining) if not _is_let_in_anew(told.event))
        if back > bound:
            yield Finding("few returns", name, f"came back {back} times; {bound} at most")
        for gid in each.groups:
            for other, times in _let_in_anew(each, gid).items():
                most = (
                    bound
                    + before
                    + _wanted_in(evidence, other)
                    + len(evidence.front.shut_out[other])
                    + _given_up(evidence, gid, other)
                )
                if times > most:
                    what = f"was let in anew {times} times; {most} at most"
                    yield Finding("few returns", other, f"{what}, as {name} says")


def _let_in_anew(observed: Observed, gid: bytes) -> Counter[str]:
    """How often somebody has seen others go and come by one commit."""
    found = Counter[str]()
    for told in observed.events(MembersChanged, group=gid):
        if isinstance(told.event, MembersChanged):
            found.update({*told.event.added}.intersection(told.event.removed))
    return found


def _wanted_in(evidence: Evidence, name: str) -> int:
    """How often people wanted somebody to come in, or it knocked."""
    return sum(
        (isinstance(each.order, Invite) and name in each.order.names)
        or (isinstance(each.order, Knock) and each.who == name)
        for each in evidence.wanted
    )


def _given_up(evidence: Evidence, gid: bytes, name: str) -> int:
    """How often somebody has told that it goes no further in a log of which it was told lies."""
    lies = [each.at for each in evidence.front.caught if (each.client, each.gid) == (name, gid)]
    told = evidence.observed[name].events(Branching, group=gid)
    return sum(1 for each in told if any(at <= each.at for at in lies))


def _is_let_in_anew(event: Event) -> bool:
    return isinstance(event, Rejoining) and "has let us in anew" in event.why


def nothing_breaks(evidence: Evidence) -> Iterator[Finding]:
    """Nobody meets what only a bug, or a damaged store, can bring about."""
    for _ in range(evidence.kinds.get("stuck", 0)):
        yield Finding("nothing breaks", "", "somebody could not go on, as the story tells")


RULES: Final[tuple[Callable[[Evidence], Iterator[Finding]], ...]] = (
    keys_once,
    agree,
    owned,
    one_group,
    nobody_stranded,
    quiet,
    once,
    said_by_them,
    same_order,
    nothing_lost,
    losses_explained,
    wishes_come_true,
    nothing_kept,
    lies_noticed,
    few_returns,
    nothing_breaks,
)
"""Every rule."""
