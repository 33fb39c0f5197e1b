"""Drives flows, under one lock, and says when something has changed.

May import anyio, the network, the store and the flows. All that touches the store, or what the
flows have in memory, does so under one lock: steps of flows in a worker thread, and what an
application reads in its own. Such a read waits for the step that is under way, which takes
milliseconds.
"""
# ruff: noqa: ASYNC109 - a timeout says how long to wait, and what then is left undone goes on

from __future__ import annotations

import logging
from functools import partial
from threading import RLock
from typing import TYPE_CHECKING, TypeVar

import anyio
import anyio.to_thread

from covey import bugs
from covey.client.network import Network
from covey.client.running.awaiting import NOTHING, Board
from covey.client.sync.peer import Peer
from covey.client.sync.rows import groups, queues
from covey.errors import (
    BrokerError,
    BugError,
    CoveyError,
    StateError,
    StorageError,
    TransportError,
)
from covey.store import words

if TYPE_CHECKING:
    from collections.abc import Callable

    import httpx

    from covey.client.running.awaiting import Awaited, Standing
    from covey.client.running.watching import Watched
    from covey.client.sync.effects import Flow, Pause
    from covey.client.sync.identity.home import Home
    from covey.store.port import Rows

T = TypeVar("T")

log: logging.Logger = logging.getLogger("covey.client")


