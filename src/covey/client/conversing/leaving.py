"""Leaving a group, with one device or with all of them; and coming back with a copied store.

May import the engine, the flows and what is wanted.
"""
# ruff: noqa: ASYNC109 - a timeout says how long to wait, and what then is left undone goes on

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from covey.client import events
from covey.client.conversing import wanted, wishing
from covey.client.conversing.bound import Bound, seconds
from covey.client.sync.coming import returning
from covey.client.sync.log import entering
from covey.client.sync.rows import queues, wishes
from covey.client.sync.rows.wishes import Expel
from covey.errors import PolicyError, TransportError

if TYPE_CHECKING:
    from covey.client.events import WishRefused
    from covey.client.sync.group.seat import Seat
    from covey.store.port import Rows


class Leaving(Bound):
    """Leaving a group, and coming back."""

    async def leave(self, *, everywhere: bool = False, timeout: float | None = None) -> bool:
        """Leave the group; a member commits it as soon as one is there.

        Only this device leaves, unless it says otherwise: other devices of ours stay in the group.

        Args:
            everywhere: Whether to take all other devices of ours out of it first.
            timeout: Seconds to wait; 30 by default.

        Returns:
            Whether we are out; False when no member has committed it in time. Then it happens
            later, and nothing more is to be done.

        Raises:
            PolicyError: We may not: the last owner makes somebody else owner first.
            StateError: We are not in the group, and do not come back into it.
            TransportError: The broker cannot be reached; it happens later.
        """
        engine, number = self._engine, self._number
        if everywhere:
            self._with_group(partial(wanted.require_another_owner, everywhere=True))
        seat = (await wishing.place_of(engine, number)).seat
        since, expelling = await engine.call(partial(_wished, seat, everywhere=everywhere))

        def is_it(refused: WishRefused) -> bool:
            return refused.what == "leave" or refused.wish == expelling != 0

        def out() -> str | None:
            row = self._row
            if row.out_since:
                return None
            if not row.status.is_in:
                return ""
            with engine.store.reading() as rows:
                whys = [each.why for each in events.refusals(rows, since) if is_it(each)]
            return (whys[0] or "it was refused") if whys else "it was taken back"

        try:
            why = await wishing.settled(
                engine, number, out, "you leave when it can be reached", seconds(timeout)
            )
        except TransportError as error:
            if not engine.online:
                self._foresee(error, everywhere=everywhere)
            if self._rows(partial(queues.waits, number=number)):
                raise
            return False
        if why:
            raise PolicyError(why)
        return True

    def _foresee(self, error: TransportError, *, everywhere: bool) -> None:
        """Say so if we would not get out, as far as is known here.

        Raises:
            TransportError: We would not.
        """
        if self._rows(partial(queues.wishes, number=self._number)):
            return  # by which somebody else may become owner
        if not self._row.status.is_in:
            return  # nobody knows how it stands there
        try:
            self._with_group(partial(wanted.require_another_owner, everywhere=everywhere))
        except PolicyError as refused:
            raise TransportError(wishing.foretold(error, str(refused))) from error

    async def come_back(self) -> None:
        """Ask to be let in anew, with a store that is a copy.

        For who has only this one left, as after a disk was set back: the other one is taken out of
        the group by that, and what it had said here is not in this history.

        Raises:
            StateError: This store is no copy in this group, as far as we know.
        """
        seat = (await wishing.place_of(self._engine, self._number)).seat
        await self._engine.call(partial(returning.from_copy, seat))
        self._engine.nudge()


def _wished(seat: Seat, *, everywhere: bool) -> tuple[int, int]:
    """Wish to be out: the number of the last event before, and of the wish for other devices."""
    with seat.change() as rows:
        since = events.latest(rows)
        if everywhere:
            seat.require_in()
        expelling = _expelled(seat, rows) if everywhere else 0
        entering.leave(seat, rows)
        return since, expelling


def _expelled(seat: Seat, rows: Rows) -> int:
    """Wish that our other devices are out; the number of the wish, 0 when there are none."""
    group = seat.group
    keys = tuple(
        each.signature_key
        for each in group.members
        if each.identity == seat.home.identity and each.index != group.own_index
    )
    if not keys:
        return 0
    encoded = wishes.encode(Expel(keys=keys))
    return queues.wish(rows, seat.number, encoded)
