"""Keeps one identity in step with its broker while its client is open.

May import anyio, the driver, the store and the flows. One loop does what is due for the identity,
one waits at its inbox, one lets messages disappear, one looks what other processes have written
into the same store, one cuts the store's log, one looks at the clocks; and each group has a keeper.
"""
# ruff: noqa: ASYNC109 - a timeout says how long to wait, and what then is left undone goes on

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Final, TypeAlias

import anyio

from covey.bugs import fenced
from covey.client import events
from covey.client.running import opening
from covey.client.running.clocks import Clocks
from covey.client.running.driver import Driver
from covey.client.running.keeping import LISTEN, Keeper, Patience
from covey.client.sync import expiring
from covey.client.sync.rows import groups, queues
from covey.client.words.expiring import forget
from covey.errors import BugError, CoveyError, StateError, StorageError, TransportError
from covey.store import words

if TYPE_CHECKING:
    from collections.abc import Callable

    import httpx

    from covey.client.running.watching import Watched
    from covey.client.sync.effects import Flow
    from covey.client.sync.identity.home import Home
    from covey.store.port import Rows

    _Met: TypeAlias = BugError | StorageError | TransportError

PATIENCE: Final = 30.0
"""Seconds for which a call waits until the broker has what was said, or done what was wished."""

_LOOK: Final = 0.5  # seconds between two looks at what other processes have written
_ATTEND: Final = 60.0  # seconds after which it is looked what is due, at the latest
_TRIM: Final = 3600.0  # seconds between two times that old events are dropped
_CUT: Final = 60.0  # seconds between two times that the log beside the store is cut
_TIDY: Final = 0.5  # seconds between two looks at what is to disappear, at least


