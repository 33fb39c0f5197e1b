"""Who commits, and when: by jitter and leaf order, so that not everybody does it at once.

May import the engine and the seat. RFC 9420 §12.4 lets nobody send application data before the
proposals that were seen have been committed. In a busy group each sender would then commit, and
all but one in vain. So members take turns: the first one soon, each further one a slot later, and
who has something to say waits for a while, each for another one, before it does it out of turn.
"""

from __future__ import annotations

from hashlib import sha256
from itertools import chain, islice
from typing import TYPE_CHECKING, Final

from covey.mls import Remove, SelfRemove

if TYPE_CHECKING:
    from covey.client.sync.group.seat import Seat

_SLOTS: Final = 16
"""How many turns there are before everybody may."""

FOREVER: Final = float("inf")

_SET_BACK: Final = 3600.0
"""Seconds in the future, by which something that has happened shows that the clock was wrong."""


class Election:
    """When a commit that nobody asked for is due from us.

    Args:
        seat: The group.
    """

    def __init__(self, seat: Seat) -> None:
        self._seat = seat
        self._spread = seat.home.world.random()
        self._not_before = 0.0
        self._ranked = (b"", 0)

    def is_ours(self, *, speaks: bool) -> bool:
        """Whether it is due now.

        Args:
            speaks: Whether something waits to be said.
        """
        return self._seat.home.world.now() >= self.due(speaks=speaks)

    def due(self, *, speaks: bool = False, wished: bool = False) -> float:
        """When it is due, in seconds since the epoch; FOREVER when there is nothing to commit.

        Who waits to go commits nothing, but what is wished for, or proposed by others, when nobody
        else is there.
        """
        if self.waits_to_go():
            return self._alone_at() if wished or self.others_wait() else FOREVER
        when = min(self._proposals(speaks=speaks), self._arriving(speaks=speaks), self._ageing())
        return max(when, self._not_before)

    def is_left_alone(self) -> bool:
        """Whether nobody has committed what is proposed, though all have had their turn."""
        return self._seat.home.world.now() >= self._alone_at()

    def waits_to_go(self) -> bool:
        """Whether our wish to leave waits for somebody else's commit."""
        group = self._seat.group
        return any(
            isinstance(each.proposal, SelfRemove | Remove)
            and each.sender.leaf_index == group.own_index
            for each in group.proposals
        )

    def others_wait(self) -> bool:
        """Whether others have proposed something, such as to leave, too."""
        own = self._seat.group.own_index
        return any(each.sender.leaf_index != own for each in self._seat.group.proposals)

    def failed(self) -> None:
        """What is proposed cannot be committed by us: others may be able to."""
        world = self._seat.home.world
        self._not_before = world.now() + self._seat.home.pace.at_most

    def rank(self) -> int:
        """Our place among the members in this epoch, from 0 to the last slot."""
        epoch = self._seat.group.epoch_authenticator
        if self._ranked[0] != epoch:
            self._ranked = epoch, rank(self._seat, _SLOTS)
        return self._ranked[1]

    def _alone_at(self) -> float:
        pace = self._seat.home.pace
        last = (_SLOTS + 1) * pace.slot + pace.patience
        return max(self._proposals(speaks=False) + last, self._not_before)

    def _proposals(self, *, speaks: bool) -> float:
        seat = self._seat
        if not seat.group.proposals:
            return FOREVER
        if seat.proposed_at is None:
            seat.proposed_at = seat.home.world.now()
        pace = seat.home.pace
        turn = self.rank() * pace.slot + pace.slot * self._spread
        if speaks:  # not all of them at once, where nobody of those before them is there
            turn = min(turn, pace.patience * (1 + self._spread) / 2)
        return seat.proposed_at + turn

    def _arriving(self, *, speaks: bool) -> float:
        """Who has joined renews its keys soon: those of its KeyPackage can then be forgotten."""
        seat = self._seat
        row, pace = seat.row, seat.home.pace
        if row.renewed_at:
            return FOREVER
        if speaks:
            return 0.0
        crowd = seat.group.tree.census.members
        return row.joined_at + (pace.arriving + pace.slot * crowd / 4) * self._spread

    def _ageing(self) -> float:
        seat = self._seat
        row, pace = seat.row, seat.home.pace
        ahead = row.renewed_at - seat.home.world.now()
        if row.sent >= pace.uses or ahead > _SET_BACK:
            return 0.0
        return row.renewed_at + pace.ageing * (1 + self._spread / 4) if row.renewed_at else FOREVER


def rank(seat: Seat, most: int) -> int:
    """Our place in a group's leaf order, which begins at another leaf in each epoch.

    Args:
        seat: The group.
        most: How many of those before us are counted.
    """
    tree, ours = seat.group.tree, seat.group.own_index
    start = int.from_bytes(sha256(seat.group.epoch_authenticator).digest()[:4]) % tree.size
    before = (
        tree.members_between(start, ours)
        if start <= ours
        else chain(tree.members_between(start, tree.size), tree.members_between(0, ours))
    )
    return sum(1 for _ in islice(before, most))
