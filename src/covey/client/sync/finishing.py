"""Who makes the group after a ReInit, and when: any member can. May import the flows and the rows.

Who has moved the group has everybody's KeyPackages, and does it at once. If that one is gone, the
others claim KeyPackages, one after the other in leaf order, until one of them has done it.
"""

from __future__ import annotations

from hashlib import sha256
from typing import TYPE_CHECKING, Final

import msgspec

from covey.bugs import fenced
from covey.client.sync.branches import winning
from covey.client.sync.group import devices, electing
from covey.client.sync.group.seat import Seat
from covey.client.sync.log import entering
from covey.client.sync.log.moving import kept
from covey.client.sync.rows import groups
from covey.errors import BrokerError, BugError, PolicyError, StateError

if TYPE_CHECKING:
    from covey.client.sync.account import Account
    from covey.client.sync.effects import Flow
    from covey.client.sync.log.moving.kept import Moving
    from covey.client.sync.rows.groups import GroupRow

_MOST: Final = 8
"""How many members try it at different moments; all others wait as long as the last."""

_LONGEST: Final = 3600.0
"""Seconds after which the members go on in a branch, if nobody could make the group."""

_TRIES: Final = 5
"""How often each of them has to have tried before that."""

_STUCK: Final = "it could not be moved to another suite: nobody was able to make the group there"


class Finishing:
    """Claims what it takes to finish what others have begun.

    Args:
        peer: The identity.
    """

    def __init__(self, peer: Account) -> None:
        self._peer = peer

    def attend(self) -> Flow[float]:
        """Claim KeyPackages where that is due; when to look again, in seconds since the epoch."""
        home, due = self._peer.home, electing.FOREVER
        with home.store.reading() as rows:
            moving = [(each, groups.of(rows, each.number)) for each in kept.every(rows)]
        for each, row in moving:
            if row is None or not row.status.is_in:
                with home.store.transaction() as rows:
                    kept.drop(rows, each.number)
                continue
            if each.tries >= _TRIES and home.world.now() - each.since > _LONGEST:
                self._give_up(row)
                continue
            if each.packages:
                continue
            when = self._when(each, row)
            if home.world.now() < when:
                due = min(due, when)
                continue
            yield from self._claim(each, row)
            due = min(due, home.world.now() + home.pace.patience)
        return due

    def _when(self, moving: Moving, row: GroupRow) -> float:
        """Our turn, in leaf order; then again, more and more seldom."""
        home = self._peer.home
        seat = Seat(home, row)
        place: float = min(winning.leaf_order(seat), _MOST)
        if place == _MOST:  # who is further behind has a moment of its own after them
            place += _share(home.mark, moving.number) * seat.group.tree.census.members
        rounds = (1 << min(moving.tries, 10)) - 1
        return moving.since + home.pace.patience * (place + 1 + rounds * (_MOST + 1))

    def _claim(self, moving: Moving, row: GroupRow) -> Flow[None]:
        home = self._peer.home
        group = Seat(home, row).group
        reinit = group.reinit
        if reinit is None:  # another process has come into the next group
            return
        packages: tuple[bytes, ...] = ()
        for who in sorted({each.identity for each in devices.others(group)}):
            try:
                with fenced(ValueError):
                    packages += yield from self._peer.claim(who.decode(), reinit.cipher_suite)
            except (BrokerError, BugError, PolicyError, StateError, ValueError):
                continue  # whatever it is about, it is about that one
        try:
            devices.carried(group, packages, reinit.cipher_suite)
        except devices.LackingError:
            packages = ()
        with home.store.transaction() as rows:
            if kept.of(rows, moving.number) != moving:
                return
            tried = moving.tries + 1
            kept.put(rows, msgspec.structs.replace(moving, packages=packages, tries=tried))

    def _give_up(self, row: GroupRow) -> None:
        """Nobody can make the group: the members go on in a branch of the one that has ended."""
        seat = self._peer.place(row.id).seat
        with seat.change() as rows:
            if seat.row.status.is_in and seat.group.reinit is not None:
                kept.drop(rows, seat.number)
                entering.broke(seat, rows, _STUCK)


def _share(mark: bytes, number: int) -> float:
    """A number from 0 to 1, that is the same whenever we look, and another one for each member."""
    return int.from_bytes(sha256(mark + number.to_bytes(8)).digest()[:4]) / (1 << 32)
