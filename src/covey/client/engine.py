"""Drives the flows of one identity while its client is open.

May import anyio, the network, the store and the flows. One loop does what is due for the identity,
one waits at its inbox, one lets messages disappear, one looks what other processes have written
into the same store; and each group has a keeper. All that touches the store, or what the flows have
in memory, does so under one lock: steps of flows in a worker thread, and what an application reads
in its own. Such a read waits for the step that is under way, which takes milliseconds.
"""

from __future__ import annotations

from functools import partial
from threading import RLock
from typing import TYPE_CHECKING, Final, TypeVar

import anyio
import anyio.to_thread

from covey.client import events, history
from covey.client.keeping import LISTEN, Keeper
from covey.client.network import Network
from covey.client.sync import groups
from covey.client.sync.peer import Peer
from covey.errors import CoveyError, StateError, TransportError

if TYPE_CHECKING:
    from collections.abc import Callable

    import httpx

    from covey.client.sync.effects import Flow
    from covey.client.sync.home import Home
    from covey.client.watching import Watched
    from covey.store.port import Rows

T = TypeVar("T")

PATIENCE: Final = 30.0
"""Seconds for which a call waits until the broker has what was said, or done what was wished."""

_LOOK: Final = 0.5  # seconds between two looks at what other processes have written
_ATTEND: Final = 60.0  # seconds after which it is looked what is due, at the latest
_TRIM: Final = 3600.0  # seconds between two times that old events are dropped
_TIDY: Final = 0.5  # seconds between two looks at what is to disappear, at least


