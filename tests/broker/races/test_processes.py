"""The same races between processes: one is stopped while it holds the lock, or killed."""

from __future__ import annotations

import asyncio
import random
import signal
from typing import TYPE_CHECKING

import httpx
import pytest

from broker.races.processes import Client, Process, processes
from broker_talk import NO_TLS
from committers import Race
from covey.broker.stores.postgres_pool import IDLE
from lengths import only_in_full
from postgres import rows
from stores import KINDS, opened_at, opened_place

if TYPE_CHECKING:
    from pathlib import Path

    from broker.races.conftest import Length
    from stores import Kind

CAUGHT = (
    "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()"
    " AND state = 'idle in transaction' AND clock_timestamp() - state_change > interval '0.3 s'"
)

ACTIVITY = (
    "SELECT pid, state, wait_event_type, wait_event, clock_timestamp() - state_change,"
    " left(query, 100) FROM pg_stat_activity WHERE datname = current_database()"
)
NEVER = 120.0  # seconds; a disk that others use, too, may be slow


def race_at(broker: Process, epochs: int) -> Race:
    """A race on a broker that is not over before :attr:`Race.holding` is 0."""
    told = httpx.get(f"{broker.url}/.well-known/covey", trust_env=False, verify=NO_TLS).json()
    race = Race(bytes.fromhex(told["broker_id"]), "between processes", epochs)
    race.holding = 1
    return race


async def caught(dsn: str) -> bool:
    """Whether somebody does nothing in the middle of a transaction."""
    [(count,)] = await rows(dsn, CAUGHT)
    return bool(count)


async def stop_in_the_middle(dsn: str, broker: Process) -> None:
    """Stop a process (SIGSTOP) again and again, until it is caught with the lock of a log."""
    while True:
        broker.send(signal.SIGSTOP)
        await asyncio.sleep(0.35)
        if await caught(dsn):
            return
        broker.send(signal.SIGCONT)
        await asyncio.sleep(random.uniform(0.02, 0.2))  # noqa: S311 - any moment


async def others_go_on(dsn: str, race: Race) -> None:
    """Wait until the others have committed; if they never do, say what the database does."""
    try:
        await asyncio.wait_for(race.until(race.committed + 3), NEVER)
    except TimeoutError:
        pytest.fail(f"nobody commits: {await rows(dsn, ACTIVITY)}")


async def stop_now_and_then(dsn: str, broker: Process, race: Race, times: int) -> None:
    """Stop a process in its critical section, so often; the others have to go on meanwhile."""
    loop = asyncio.get_running_loop()
    for _ in range(times):
        await stop_in_the_middle(dsn, broker)
        since = loop.time()
        while await caught(dsn):
            assert loop.time() - since < IDLE + 3, "whoever is stopped keeps the lock"
            await asyncio.sleep(0.1)
        await others_go_on(dsn, race)
        broker.send(signal.SIGCONT)
        await asyncio.sleep(0.3)
    race.holding -= 1


def test_one_of_two_is_stopped_in_its_critical_section(tmp_path: Path, length: Length) -> None:
    async def work() -> None:
        async with opened_place("postgres") as dsn:
            with processes(dsn, tmp_path, 2) as brokers:
                race = race_at(brokers[0], length.epochs)
                async with Client(brokers) as client:
                    await client.create(race.signed_create)
                    stopping = stop_now_and_then(dsn, brokers[1], race, length.stops)
                    await asyncio.gather(race.run(client.append), stopping)
            async with opened_at(dsn) as store:
                await race.check(store)

    asyncio.run(work())


async def kill_now_and_then(brokers: list[Process], race: Race, times: int) -> None:
    """Kill (SIGKILL) a process under load and begin it anew, so often."""
    for at in range(times):
        await race.until(race.committed + 3)
        await asyncio.sleep(random.uniform(0, 0.05))  # noqa: S311 - any moment
        broker = brokers[at % len(brokers)]
        broker.kill()
        await asyncio.to_thread(broker.begin)
    race.holding -= 1


@pytest.mark.parametrize(("kind", "count"), [(KINDS[0], 1), (KINDS[1], 1), (KINDS[1], 2)])
def test_a_process_is_killed_under_load(
    kind: Kind, count: int, tmp_path: Path, length: Length
) -> None:
    """Nothing that was acknowledged is lost, there is no gap, and nothing is there twice."""
    if (kind, count) == (KINDS[1], 1):
        only_in_full("less than what two processes do")

    async def work() -> None:
        async with opened_place(kind) as place:
            with processes(place, tmp_path, count) as brokers:
                race = race_at(brokers[0], length.epochs)
                async with Client(brokers) as client:
                    await client.create(race.signed_create)
                    killing = kill_now_and_then(brokers, race, length.kills)
                    await asyncio.gather(race.run(client.append), killing)
            async with opened_at(place) as store:
                await race.check(store)

    asyncio.run(work())
