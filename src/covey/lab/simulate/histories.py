"""The judge's rules about what was said. May import this folder, and the client's events.

Each rule is a function from what there is to be seen to what is wrong.
"""

from __future__ import annotations

import re
from collections import Counter
from itertools import combinations
from math import inf
from sys import maxsize
from typing import TYPE_CHECKING, Final

from covey.client.events import (
    ForkFound,
    Joined,
    MessagesLost,
    Rejoining,
    RolledBack,
    Unreadable,
)
from covey.client.sync.rows.groups import Status
from covey.lab.simulate.absences import (
    is_apart,
    is_denied,
    is_out_unseen,
    was_removed,
    went_out_of_what_is_taken_back,
)
from covey.lab.simulate.evidence import Evidence, Finding, went_out
from covey.lab.simulate.lies import TAKES_BACK, Lie
from covey.lab.simulate.parted import finds_no_way

if TYPE_CHECKING:
    from collections.abc import Iterator

    from covey.client.events import Event
    from covey.lab.simulate.observing import Held, Message, Observed
    from covey.lab.simulate.world import Said

_GAP: Final = re.compile(r"entries (\d+) to (\d+) are held back, or no longer kept")

_OFFERS: Final = 900.0
"""Seconds after which members give up a log that a broker has taken back."""


def once(evidence: Evidence) -> Iterator[Finding]:
    """A history holds nothing twice."""
    for name, each in evidence.observed.items():
        for held in each.groups.values():
            texts = [message.text for message in held.messages]
            for text in sorted({text for text in texts if texts.count(text) > 1}):
                yield Finding("once", name, f"holds {text!r} {texts.count(text)} times")


def said_by_them(evidence: Evidence) -> Iterator[Finding]:
    """What somebody has heard is what its sender says that it has said."""
    own = {
        name: {(each.id, each.text) for held in observed.groups.values() for each in held.messages}
        for name, observed in evidence.observed.items()
    }
    for name, observed in evidence.observed.items():
        for held in observed.groups.values():
            for each in held.messages:
                if (each.id, each.text) not in own.get(each.sender, ()):
                    what = f"has {each.text!r} of {each.sender}, who has not said it"
                    yield Finding("said by them", name, what)


def same_order(evidence: Evidence) -> Iterator[Finding]:
    """Members have what they have in the same places.

    A broker that was set back, or has shown two logs, orders anew what it gets again: whoever says
    that it has caught it at that may have the places of before; but not of what was said since. And
    what is said again since nobody knows who has it (docs/explanation/how-the-client-heals.md) has
    its last place for those who hear it there: who was not in the group at that time, or not yet in
    the branch, or says that it has missed just those entries, keeps the place of before. What was
    to be said again and is lost, as its sender says, has none any more.
    """
    said_at = {each.text: each.at for each in evidence.said}
    for gid in evidence.gids:
        for (one, first), (other, second) in combinations(evidence.holders(gid).items(), 2):
            caught = max(_caught_at(evidence, one, first), _caught_at(evidence, other, second))
            theirs = {each.id: each for each in second.messages}
            for message in first.messages:
                also = theirs.get(message.id)
                if also is None or _place(message) == _place(also):
                    continue
                if int(said_at.get(message.text, 0)) <= caught:
                    continue
                if _is_given_up(evidence, gid, one, message) or (
                    _is_given_up(evidence, gid, other, also)
                ):
                    continue
                if not (
                    _keeps_the_old(evidence.observed[one], first, message, also)
                    or _keeps_the_old(evidence.observed[other], second, also, message)
                ):
                    yield Finding(
                        "same order",
                        f"{one} and {other}",
                        f"have {message.text!r} at {_place(message)} and {_place(also)}",
                    )


def _caught_at(evidence: Evidence, name: str, held: Held) -> float:
    """Until when the log of a group has moved, or that which it goes on from, as somebody has said.

    It is told once for as long as it lasts: that is, until members have offered anew what they have
    of it. In seconds since the epoch; -1 for never, or if nobody has moved it.
    """
    told = [
        each.at
        for gid in {held.gid, held.predecessor}
        for each in evidence.observed[name].events(ForkFound, RolledBack, group=gid)
    ]
    if not (told and evidence.taken_back):
        return -1
    ends = ("honest",) if "fork" in evidence.kinds else ()
    moved = max(evidence.lately.get(each, 0.0) for each in (*TAKES_BACK, *ends))
    return max(*told, moved + _OFFERS)


def _place(message: Message) -> tuple[int, int]:
    """Its epoch and entry; that which waits is behind all others."""
    if message.epoch is None or message.seq is None:
        return maxsize, maxsize
    return message.epoch, message.seq


