"""Going on in a branch, when a commit has closed the epoch that nobody can follow.

May import the flows below, the engine and the rows (RFC 9420 §11.3). The members of the broken
epoch, one after the other in leaf order until one has done it, make a new group of the old one's
members, linked to it by its resumption PSK, with a log of its own. When several did, the one whose
maker has the lowest leaf in the old group wins, and the others fold in.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from covey.client import profile
from covey.client.sync import electing, groups, winning, wishes
from covey.client.sync.groups import Status
from covey.client.sync.seat import Seat
from covey.client.sync.wishes import GoOn
from covey.errors import BrokerError, PolicyError, StateError

if TYPE_CHECKING:
    from covey.client.sync.account import Account
    from covey.client.sync.effects import Flow
    from covey.client.sync.groups import GroupRow

_ANSWERS: Final = 6
"""For how many looks at the door we wait, in case it is only we who cannot follow."""

_MOST: Final = 8
"""How many members make a branch at different moments; all others wait as long as the last."""

_KEPT: Final = 86_400
"""Seconds for which the broken group's secrets are kept, for other branches to be known by."""


class Branches:
    """The branches of one identity's broken groups.

    Args:
        peer: The identity.
    """

    def __init__(self, peer: Account) -> None:
        self._peer = peer
        self._due: dict[int, float] = {}
        self._looked_at = 0.0

    def attend(self) -> Flow[float]:
        """Make the branches that are due; when to look again, in seconds since the epoch."""
        home = self._peer.home
        with home.store.reading() as rows:
            every = groups.every(rows)
        self._count_only_waking()
        followed = {each.predecessor for each in every if each.status.is_in}
        due = electing.FOREVER
        for row in every:
            if row.status is Status.branched:
                self._forget(row, every)
            if row.status is not Status.broken:
                continue
            if row.gid in followed:
                self._follow(row)
                continue
            when = self._when(row)
            if home.world.now() < when:
                due = min(due, when, home.world.now() + home.pace.knocks)
                continue
            yield from self._branch(row)
        return due

    def _count_only_waking(self) -> None:
        """Put off what is due by the time for which we slept: others could not answer us then."""
        home = self._peer.home
        now, pace = home.world.now(), home.pace.knocks
        slept = now - self._looked_at - pace
        if self._looked_at and slept > pace:
            self._due = {number: when + slept for number, when in self._due.items()}
        self._looked_at = now

    def _forget(self, row: GroupRow, every: list[GroupRow]) -> None:
        """Delete the secrets of a group that went on so long ago that no better branch comes."""
        home = self._peer.home
        joined = [each.joined_at for each in every if each.predecessor == row.gid]
        if not row.opens or not joined or home.world.second - min(joined) < _KEPT:
            return
        with home.store.transaction() as rows:
            groups.forget_engine(rows, row.id)
            groups.update(rows, row.replaced(epoch=-1, version=row.version + 1))

    def _follow(self, row: GroupRow) -> None:
        """Somebody's branch has come before we knew that our group is broken."""
        home = self._peer.home
        with home.store.transaction() as rows:
            found = [
                each
                for each in groups.every(rows)
                if each.predecessor == row.gid and each.status.is_in and each.epoch
            ]
            if found:
                best = min(found, key=lambda each: (each.branched_by, each.gid))
                winning.go_on(rows, Seat(home, row), Seat(home, best), best.branched_by)

    def _when(self, row: GroupRow) -> float:
        if row.id not in self._due:
            home = self._peer.home
            place = min(winning.leaf_order(Seat(home, row)), _MOST)
            alone = _ANSWERS * home.pace.knocks  # for if others could follow, they let us in
            wait = alone + home.pace.patience * (place + home.world.random() / 2)
            self._due[row.id] = home.world.now() + wait
        return self._due[row.id]

    def _branch(self, row: GroupRow) -> Flow[None]:
        """Make a group of the old one's members; they come in by its first commit."""
        peer, old = self._peer, Seat(self._peer.home, row).group
        self._due[row.id] = peer.home.world.now() + peer.home.pace.at_most
        packages: list[bytes] = []
        ours = peer.home.identity
        for name in sorted({each.identity for each in old.members} - {ours}):
            try:
                packages += yield from peer.claim(name.decode())
            except (BrokerError, PolicyError, UnicodeDecodeError):
                continue  # who cannot be reached now is invited by people later
            except StateError:
                return  # without an account nobody can be reached: others make the branch
        stated = profile.profile_of(old.extensions) or profile.first_profile("", ours)
        known = frozenset(each.signature_key for each in old.members)
        wish = GoOn(tuple(packages), old.group_id, old.epoch, tuple(sorted(known)))
        peer.create(stated, row.broker_id, after=(row, wishes.encode(wish)))
