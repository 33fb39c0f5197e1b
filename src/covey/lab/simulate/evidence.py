"""What a judge goes by, and what it says. May import this folder, and the client's events."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from covey.client.events import MemberLeft, MembersChanged, RemovedFromGroup
from covey.lab.simulate.lies import TAKES_BACK

if TYPE_CHECKING:
    from covey.client.events import Event
    from covey.lab.simulate.lies import Front
    from covey.lab.simulate.observing import Held, Observed
    from covey.lab.simulate.sealing import Sealed
    from covey.lab.simulate.world import Said, Wanted


class Finding(NamedTuple):
    """Something that is wrong.

    Attributes:
        rule: The rule that was broken.
        who: By or for whom; empty when it is all of them.
        what: How.
    """

    rule: str
    who: str
    what: str

    def __str__(self) -> str:
        return f"{self.rule}: {self.who + ': ' if self.who else ''}{self.what}"


class Evidence(NamedTuple):
    """What there is to be seen.

    Attributes:
        observed: What each client's store says, by name.
        said: What was taken to be sent.
        wanted: What was taken to be done.
        front: The broker, and what it has shown.
        sealed: What was sealed.
        kinds: How often each kind of thing has happened.
        began: When each kind of thing happened first, in seconds since the epoch.
        lately: When each kind of thing happened last.
        ended: When the run ended.
    """

    observed: dict[str, Observed]
    said: list[Said]
    wanted: list[Wanted]
    front: Front
    sealed: Sealed
    kinds: dict[str, int]
    began: dict[str, float]
    lately: dict[str, float]
    ended: float

    def holders(self, gid: bytes) -> dict[str, Held]:
        """Who takes itself to be in a group, and what it holds of it."""
        return {
            name: held
            for name, each in self.observed.items()
            if (held := each.groups.get(gid)) is not None and held.status.is_in
        }

    @property
    def taken_back(self) -> bool:
        """Whether the broker has shown entries of a log that is not the one which went on."""
        return any(self.kinds.get(each, 0) for each in TAKES_BACK)

    @property
    def taken_back_until(self) -> float:
        """Until when it has shown a log that it took back; a fork does so while it lasts."""
        kinds = (*TAKES_BACK, "honest") if "fork" in self.kinds else TAKES_BACK
        return max(self.lately.get(each, 0.0) for each in kinds)

    def changes(self, gid: bytes) -> list[tuple[int, MembersChanged]]:
        """Who is told to have come into a group or gone, and when, by each who is told."""
        return [
            (told.at, told.event)
            for each in self.observed.values()
            for told in each.events(MembersChanged, group=gid)
            if isinstance(told.event, MembersChanged)
        ]

    @property
    def gids(self) -> list[bytes]:
        """All groups that somebody knows."""
        return sorted({gid for each in self.observed.values() for gid in each.groups})

    def is_branch(self, gid: bytes) -> bool:
        """Whether anybody knows a group as a branch; who was let in later may not."""
        known = (each.groups.get(gid) for each in self.observed.values())
        return any(held is not None and held.predecessor for held in known)

    def branches(self, gid: bytes) -> set[bytes]:
        """The groups in which a group goes on, and those in which these do."""
        known = {
            each.gid
            for observed in self.observed.values()
            for each in observed.groups.values()
            if each.predecessor == gid
        }
        return known.union(*(self.branches(each) for each in known - {gid}))


def is_ours(event: Event) -> bool:
    """Whether an end is that of the client which tells it."""
    return not (isinstance(event, MemberLeft) and event.name)


def went_out(observed: Observed, gid: bytes, since: float) -> bool:
    """Whether somebody has gone out of a group: what it knew of the log goes with its keys."""
    ended = observed.events(RemovedFromGroup, MemberLeft, group=gid, since=since)
    return any(is_ours(each.event) for each in ended)