def _is_given_up(evidence: Evidence, gid: bytes, name: str, held: Message) -> bool:
    """Whether somebody has said that it does not say a message of its own again."""
    told = evidence.observed[name].events(MessagesLost, group=gid)
    return held.seq is None and any(held.id.hex() in _ids(each.event) for each in told)


def _ids(event: Event) -> tuple[str, ...]:
    return event.ids if isinstance(event, MessagesLost) else ()


def _keeps_the_old(observed: Observed, held: Held, own: Message, other: Message) -> bool:
    """Whether somebody did not hear a message at the others' place of it, which is later."""
    out = _was_out(observed, held, own, other) or _was_lost(observed, held, other)
    return out or (
        other.seq is not None
        and _place(own) < _place(other)
        and any(
            int(found[1]) <= other.seq <= int(found[2])
            for told in observed.events(MessagesLost, group=held.gid)
            if isinstance(told.event, MessagesLost) and (found := _GAP.match(told.event.why))
        )
    )


def _was_out(observed: Observed, held: Held, own: Message, other: Message) -> bool:
    """Whether somebody held a message before it came in anew, after the others' place of it.

    In a log that was taken back since, its place may be behind the epoch into which it came; what
    it has heard in the second in which it came is of before if its place is.
    """
    place = _place(other)[0]
    return any(
        place < told.event.epoch
        and (
            own.since < told.at
            or (own.since == told.at and (held.predecessor or _place(own)[0] < told.event.epoch))
        )
        for told in observed.events(Joined, group=held.gid)
        if isinstance(told.event, Joined)
    )


def _was_lost(observed: Observed, held: Held, other: Message) -> bool:
    """Whether somebody went into a branch without having come to the epoch of the others' place."""
    before = observed.groups.get(held.predecessor)
    if before is None or not 0 <= before.epoch < _place(other)[0]:
        return False
    return any(other.since <= told.at for told in observed.events(Joined, group=held.gid))


def nothing_lost(evidence: Evidence) -> Iterator[Finding]:
    """What was said has come to all who were there, unless somebody said that it is lost.

    Or unless its sender can say it again no more (:func:`_says_it_no_more`). Nor do they hear it
    who do not have its sender any more, when it goes on with others who are gone.
    """
    missed: dict[tuple[str, bytes], list[Said]] = {}
    for said in evidence.said:
        sender = evidence.observed[said.who]
        message = _own(sender, said)
        if message is None:
            yield Finding("nothing lost", said.who, f"has not kept its own {said.text!r}")
        elif _is_withdrawn(sender, message) or _says_it_no_more(evidence, said):
            continue
        elif message.seq is not None:
            for name, gid in _deaf(evidence, said):
                missed.setdefault((name, gid), []).append(said)
        elif sender.groups[said.gid].status.is_in and not sender.groups[said.gid].waiting:
            yield Finding("nothing lost", said.who, f"never sent {said.text!r}")
    for (name, gid), what in missed.items():
        if not _says_of_so_many(evidence, name, gid, what):
            for said in what:
                yield Finding("nothing lost", name, f"does not have {said.text!r}")


def _says_it_no_more(evidence: Evidence, said: Said) -> bool:
    """Whether somebody cannot say again what a lying broker has taken back.

    It is out for good, and nobody can tell from its last number that there was more; or it was out
    since, and what it knew of the log went with its keys; or it was removed where it could not see
    that, and is lost; or it was away until its epoch was not kept any more; or it has gone out of
    the branch in which it had said that, and others have folded that.
    """
    gid, who, sender = said.gid, said.who, evidence.observed[said.who]
    return (
        (went_out(sender, gid, said.at) and is_out_unseen(evidence, gid, who))
        or went_out_of_what_is_taken_back(evidence, gid, who, said.at)
        or _is_shut_out(evidence, sender.groups[gid], who)
        or _was_away_after_a_fork(evidence, said)
        or _is_said_where_it_left(evidence, said)
    )


def _is_said_where_it_left(evidence: Evidence, said: Said) -> bool:
    """Whether it was said in a branch of which its sender has gone out before others folded it."""
    return evidence.taken_back and any(
        held.status.is_out
        and held.gid in evidence.branches(said.gid)
        and any(each.text == said.text and each.seq is not None for each in held.messages)
        and any(_has_folded(each, held.gid) for each in evidence.observed.values())
        for held in evidence.observed[said.who].groups.values()
    )


def _has_folded(observed: Observed, gid: bytes) -> bool:
    held = observed.groups.get(gid)
    return held is not None and "folded into" in held.trouble


