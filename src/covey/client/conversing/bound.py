"""What all parts of a conversation stand on. May import the engine and the rows."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, TypeVar

from covey.client.running.engine import PATIENCE
from covey.client.sync.rows import groups
from covey.client.words import typed
from covey.errors import StorageError

if TYPE_CHECKING:
    from collections.abc import Callable

    from covey.client.running.engine import Engine
    from covey.client.sync.log.place import Place
    from covey.client.sync.rows.groups import GroupRow
    from covey.mls import Group
    from covey.store.port import Rows

T = TypeVar("T")


class Bound:
    """One group of a client.

    Args:
        engine: Drives it.
        number: Its number in the store.
    """

    def __init__(self, engine: Engine, number: int) -> None:
        self._engine = engine
        self._number = number

    @property
    def _row(self) -> GroupRow:
        """Its row as it is now, whoever changed it.

        Raises:
            StorageError: It is not there any more.
        """
        row = self._engine.rows(partial(groups.of, number=self._number))
        if row is None:
            msg = "the group has been deleted from this store"
            raise StorageError(msg)
        return row

    @property
    def _now(self) -> int:
        """The time by our clock, in seconds since the epoch."""
        return self._engine.home.world.second

    def _rows(self, work: Callable[[Rows], T]) -> T:
        return self._engine.rows(work)

    def _with_group(self, work: Callable[[Place, Group], T]) -> T:
        """Look at the engine's group.

        Raises:
            StateError: We are not in it.
        """
        return self._engine.read(partial(self._look, work))

    def _look(self, work: Callable[[Place, Group], T]) -> T:
        place = self._engine.peer.place(self._number)
        place.seat.look()
        place.seat.require_in()
        return work(place, place.seat.group)


def seconds(timeout: float | None) -> float:
    """How long to wait: as was said, or as usual.

    Raises:
        StateError: It is less than nothing.
        TypeError: It is no number.
    """
    return PATIENCE if timeout is None else typed.duration("a timeout", timeout)