class Driver:
    """Drives the flows of one identity.

    Args:
        store: The store.
        home: What the flows stand on.
        transport: What carries requests; by default the network.
        proxy: In front of the broker.

    Attributes:
        home: What the flows stand on.
        peer: The identity.
        store: The store.
        online: Whether the broker has answered last time.
        trouble: What was in the way last time, for people; empty when nothing was.
        waits: Is told when the broker is to be asked again: after what refusal, and in how many
            seconds.
        closed: Whether it is closed, or is being closed.
        url: Where the broker is; empty without one.
    """

    def __init__(
        self,
        store: Watched,
        home: Home,
        transport: Callable[[], httpx.AsyncBaseTransport] | None = None,
        proxy: str | None = None,
    ) -> None:
        self.store: Watched = store
        self.home: Home = home
        self.peer: Peer = Peer(home)
        self.online: bool = False
        self.trouble: str = ""
        self.waits: Callable[[BrokerError, float], None] | None = None
        self.closed: bool = False
        self.url: str = ""
        self._transport = transport
        self._proxy = proxy
        self._lock = RLock()
        self._one_at_a_time = anyio.CapacityLimiter(1)
        self._network: Network | None = None
        self._seen = 0
        self._checked = 0
        self._jobs = 0  # how often something was done with the store
        self._inside = False
        self._board = Board()
        self._standing: Standing | None = NOTHING
        self._moved = anyio.Event()
        self._nudged = anyio.Event()

    # --- steps ---------------------------------------------------------------------------

    def connect(self, url: str) -> None:
        """Say where the broker is.

        Raises:
            TransportError: The address is none.
        """
        self.url = url
        self._network = _Locked(url, self, transport=self._transport, proxy=self._proxy)

    async def disconnect(self) -> None:
        """Forget where the broker is."""
        network, self._network, self.url = self._network, None, ""
        if network is not None:
            await network.aclose()

    async def call(self, work: Callable[[], T]) -> T:
        """Do something with the store, or what the flows use, in the worker thread."""
        try:
            return await anyio.to_thread.run_sync(
                partial(self._locked, work), limiter=self._one_at_a_time
            )
        finally:
            self._look()

    def read(self, work: Callable[[], T]) -> T:
        """The same in this thread, at once: for what takes no longer than a look at some rows."""
        try:
            return self._locked(work)
        finally:
            self._look()

    def rows(self, work: Callable[[Rows], T]) -> T:
        """Read rows in this thread."""

        def reading() -> T:
            with self.store.reading() as rows:
                return work(rows)

        return self.read(reading)

    def search(self, work: Callable[[Rows], T]) -> T:
        """Read rows by their words in this thread, once all of them are in the index."""
        if not self.rows(words.are_indexed):
            self.change(words.index)
        return self.rows(work)

    def change(self, work: Callable[[Rows], T]) -> T:
        """Write rows in this thread."""

        def writing() -> T:
            with self.store.transaction() as rows:
                return work(rows)

        return self.read(writing)

    async def write(self, work: Callable[[Rows], T]) -> T:
        """Write rows in the worker thread."""

        def writing() -> T:
            with self.store.transaction() as rows:
                return work(rows)

        return await self.call(writing)

    async def run(self, flow: Flow[T]) -> T:
        """Drive a flow to its end.

        Raises:
            StateError: No broker is known.
            CoveyError: Whatever the flow raises.
        """
        if self._network is None:
            flow.close()
            msg = "no broker is known yet: open the client with one, or join by an invitation"
            raise StateError(msg)
        return await self._network.run(flow)

    def _locked(self, work: Callable[[], T]) -> T:
        with self._lock:
            inside, self._inside = self._inside, True
            self._jobs += 1
            try:
                return work()
            finally:
                self._inside = inside
                if not inside and self.store.writes != self._checked:
                    self._checked = self.store.writes
                    self._check()

    def _check(self) -> None:
        """See what still waits in the groups in which somebody waits for something."""
        if self._board.is_empty or self.closed:
            return
        try:
            with self.store.reading() as rows:
                self._standing = self._board.look(rows, self._jobs)
        except StorageError:
            self._standing = None  # who looks by itself is told so

    # --- news ----------------------------------------------------------------------------

    @property
    def moved(self) -> anyio.Event:
        """Is set when something has changed after this was asked for."""
        return self._moved

    def stir(self) -> None:
        """Wake all who wait for a change, but for those who wait for what is theirs alone."""
        moved, self._moved = self._moved, anyio.Event()
        moved.set()

    def wake(self, number: int | None = None) -> None:
        """Wake those who wait for a message or a wish of theirs, settled or not.

        Args:
            number: The number of their group in the store; None for all of them.
        """
        self._board.wake(number)

    def _look(self) -> None:
        writes = self.store.writes
        if writes != self._seen:
            self._seen = writes
            self.stir()
            self._tell()

    def _tell(self) -> None:
        if self._standing is None:
            self.wake()
        else:
            self._board.tell(self._standing)

    async def look_around(self) -> None:
        """Others may have written: wake those who wait for what they have done."""
        await self.call(self._check)
        self.stir()
        self._tell()

    async def until(
        self,
        ready: Callable[[], T | None],
        timeout: float | None,
        late: str,
        awaited: Awaited | None = None,
    ) -> T:
        """Wait for something.

        Args:
            ready: Looks for it, in the worker thread; None while it is not there.
            timeout: Seconds to wait; None for as long as it takes.
            late: What the error says when it is not there by then.
            awaited: The message or the wish that it is about: it is looked for again when that is
                settled, or everybody is woken. Without one, after each change.

        Raises:
            TransportError: It takes longer.
            StateError: The client is closed.
        """
        with anyio.move_on_after(timeout):
            if awaited is not None:
                return await self._settled(ready, awaited)
            while True:
                moved = self._moved
                found = await self.call(partial(self._unless_closed, ready))
                if found is not None:
                    return found
                await moved.wait()
        why = f" ({self.trouble})" if self.trouble else ""
        msg = f"{late}{why}"
        raise TransportError(msg)

    async def _settled(self, ready: Callable[[], T | None], awaited: Awaited) -> T:
        def looked() -> T | None:
            awaited.looked = self._jobs
            return self._unless_closed(ready)

        with self._board.holding(awaited):
            while True:
                awaited.begin()
                found = await self.call(looked)
                if found is not None:
                    return found
                self._board.waits(awaited)
                await awaited.woken.wait()

    def _unless_closed(self, work: Callable[[], T]) -> T:
        if self.closed:
            msg = "the client was closed"
            raise StateError(msg)
        return work()

    def met(self, trouble: str, *, online: bool | None = None) -> None:
        """Take note of how something went."""
        self.trouble = trouble
        self.online = not trouble if online is None else online

    def note(self, error: CoveyError) -> BugError | None:
        """Log a bug, with where it is and without what it says; None when it is no bug."""
        if not isinstance(error, BugError):
            return None
        log.error("%s\n%s", error, bugs.told(error.__cause__ or error))
        return error

    def nudge(self) -> None:
        """Let it be looked at once what is due for the identity."""
        self._nudged.set()

    def backoff(self, failures: int) -> float:
        """Seconds to wait after a failure, longer after each further one."""
        pace = self.home.pace
        pause = min(pace.again * 2.0 ** min(failures, 30), pace.at_most)
        return pause * (0.5 + self.home.world.random() / 2)

    async def is_gone(self, number: int) -> bool:
        """Whether a group has been deleted from the store, or the store cannot be read."""
        try:
            return await self.call(partial(self._row, number)) is None
        except StorageError:
            return False

    def _row(self, number: int) -> groups.GroupRow | None:
        with self.store.reading() as rows:
            return groups.of(rows, number)

    def all_posted(self) -> bool | None:
        """Whether everybody who was let in has been told; None while somebody has not."""
        with self.store.reading() as rows:
            return None if queues.postings(rows) else True

    async def abandon(self) -> None:
        """Let go of the connections and of the store."""
        self.closed = True
        if self._network is not None:
            await self._network.aclose()
        await self.call(self.store.close)


class _Locked(Network):
    """A network whose steps are taken under the engine's lock."""

    def __init__(
        self,
        url: str,
        driver: Driver,
        *,
        transport: Callable[[], httpx.AsyncBaseTransport] | None,
        proxy: str | None,
    ) -> None:
        super().__init__(url, transport=transport, proxy=proxy)
        self._driver = driver

    async def call(self, work: Callable[[], T]) -> T:
        return await self._driver.call(work)

    async def pause(self, pause: Pause) -> None:
        if pause.refusal is not None and self._driver.waits is not None:
            self._driver.waits(pause.refusal, pause.seconds)
        await super().pause(pause)
