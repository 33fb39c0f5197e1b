"""What has to be so when all is quiet again, and what was not.

May import this folder, and the client's events. The judge reads stores and what was noted on the
way; it asks nobody. Each rule is a function from what there is to be seen to what is wrong.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from covey.client.events import (
    CopyFound,
    ForkFound,
    Joined,
    MemberLeft,
    MembersChanged,
    MessagesLost,
    Rejoining,
    RemovedFromGroup,
    Renamed,
    RolledBack,
    WishRefused,
)
from covey.client.sync.groups import Status
from covey.lab.simulate.absences import is_apart, is_excused
from covey.lab.simulate.actors import Invite, Remove, Rename
from covey.lab.simulate.evidence import OUT, Evidence, Finding, is_ours, went_out
from covey.lab.simulate.histories import losses_explained, nothing_lost, once, same_order

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from covey.client.events import Event
    from covey.lab.simulate.observing import Held, Observed
    from covey.lab.simulate.world import Wanted

_ALARMS: Final = (ForkFound, RolledBack, Rejoining, CopyFound)
"""What a client tells that has noticed a lie."""

_ENDS: Final = (RemovedFromGroup, MemberLeft, Joined, Rejoining)
"""After these, what was wanted before needs not to have happened."""

_STRANDED: Final = frozenset({Status.lost, Status.broken, Status.restored, Status.copy})


def judge(evidence: Evidence) -> list[Finding]:
    """All that is wrong."""
    return [finding for rule in RULES for finding in rule(evidence)]


# --- agreement -----------------------------------------------------------------------------


def agree(evidence: Evidence) -> Iterator[Finding]:
    """All who are in a group share its epoch, and they are those whom it has as members.

    But for some whom it has until somebody removes them, or invites them again; and for a branch of
    those whom the others do not have any more.
    """
    for gid in evidence.gids:
        if is_apart(evidence, gid):
            continue
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
            if is_excused(evidence, gid, name):
                continue
            status = "has never heard of it" if known is None else f"says {known.status}"
            yield Finding("agree", name, f"is a member of {gid.hex()[:8]}, and {status}")


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
    """Whoever has lost its way is let in anew, if it is a member for anybody who is there."""
    for gid in evidence.gids:
        members = {each for held in evidence.holders(gid).values() for each in held.members}
        for name, each in evidence.observed.items():
            held = each.groups.get(gid)
            if name not in members or held is None or is_excused(evidence, gid, name):
                continue
            if held.status in _STRANDED:
                yield Finding("nobody stranded", name, f"is {held.status}: {held.trouble}")


def quiet(evidence: Evidence) -> Iterator[Finding]:
    """Nothing waits for ever, but who wants to leave when nobody is there any more to let it go."""
    for name, each in evidence.observed.items():
        for held in each.groups.values():
            waits = [
                word
                for word, some in (
                    (f"{held.waiting} messages", held.waiting),
                    (f"{held.wishes} wishes", held.wishes),
                    ("a commit", held.pending),
                    (
                        "a wish to leave",
                        held.status is Status.leaving and len(evidence.holders(held.gid)) > 1,
                    ),
                )
                if some
            ]
            if waits and held.status.is_in:
                yield Finding("quiet", name, f"{' and '.join(waits)} wait")


# --- wishes --------------------------------------------------------------------------------


def wishes_come_true(evidence: Evidence) -> Iterator[Finding]:
    """What was taken to be done has been done, or refused."""
    for wanted in evidence.wanted:
        order = wanted.order
        if not isinstance(order, Invite | Remove | Rename):
            continue
        observed = evidence.observed[wanted.who]
        held = observed.groups.get(order.gid)
        if held is None or not held.status.is_in:
            continue
        refused = observed.events(WishRefused, group=order.gid, since=wanted.at)
        ended = observed.events(*_ENDS, group=order.gid, since=wanted.at)
        if refused or any(is_ours(each.event) for each in ended):
            continue
        if isinstance(order, Rename) and _renamed_again(evidence, wanted):
            continue
        for what in _undone(order, observed, held, wanted.at):
            yield Finding("wishes come true", wanted.who, f"wanted to {what}, and nothing came")


def _renamed_again(evidence: Evidence, wanted: Wanted) -> bool:
    """Whether somebody wanted another name soon after, so that both may be one commit."""
    return any(
        isinstance(each.order, Rename) and each.who == wanted.who and each.at > wanted.at
        for each in evidence.wanted
    )


def _undone(
    order: Invite | Remove | Rename, observed: Observed, held: Held, at: float
) -> Iterator[str]:
    changes = [
        each.event
        for each in observed.events(MembersChanged, group=order.gid, since=at)
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
        case Rename(name=name):
            given = {
                each.event.name
                for each in observed.events(Renamed, group=order.gid, since=at)
                if isinstance(each.event, Renamed)
            }
            if name not in {*given, held.name}:
                yield f"rename it to {name!r}"


# --- secrets -------------------------------------------------------------------------------


def keys_once(evidence: Evidence) -> Iterator[Finding]:
    """No key seals two things."""
    for what in evidence.sealed.twice:
        yield Finding("keys once", "", what)


def nothing_kept(evidence: Evidence) -> Iterator[Finding]:
    """Who is out of a group holds none of its secrets."""
    for name, each in evidence.observed.items():
        for held in each.groups.values():
            if held.status in OUT and held.secrets:
                yield Finding("nothing kept", name, f"is {held.status}, and keeps secrets")


# --- lies ----------------------------------------------------------------------------------


def lies_noticed(evidence: Evidence) -> Iterator[Finding]:
    """Who was told a lie that can be seen has said so.

    Who has left, or was removed, knows nothing of the log any more: when it comes in anew, it
    believes what it is shown.
    """
    front = evidence.front
    for (name, gid), lie in front.caught.items():
        if not evidence.observed[name].events(*_ALARMS, group=gid):
            yield Finding("lies noticed", name, f"was told a lie ({lie}), and said nothing")
    shown: dict[tuple[str, bytes], float] = {}
    for each, at in front.denied().items():
        shown[each.client, each.gid] = max(at, shown.get((each.client, each.gid), at))
    for (name, gid), at in shown.items():
        observed = evidence.observed[name]
        held = observed.groups.get(gid)
        if held is None or not held.status.is_in or went_out(observed, gid, at):
            continue
        if not observed.events(*_ALARMS, group=gid) and not _says_of_a_gap(observed, gid, at):
            yield Finding(
                "lies noticed", name, "was shown entries that are not there, and is silent"
            )


def _says_of_a_gap(observed: Observed, gid: bytes, since: float) -> bool:
    """Whether somebody has said since that entries are held back, or not kept."""
    told = observed.events(MessagesLost, group=gid, since=since)
    return any(
        isinstance(each.event, MessagesLost) and "held back" in each.event.why for each in told
    )


def few_returns(evidence: Evidence) -> Iterator[Finding]:
    """People are let in anew for a reason, but by who invites them before they have come."""
    kinds = evidence.kinds
    lies = sum(kinds.get(each, 0) for each in ("fork", "rollback", "restore", "withhold"))
    bound = 1 + 3 * lies + 2 * (kinds.get("away", 0) + kinds.get("leap", 0))
    for name, each in evidence.observed.items():
        back = sum(1 for told in each.events(Rejoining) if not _is_let_in_anew(told.event))
        if back > bound:
            yield Finding("few returns", name, f"came back {back} times; {bound} at most")


def _is_let_in_anew(event: Event) -> bool:
    return isinstance(event, Rejoining) and "has let us in anew" in event.why


RULES: Final[tuple[Callable[[Evidence], Iterator[Finding]], ...]] = (
    keys_once,
    agree,
    one_group,
    nobody_stranded,
    quiet,
    once,
    same_order,
    nothing_lost,
    losses_explained,
    wishes_come_true,
    nothing_kept,
    lies_noticed,
    few_returns,
)
"""Every rule."""