class Engine:
    """Drives flows, and says when something has changed.

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
        self.closed: bool = False
        self._transport = transport
        self._proxy = proxy
        self._lock = RLock()
        self._one_at_a_time = anyio.CapacityLimiter(1)
        self._network: Network | None = None
        self._keepers: dict[int, Keeper] = {}
        self._keeping = anyio.create_task_group()
        self._runs = False
        self._seen = 0
        self._moved = anyio.Event()
        self._nudged = anyio.Event()

    # --- steps ---------------------------------------------------------------------------

    def connect(self, url: str) -> None:
        """Say where the broker is.

        Raises:
            TransportError: The address is none.
        """
        self._network = _Driven(
            url, self.call, transport=self._transport, proxy=self._proxy
        )

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
            return work()

    # --- news ----------------------------------------------------------------------------

    @property
    def moved(self) -> anyio.Event:
        """Is set when something has changed after this was asked for."""
        return self._moved

    def stir(self) -> None:
        """Wake all who wait for a change."""
        moved, self._moved = self._moved, anyio.Event()
        moved.set()

    def _look(self) -> None:
        writes = self.store.writes
        if writes != self._seen:
            self._seen = writes
            self.stir()

    async def until(
        self, ready: Callable[[], T | None], timeout: float | None, late: str
    ) -> T:
        """Wait for something.

        Args:
            ready: Looks for it, in the worker thread; None while it is not there.
            timeout: Seconds to wait; None for as long as it takes.
            late: What the error says when it is not there by then.

        Raises:
            TransportError: It takes longer.
            StateError: The client is closed.
        """
        with anyio.move_on_after(timeout):
            while True:
                moved = self._moved
                found = await self.call(ready)
                if found is not None:
                    return found
                if self.closed:
                    msg = "the client was closed"
                    raise StateError(msg)
                await moved.wait()
        why = f" ({self.trouble})" if self.trouble else ""
        msg = f"{late}{why}"
        raise TransportError(msg)

    def met(self, trouble: str, *, online: bool | None = None) -> None:
        """Take note of how something went."""
        self.trouble = trouble
        self.online = not trouble if online is None else online

    def backoff(self, failures: int) -> float:
        """Seconds to wait after a failure, longer after each further one."""
        pace = self.home.pace
        pause = min(pace.again * 2.0 ** min(failures, 30), pace.at_most)
        return pause * (0.5 + self.home.world.random() / 2)

    # --- loops ---------------------------------------------------------------------------

    async def open(self) -> None:
        """Begin the loops; without a broker, only those that need none."""
        await self._keeping.__aenter__()
        self._keeping.start_soon(self._tidy)
        if self.home.store is self.store and self.store.others() >= 0:
            self._keeping.start_soon(self._watch)
        await self.go_online()

    async def go_online(self) -> None:
        """Begin the loops that need a broker, when one is known."""
        if self._network is None or self._runs:
            return
        self._runs = True
        self._keeping.start_soon(self._attend)
        self._keeping.start_soon(self._look_into_inbox)
        await self.look_at_groups()

    async def aclose(self, error: BaseException | None = None) -> bool:
        """End the loops, and let go of the store. Whether an error was that of the loops' own."""
        self.closed = True
        self.stir()
        self._keeping.cancel_scope.cancel()
        own = isinstance(error, anyio.get_cancelled_exc_class())
        given = (type(error), error, error.__traceback__) if own and error else (None, None, None)
        try:
            return bool(await self._keeping.__aexit__(*given))
        finally:
            with anyio.CancelScope(shield=True):
                if self._network is not None:
                    await self._network.aclose()
                await self.call(self.store.close)

    async def _attend(self) -> None:
        """Do what is due for the identity, besides the inbox."""
        failures = 0
        while True:
            nudged = self._nudged = anyio.Event()
            now = self.home.world.now()
            try:
                due = min(await self.run(self.peer.attend(None)), now + _ATTEND)
                failures = 0
            except CoveyError as error:
                self.met(str(error), online=not isinstance(error, TransportError))
                due = now + self.backoff(failures)
                failures += 1
            await self.look_at_groups()
            with anyio.move_on_after(max(due - self.home.world.now(), _TIDY)):
                await nudged.wait()

    def nudge(self) -> None:
        """Let it be looked at once what is due."""
        self._nudged.set()

    async def _look_into_inbox(self) -> None:
        """Wait for pointers, and come into their groups."""
        failures = 0
        while True:
            if self.peer.inbox is None:
                await self._moved.wait()
                continue
            try:
                await self.run(self.peer.look_into_inbox(LISTEN))
                failures = 0
                self.met("", online=True)
            except CoveyError as error:
                self.met(str(error), online=not isinstance(error, TransportError))
                await anyio.sleep(self.backoff(failures))
                failures += 1
            await self.look_at_groups()

    async def _watch(self) -> None:
        """Look what other processes have written."""
        known = await self.call(self.store.others)
        while True:
            await anyio.sleep(_LOOK)
            now = await self.call(self.store.others)
            if now != known:
                known = now
                self.stir()
                await self.look_at_groups(nudges=True)

    async def _tidy(self) -> None:
        """Let messages disappear when it is time, and drop events that nobody needs any more."""
        trimmed_at = 0.0
        while True:
            moved, now = self._moved, self.home.world.now()
            if now >= trimmed_at + _TRIM:
                await self.write(partial(events.trim, now=int(now)))
                trimmed_at = now
            due = await self.call(self._expired)
            with anyio.move_on_after(min(due, trimmed_at + _TRIM) - self.home.world.now()):
                await moved.wait()
            await anyio.sleep(_TIDY)

    def _expired(self) -> float:
        """Delete what has disappeared; when the next message does."""
        now = self.home.world.second
        with self.store.reading() as rows:
            due = history.next_expiry(rows)
        if due is None:
            return float("inf")
        if due > now:
            return float(due)
        with self.store.transaction() as rows:
            history.expire(rows, now)
        return float(now)

    # --- groups --------------------------------------------------------------------------

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
        for row in await self.call(self._rows):
            keeper = self._keepers.get(row.id)
            if keeper is not None:
                if nudges:
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


class _Driven(Network):
    """A network whose steps are taken under the engine's lock."""

    def __init__(
        self,
        url: str,
        call: Callable[[Callable[[], object]], object],
        *,
        transport: Callable[[], httpx.AsyncBaseTransport] | None,
        proxy: str | None,
    ) -> None:
        super().__init__(url, transport=transport, proxy=proxy)
        self._call = call

    async def call(self, work: Callable[[], T]) -> T:
        return await self._call(work)
