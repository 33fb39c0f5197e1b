"""Live delivery: a WebSocket on which entries come as they are appended.

May import Starlette and the operations. Each message holds one frame of
:mod:`covey.access.structs.live`. Entries cost credit, of the whole socket; a socket holds one
page of entries at a time, whatever it subscribes to, so that slow readers cost no memory. A hint
wakes, the log is the truth: what is sent is read from it, after the last entry that was sent.
"""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING, Final

from starlette.websockets import WebSocketDisconnect

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
    from starlette.websockets import WebSocket

    from covey.broker.operations.ports import Caller
    from covey.broker.operations.table import Operations
    from covey.broker.transactions.reading import Page

log: logging.Logger = logging.getLogger("covey.broker")

_POLICY: Final = 1008  # the WebSocket's code for a violation of policy
_GOING: Final = 1001  # and for a server that stops
_NO_GID: Final = bytes(32)
_MOST_CREDIT: Final = 2**31


class Live:
    """The WebSockets of a broker.

    Args:
        operations: What it does.
    """

    def __init__(self, operations: Operations) -> None:
        self._operations = operations

    async def serve(self, websocket: WebSocket) -> None:
        """Serve one socket until it closes."""
        await websocket.accept()
        session = _Session(self._operations, websocket)
        metrics = self._operations.ports.metrics
        try:
            caller = reception.nobody(websocket)
        except BrokerError as error:
            await session.refuse(_NO_GID, error)
            await websocket.close(_POLICY)
            return
        with metrics.socket():
            log.info("subscribe opened")
            try:
                await session.run(caller)
            finally:
                log.info("subscribe closed")


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

    async def run(self, caller: Caller) -> None:
        greeting = Greeting(self._operations.proving.challenge(caller), self._credit)
        try:
            await self._send(greeting)
            stopping = asyncio.create_task(self._close_when_stopping())
            try:
                while True:
                    await self._take(caller, await self._websocket.receive_bytes())
            finally:
                await _cancel(stopping, *self._pumps.values())
        except (WebSocketDisconnect, KeyError, RuntimeError):
            return  # it is closed; KeyError is Starlette's for a text message

    async def _close_when_stopping(self) -> None:
        wakes = self._ports.store.wakes
        while not wakes.closed:
            with wakes.watch(_NO_GID) as woken:
                if not wakes.closed:
                    await woken.wait()
        await self._websocket.close(_GOING)

    async def _take(self, caller: Caller, data: bytes) -> None:
        """Do what a frame says."""
        try:
            frame = ClientFrame.decode(data).frame
        except DecodeError:
            await self.refuse(_NO_GID, refused(Code.malformed))
            return
        match frame:
            case Credit(entries):
                self._credit = min(self._credit + entries, _MOST_CREDIT)
                if self._credit > 0:
                    self._has_credit.set()
            case Unsubscribe(gid):
                await self._end(gid)
            case Subscribe():
                await self._begin(caller, frame)

    async def _begin(self, caller: Caller, frame: Subscribe) -> None:
        gid = frame.gid
        await self._end(gid)
        try:
            if len(self._pumps) >= self._ports.limits.subscriptions:
                raise refused(Code.over_quota)
            await self._operations.proving.group(caller, gid, frame.epoch, frame.proof)
        except BrokerError as error:
            await self.refuse(gid, error)
            return
        except StorageError:
            await self.refuse(gid, refused(Code.unavailable))
            return
        pump = asyncio.create_task(self._pump(caller, frame))
        self._pumps[gid] = pump
        pump.add_done_callback(lambda _: self._forget(gid, pump))

    def _forget(self, gid: bytes, pump: asyncio.Task[None]) -> None:
        if self._pumps.get(gid) is pump:
            del self._pumps[gid]

    async def _end(self, gid: bytes) -> None:
        pump = self._pumps.pop(gid, None)
        if pump is not None:
            await _cancel(pump)

    async def _pump(self, caller: Caller, frame: Subscribe) -> None:
        """Send what there is, then what comes, until the epoch is closed."""
        gid, epoch = frame.gid, frame.epoch
        after, begun, caught_up = frame.after, False, False
        wakes = self._ports.store.wakes
        try:
            while True:
                with wakes.watch(gid) as woken:
                    async with self._paging:
                        page = await self._operations.logs.page(gid, epoch, after)
                        if not begun:
                            ticket = self._operations.proving.ticket(caller, gid, epoch)
                            await self._send(Begun(gid, epoch, page.before, ticket))
                            begun = True
                        await self._send_page(gid, page)
                    after = page.before.seq + len(page.entries)
                    if page.entries:
                        caught_up = False
                    if not page.complete:
                        continue
                    if page.closed:
                        head = self._ports.head(gid, page.head)
                        await self._send(ProveNext(gid, epoch + 1, head))
                        return
                    if not caught_up:
                        await self._send(CaughtUp(gid, self._ports.head(gid, page.head)))
                        caught_up = True
                    await woken_or_time(woken, LOOK_AGAIN)
        except BrokerError as error:
            await self.refuse(gid, error)
        except StorageError as error:
            log.error("subscribe: %s", error)  # noqa: TRY400 - a sentence is all it takes
            await self.refuse(gid, refused(Code.unavailable))
        except (WebSocketDisconnect, RuntimeError):
            return  # it is closed

    async def _send_page(self, gid: bytes, page: Page) -> None:
        for entry in page.entries:
            await self._has_credit.wait()
            self._credit -= 1
            if self._credit <= 0:
                self._has_credit.clear()
            await self._send(Arrived(gid, entry))

    async def refuse(self, gid: bytes, error: BrokerError) -> None:
        """Say that a frame was refused."""
        log.info("subscribe %s", error.code)
        self._ports.metrics.answered("subscribe", error.code)
        await self._send(Refused(gid, error.code.encode(), error.message.encode()))

    async def _send(
        self, frame: Greeting | Begun | Arrived | CaughtUp | ProveNext | Refused
    ) -> None:
        async with self._sending:
            await self._websocket.send_bytes(ServerFrame(frame).encode())


async def _cancel(*tasks: asyncio.Task[None]) -> None:
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
