"""The judge's rules about what was said. May import this folder, and the client's events.

Each rule is a function from what there is to be seen to what is wrong.
"""

from __future__ import annotations

from itertools import combinations
from math import inf
from sys import maxsize
from typing import TYPE_CHECKING

from covey.client.events import ForkFound, Joined, MessagesLost, RolledBack, Unreadable
from covey.lab.simulate.absences import is_apart
from covey.lab.simulate.evidence import Evidence, Finding, went_out
from covey.lab.simulate.lies import Lie

if TYPE_CHECKING:
    from collections.abc import Iterator

    from covey.client.events import Event
    from covey.lab.simulate.observing import Held, Message, Observed
    from covey.lab.simulate.world import Said


def once(evidence: Evidence) -> Iterator[Finding]:
    """A history holds nothing twice."""
    for name, each in evidence.observed.items():
        for held in each.groups.values():
            texts = [message.text for message in held.messages]
            for text in sorted({text for text in texts if texts.count(text) > 1}):
                yield Finding("once", name, f"holds {text!r} {texts.count(text)} times")


def same_order(evidence: Evidence) -> Iterator[Finding]:
    """Members have what they have in the same places.

    A broker that was set back, or has shown two logs, orders anew what it gets again: whoever says
    that it has caught it at that may have the places of before. And what is said again since nobody
    knows who has it (docs/explanation/how-the-client-heals.md) has its last place for those who
    hear it there: who was not in the group at that time, or not yet in the branch, keeps the place
    of before. What was to be said again and is lost, as its sender says, has none any more.
    """
    for gid in evidence.gids:
        for (one, first), (other, second) in combinations(evidence.holders(gid).items(), 2):
            if _has_caught(evidence, one, first) or _has_caught(evidence, other, second):
                continue
            theirs = {each.id: each for each in second.messages}
            for message in first.messages:
                also = theirs.get(message.id)
                if also is None or _place(message) == _place(also):
                    continue
                if _is_given_up(evidence, gid, one, message) or (
                    _is_given_up(evidence, gid, other, also)
                ):
                    continue
                if not (
                    _was_out(evidence.observed[one], first, message, also)
                    or _was_out(evidence.observed[other], second, also, message)
                ):
                    yield Finding(
                        "same order",
                        f"{one} and {other}",
                        f"have {message.text!r} at {_place(message)} and {_place(also)}",
                    )


def _has_caught(evidence: Evidence, name: str, held: Held) -> bool:
    """Whether somebody has said that the log moved, of a group or of that which it goes on from."""
    return any(
        evidence.observed[name].events(ForkFound, RolledBack, group=gid)
        for gid in {held.gid, held.predecessor}
    )


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


def _was_out(observed: Observed, held: Held, own: Message, other: Message) -> bool:
    """Whether somebody held a message before it came in anew, after the others' place of it."""
    place = _place(other)[0]
    return any(
        place < told.event.epoch
        and own.since <= told.at
        and (held.predecessor or _place(own)[0] < told.event.epoch)
        for told in observed.events(Joined, group=held.gid)
        if isinstance(told.event, Joined)
    )


def nothing_lost(evidence: Evidence) -> Iterator[Finding]:
    """What was said has come to all who were there, unless somebody said that it is lost.

    Who has gone out in a log that a lying broker then took back says nothing again: it is out for
    good, and nobody can tell from its last number that there was more. Nor do they hear it who do
    not have its sender any more, when it goes on with others who are gone.
    """
    texts = {
        name: {message.text for held in each.groups.values() for message in held.messages}
        for name, each in evidence.observed.items()
    }  # of all groups: what was said goes on in a branch
    cheated = {(each.client, each.gid) for each in evidence.front.denied()}
    for said in evidence.said:
        sender = evidence.observed[said.who]
        if sender.events(MessagesLost, group=said.gid, since=said.at):
            continue
        if said.text not in texts[said.who]:
            yield Finding("nothing lost", said.who, f"has not kept its own {said.text!r}")
        elif _is_gone(evidence, said, is_cheated=(said.who, said.gid) in cheated):
            continue
        elif _is_placed(sender, said):
            yield from _unheard(evidence, said, texts)
        elif sender.groups[said.gid].status.is_in and not sender.groups[said.gid].waiting:
            yield Finding("nothing lost", said.who, f"never sent {said.text!r}")


def _is_placed(sender: Observed, said: Said) -> bool:
    """Whether the broker has taken something, as its sender says."""
    return any(
        each.text == said.text and each.seq is not None
        for held in sender.groups.values()
        for each in held.messages
    )


def _unheard(evidence: Evidence, said: Said, texts: dict[str, set[str]]) -> Iterator[Finding]:
    """Who was there, and neither has what was said nor says that it misses something."""
    if is_apart(evidence, said.gid):
        return
    for name, held in evidence.holders(said.gid).items():
        if said.text in texts[name] or held.joined_at >= said.at:
            continue
        if not _says_why(evidence, said, name):
            yield Finding("nothing lost", name, f"does not have {said.text!r}")


def _is_gone(evidence: Evidence, said: Said, *, is_cheated: bool) -> bool:
    """Whether who has said something is out for good, or goes on where the others are not."""
    sender = evidence.observed[said.who]
    if is_cheated and went_out(sender, said.gid, said.at):
        return True
    return any(held.status.is_in and is_apart(evidence, gid) for gid, held in sender.groups.items())


def _says_why(evidence: Evidence, said: Said, name: str) -> bool:
    """Whether somebody has told, since something was said, that it has missed what was."""
    observed = evidence.observed[name]
    return bool(observed.events(MessagesLost, Joined, group=said.gid, since=said.at))


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