def _is_shut_out(evidence: Evidence, held: Held, name: str) -> bool:
    """Whether somebody is lost for good where it was shown a log that is not there any more."""
    return (
        held.status is Status.lost
        and evidence.taken_back
        and (was_removed(evidence, {held.gid}, name) or finds_no_way(evidence, name, held))
    )


def _was_away_after_a_fork(evidence: Evidence, said: Said) -> bool:
    """Whether somebody was shown another log, and its epoch is gone since it said something."""
    told = evidence.observed[said.who].events(Rejoining, group=said.gid, since=said.at)
    return is_denied(evidence, said.gid, said.who) and any(
        isinstance(each.event, Rejoining) and each.event.why.startswith("gone") for each in told
    )


def _own(sender: Observed, said: Said) -> Message | None:
    """What somebody has of what it said, wherever that goes on."""
    every = (each for held in sender.groups.values() for each in held.messages)
    return next((each for each in every if each.text == said.text), None)


def _is_withdrawn(sender: Observed, own: Message) -> bool:
    """Whether somebody has said that a message of its own is lost: that one, and no other."""
    return any(own.id.hex() in _ids(each.event) for each in sender.events(MessagesLost))


def _deaf(evidence: Evidence, said: Said) -> Iterator[tuple[str, bytes]]:
    """Who was there, and does not have what was said; and in which group it should."""
    for name, observed in evidence.observed.items():
        there = observed.groups.get(said.gid)
        if there is None or there.joined_at >= int(said.at) or _has(observed, said):
            continue
        held = _goes_on(observed, there)
        if held is not None and not _are_parted(evidence, said, name):
            yield name, held.gid


def _has(observed: Observed, said: Said) -> bool:
    """Whether somebody has what was said, in any group: it goes on in a branch."""
    every = observed.groups.values()
    return any(each.text == said.text for held in every for each in held.messages)


def _goes_on(observed: Observed, held: Held) -> Held | None:
    """Where somebody goes on with a group: there, or in a branch; None for nowhere."""
    if held.status.is_in:
        return held
    if held.status is not Status.branched:
        return None
    after = (each for each in observed.groups.values() if each.predecessor == held.gid)
    return next((each for each in after if each.status.is_in), None)


def _are_parted(evidence: Evidence, said: Said, name: str) -> bool:
    """Whether who speaks or who hears goes on without the other, where others are not.

    Or it was said there at last, and who said it has left since; or where the other one, who has
    never been there, is no member any more.
    """
    sender, hearer = evidence.observed[said.who], evidence.observed[name]
    theirs, ours = _lives(sender), _lives(hearer)
    last = {
        gid
        for gid, held in sender.groups.items()
        if any(each.text == said.text for each in held.messages)
    }
    return any(is_apart(evidence, gid) for gid in (theirs | last) ^ ours) or (
        evidence.taken_back and was_removed(evidence, last - {said.gid} - ours, name)
    )


def _lives(observed: Observed) -> set[bytes]:
    """The groups that somebody is in."""
    return {gid for gid, held in observed.groups.items() if held.status.is_in}


def _says_of_so_many(evidence: Evidence, name: str, gid: bytes, missed: list[Said]) -> bool:
    """Whether somebody has told, since something was said, that it misses that, and as much.

    A loss names its sender, or nobody knows whose it was; and a count, or nobody knows how many.
    What it tells of messages of its own is about no others.
    """
    told = [
        (each.at, each.event)
        for group in {gid, *(said.gid for said in missed)}
        for each in evidence.observed[name].events(MessagesLost, group=group)
        if isinstance(each.event, MessagesLost) and not each.event.ids
    ]
    uncounted = max((at for at, event in told if not event.count), default=-1)
    left = [each for each in missed if int(each.at) > uncounted]
    since = min((int(each.at) for each in left), default=0)
    named, lost = Counter[str | None](), Counter(each.who for each in left)
    for at, event in told:
        if at >= since:
            named[event.sender] += event.count
    return sum(max(count - named[who], 0) for who, count in lost.items()) <= named[None]


def losses_explained(evidence: Evidence) -> Iterator[Finding]:
    """Nobody misses what others said, before anybody has lied or been away for long."""
    reasons = (evidence.began.get(str(each)) for each in (*Lie, "away", "leap"))
    first = min((each for each in reasons if each is not None), default=inf)
    for name, each in evidence.observed.items():
        for told in each.events(MessagesLost, Unreadable):
            if told.at + 1 < first and not _is_explained(evidence, told.event):
                yield Finding("losses explained", name, f"says without a reason: {told.event}")


def _is_explained(evidence: Evidence, event: Event) -> bool:
    """Whether what was lost was the teller's own, or its sender says so too."""
    if not isinstance(event, MessagesLost):
        return False
    return event.sender is None or bool(evidence.observed[event.sender].events(MessagesLost))
