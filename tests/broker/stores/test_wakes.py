"""Whoever waits hears of what is new: in this process, and from others on one PostgreSQL."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from hashlib import sha256
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import asyncpg
import pytest

from covey.broker.stores import notices
from covey.broker.stores.notices import CHANNEL, TOGETHER, PostgresWakes
from covey.broker.stores.wakes import Wakes, hint_of
from covey.errors import StorageError
from postgres import fresh_database, rows, with_database

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

KEY, OTHER = b"k" * 32, b"o" * 32

LISTENERS = (
    "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity "
    "WHERE datname = current_database() AND pid <> pg_backend_pid() AND query LIKE $1"
)


@asynccontextmanager
async def several(dsn: str, number: int) -> AsyncIterator[list[PostgresWakes]]:
    opened = [await PostgresWakes.open(dsn) for _ in range(number)]
    try:
        yield opened
    finally:
        for each in opened:
            await each.close()


async def soon(event: asyncio.Event) -> None:
    async with asyncio.timeout(10):
        await event.wait()


class Overheard:
    """What is said on the channel."""

    def __init__(self) -> None:
        self.payloads: list[str] = []
        self._ended = asyncio.Event()

    @asynccontextmanager
    async def at(self, dsn: str) -> AsyncIterator[None]:
        connection = await asyncpg.connect(dsn)
        await connection.add_listener(CHANNEL, self._hear)
        try:
            yield
            await connection.execute(f"NOTIFY {CHANNEL}, 'end'")  # it comes after all the others
            await soon(self._ended)
        finally:
            await connection.close()

    def _hear(self, *told: object) -> None:
        if told[-1] == "end":
            self._ended.set()
        else:
            self.payloads.append(str(told[-1]))


# --- in one process --------------------------------------------------------------------


def test_whoever_watches_is_woken() -> None:
    async def work() -> None:
        wakes = Wakes()
        with wakes.watch(KEY) as one, wakes.watch(KEY) as two, wakes.watch(OTHER) as other:
            assert wakes.waiting == 2
            wakes.wake(KEY)
            assert one.is_set()
            assert two.is_set()
            assert not other.is_set()
            wakes.wake_all()
            assert other.is_set()
        assert wakes.waiting == 0
        wakes.wake(KEY)

    asyncio.run(work())


def test_a_hint_is_eight_bytes_of_a_hash() -> None:
    assert hint_of(KEY) == sha256(KEY).digest()[:8]


def test_nobody_waits_when_it_is_closed() -> None:
    async def work() -> None:
        wakes = Wakes()
        with wakes.watch(KEY) as before:
            await wakes.close()
            assert wakes.closed
            assert before.is_set()
            with wakes.watch(KEY) as after:
                assert after.is_set()

    asyncio.run(work())


# --- between processes -----------------------------------------------------------------


def test_others_hear_of_it() -> None:
    async def work() -> None:
        async with fresh_database() as dsn, several(dsn, 3) as (here, there, elsewhere):
            with (
                here.watch(KEY) as own,
                there.watch(KEY) as one,
                elsewhere.watch(KEY) as two,
                elsewhere.watch(OTHER) as other,
            ):
                here.wake(KEY)
                assert own.is_set()  # at once
                own.clear()
                await soon(one)
                await soon(two)
                assert not other.is_set()
                assert not own.is_set()  # no echo

    asyncio.run(work())


def test_many_hints_travel_together() -> None:
    keys = [number.to_bytes(32) for number in range(2 * TOGETHER + 1)]

    async def work() -> list[str]:
        overheard = Overheard()
        async with fresh_database() as dsn, several(dsn, 2) as (here, there), overheard.at(dsn):
            with there.watch(keys[-1]) as last:
                for key in (*keys, *keys):
                    here.wake(key)
                await soon(last)
        return overheard.payloads

    payloads = asyncio.run(work())
    assert len(payloads) == 3
    assert max(map(len, payloads)) < 8000  # what PostgreSQL can carry
    told = [
        bytes.fromhex(payload[8:])[start : start + 8]
        for payload in payloads
        for start in range(0, len(payload[8:]) // 2, 8)
    ]
    assert sorted(told) == sorted(map(hint_of, keys))
    assert not any(key.hex() in payload for key in keys for payload in payloads)


def test_a_hint_that_comes_while_it_is_being_sent_is_sent_again() -> None:
    async def work() -> None:
        overheard = Overheard()
        async with fresh_database() as dsn, several(dsn, 2) as (here, there), overheard.at(dsn):
            for _ in range(20):
                with there.watch(KEY) as event:
                    here.wake(KEY)
                    await soon(event)
        assert len(overheard.payloads) == 20

    asyncio.run(work())


def test_no_more_hints_wait_than_there_is_room_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(notices, "WAITING", 5)

    async def work() -> None:
        overheard = Overheard()
        async with fresh_database() as dsn, several(dsn, 2) as (here, there), overheard.at(dsn):
            with there.watch(b"4") as event:
                for number in range(100):
                    here.wake(b"%d" % number)
                await soon(event)
        [payload] = overheard.payloads
        assert len(payload) == 8 + 5 * 16

    asyncio.run(work())


@pytest.mark.parametrize("payload", ["", "hello", "otherone" + "zz" * 8])
def test_what_somebody_else_says_does_no_harm(payload: str) -> None:
    async def work() -> None:
        async with fresh_database() as dsn, several(dsn, 2) as (here, there):
            await rows(dsn, "SELECT pg_notify($1, $2)", CHANNEL, payload)
            with there.watch(KEY) as event:
                here.wake(KEY)
                await soon(event)

    asyncio.run(work())


def test_after_a_lost_connection_everybody_looks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(notices, "PAUSES", (0.01,))

    async def work() -> None:
        async with fresh_database() as dsn, several(dsn, 2) as (here, there):
            with here.watch(KEY) as own, there.watch(KEY) as event, there.watch(OTHER) as other:
                for who in ("%LISTEN%", "%pg_notify%", "%"):
                    await rows(dsn, LISTENERS, who)
                    if who != "%pg_notify%":  # nobody has missed anything then
                        await asyncio.gather(soon(own), soon(event), soon(other))
                    for each in (own, event, other):
                        each.clear()
                    here.wake(KEY)
                    await soon(event)
                    event.clear()
                    own.clear()

    asyncio.run(work())


def test_a_database_that_is_away_for_a_while(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(notices, "PAUSES", (0.01,))

    async def work() -> None:
        async with fresh_database() as dsn, several(dsn, 2) as (here, there):
            name = urlsplit(dsn).path[1:]
            with there.watch(KEY) as event:
                server = with_database(dsn, "postgres")
                await rows(server, f"ALTER DATABASE {name} ALLOW_CONNECTIONS false")
                await rows(server, LISTENERS.replace("current_database()", f"'{name}'"), "%")
                here.wake(KEY)
                await asyncio.sleep(0.1)
                assert not event.is_set()
                await rows(server, f"ALTER DATABASE {name} ALLOW_CONNECTIONS true")
                await soon(event)

    asyncio.run(work())


def test_a_silent_connection_is_looked_at(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(notices, "BREATH", 0.01)

    async def work() -> None:
        async with fresh_database() as dsn, several(dsn, 2) as (here, there):
            await asyncio.sleep(0.1)
            assert await rows(dsn, "SELECT count(*) FROM pg_stat_activity WHERE query = 'SELECT 1'")
            with there.watch(KEY) as event:
                here.wake(KEY)
                await soon(event)

    asyncio.run(work())


def test_a_database_that_is_not_there(tmp_path: Path) -> None:
    async def work(dsn: str) -> None:
        with pytest.raises(StorageError, match="cannot listen at PostgreSQL database covey"):
            await PostgresWakes.open(dsn)

    asyncio.run(work(f"postgresql://somebody@/covey?host={tmp_path}"))