class Engine(Driver):
    """Keeps one identity in step; see :class:`~covey.client.running.driver.Driver`."""

    def __init__(
        self,
        store: Watched,
        home: Home,
        transport: Callable[[], httpx.AsyncBaseTransport] | None = None,
        proxy: str | None = None,
    ) -> None:
        super().__init__(store, home, transport, proxy)
        self._keepers: dict[int, Keeper] = {}
        self._keeping = anyio.create_task_group()
        self._runs = False
        self._looked = False  # into the inbox
        self._unheard: _Met | None = None
        self._begun = 0  # how often what is due for the identity has been looked at
        self._ended = 0
        self._undone: _Met | None = None
        self._patience = Patience()
        self.clocks: Clocks = Clocks(self)
        self._swept = 0  # the number of an event up to which nothing is ephemeral

    # --- loops ---------------------------------------------------------------------------

    async def open(self, *, elsewhere: bool = False) -> None:
        """Begin the loops; without a broker, only those that need none.

        Args:
            elsewhere: Whether the broker is somewhere else than the store says.
        """
        await self._keeping.__aenter__()
        self._keeping.start_soon(self._tidy)
        self._keeping.start_soon(self._watch)
        self._keeping.start_soon(self._cut)
        if elsewhere and self._network is not None and self.peer.device is not None:
            self._keeping.start_soon(self._repeat, partial(opening.at_home, self.peer, self.url))
        await self.go_online()

    async def go_online(self) -> None:
        """Begin the loops that need a broker, when one is known."""
        if self._network is None or self._runs:
            return
        self._runs = True
        if self.rows(opening.waits_to_be_added):
            self._keeping.start_soon(self._repeat, partial(opening.added, self.peer))
        self._keeping.start_soon(self._attend)
        self._keeping.start_soon(self._look_into_inbox)
        self._keeping.start_soon(self.clocks.watch)
        await self.look_at_groups()

    async def aclose(self, error: BaseException | None = None) -> bool:
        """End the loops, and let go of the store. Whether an error was that of the loops' own."""
        self.closed = True
        self.stir()
        self.wake()
        self._keeping.cancel_scope.cancel()
        own = isinstance(error, anyio.get_cancelled_exc_class())
        given = (type(error), error, error.__traceback__) if own and error else (None, None, None)
        try:
            return bool(await self._keeping.__aexit__(*given)) and own
        finally:
            with anyio.CancelScope(shield=True):
                try:
                    await self.call(self._let_pass)
                except StorageError as met:
                    self.met(str(met), online=self.online)
                await self.abandon()

    async def _repeat(self, flow: Callable[[], Flow[bool]]) -> None:
        """Look for something again and again, until it is so."""
        while True:
            try:
                with fenced():
                    if await self.run(flow()):
                        return
            except CoveyError as error:
                self._met(error)
            await anyio.sleep(self.home.pace.again)

    async def _attend(self) -> None:
        """Do what is due for the identity, besides the inbox."""
        failures = 0
        while True:
            nudged = self._nudged = anyio.Event()
            now = self.home.world.now()
            self._begun += 1
            try:
                with fenced():
                    due = min(await self.run(self.peer.attend(None)), now + _ATTEND)
                failures, self._undone = 0, None
            except CoveyError as error:
                self._undone = self._met(error)
                due = now + self.backoff(failures)
                failures += 1
            self._ended = self._begun
            self.stir()
            await self.look_at_groups()
            with anyio.move_on_after(max(due - self.home.world.now(), _TIDY)):
                await nudged.wait()

    async def _look_into_inbox(self) -> None:
        """Wait for pointers, and come into their groups."""
        failures = 0
        while True:
            if self.peer.inbox is None:
                await self._moved.wait()
                continue
            try:
                with fenced():
                    await self._hear()
                failures, self._looked, self._unheard = 0, True, None
                self.met("", online=True)
            except CoveyError as error:
                self._unheard = self._met(error)
                await anyio.sleep(self.backoff(failures))
                failures += 1
            self.stir()
            await self.look_at_groups()

    def _met(self, error: CoveyError) -> _Met:
        """Take note of what was in the way; the error for who waits for what is not done so."""
        self.met(str(error), online=not isinstance(error, TransportError))
        if isinstance(error, StorageError):
            return error
        return self.note(error) or TransportError(str(error))

    async def _hear(self) -> None:
        """Wait for a pointer, once; at first, and after a failure, only look."""
        inbox = self.peer.inbox
        assert inbox is not None
        before, begun = inbox.taken, anyio.current_time()
        waits = self._looked and self._unheard is None
        await self.run(self.peer.look_into_inbox(LISTEN if waits else 0))
        if waits:
            await self._patience.heard(anyio.current_time() - begun, inbox.taken != before)

    async def _watch(self) -> None:
        """Look what other processes have written."""
        known = -1
        while True:
            try:
                now = await self.call(self.store.others)
            except StorageError as error:
                self.met(str(error), online=self.online)
                now = known
            if now != known:
                known = now
                await self.look_around()
                await self.look_at_groups(nudges=True)
            await anyio.sleep(_LOOK)

    async def _tidy(self) -> None:
        """Let messages disappear, at first and when it is time; drop events that nobody needs."""
        trimmed_at = 0.0
        while True:
            moved, now = self._moved, self.home.world.now()
            due = now + _TRIM
            try:
                expiry = await self.call(self._let_disappear)
                if now >= trimmed_at + _TRIM:
                    await self.write(partial(_trim, now=int(now)))
                    trimmed_at = now
                passing = partial(self._drop, self._next_ephemeral, events.drop_ephemeral)
                due = min(due, expiry, await self.call(passing))
            except StorageError as error:
                self.met(str(error), online=self.online)
            with anyio.move_on_after(due - self.home.world.now()):
                await moved.wait()
            await anyio.sleep(_TIDY)

    async def _cut(self) -> None:
        """Cut the log beside the store after what was written, whose words are indexed before.

        Pages of before stand in it, with keys that are used up: who has the file and its key could
        open by them what was sent since the last time.
        """
        written = -1
        while True:
            await anyio.sleep(_CUT)
            if self.store.writes == written:
                continue
            try:
                await self.write(words.index)
                now = self.store.writes
                if await self.call(self.store.cut):
                    written = now
            except StorageError as error:
                self.met(str(error), online=self.online)

    def let_all_disappear(self) -> None:
        """Delete all messages that have disappeared, in the worker thread.

        Raises:
            StorageError: The store cannot be written.
        """
        while self._let_disappear() <= self.home.world.second:
            pass

    def _let_disappear(self) -> float:
        """Delete messages that have disappeared; when the next one does, or now if some did."""
        return self._drop(expiring.next_due, expiring.let_disappear)

    def _drop(
        self, next_due: Callable[[Rows], int | None], drop: Callable[[Rows, int], object]
    ) -> float:
        """Drop what is due, and write nothing if nothing is; when the next one is."""
        now = self.home.world.second
        with self.store.reading() as rows:
            due = next_due(rows)
        if due is None:
            return float("inf")
        if due > now:
            return float(due)
        with self.store.transaction() as rows:
            drop(rows, now)
        return float(now)

    def _next_ephemeral(self, rows: Rows) -> int | None:
        """When there is something ephemeral to be dropped, after what has been looked through."""
        due = events.next_ephemeral(rows, self._swept, self.home.world.second)
        if due is None:
            self._swept = events.latest(rows)
        return due

    def _let_pass(self) -> None:
        """Leave nothing behind that has disappeared, nor what is ephemeral and was told."""
        self.let_all_disappear()
        with self.store.transaction() as rows:
            now = self.home.world.second
            forget(rows, now)
            events.drop_ephemeral(rows, now)
            events.drop_ephemeral(rows, now + events.LINGERS)

    # --- settling ------------------------------------------------------------------------

    async def settle(self, timeout: float) -> None:
        """Let everything be done that can be done now.

        Raises:
            TransportError: The broker cannot be reached.
            BugError: Something cannot be done, for a mistake of ours.
            StorageError: The store cannot be read or written.
            StateError: None is known.
        """
        if not self._runs:
            msg = "no broker is known yet: open the client with one, or join by an invitation"
            raise StateError(msg)
        late = "not everything was done in time"
        await self.until(self._inbox_is_read, timeout, late)
        await self.look_at_groups()
        turns = {}
        for number, keeper in self._keepers.items():
            turns[number] = keeper.begun + 1
            keeper.nudge(reads=True)
        ailing = await self.until(partial(self._turns_have_ended, turns), timeout, late)
        begun = self._begun
        self.nudge()
        await self.until(partial(self._is_attended, begun), timeout, late)
        await self.until(self.all_posted, timeout, late)
        if ailing:
            raise ailing[0].error()

    def _inbox_is_read(self) -> bool | None:
        if self._unheard is not None:
            raise self._unheard
        return True if self._looked or self.peer.inbox is None else None

    def _is_attended(self, begun: int) -> bool | None:
        """Whether all that was due for the identity has been done, once since it was asked."""
        if self._ended <= begun:
            return None
        if self._undone is not None:
            raise self._undone
        return True

    def _turns_have_ended(self, turns: dict[int, int]) -> list[Keeper] | None:
        """The groups that ail by themselves, once all have taken their turn."""
        kept = {each: self._keepers[each] for each in turns if each in self._keepers}
        ended = [keeper for number, keeper in kept.items() if keeper.ended >= turns[number]]
        ailing = [keeper for keeper in ended if keeper.trouble]
        for keeper in ailing:
            if not keeper.is_ours:
                raise keeper.error()
        return ailing if len(ended) == len(kept) else None

    # --- groups --------------------------------------------------------------------------

    def nudge_group(self, number: int) -> None:
        """Let a group take its next turn at once."""
        keeper = self._keepers.get(number)
        if keeper is not None:
            keeper.nudge()

    def waiting(self, number: int) -> int:
        """How many contents of ours wait in a group."""
        return self.rows(partial(queues.waits, number=number))

    @property
    def offline(self) -> str:
        """Why nothing is done over the network; empty when something is."""
        return "" if self._runs else "no broker is known"

    def keeper(self, number: int) -> Keeper | None:
        """Who keeps a group in step; None when nobody does."""
        return self._keepers.get(number)

    async def look_at_groups(self, *, nudges: bool = False) -> None:
        """Begin to keep the groups that we have come into.

        Args:
            nudges: Whether others may have changed those that are kept.
        """
        if not self._runs or self.closed:
            return
        try:
            found = await self.call(self._rows)
        except StorageError as error:
            self.met(str(error), online=self.online)
            return
        for row in found:
            keeper = self._keepers.get(row.id)
            if keeper is not None:
                if nudges and not keeper.has_seen(row.version):
                    keeper.nudge()
            elif row.status.is_in:
                keeper = self._keepers[row.id] = Keeper(self, row.id)
                self._keeping.start_soon(self._keep, keeper)

    def _rows(self) -> list[groups.GroupRow]:
        with self.store.reading() as rows:
            return groups.every(rows)

    async def _keep(self, keeper: Keeper) -> None:
        try:
            await keeper.keep()
        finally:
            del self._keepers[keeper.number]
        self.nudge()


def _trim(rows: Rows, now: int) -> None:
    """Drop what nobody needs any more."""
    events.trim(rows, now=now)
    forget(rows, now)
