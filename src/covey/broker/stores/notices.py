"""Wake-ups that reach the other processes on one PostgreSQL database, by LISTEN and NOTIFY.

May import the wake-ups and the pool's errors. NOTIFY takes a lock of the whole database when
it commits, so it is never part of a script's transaction: it has a connection of its own, on
which many hints go out together. Nothing here is needed for anything but speed.
"""

from __future__ import annotations

import asyncio
import secrets
from contextlib import suppress
from typing import TYPE_CHECKING, Final, Self

import asyncpg

from covey.broker.stores.postgres_pool import DRIVER, PATIENCE, SESSION, kind_of, shown
from covey.broker.stores.wakes import HINT_BYTES, Wakes, hint_of
from covey.errors import StorageError

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from asyncpg import Connection, Record

CHANNEL: Final = "covey_wake"
TOGETHER: Final = 200  # hints in one notice
GATHERING: Final = 0.005  # seconds between two notices
WAITING: Final = 10_000  # hints that may wait to be sent; more are lost, and cost time only
BREATH: Final = 30.0  # seconds after which a silent connection is looked at
PAUSES: Final = (0.05, 0.2, 1.0, 5.0)  # seconds before connecting anew; the last one for ever

_ORIGIN: Final = 8  # characters that say whose notice it is


class PostgresWakes(Wakes):
    """Those who wait in this process, woken by all processes on a database."""

    def __init__(self, dsn: str) -> None:
        super().__init__()
        self._dsn = dsn
        self._origin = secrets.token_hex(_ORIGIN // 2)
        self._unsent: dict[bytes, None] = {}  # in order
        self._something = asyncio.Event()
        self._lost = asyncio.Event()
        self._tasks: list[asyncio.Task[None]] = []

    @classmethod
    async def open(cls, dsn: str) -> Self:
        """Begin to listen.

        Raises:
            StorageError: The database cannot be reached.
        """
        wakes = cls(dsn)
        try:
            listening = await wakes._listening()
        except DRIVER as error:
            msg = f"cannot listen at {shown(dsn)}: {kind_of(error)}"
            raise StorageError(msg) from None
        wakes._tasks = [
            asyncio.create_task(wakes._listen(listening)),
            asyncio.create_task(wakes._tell()),
        ]
        return wakes

    def wake(self, key: bytes) -> None:
        """Wake whoever waits for a key, here at once, and elsewhere soon."""
        hint = hint_of(key)
        self.wake_hint(hint)
        if len(self._unsent) < WAITING:
            self._unsent[hint] = None
            self._something.set()

    async def close(self) -> None:
        """Wake everybody in this process, and stop listening."""
        await super().close()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        self._tasks = []

    def _heard(self, _connection: object, _pid: int, _channel: str, payload: object) -> None:
        """A notice has come: who sent it, and hints, in hex."""
        origin, hints = str(payload)[:_ORIGIN], str(payload)[_ORIGIN:]
        if origin == self._origin:
            return
        try:
            sent = bytes.fromhex(hints)
        except ValueError:  # it is of somebody else, and says nothing to us
            return
        for start in range(0, len(sent), HINT_BYTES):
            self.wake_hint(sent[start : start + HINT_BYTES])

    async def _listening(self) -> Connection[Record]:
        """A new connection that listens, and says when it is gone."""
        connection = await _connected(self._dsn)
        self._lost.clear()
        connection.add_termination_listener(lambda _: self._lost.set())
        try:
            await connection.add_listener(CHANNEL, self._heard)
        except BaseException:
            connection.terminate()
            raise
        return connection

    async def _listen(self, connection: Connection[Record]) -> None:
        """Keep a connection that listens; when it was lost, hints may have been too."""
        while True:
            try:
                while not self._lost.is_set():
                    with suppress(TimeoutError):
                        async with asyncio.timeout(BREATH):  # `wait_for` may lose a cancellation
                            await self._lost.wait()
                    if not self._lost.is_set():
                        await connection.execute("SELECT 1")
            except DRIVER:
                pass  # as good as lost
            finally:
                connection.terminate()
            connection = await _insisting(self._listening)
            self.wake_all()

    async def _tell(self) -> None:
        """Send what waits to be sent, many hints together, but not too often."""
        connection: Connection[Record] | None = None
        try:
            while True:
                await self._something.wait()
                await asyncio.sleep(GATHERING)
                if connection is None or connection.is_closed():
                    connection = await _insisting(lambda: _connected(self._dsn))
                hints = list(self._unsent)[:TOGETHER]
                for hint in hints:  # before it is sent: it may be wanted again meanwhile
                    del self._unsent[hint]
                if not self._unsent:
                    self._something.clear()
                payload = self._origin + b"".join(sorted(hints)).hex()
                try:
                    await connection.execute("SELECT pg_notify($1, $2)", CHANNEL, payload)
                except DRIVER:
                    connection.terminate()
                    self._unsent |= dict.fromkeys(hints)
                    self._something.set()
        finally:
            if connection is not None:
                connection.terminate()


async def _connected(dsn: str) -> Connection[Record]:
    settings = SESSION | {"synchronous_commit": "off"}
    connection: Connection[Record] = await asyncpg.connect(
        dsn, timeout=PATIENCE, command_timeout=PATIENCE, server_settings=settings
    )
    return connection


async def _insisting(connect: Callable[[], Awaitable[Connection[Record]]]) -> Connection[Record]:
    """Connect, however long it takes."""
    attempt = 0
    while True:
        try:
            return await connect()
        except DRIVER:
            await asyncio.sleep(PAUSES[min(attempt, len(PAUSES) - 1)])
            attempt += 1
