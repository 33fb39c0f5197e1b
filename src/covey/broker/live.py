"""Live delivery: a WebSocket on which entries come as they are appended.

May import Starlette and the operations. Each message holds one frame of
:mod:`covey.access.structs.live`. Entries cost credit, of the whole socket; a socket holds one
page of entries at a time, whatever it subscribes to, and none while it waits for credit, so that
slow readers cost no memory. A hint wakes, the log is the truth: what is sent is read from it,
after the last entry that was sent.
"""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING, Final

from starlette.websockets import WebSocketDisconnect, WebSocketState

from covey.access.refusals import Code, refused
from covey.access.structs.live import (
    Arrived,
    Begun,
    CaughtUp,
    ClientFrame,
    Credit,
    Greeting,
    ProveNext,
    Refused,
    ServerFrame,
    Subscribe,
    Unsubscribe,
)
from covey.broker import reception
from covey.broker.operations.waiting import LOOK_AGAIN, woken_or_time
from covey.errors import BrokerError, DecodeError, StorageError

if TYPE_CHECKING:
    from collections.abc import Collection

    from starlette.websockets import WebSocket

    from covey.access.structs.heads import SignedHead
    from covey.broker.operations.ports import Caller
    from covey.broker.operations.table import Operations
    from covey.broker.transactions.reading import Page, Proven

log: logging.Logger = logging.getLogger("covey.broker")

NAME: Final = "subscribe"
"""What a socket is called in the log and in metrics."""

GOING: Final = 1001
"""How a socket is closed when the broker stops (RFC 6455 §7.4.1)."""
UNSUPPORTED: Final = 1003
"""How a socket is closed on which text came."""
POLICY: Final = 1008
"""How a socket is closed that belongs to the other plane."""

_FAREWELL: Final = 1.0  # seconds that a slow reader has to take it
_NO_GID: Final = bytes(32)
_MOST_CREDIT: Final = 2**31


class Live:
    """The WebSockets of a broker.

    Args:
        operations: What it does.
    """

    def __init__(self, operations: Operations) -> None:
        self._operations = operations
        self._sessions: set[_Session] = set()

    async def serve(self, websocket: WebSocket) -> None:
        """Serve one socket until it closes."""
        await websocket.accept()
        session = _Session(self._operations, websocket)
        self._sessions.add(session)
        log.info("%s opened", NAME)
        try:
            with self._operations.ports.metrics.socket():
                await session.run()
        except* WebSocketDisconnect:
            pass  # by the other side, or by us
        finally:
            self._sessions.discard(session)
            log.info("%s closed", NAME)

    async def close(self) -> None:
        """Say on every socket that the broker stops."""
        farewells = [asyncio.ensure_future(each.close(GOING)) for each in self._sessions]
        if farewells:
            await asyncio.wait(farewells, timeout=_FAREWELL)
            await _cancel(farewells)


