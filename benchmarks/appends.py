"""Appends to the broker's logs, straight into combiner and store: how many a second, how long each.

``python -m benchmarks.appends``. PostgreSQL is the pip-installed one, with its disk syncs on.
"""

from __future__ import annotations

import asyncio
import os
import time
from contextlib import asynccontextmanager
from hashlib import sha256
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Final, NamedTuple

from covey.access.structs.log import Append, Appended, Create
from covey.broker.hours import hour_of, week_of
from covey.broker.operations.combining import TOGETHER, Combiner
from covey.broker.ordering import Admitted
from covey.broker.stores.opening import open_store
from covey.broker.transactions import log
from covey.broker.transactions.log import Creation
from covey.lab.postgres import running_postgres

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from covey.broker.stores.port import Store

BODY: Final = 1024
"""Bytes of each entry."""

_NOBODY: Final = bytes(32)


class Load(NamedTuple):
    """What is asked for.

    Attributes:
        store: Which database.
        groups: How many groups are written to.
        waiting: How many appends wait at any time.
        together: How many of one group may share a transaction.
        appends: How many there are in all.
    """

    store: str
    groups: int
    waiting: int
    together: int
    appends: int


LOADS: Final = (
    Load("sqlite", 1, 1, 1, 2_000),
    Load("sqlite", 1, 32, TOGETHER, 10_000),
    Load("postgres", 1, 32, 1, 2_000),
    Load("postgres", 1, 32, TOGETHER, 10_000),
)


@asynccontextmanager
async def _opened(place: str) -> AsyncIterator[Store]:
    store = await open_store([place], migrate=True)
    try:
        week = week_of(hour_of(time.time()))
        await store.turn_weeks(week, week)
        yield store
    finally:
        await store.close()


async def _begun(store: Store, hour: int) -> bytes:
    gid = os.urandom(32)
    request = Create(_NOBODY, gid, 0, _NOBODY, b"")
    creation = Creation(request, sha256(request.encode()).digest(), None, hour)
    await store.write(gid, lambda: log.create(creation))
    return gid


async def _run(load: Load, place: str) -> list[float]:
    """Seconds of each append, the shortest first; the last is how long all took."""
    hour, taken, left = hour_of(time.time()), [0.0] * 0, iter(range(load.appends))
    async with _opened(place) as store:
        gids = [await _begun(store, hour) for _ in range(load.groups)]
        combiner = Combiner(store, lambda: hour, load.together)

        async def client() -> None:
            for number in left:
                gid = gids[number % load.groups]
                request = Append(_NOBODY, gid, 0, os.urandom(16), os.urandom(BODY), None)
                admitted = Admitted(request, sha256(request.encode()).digest(), BODY)
                began = time.perf_counter()
                assert isinstance(await combiner.append(admitted), Appended)
                taken.append(time.perf_counter() - began)

        began = time.perf_counter()
        await asyncio.gather(*(client() for _ in range(load.waiting)))
        return [*sorted(taken), time.perf_counter() - began]


def main() -> None:
    """Print a line for each load."""
    with TemporaryDirectory() as folder, running_postgres(durable=True) as server:
        for load in LOADS:
            file = str(Path(folder) / f"{os.urandom(4).hex()}.db")
            place = file if load.store == "sqlite" else server.dsn
            *taken, seconds = asyncio.run(_run(load, place))
            median, slow = (taken[int(len(taken) * part)] * 1e3 for part in (0.5, 0.99))
            print(  # noqa: T201 - what it is for
                f"{load.store:8} {load.waiting:3} waiting, {load.together:3} together:"
                f" {load.appends / seconds:7,.0f} a second,"
                f" half within {median:.1f} ms, 99 % within {slow:.1f} ms"
            )


if __name__ == "__main__":
    main()
