"""Keeps one group in step: its turns, and beside them a connection that waits for what is new.

May import anyio and the flows. What goes wrong is met by the turns, which know when to try again;
nobody waits for news while they do not go well.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Final, TypeGuard

import anyio

from covey.bugs import fenced
from covey.errors import BugError, CoveyError, StorageError, TransportError, UnstorableError
from covey.mls.group.identities import NotSpokenError

if TYPE_CHECKING:
    from covey.client.running.driver import Driver
    from covey.client.sync.log.place import Place

LISTEN: Final = 20_000
"""Milliseconds that the broker is asked to wait for something new."""

_LEAST: Final = 0.2  # seconds between two turns that nobody has asked for
_AT_ONCE: Final = 0.5  # seconds in which nobody who waits has answered that there is nothing new
_RESTS: Final = 0.1  # seconds; doubled for each further such answer
_RESTS_AT_MOST: Final = 10.0


class Patience:
    """Rests between answers that come at once and hold nothing new.

    A broker is asked to wait until there is something. One that does not wait, by its settings or
    because something in between does not let it, is asked less and less often.
    """

    def __init__(self) -> None:
        self._hasty = 0

    async def heard(self, took: float, anything: bool) -> None:  # noqa: FBT001 - what was heard
        """Rest, if that is due.

        Args:
            took: For how many seconds the broker was waited for.
            anything: Whether there was something new.
        """
        if anything or took > _AT_ONCE:
            self._hasty = 0
            return
        await anyio.sleep(min(_RESTS * 2.0 ** min(self._hasty, 30), _RESTS_AT_MOST))
        self._hasty += 1


class Keeper:
    """Keeps one group in step.

    Args:
        driver: Drives its flows.
        number: The group's number in the store.

    Attributes:
        number: The group's number in the store.
        begun: How many turns have begun.
        ended: How many of them have ended.
        trouble: What was in the way of the last one; empty when all went well.
        failure: What the last turn has raised, if that is ours and not the broker's.
        place: The group, once a turn has begun.
    """

    def __init__(self, driver: Driver, number: int) -> None:
        self.number: int = number
        self.begun: int = 0
        self.ended: int = 0
        self.trouble: str = ""
        self.failure: BugError | StorageError | None = None
        self.place: Place | None = None
        self._driver = driver
        self._nudged = anyio.Event()
        self._well = anyio.Event()
        self._hears = False
        self._failures = 0
        self._noted: tuple[object, ...] | None = None
        self._patience = Patience()

    def nudge(self, *, reads: bool = False) -> None:
        """Let the next turn begin at once.

        Args:
            reads: Whether it shall read the log, though another connection listens.
        """
        if reads:
            self._hears = False
        self._nudged.set()

    async def keep(self) -> None:
        """Keep the group in step for as long as we are in it."""
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(self._listen)
            await self._take_turns()
            tasks.cancel_scope.cancel()

    async def _now(self) -> Place:
        """The group; another object when we have come into it anew."""
        place = await self._driver.call(partial(self._driver.peer.place, self.number))
        self.place = place
        return place

    def has_seen(self, version: int) -> bool:
        """Whether a version of the group's row is the one that was seen last."""
        return self.place is not None and self.place.seat.row.version == version

    # --- turns ---------------------------------------------------------------------------

    async def _take_turns(self) -> None:
        driver = self._driver
        while True:
            nudged = self._nudged = anyio.Event()
            self.begun += 1
            due = await self._turn()
            self.ended = self.begun
            driver.stir()
            if due is None or self.trouble:
                driver.wake(self.number)
            if due is None:
                driver.nudge()
                return
            with anyio.move_on_after(max(due - driver.home.world.now(), _LEAST)):
                await nudged.wait()

    async def _let_attend(self, place: Place) -> None:
        """Let what is due for the identity be done, when the group has moved, or pointers wait."""
        noted = _where(place)[1:]
        if noted != self._noted or await self._driver.call(self._driver.all_posted) is None:
            self._noted = noted
            self._driver.nudge()

    async def _turn(self) -> float | None:
        """Take a turn; when to take the next one, or None when we are out of the group."""
        driver = self._driver
        try:
            with fenced():
                place = await self._now()
                due = await driver.run(place.turns.turn(listening=self._hears))
                self.failure, self.trouble = None, place.turns.troubles.now
                await self._let_attend(place)
        except CoveyError as error:
            if await driver.is_gone(self.number):
                return None
            driver.note(error)
            self.failure, self.trouble = _ours(error), str(error)
            due = driver.home.world.now() + driver.backoff(self._failures)
        if self.trouble:
            self._failures += 1
            self._unwell()
        else:
            self._failures = 0
            self._well.set()
        driver.met(self.trouble, online=driver.online if self.is_ours else None)
        return due

    def error(self, otherwise: str = "") -> BugError | StorageError | TransportError:
        """What was in the way of the last turn, as an error, with what becomes of what waits."""
        if _is_damage(self.failure):
            return self.failure
        said = f"{self.trouble}; {otherwise}" if otherwise else self.trouble
        return BugError(said) if isinstance(self.failure, BugError) else TransportError(said)

    @property
    def is_ours(self) -> bool:
        """Whether the trouble is in this group alone, and the broker has no part in it."""
        return self.failure is not None

    def _unwell(self) -> None:
        """Let nobody listen until a turn has gone well."""
        if self._well.is_set():
            self._well = anyio.Event()

    # --- listening -----------------------------------------------------------------------

    async def _listen(self) -> None:
        failures = 0
        while True:
            await self._well.wait()
            try:
                with fenced():
                    await self._hear()
                failures = 0
            except CoveyError as error:
                self._driver.note(error)
                self._unwell()
                self.nudge(reads=True)
                await anyio.sleep(self._driver.backoff(failures))
                failures += 1

    async def _hear(self) -> None:
        """Wait for something new, once; at first, only look."""
        place = await self._now()
        before = _where(place)
        waits, begun = self._hears, anyio.current_time()
        await self._driver.run(place.listener.read(LISTEN if waits else 0))
        self._hears = True
        moved = _where(place) != before
        if moved:
            self.nudge()
        if waits:
            await self._patience.heard(anyio.current_time() - begun, moved)


def _ours(error: CoveyError) -> BugError | StorageError | None:
    """An error, unless it tells of the broker or of what came from there."""
    return error if isinstance(error, BugError | StorageError) else None


def _is_damage(error: CoveyError | None) -> TypeGuard[StorageError]:
    """Whether a store is not well; not when it holds what this process does not understand."""
    return isinstance(error, StorageError) and not isinstance(
        error, NotSpokenError | UnstorableError
    )


def _where(place: Place) -> tuple[object, ...]:
    row = place.seat.row
    return row.seq, row.epoch, row.status