class _Session:
    """One socket, and what it subscribes to."""

    def __init__(self, operations: Operations, websocket: WebSocket) -> None:
        self._operations = operations
        self._ports = operations.ports
        self._websocket = websocket
        self._credit = self._ports.limits.credit
        self._has_credit = asyncio.Event()
        self._has_credit.set()
        self._sending = asyncio.Lock()  # one frame at a time
        self._paging = asyncio.Lock()  # one page in memory at a time
        self._pumps: dict[bytes, asyncio.Task[None]] = {}

    async def run(self) -> None:
        """Greet, then do what each frame says, until one side closes.

        Raises:
            WebSocketDisconnect: The socket closed while something was to be sent; it may be in
                an ExceptionGroup.
        """
        try:
            caller = reception.nobody(self._websocket)
        except BrokerError as error:
            await self._refuse(_NO_GID, error)
            await self.close(POLICY)
            return
        if self._ports.store.wakes.closed:
            await self.close(GOING)
            return
        await self._send(Greeting(self._operations.proving.challenge(caller), self._credit))
        async with asyncio.TaskGroup() as pumps:
            try:
                while (data := await self._receive()) is not None:
                    await self._take(caller, data, pumps)
            finally:
                for pump in self._pumps.values():
                    pump.cancel()

    async def close(self, code: int) -> None:
        """Close the socket, unless it is."""
        async with self._sending:
            if self._websocket.application_state is WebSocketState.CONNECTED:
                await self._websocket.close(code)

    async def _receive(self) -> bytes | None:
        """The next frame; None when the socket is closed. Text is no frame."""
        message = await self._websocket.receive()
        if message["type"] == "websocket.disconnect":
            return None
        data: bytes | None = message.get("bytes")
        if data is None:
            await self.close(UNSUPPORTED)
        return data

    async def _take(self, caller: Caller, data: bytes, pumps: asyncio.TaskGroup) -> None:
        """Do what a frame says."""
        try:
            frame = ClientFrame.decode(data).frame
        except DecodeError:
            await self._refuse(_NO_GID, refused(Code.malformed))
            return
        match frame:
            case Credit(entries):
                self._credit = min(self._credit + entries, _MOST_CREDIT)
                if self._credit > 0:
                    self._has_credit.set()
            case Unsubscribe(gid):
                await self._end(gid)
            case Subscribe(gid):
                await self._end(gid)
                proven = await self._proof(caller, frame)
                if proven is not None:
                    pump = pumps.create_task(self._pump(caller, frame, proven))
                    self._pumps[gid] = pump
                    pump.add_done_callback(lambda _: self._forget(gid, pump))

    async def _proof(self, caller: Caller, frame: Subscribe) -> Proven | None:
        """What a subscription proves; None when it was refused."""
        try:
            if len(self._pumps) >= self._ports.limits.subscriptions:
                raise refused(Code.over_quota)
            proving = self._operations.proving
            return await proving.group(caller, frame.gid, frame.epoch, frame.proof)
        except (BrokerError, StorageError) as error:
            await self._refuse(frame.gid, error)
            return None

    def _forget(self, gid: bytes, pump: asyncio.Task[None]) -> None:
        if self._pumps.get(gid) is pump:
            del self._pumps[gid]

    async def _end(self, gid: bytes) -> None:
        pump = self._pumps.pop(gid, None)
        if pump is not None:
            await _cancel([pump])

    async def _pump(self, caller: Caller, frame: Subscribe, proven: Proven) -> None:
        """Send what there is, then what comes, until the epoch is closed."""
        try:
            head = await self._send_epoch(caller, proven, frame.after)
            nonce = self._operations.proving.challenge(caller)
            await self._send(ProveNext(frame.gid, frame.epoch + 1, head, nonce))
        except (BrokerError, StorageError) as error:
            await self._refuse(frame.gid, error)

    async def _send_epoch(self, caller: Caller, proven: Proven, after: int) -> SignedHead:
        """Send the entries of an epoch; returns the head once it is closed.

        Raises:
            BrokerError: The epoch is not kept any more.
            StorageError: The log cannot be read.
            WebSocketDisconnect: The broker stops, or the socket has closed.
        """
        gid, epoch = proven.gid, proven.epoch
        ticket = self._operations.proving.ticket(caller, proven)
        begun = caught_up = more = False
        while True:
            with self._ports.store.wakes.watch(gid) as woken:
                if more:
                    await self._has_credit.wait()
                async with self._paging:
                    most = max(self._credit, 1)  # one, to know whether there is one
                    page = await self._operations.logs.page(proven, after, most)
                    if not begun:
                        await self._send(Begun(gid, epoch, page.before, ticket))
                        begun = True
                    sent = await self._send_entries(gid, page)
                after = page.before.seq + sent
                caught_up = caught_up and not page.entries
                more = after < page.head.seq
                if more:
                    continue
                head = self._ports.head(gid, page.head)
                if page.closed:
                    return head
                if not caught_up:
                    await self._send(CaughtUp(gid, head))
                    caught_up = True
                await woken_or_time(woken, LOOK_AGAIN)
                if self._ports.store.wakes.closed:
                    await self.close(GOING)
                    raise WebSocketDisconnect(GOING)

    async def _send_entries(self, gid: bytes, page: Page) -> int:
        """Send as many entries of a page as there is credit for; returns how many."""
        sent = 0
        for entry in page.entries:
            if self._credit <= 0:
                self._has_credit.clear()
                break
            self._credit -= 1
            await self._send(Arrived(gid, entry))
            sent += 1
        return sent

    async def _refuse(self, gid: bytes, error: BrokerError | StorageError) -> None:
        """Say that a frame was refused."""
        if isinstance(error, StorageError):
            log.error("%s: %s", NAME, error)
            self._ports.metrics.store_failed()
            error = refused(Code.unavailable)
        log.info("%s %s", NAME, error.code)
        self._ports.metrics.answered(NAME, error.code)
        await self._send(Refused(gid, error.code.encode(), error.message.encode()))

    async def _send(
        self, frame: Greeting | Begun | Arrived | CaughtUp | ProveNext | Refused
    ) -> None:
        async with self._sending:
            if self._websocket.application_state is not WebSocketState.CONNECTED:
                raise WebSocketDisconnect(GOING)
            await self._websocket.send_bytes(ServerFrame(frame).encode())


async def _cancel(tasks: Collection[asyncio.Future[None]]) -> None:
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
